"""Approximate neighbours: an index of one side, kept in files, its vectors read from them and never held whole.

A search reads a few inverted lists, compressed vectors or a graph, so it misses some neighbours: `recall` measures
how many. What it finds is scored exactly, as every engine's is, on the vectors themselves, which lie in a file that is
mapped into memory. What is found depends on the index and the queries' shard, and on nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import faiss
import numpy as np
import numpy.typing as npt

from pipelines.mine.centring import centred
from pipelines.mine.neighbours.designs import Design, IndexKind, design, smallest
from pipelines.mine.neighbours.found import ABSENT, Best, Ids, Neighbours, rescore
from pipelines.mine.neighbours.lists import scan_lists
from pipelines.mine.neighbours.mapped import let_go
from pipelines.mine.neighbours.sides import Vectors, check_neighbours, check_widths, checked, checked_sides, rounding
from pipelines.mine.neighbours.training import add, nearest_lists, search, train

_QUERIES = 1024
# A row that is read maps the pages beside it as well, 64 KiB on Linux.
_SCATTERED_ROWS = 2048
_BLOCK_ROWS = 2**14


@dataclass(frozen=True)
class Index:
    """An index of one side.

    Rows have an order of their own, in which vectors lie side by side: list by list where whole vectors are scanned,
    as they were added otherwise.

    Attributes:
        design: how it is searched.
        trained: FAISS's index: filled, or with empty lists where whole vectors are scanned.
        vectors: (n, d), as they were encoded, float16; a mapped file as a rule.
        positions: int32 (n,), position of each row among the side's sentences.
        bounds: int64 (lists + 1,), rows of each list; all rows are one list where there are no others.
        mean: float64 (d,), taken from each vector; None: vectors stay.
    """

    design: Design
    trained: faiss.Index
    vectors: npt.NDArray[np.float16] | Vectors
    positions: npt.NDArray[np.int32]
    bounds: npt.NDArray[np.int64]
    mean: npt.NDArray[np.float64] | None

    def __len__(self) -> int:
        return len(self.positions)

    def prepared(self, rows: Ids | slice) -> Vectors:
        """Vectors of some rows as they are searched: float32 (b, d). Of the file a few pages are held at a time."""
        if isinstance(rows, slice):
            vectors = self.vectors[rows].astype(np.float32)
            let_go(self.vectors)
        else:
            vectors = np.empty((len(rows), self.vectors.shape[1]), np.float32)
            for top in range(0, len(rows), _SCATTERED_ROWS):
                part = slice(top, top + _SCATTERED_ROWS)
                vectors[part] = self.vectors[rows[part]]
                let_go(self.vectors)
        return vectors if self.mean is None else centred(vectors, self.mean)

    def blocks(self) -> Iterator[tuple[int, Vectors]]:
        """All prepared vectors in blocks, each with the number of its first row."""
        for top in range(0, len(self), _BLOCK_ROWS):
            yield top, self.prepared(slice(top, min(top + _BLOCK_ROWS, len(self))))

    def search(self, queries: npt.NDArray[np.floating], k: int, *, threads: int = 1) -> Best:
        """The k best that the index finds for each query; ids are positions.

        Args:
            queries: (n, d) unit vectors.
            k: neighbours wanted; the index may have fewer.
            threads: what is found does not depend on them.
        Raises:
            VectorError: a query is not finite, widths differ, or k is less than 1.
        """
        check_neighbours(k)
        queries = checked(queries, "query")
        check_widths(queries, self.vectors)
        best = Best.none(len(queries), k)
        if not len(queries) or not len(self):
            return best
        fetched = min(self.design.candidates(k), len(self))
        listed = self._scanned(queries, k, fetched, threads) if self.design.listed else None

        def finish(top: int) -> None:
            part = slice(top, top + _QUERIES)
            rows = search(self.trained, self.design, queries[part], fetched) if listed is None else listed[part]
            found = self._scored(queries[part], rows.astype(np.int64), k)
            best.ids[part, : found.ids.shape[1]], best.scores[part, : found.ids.shape[1]] = found.ids, found.scores

        with ThreadPoolExecutor(threads) as pool:
            for _ in pool.map(finish, range(0, len(queries), _QUERIES)):
                pass
        return best

    def _scanned(self, queries: Vectors, k: int, fetched: int, threads: int) -> npt.NDArray[np.int32]:
        probed = nearest_lists(self.trained, queries, self.design.probes)
        heaps = scan_lists(
            queries,
            probed,
            self.bounds,
            lambda start, end: self.prepared(slice(start, end)),
            fetched,
            threads=threads,
        )
        if self.mean is None or fetched <= k:
            return heaps.ids
        # Centred vectors are no longer than 1, so it is known how far a scan's product may be off.
        doubt = 2 * rounding(queries, np.eye(1, queries.shape[1], dtype=np.float32))
        least = np.partition(heaps.scores, fetched - k, axis=1)[:, fetched - k, np.newaxis]
        return np.where(heaps.scores >= least - np.float32(doubt), heaps.ids, np.int32(ABSENT))

    def _scored(self, queries: Vectors, rows: Ids, k: int) -> Best:
        """The k best of some candidates by exact score, then position."""
        there = rows != ABSENT
        different, places = np.unique(rows[there], return_inverse=True)
        if not len(different):
            return Best.none(len(queries), k)
        local, positions = np.full(rows.shape, ABSENT, np.int64), np.full(rows.shape, ABSENT, np.int64)
        local[there] = places
        positions[there] = self.positions[rows[there]]
        scores = rescore(queries, self.prepared(different), local)
        order = np.lexsort((positions, -scores), axis=1)[:, :k]
        return Best(np.take_along_axis(positions, order, 1), np.take_along_axis(scores, order, 1))


def list_by_list(
    lists: npt.NDArray[np.int32], positions: Ids, count: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The order of rows in which lists lie side by side, each by position, and the bounds of the lists.

    Args:
        lists: int32 (n,), list of each row.
        positions: int64 (n,).
        count: of lists; some may be empty.
    """
    bounds = np.zeros(count + 1, np.int64)
    np.cumsum(np.bincount(lists, minlength=count), out=bounds[1:])
    return np.lexsort((positions, lists)), bounds


def in_memory(vectors: Vectors, design: Design, sample: Ids) -> Index:
    """An index of vectors that are there whole, such as a benchmark's.

    Args:
        vectors: float32 (n, d), which stay as they are.
        sample: rows to train on.
    """
    trained, rows = train(vectors[sample], design), np.arange(len(vectors))
    bounds = np.array([0, len(vectors)])
    if design.listed:
        rows, bounds = list_by_list(nearest_lists(trained, vectors, 1)[:, 0], rows, max(1, design.lists))
    else:
        add(trained, [vectors])
    return Index(design, trained, vectors[rows], rows.astype(np.int32), bounds, None)


def neighbours(
    source: npt.NDArray[np.floating],
    target: npt.NDArray[np.floating],
    k: int,
    *,
    kind: IndexKind,
    seed: int,
    threads: int = 1,
) -> Neighbours:
    """Search both directions, an index a side, in memory. Some neighbours may be missed; none is wrong.

    Raises:
        VectorError: a vector is not finite, the widths differ, or k is less than 1.
    """
    source, target = checked_sides(source, target, k)
    found = []
    for queries, base in ((source, target), (target, source)):
        chosen = design(kind, len(base), base.shape[1])
        draws = np.random.default_rng(seed).integers(2**63, size=len(base), dtype=np.uint64)
        sample = smallest(draws, chosen.training_rows)
        found.append(in_memory(base, chosen, sample).search(queries, k, threads=threads))
    return Neighbours.of(*found)
