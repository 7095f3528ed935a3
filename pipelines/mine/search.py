"""Searching the vectors of two languages by shards: what one finds, and what several found together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
import pyarrow as pa

from pipelines.mine.engines import Search
from pipelines.mine.language import Language
from pipelines.mine.nearest import best_of, nearest_rows, nearest_schema
from pipelines.mine.neighbours.found import ABSENT, Best, Ids, merged
from pipelines.mine.neighbours.indexes import Index
from pipelines.mine.neighbours.recall import Recall, measured_recall, sampled

PART = pa.field("part", pa.int32(), nullable=False)
"""Number of the source block that rows of partial findings come from."""


def partial_schema(k: int) -> pa.Schema:
    """Rows of `nearest_schema` of target sentences, each of what one source block holds of their nearest."""
    return nearest_schema(k).append(PART)


def search_block(
    source: Language, target: Language, pair: str, shard: int, k: int, engine: Search
) -> tuple[pa.RecordBatch, list[tuple[int, pa.RecordBatch]]]:
    """Search one shard of the source language on all of the target language, both ways.

    Args:
        engine: an exact one.
    Returns:
        Rows of `nearest_schema` of the shard's sentences, and of each shard of the target, by number, rows of
        `partial_schema`: the nearest of its sentences within the source shard.
    """
    positions, vectors = source.block(shard)
    ids = source.ids.take(pa.array(positions))
    parts: list[tuple[int, pa.RecordBatch]] = []

    def search_each() -> Iterator[Best]:
        yield Best.none(len(positions), k)
        for number, (target_positions, block) in enumerate(target.blocks()):
            # Both blocks are in the order of positions, so a tie inside them falls as it would among all.
            found = engine(vectors, block, k)
            forward = Best(found.forward_ids, found.forward_scores)
            backward = Best(found.backward_ids, found.backward_scores)
            rows = nearest_rows(target.ids.take(pa.array(target_positions)), pair, _placed(backward, positions))
            parts.append((number, rows.append_column(PART, pa.repeat(pa.scalar(shard, PART.type), rows.num_rows))))
            yield _placed(forward, target_positions)

    return nearest_rows(ids, pair, merged(search_each(), k)), parts


def search_shard(
    queries: Language, index: Index, pair: str, shard: int, k: int, seed: int, threads: int
) -> tuple[pa.RecordBatch, Recall]:
    """Search one shard of a language in the index of the other one.

    Returns:
        Rows of `nearest_schema` of the shard's sentences, and the recall of those of them that a sample of the whole
        language has.
    """
    positions, vectors = queries.block(shard)
    ids = queries.ids.take(pa.array(positions))
    best = index.search(vectors, k, threads=threads)
    rows = sampled(ids, seed, len(queries))
    recall = measured_recall(vectors[rows], Best(best.ids[rows], best.scores[rows]), index.blocks())
    return nearest_rows(ids, pair, best), recall


def _placed(best: Best, positions: Ids) -> Best:
    """The same with positions among all in place of those in a block."""
    there = best.ids != ABSENT
    ids = best.ids.copy()
    ids[there] = positions[best.ids[there]]
    return Best(ids, best.scores)


def united(rows: Iterable[pa.RecordBatch], pair: str, k: int) -> pa.RecordBatch:
    """The nearest of target sentences in all source blocks.

    Args:
        rows: of `partial_schema`, of the sentences of one target shard, once for each source block.
    """
    table = pa.Table.from_batches(list(rows), schema=partial_schema(k)).sort_by(
        [("part", "ascending"), ("id", "ascending")]
    )
    if not table.num_rows:
        return nearest_rows(pa.array([], pa.string()), pair, Best.none(0, k))
    parts = table.column("part").combine_chunks().to_numpy()
    bounds = np.flatnonzero(np.diff(parts, prepend=-1, append=-1))
    ids = table.column("id").slice(0, int(bounds[1])).combine_chunks()
    slices = (table.slice(start, end - start) for start, end in pairwise(bounds.tolist()))
    return nearest_rows(ids, pair, merged(_of(slices, ids), k))


def _of(slices: Iterable[pa.Table], ids: pa.Array) -> Iterator[Best]:
    for rows in slices:
        if not rows.column("id").combine_chunks().equals(ids):
            raise ValueError("parts of one search are of other sentences")
        yield best_of(rows)
