"""The graph of candidates: edges that either direction's search found, from which every alignment mode chooses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from pipelines.mine.margin import Floats, Margin, neighbour_means, ratio
from pipelines.mine.neighbours.found import ABSENT, Neighbours

Positions = npt.NDArray[np.int64]
Ranks = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

_OF_AN_EDGE: Final = ("source", "target", "cosine", "margin", "forward_rank", "backward_rank")


@dataclass(frozen=True)
class CandidateGraph:
    """Edges that either direction's search found, each once, best first.

    The order is total: margin descending, then source, then target position. So the first edge of a
    sentence is its best one, and nothing below depends on how edges came in. A cosine is the same in both
    directions, so an edge has one.

    Attributes:
        sources: sentences on the source side.
        targets: sentences on the target side.
        source: int64 (e,), position of the edge's source sentence.
        target: int64 (e,), position of its target sentence.
        cosine: float32 (e,).
        margin: float64 (e,), values of float32.
        forward_rank: int32 (e,), rank of the target among the source's neighbours from 1; 0 where it is none.
        backward_rank: int32 (e,), likewise of the source among the target's. An edge that is none of both was found
            on pages that are translations.
        source_mean: float64 (sources,), mean cosine of each source sentence with its neighbours.
        target_mean: float64 (targets,), likewise.
        neighbours: k of the search, over which the means are taken.
    """

    sources: int
    targets: int
    source: Positions
    target: Positions
    cosine: npt.NDArray[np.float32]
    margin: Floats
    forward_rank: Ranks
    backward_rank: Ranks
    source_mean: Floats
    target_mean: Floats
    neighbours: int

    def __len__(self) -> int:
        return len(self.source)

    def take(self, edges: Flags | Positions) -> CandidateGraph:
        """The same sentences with some of the edges, in the order named."""
        return replace(self, **{name: getattr(self, name)[edges] for name in _OF_AN_EDGE})

    def margins(self, margin: Margin) -> Floats:
        """Another margin of each edge: float64 (e,), from the same search."""
        means = self.source_mean[self.source], self.target_mean[self.target]
        return as_written(margin(self.cosine.astype(np.float64), *means))

    def ordered(self, scores: Floats) -> CandidateGraph:
        """The same edges with other margins, best first.

        Args:
            scores: float64 (e,), one an edge, in place of `margin`.
        """
        scores = as_written(scores)
        return replace(self, margin=scores).take(_best_first(scores, self.source, self.target))

    def scored(self, margin: Margin) -> CandidateGraph:
        """The same edges by another margin, best first."""
        return self.ordered(self.margins(margin))


@dataclass(frozen=True)
class Edges:
    """Edges found otherwise than by the search of all.

    Attributes:
        source: int64 (e,), positions.
        target: int64 (e,), positions.
        cosine: float32 (e,).
    """

    source: Positions
    target: Positions
    cosine: npt.NDArray[np.float32]


def candidate_graph(
    found: Neighbours, margin: Margin = ratio, candidates: int | None = None, further: Edges | None = None
) -> CandidateGraph:
    """Unite both directions' neighbours and score every edge.

    Each edge takes position, cosine and rank from the place where the search put it, so leaving out absent
    neighbours cannot shift one against another.

    Memory: an edge keeps 44 bytes and about 80 are held while the graph is made; there are at most (n + m) x
    candidates. With a million sentences a side, k = 16 and candidates = 4, of which 6.4 million edges came, a process
    held 1.11 GiB at most while making the graph and 1.30 GiB while aligning it, its 0.36 GiB of neighbours included.

    Args:
        candidates: nearest neighbours of each sentence, in each direction, that become edges; all, unless said
            otherwise. Means, and an edge's other rank, are still of all that were found.
        further: edges that are in the graph whatever their ranks.
    Raises:
        ValueError: candidates is less than 1.
    """
    k = found.forward_ids.shape[1]
    wanted = k if candidates is None else min(candidates, k)
    if wanted < 1:
        raise ValueError(f"candidates is {wanted}; a sentence needs at least one candidate to be paired")
    source, target, forward_rank, backward_rank, cosine = _edges(found, wanted)
    if further is not None:
        keys = source * len(found.backward_ids) + target
        others, first = np.unique(further.source * len(found.backward_ids) + further.target, return_index=True)
        new = first[~np.isin(others, keys)]
        one, other = further.source[new], further.target[new]
        forward_ids, backward_ids = (np.ascontiguousarray(ids) for ids in (found.forward_ids, found.backward_ids))
        source, target = np.concatenate([source, one]), np.concatenate([target, other])
        forward_rank = np.concatenate([forward_rank, _ranks(forward_ids, one, other)])
        backward_rank = np.concatenate([backward_rank, _ranks(backward_ids, other, one)])
        cosine = np.concatenate([cosine, further.cosine[new]])
    blank = np.empty(0)
    graph = CandidateGraph(
        len(found.forward_ids),
        len(found.backward_ids),
        source,
        target,
        cosine,
        blank,
        forward_rank,
        backward_rank,
        neighbour_means(found.forward_ids, found.forward_scores),
        neighbour_means(found.backward_ids, found.backward_scores),
        k,
    )
    return graph.scored(margin)


def as_written(margins: Floats) -> Floats:
    """Margins as float32 holds them, so that what is judged is what a reader of the shards sees."""
    return margins.astype(np.float32).astype(np.float64)


def _best_first(scores: Floats, source: Positions, target: Positions) -> Positions:
    """Edges by score descending, then source, then target: int64 (e,)."""
    # Sorting by the score alone and then what ties is several times as fast as by all three.
    order = np.argsort(-scores)
    same = np.diff(scores[order]) == 0
    places = np.flatnonzero(np.append(same, False) | np.insert(same, 0, False)) if len(order) else order
    tied = order[places]
    order[places] = tied[np.lexsort((target[tied], source[tied], -scores[tied]))]
    return order


def _edges(found: Neighbours, wanted: int) -> tuple[Positions, Positions, Ranks, Ranks, npt.NDArray[np.float32]]:
    """Source, target, forward rank, backward rank and cosine of each edge, once, those of the forward search first."""
    forward_ids, backward_ids = np.ascontiguousarray(found.forward_ids), np.ascontiguousarray(found.backward_ids)
    one, rank = _there(forward_ids[:, :wanted])
    near = forward_ids[one, rank]
    back = _ranks(backward_ids, near, one)
    other, other_rank = _there(backward_ids[:, :wanted])
    other_near = backward_ids[other, other_rank]
    other_back = _ranks(forward_ids, other_near, other)
    new = (other_back == 0) | (other_back > wanted)
    other, other_rank, other_near, other_back = other[new], other_rank[new], other_near[new], other_back[new]
    return (
        np.concatenate([one, other_near]),
        np.concatenate([near, other]),
        np.concatenate([rank + 1, other_back], dtype=np.int32, casting="same_kind"),
        np.concatenate([back, other_rank + 1], dtype=np.int32, casting="same_kind"),
        np.concatenate([found.forward_scores[one, rank], found.backward_scores[other, other_rank]]),
    )


def _there(ids: Positions) -> tuple[Positions, Positions]:
    """Row and column of every neighbour that is there."""
    rows, columns = np.nonzero(ids != ABSENT)
    return np.ascontiguousarray(rows), np.ascontiguousarray(columns)


def _ranks(ids: Positions, rows: Positions, values: Positions) -> Ranks:
    from pipelines.mine.kernels.edges import rank_each  # compiles at its import

    ranks = np.empty(len(rows), np.int32)
    rank_each(ids, rows, values, ranks)
    return ranks


def first_of(positions: Positions, sentences: int) -> Positions:
    """The first edge of each sentence.

    Args:
        positions: int64 (e,), the sentence of each edge on one side.
    Returns:
        int64 (sentences,), an edge, or ABSENT for a sentence without one.
    """
    first = np.full(sentences, len(positions), np.int64)
    np.minimum.at(first, positions, np.arange(len(positions)))
    first[first == len(positions)] = ABSENT
    return first


def at(values: Positions, positions: Positions) -> Positions:
    """Values at some positions; ABSENT at ABSENT."""
    found = np.full(len(positions), ABSENT, np.int64)
    there = positions != ABSENT
    found[there] = values[positions[there]]
    return found
