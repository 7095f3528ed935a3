"""Choosing pairs out of one graph of candidates: every edge, and every source sentence, is kept or gets a reason."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from pipelines.mine.graph import CandidateGraph, Flags, Positions, at, candidate_graph, first_of
from pipelines.mine.neighbours.found import ABSENT
from pipelines.mine.optimal import matching
from schemas.recipe import AlignmentMode

__all__ = [
    "ABSENT", "BELOW_THRESHOLD", "LOST", "MODES", "NO_CANDIDATE", "Alignment", "CandidateGraph", "Mode", "align", "at",
    "backward", "candidate_graph", "choose", "first_of", "forward", "mutual", "one_to_one", "union",
]  # fmt: skip

Mode: TypeAlias = AlignmentMode
MODES: Final[tuple[Mode, ...]] = get_args(Mode)

BELOW_THRESHOLD = "below-threshold"
NO_CANDIDATE = "no-candidate"
LOST: Final[dict[Mode, str]] = {
    "forward": "not-best-of-source",
    "backward": "not-best-of-target",
    "union": "not-best",
    "mutual": "not-mutual",
    "one-to-one": "one-to-one-conflict",
    "one-to-one-optimal": "one-to-one-conflict",
}
"""Why an edge at or above the threshold was not chosen, by mode."""


def forward(graph: CandidateGraph) -> Flags:
    """The best edge of each source sentence among its own neighbours: bool (e,)."""
    return _best(graph, graph.forward_rank, graph.source, graph.sources)


def backward(graph: CandidateGraph) -> Flags:
    """The best edge of each target sentence among its own neighbours: bool (e,)."""
    return _best(graph, graph.backward_rank, graph.target, graph.targets)


def union(graph: CandidateGraph) -> Flags:
    """Edges that `forward` or `backward` chooses: bool (e,)."""
    return forward(graph) | backward(graph)


def _best(graph: CandidateGraph, rank: npt.NDArray[np.int32], positions: Positions, sentences: int) -> Flags:
    # What was found on pages that are translations is a candidate of both sides.
    own = np.flatnonzero((rank > 0) | (graph.forward_rank == graph.backward_rank))
    first = first_of(positions[own], sentences)
    best = np.zeros(len(graph), np.bool_)
    best[own[first[first != ABSENT]]] = True
    return best


def mutual(graph: CandidateGraph) -> Flags:
    """Edges that are the best of both of their sentences: bool (e,)."""
    edges = np.arange(len(graph))
    of_source = first_of(graph.source, graph.sources)[graph.source]
    of_target = first_of(graph.target, graph.targets)[graph.target]
    best: Flags = (of_source == edges) & (of_target == edges)
    return best


def one_to_one(graph: CandidateGraph) -> Flags:
    """Edges that a greedy walk takes, best first, each sentence once: bool (e,)."""
    from pipelines.mine.kernels.edges import take_free  # compiles at its import

    chosen = np.zeros(len(graph), np.bool_)
    taken = np.zeros(graph.sources, np.bool_), np.zeros(graph.targets, np.bool_)
    take_free(graph.source, graph.target, *taken, chosen)
    return chosen


def choose(graph: CandidateGraph, mode: Mode, floor: float | None = None) -> Flags:
    """The edges that a mode chooses, whatever their margin: bool (e,).

    Args:
        floor: the margin from which one-to-one-optimal counts weight, and below which it chooses nothing; the
            graph's smallest, unless said otherwise. The other modes choose alike whatever lies below.
    """
    match mode:
        case "forward":
            return forward(graph)
        case "backward":
            return backward(graph)
        case "union":
            return union(graph)
        case "mutual":
            return mutual(graph)
        case "one-to-one":
            return one_to_one(graph)
        case "one-to-one-optimal":
            return matching(graph, floor).chosen


@dataclass(frozen=True)
class Alignment:
    """What became of a graph under one mode and threshold.

    Where a mode lets a sentence into several pairs, the edge named for it is its best pair.

    Attributes:
        mode: the mode.
        high: bool (e,), edges at or above the threshold.
        kept: bool (e,), edges that are pairs.
        pair_of_source: int64 (sources,), the best kept edge of each source sentence, or ABSENT.
        pair_of_target: int64 (targets,), likewise.
        best_of_source: int64 (sources,), the best edge of each source sentence, or ABSENT.
        source_reasons: object (sources,), why a source sentence is in no pair; None where it is in one.
        rejected_of_source: int64 (sources,), the best edge below the threshold of each source sentence, or ABSENT.
    """

    mode: Mode
    high: Flags
    kept: Flags
    pair_of_source: Positions
    pair_of_target: Positions
    best_of_source: Positions
    source_reasons: npt.NDArray[np.object_]
    rejected_of_source: Positions

    @property
    def edge_reasons(self) -> npt.NDArray[np.object_]:
        """Why an edge is no pair; None for a pair: object (e,)."""
        return self.reasons(np.arange(len(self.kept)))

    def reasons(self, edges: Positions) -> npt.NDArray[np.object_]:
        """Why some of the edges are no pairs."""
        reasons = np.full(len(edges), BELOW_THRESHOLD, object)
        reasons[self.high[edges]] = LOST[self.mode]
        reasons[self.kept[edges]] = None
        return reasons


def align(graph: CandidateGraph, mode: Mode, threshold: float, floor: float | None = None) -> Alignment:
    """Choose pairs and say of every other edge and source sentence why it is in none.

    A source sentence without a pair has the reason of its best edge, so sentences in = sentences paired + reasons.

    Args:
        threshold: the smallest margin of a pair, in every mode.
        floor: as `choose` has it; the threshold, unless said otherwise.
    """
    high = graph.margin >= threshold
    kept = choose(graph, mode, threshold if floor is None else floor) & high
    edges = np.flatnonzero(kept)
    pair_of_source = at(edges, first_of(graph.source[edges], graph.sources))
    pair_of_target = at(edges, first_of(graph.target[edges], graph.targets))
    best = first_of(graph.source, graph.sources)
    low = np.flatnonzero(~high)
    rejected = at(low, first_of(graph.source[low], graph.sources))
    aligned = Alignment(mode, high, kept, pair_of_source, pair_of_target, best, np.empty(0, object), rejected)
    return replace(aligned, source_reasons=_source_reasons(aligned))


def _source_reasons(aligned: Alignment) -> npt.NDArray[np.object_]:
    reasons = np.full(len(aligned.best_of_source), NO_CANDIDATE, object)
    there = aligned.best_of_source != ABSENT
    reasons[there] = aligned.reasons(aligned.best_of_source[there])
    reasons[aligned.pair_of_source != ABSENT] = None
    return reasons
