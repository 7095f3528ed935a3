"""Taking a language's own direction out of its vectors: the vectors of one language lean to one side together."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from pipelines.mine.neighbours.sides import Vectors

_NO_LENGTH = 1e-9
# The last bits of a mean depend on the order in which it was added up; rounded to multiples of 2**-20, vectors do not.
_GRID = 2.0**20
# Values in float64 take a processor's cache, not four times the vectors' memory.
_ROWS = 512


def mean_of(blocks: Iterable[npt.NDArray[np.floating]], dimensions: int) -> npt.NDArray[np.float64]:
    """Mean of the vectors of some blocks (b, d), added up in their order; zero where there is none.

    Returns:
        float64 (d,).
    """
    total, rows = np.zeros(dimensions), 0
    for block in blocks:
        total += block.sum(axis=0, dtype=np.float64)
        rows += len(block)
    return total / max(rows, 1)


def centred(vectors: npt.NDArray[np.floating], mean: npt.NDArray[np.float64]) -> Vectors:
    """Subtract a mean and bring back to unit length.

    Vectors that equal the mean, and so a language of equal vectors, become zero and are nobody's neighbour.

    Args:
        vectors: (n, d).
        mean: float64 (d,).
    Returns:
        float32 (n, d), values rounded to multiples of 2**-20.
    """
    rounded = np.empty(vectors.shape, np.float32)
    for top in range(0, len(vectors), _ROWS):
        values = vectors[top : top + _ROWS] - mean
        lengths = np.linalg.norm(values, axis=1, keepdims=True)
        unit = np.divide(values, lengths, out=np.zeros_like(values), where=lengths > _NO_LENGTH)
        rounded[top : top + _ROWS] = np.round(unit * _GRID) / _GRID
    return rounded


def centre(vectors: npt.NDArray[np.floating]) -> Vectors:
    """The vectors of a whole language (n, d), centred by their own mean."""
    return centred(vectors, mean_of([vectors], vectors.shape[1]))
