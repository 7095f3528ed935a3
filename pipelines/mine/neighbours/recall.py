"""How many of the exact neighbours an approximate search finds, measured on a sample of its queries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

import faiss
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.mine.neighbours.found import Best, merged, rescore
from pipelines.mine.neighbours.sides import Vectors
from pipelines.runtime.draws import below, draws

SAMPLE = 1000
"""Queries measured where nothing else is said: two percentage points either way at nine in ten."""

_SPARE = 8
_BASE_ROWS = 2**16
_Z = 1.959964


@dataclass(frozen=True)
class Recall:
    """Recall@k with a Wilson interval (1927) at 95 %.

    The interval counts queries, not neighbours: what one query misses, it tends to miss together.

    Attributes:
        k: neighbours asked for.
        queries: in the sample.
        wanted: exact neighbours of theirs; fewer than k each where the other side is smaller.
        found: those that the search found, or others of the same score.
    """

    k: int
    queries: int
    wanted: int
    found: int

    @property
    def share(self) -> float:
        """Found of wanted; 1 where there is nothing to find."""
        return self.found / self.wanted if self.wanted else 1.0

    @property
    def interval(self) -> tuple[float, float]:
        """Lowest and highest share that the sample leaves likely; 0 and 1 where nothing was measured."""
        if not self.wanted:
            return 0.0, 1.0
        n, p, z = self.queries, self.share, _Z
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return max(0.0, middle - half), min(1.0, middle + half)

    def __str__(self) -> str:
        if not self.wanted:
            return f"recall@{self.k}: nothing to find"
        low, high = self.interval
        return f"recall@{self.k} {self.share:.3f} ({low:.3f} to {high:.3f} at 95 %, {self.queries:,} queries)"

    def __add__(self, other: Recall) -> Recall:
        """Two samples as one, of the same k."""
        if self.k != other.k:
            raise ValueError(f"recall@{self.k} and recall@{other.k} are not of one measure")
        return Recall(self.k, self.queries + other.queries, self.wanted + other.wanted, self.found + other.found)


def sampled(ids: pa.Array, seed: int, queries: int, *, wanted: int = SAMPLE) -> npt.NDArray[np.int64]:
    """Which of some queries are measured: drawn by id, so that shards do not matter.

    Args:
        ids: of some of the queries.
        seed: of the recipe.
        queries: all of them.
        wanted: how many of all to draw, more or less; all where there are no more.
    Returns:
        int64, places in ids, ascending.
    """
    return np.flatnonzero(below(draws(ids, seed, "recall"), 100 * wanted / max(1, queries)))


def measured_recall(queries: Vectors, found: Best, base: Iterable[tuple[int, npt.NDArray[np.floating]]]) -> Recall:
    """Search queries exactly, and count what the search found of that.

    A neighbour counts where its score is at least that of the k-th exact one: equal scores are equally right.

    Args:
        queries: (n, d).
        found: (n, k), scored exactly.
        base: number of its first row and vectors (b, d) of each block of the other side; read once, a block at a
            time, and not at all without queries.
    """
    k = found.ids.shape[1]
    exact = exact_best(queries, base if len(queries) else (), k)
    there = np.isfinite(exact.scores)
    least = np.where(there, exact.scores, np.inf).min(axis=1, initial=np.inf)
    hits = (found.scores >= least[:, np.newaxis]) & np.isfinite(found.scores)
    return Recall(k, len(queries), int(there.sum()), int(hits.sum()))


def exact_best(queries: Vectors, base: Iterable[tuple[int, npt.NDArray[np.floating]]], k: int) -> Best:
    """The k best scores of each query by FAISS's exhaustive search of every block.

    Ids of equal scores may be others than the exact engines'; the scores are the same.
    """
    best = Best.none(len(queries), k)
    for first, block in base:
        for top in range(0, len(block), _BASE_ROWS):
            part = np.ascontiguousarray(block[top : top + _BASE_ROWS], np.float32)
            fetched = min(k + _SPARE, len(part))
            _, ids = faiss.knn(queries, part, fetched, metric=faiss.METRIC_INNER_PRODUCT)
            scores = rescore(queries, part, ids)
            order = np.lexsort((ids, -scores), axis=1)[:, :k]
            piece = Best(
                np.take_along_axis(ids, order, 1).astype(np.int64) + (first + top),
                np.take_along_axis(scores, order, 1),
            )
            best = merged([best, piece], k)
    return best
