"""Where values stand among sorted ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def places_among(wanted: npt.NDArray[Any], known: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Place of each wanted value among known ones, which are sorted; -1 where it is not there. (n,) as `wanted`."""
    if not len(known):
        return np.full(len(wanted), -1, np.int64)
    found = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.where(known[found] == wanted, found, -1)
