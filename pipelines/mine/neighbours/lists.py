"""Scanning inverted lists of whole vectors: each list multiplied once with all queries that probe it.

FAISS reads the lists of one query after the other, so memory bounds it. Here a list is a matrix, and so are the queries
that probe it: their product runs as fast as exact search, on the few products that the lists leave.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.mine.neighbours.products import multiplying, products_with
from pipelines.mine.neighbours.sides import Vectors
from pipelines.mine.neighbours.table import Heaps

QUERY_ROWS = 131_072
"""Queries that one thread takes at a time; what is found does not depend on the threads, since this is fixed."""

_LIST_ROWS, _ASKING_ROWS = 1024, 1024
# oneDNN compiles a product for every shape that it meets, which takes longer than the product: few shapes, then.
_LIST_STEP, _ASKING_STEP = 64, 128


@dataclass(frozen=True)
class _Probes:
    """Some queries by the list that they probe.

    Attributes:
        rows: int32 (n * probes,), queries, list by list.
        bounds: int64 (lists + 1,), bounds in rows.
    """

    rows: npt.NDArray[np.int32]
    bounds: npt.NDArray[np.int64]

    @classmethod
    def of(cls, probed: npt.NDArray[np.int32], first: int, lists: int) -> _Probes:
        """Of some queries, the first of which is `first`; probed is (n, probes), -1 where there are fewer lists."""
        flat = probed.reshape(-1)
        order = np.argsort(flat, kind="stable")
        there = order[np.searchsorted(flat, 0, sorter=order) :]
        bounds = np.zeros(lists + 1, np.int64)
        np.cumsum(np.bincount(flat[flat >= 0], minlength=lists), out=bounds[1:])
        # In place, since of a shard there may be tens of millions.
        there //= probed.shape[1]
        there += first
        return cls(there.astype(np.int32), bounds)

    def of_list(self, number: int) -> npt.NDArray[np.int32]:
        return self.rows[self.bounds[number] : self.bounds[number + 1]]


def scan_lists(
    queries: Vectors,
    probed: npt.NDArray[np.int32],
    bounds: npt.NDArray[np.int64],
    rows_between: Callable[[int, int], Vectors],
    candidates: int,
    *,
    threads: int = 1,
) -> Heaps:
    """The best candidates of each query in the lists that it probes.

    Args:
        queries: float32 (n, d).
        probed: int32 (n, probes), numbers of lists, each once; -1 where there are fewer.
        bounds: int64 (lists + 1,), rows of each list.
        rows_between: float32 vectors (b, d) of the rows from one bound to another; read once a call.
        candidates: kept of each query.
        threads: what is found does not depend on them.
    Returns:
        Heaps of the queries; ids are rows.
    """
    from pipelines.mine.kernels.selection import select_rows

    heaps = Heaps.above(np.full(len(queries), -np.inf, np.float32), candidates)
    lists = len(bounds) - 1
    blocks = [_Probes.of(probed[top : top + QUERY_ROWS], top, lists) for top in range(0, len(queries), QUERY_ROWS)]
    with multiplying(threads) as pool:

        def scan(block: _Probes) -> None:
            asked = np.zeros((_ASKING_ROWS, queries.shape[1]), np.float32)
            for number in range(lists):
                asking, end = block.of_list(number), int(bounds[number + 1])
                for top in range(int(bounds[number]), end if len(asking) else 0, _LIST_ROWS):
                    columns = min(_LIST_ROWS, end - top)
                    multiply = products_with(_padded(rows_between(top, top + columns), _LIST_STEP))
                    for start in range(0, len(asking), _ASKING_ROWS):
                        rows = asking[start : start + _ASKING_ROWS]
                        # Behind them stand others that asked before, up to a multiple of the step.
                        np.take(queries, rows, axis=0, out=asked[: len(rows)], mode="clip")
                        products = multiply(asked[: len(rows) + -len(rows) % _ASKING_STEP])
                        select_rows(products, rows, top, columns, heaps.limits, heaps.scores, heaps.ids)

        for _ in pool.map(scan, blocks):
            pass
    return heaps


def _padded(vectors: Vectors, step: int) -> Vectors:
    """The same rows, and rows of zeros up to a multiple of `step`."""
    missing = -len(vectors) % step
    if not missing:
        return vectors
    return np.concatenate([vectors, np.zeros((missing, vectors.shape[1]), np.float32)])
