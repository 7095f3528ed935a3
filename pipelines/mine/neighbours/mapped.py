"""Mapped files whose pages are let go: they stay in the system's cache, and count for nobody's memory."""

from __future__ import annotations

import mmap
from typing import Any

import numpy.typing as npt


def let_go(table: npt.NDArray[Any]) -> None:
    """Let go of the pages of a mapped table; what was read is read again where it is asked for, nothing is lost.

    Args:
        table: as `numpy.load` maps it; one that is in memory stays there.
    """
    if isinstance(table.base, mmap.mmap):
        table.base.madvise(mmap.MADV_DONTNEED)
