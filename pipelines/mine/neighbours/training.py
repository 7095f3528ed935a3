"""Training FAISS indexes on a sample, and filling them: one thread and pieces of one size, so the same bytes always."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import faiss
import numpy as np
import numpy.typing as npt

from pipelines.mine.neighbours.designs import HNSW_BUILD, Design
from pipelines.mine.neighbours.found import Ids
from pipelines.mine.neighbours.sides import VectorError, Vectors

_ROTATION_ROWS, _ROTATION_ROUNDS, _FIRST_ROTATION_ROUNDS = 16_384, 10, 10
_BLOCK_ROWS = 1024


def train(sample: Vectors, design: Design) -> faiss.Index:
    """An empty index that has learnt its lists and codes from the sample; the same bytes for the same sample.

    Raises:
        VectorError: the sample has fewer rows than the design has lists, or than a code has values.
    """
    _check_sample(sample, design)
    index = faiss.index_factory(sample.shape[1], design.factory, faiss.METRIC_INNER_PRODUCT)
    for rotation in _rotations(index):
        # FAISS's 50 rounds on 65,536 rows take longer than all else; the candidates are scored again anyhow.
        rotation.niter, rotation.niter_pq_0 = _ROTATION_ROUNDS, _FIRST_ROTATION_ROUNDS
        rotation.max_train_points = _ROTATION_ROWS
    if design.graph:
        index.hnsw.efConstruction = HNSW_BUILD  # type: ignore[attr-defined]
    if not index.is_trained:
        with one_thread():
            index.train(sample)
    return index


def nearest_lists(index: faiss.Index, vectors: Vectors, probes: int) -> npt.NDArray[np.int32]:
    """The inverted lists nearest to each vector, best first.

    Args:
        index: trained.
        vectors: (n, d).
        probes: lists wanted.
    Returns:
        int32 (n, probes); -1 where there are fewer lists, all zero where the index has none.
    """
    lists = faiss.try_extract_index_ivf(index)
    if lists is None:
        return np.zeros((len(vectors), 1), np.int32)
    found = np.empty((len(vectors), probes), np.int32)
    with one_thread():
        for top in range(0, len(vectors), _BLOCK_ROWS):
            rows = vectors[top : top + _BLOCK_ROWS]
            found[top : top + len(rows)] = lists.quantizer.search(block_of(rows), probes)[1][: len(rows)]
    return found


def add(index: faiss.Index, blocks: Iterable[Vectors], first: int | None = None) -> None:
    """Put rows into an index, in place.

    Args:
        index: trained.
        blocks: rows in order, in blocks of any size.
        first: number of the first row, which only inverted lists can be told; FAISS counts from 0 without.
    """
    with one_thread():
        for piece in _regrouped(blocks):
            if first is None:
                index.add(piece)
            else:
                index.add_with_ids(piece, np.arange(first, first + len(piece)))
                first += len(piece)


def merge(index: faiss.Index, part: faiss.Index) -> None:
    """Move the rows of a filled copy of an index to the end of its lists; they keep their numbers."""
    faiss.merge_into(index, part, False)


def search(index: faiss.Index, design: Design, queries: Vectors, fetched: int) -> Ids:
    """What FAISS finds, unordered by exact score: rows by number, -1 where there are fewer.

    Args:
        index: filled.
        queries: (n, d), n at most as many as `block_of` takes.
        fetched: rows wanted.
    Returns:
        int64 (n, fetched).
    """
    if design.graph:
        index.hnsw.efSearch = max(design.probes, fetched)  # type: ignore[attr-defined]
    elif (lists := faiss.try_extract_index_ivf(index)) is not None:
        lists.nprobe = design.probes
    with one_thread():
        # A graph is walked by one query at a time; rows of zeros would only be walked in vain.
        _, found = index.search(queries if design.graph else block_of(queries), fetched)
    rows: Ids = found[: len(queries)]
    return rows


def block_of(rows: Vectors) -> Vectors:
    """The rows in a block of the one shape that FAISS is given, since a matrix product may round otherwise in another.

    Raises:
        ValueError: there are more than 1,024.
    """
    if len(rows) > _BLOCK_ROWS:
        raise ValueError(f"{len(rows)} rows are more than the {_BLOCK_ROWS} of a block")
    block = np.zeros((_BLOCK_ROWS, rows.shape[1]), np.float32)
    block[: len(rows)] = rows
    return block


@contextmanager
def one_thread() -> Iterator[None]:
    """FAISS on one thread inside, as many as before outside; OpenMP keeps the number for each thread apart."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def _check_sample(sample: Vectors, design: Design) -> None:
    needed = max(design.lists, 256 if design.compressed else 0)
    if len(sample) < needed:
        raise VectorError(
            f"{len(sample)} vectors cannot train {design.factory}: it needs {needed} or more; "
            'draw a larger sample, or set engine = "exact"'
        )


def _rotations(index: faiss.Index) -> Iterator[faiss.OPQMatrix]:
    if isinstance(index, faiss.IndexPreTransform):
        for place in range(index.chain.size()):  # type: ignore[attr-defined]
            step = faiss.downcast_VectorTransform(index.chain.at(place))  # type: ignore[attr-defined]
            if isinstance(step, faiss.OPQMatrix):
                yield step


def _regrouped(blocks: Iterable[Vectors]) -> Iterator[Vectors]:
    """The same rows in pieces of one size, the last one shorter."""
    held: list[Vectors] = []
    count = 0
    for block in blocks:
        for top in range(0, len(block), _BLOCK_ROWS):
            held.append(block[top : top + _BLOCK_ROWS])
            count += len(held[-1])
            if count >= _BLOCK_ROWS:
                rows = np.concatenate(held)
                yield np.ascontiguousarray(rows[:_BLOCK_ROWS], np.float32)
                held, count = [rows[_BLOCK_ROWS:]], count - _BLOCK_ROWS
    if count:
        yield np.ascontiguousarray(np.concatenate(held), np.float32)
