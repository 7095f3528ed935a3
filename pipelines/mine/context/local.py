"""Searching sentences of pages that are translations among themselves, however many others are nearer elsewhere.

As hierarchical mining does (ParaCrawl: documents first, then their sentences; stopes' "local" mining of WikiMatrix and
NLLB): what two pages of one address say in two languages is compared whole, so that a translation is a candidate
though the search of all found nearer sentences.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.mine.context.occurrences import Occurrences
from pipelines.mine.graph import Edges
from pipelines.mine.language import Language
from pipelines.mine.nearest import LostNeighboursError, best_of, nearest_rows
from pipelines.mine.neighbours.found import ABSENT, Best, Ids, merged
from pipelines.mine.neighbours.sides import Vectors
from pipelines.mine.search import PART


@dataclass(frozen=True)
class Pages:
    """Page pairs of two languages, and where their sentences stand.

    Attributes:
        source, target: occurrences of both sides.
        pairs: int64 (p, 2), numbers of documents, those searched.
        left_out: page pairs that are too large to be searched.
    """

    source: Occurrences
    target: Occurrences
    pairs: Ids
    left_out: int

    @classmethod
    def of(cls, source: Occurrences, target: Occurrences, pairs: Ids, most_products: int) -> Pages:
        """Page pairs, those of more products of sentences left out.

        Args:
            pairs: int64 (p, 2), numbers of documents.
        """
        sizes = [np.diff(side.members[0]) for side in (source, target)]
        small = sizes[0][pairs[:, 0]] * sizes[1][pairs[:, 1]] <= most_products
        return cls(source, target, pairs[small], int((~small).sum()))

    def on_pages(self, side: int) -> np.ndarray:
        """Which sentences of a side, 0 or 1, stand on a page that is searched: bool (n,)."""
        occurrences = (self.source, self.target)[side]
        bounds, sentences = occurrences.members
        document = np.repeat(np.arange(len(occurrences.ids)), np.diff(bounds))
        on = np.zeros(len(occurrences.bounds) - 1, np.bool_)
        on[sentences[np.isin(document, self.pairs[:, side])]] = True
        return on


def local_neighbours(
    pages: Pages, source: tuple[Ids, Vectors], target: tuple[Ids, Vectors], k: int
) -> tuple[Best, Best]:
    """The nearest of each sentence of a block among those of the other block that stand on a partner of its pages.

    Args:
        source, target: positions (b,), ascending, and vectors (b, d).
    Returns:
        Of the source's and of the target's sentences (b, k), positions among all.
    """
    from pipelines.mine.kernels.scoring import search_groups  # compiles at its import

    (ours, vectors), (theirs, others) = source, target
    forward, backward = Best.none(len(ours), k), Best.none(len(theirs), k)
    if len(pages.pairs):
        search_groups(
            np.ascontiguousarray(vectors),
            ours,
            np.ascontiguousarray(others),
            theirs,
            pages.pairs,
            *_rows(pages.source, ours),
            *_rows(pages.target, theirs),
            *(forward.ids, forward.scores, backward.ids, backward.scores),
        )
    return forward, backward


def _rows(side: Occurrences, positions: Ids) -> tuple[Ids, Ids]:
    """By document the rows of a block that stand there; ABSENT for sentences of other blocks."""
    bounds, sentences = side.members
    row = np.full(len(side.bounds) - 1, ABSENT, np.int64)
    row[positions] = np.arange(len(positions))
    return bounds, row[sentences]


def search_local(
    source: Language, target: Language, pages: Pages, pair: str, shard: int, k: int
) -> tuple[pa.RecordBatch, list[tuple[int, pa.RecordBatch]]]:
    """Search one shard of the source language within its page pairs, both ways.

    Returns:
        Rows of `nearest_schema` of the shard's sentences that stand on a page pair, and of each target shard, by
        number, rows of `partial_schema` of those of its own that do.
    """
    on_source, on_target = pages.on_pages(0), pages.on_pages(1)
    ours = _on(source.positions[shard], on_source)
    best = Best.none(len(ours), k)
    parts: list[tuple[int, pa.RecordBatch]] = []
    block = _block(source, shard, on_source) if len(ours) else None
    for number, positions in enumerate(target.positions):
        if block is None or not len(_on(positions, on_target)):
            continue
        there = _block(target, number, on_target)
        forward, backward = local_neighbours(pages, block, there, k)
        rows = nearest_rows(target.ids.take(pa.array(there[0])), pair, backward)
        parts.append((number, rows.append_column(PART, pa.repeat(pa.scalar(shard, PART.type), rows.num_rows))))
        best = merged([best, forward], k)
    return nearest_rows(source.ids.take(pa.array(ours)), pair, best), parts


def _on(positions: Ids, on_pages: np.ndarray) -> Ids:
    taking = positions[positions != ABSENT]
    return taking[on_pages[taking]]


def _block(language: Language, shard: int, on_pages: np.ndarray) -> tuple[Ids, Vectors]:
    """Positions and vectors of a shard's sentences that stand on a page pair."""
    positions, vectors = language.block(shard)
    on = on_pages[positions]
    return positions[on], vectors[on]


def local_edges(forward: pa.Table, backward: pa.Table, sources: pa.Array, targets: pa.Array, what: str) -> Edges:
    """What was found within page pairs as edges; one that was found both ways comes twice.

    Args:
        forward, backward: rows of `nearest_schema`, some of each side's sentences.
        sources, targets: ids of both sides' sentences by position.
        what: names the rows in a message.
    Raises:
        LostNeighboursError: rows are of other sentences than these.
    """
    one, near, cosines = _found(forward, sources, what)
    other, back, others = _found(backward, targets, what)
    return Edges(np.concatenate([one, back]), np.concatenate([near, other]), np.concatenate([cosines, others]))


def _found(rows: pa.Table, ids: pa.Array, what: str) -> tuple[Ids, Ids, np.ndarray]:
    places = pc.index_in(rows.column("id"), value_set=ids)
    if places.null_count:
        raise LostNeighboursError(
            f"{what}: {places.null_count} of {rows.num_rows} rows are of other sentences; remove the folder and run "
            "the search again"
        )
    positions = places.cast(pa.int64()).to_numpy()
    best = best_of(rows)
    there, rank = np.nonzero(best.ids != ABSENT)
    return positions[there], best.ids[there, rank], best.scores[there, rank]
