"""Alignment over candidate graphs: properties on any graph, and the faults found in earlier tools."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.mine.align import (
    LOST,
    MODES,
    Mode,
    align,
    backward,
    choose,
    forward,
    mutual,
    one_to_one,
    union,
)
from pipelines.mine.graph import CandidateGraph, Edges, candidate_graph
from pipelines.mine.margin import absolute, distance, ratio
from pipelines.mine.neighbours.found import ABSENT, Neighbours
from tests.mine.graphs import edges, found, searches

ONE_TO_ONE: tuple[Mode, ...] = ("mutual", "one-to-one", "one-to-one-optimal")


def greedy(graph: CandidateGraph) -> set[tuple[int, int]]:
    """The walk as a loop: best edge first, each sentence once."""
    taken: set[tuple[int, int]] = set()
    order = np.lexsort((graph.target, graph.source, -graph.margin))
    for source, target in zip(graph.source[order].tolist(), graph.target[order].tolist(), strict=True):
        if all(source != s and target != t for s, t in taken):
            taken.add((source, target))
    return taken


@pytest.mark.parametrize("mode", MODES)
def test_the_threshold_holds_in_every_mode(mode: Mode) -> None:
    graph = candidate_graph(
        found([[0], [1], [2]], [[0.9], [0.5], [0.2]], [[0], [1], [2]], [[0.9], [0.5], [0.2]]), absolute
    )
    assert edges(graph, align(graph, mode, 0.4).kept) == {(0, 0), (1, 1)}
    assert align(graph, mode, 0.4).source_reasons.tolist() == [None, None, "below-threshold"]
    assert not align(graph, mode, 0.95).kept.any()


def test_a_margin_at_the_threshold_is_kept() -> None:
    graph = candidate_graph(found([[0]], [[0.5]], [[0]], [[0.5]]), ratio)
    assert graph.margin.tolist() == [1.0]
    assert align(graph, "mutual", 1.0).kept.all()


def contested() -> CandidateGraph:
    """Source 1 prefers target 0, which prefers source 0; target 1 is second best for source 1."""
    return candidate_graph(
        found([[0, 1], [0, 1]], [[0.9, 0.1], [0.8, 0.6]], [[0, 1], [1, 0]], [[0.9, 0.8], [0.6, 0.1]]), absolute
    )


def test_mutual_leaves_a_loser_out_and_says_so() -> None:
    graph = contested()
    aligned = align(graph, "mutual", 0.5)
    assert edges(graph, aligned.kept) == {(0, 0)}
    assert aligned.source_reasons.tolist() == [None, "not-mutual"]


def test_one_to_one_gives_a_loser_its_next_choice() -> None:
    graph = contested()
    assert edges(graph, align(graph, "one-to-one", 0.5).kept) == {(0, 0), (1, 1)}
    strict = align(graph, "one-to-one", 0.7)
    assert edges(graph, strict.kept) == {(0, 0)}
    assert strict.source_reasons.tolist() == [None, "one-to-one-conflict"]


def test_the_rejected_candidate_of_a_sentence_is_its_best_below_the_threshold() -> None:
    graph = contested()
    rejected = align(graph, "mutual", 0.7).rejected_of_source
    assert list(zip(graph.source[rejected].tolist(), graph.target[rejected].tolist(), strict=True)) == [(0, 1), (1, 1)]
    assert align(graph, "mutual", -1).rejected_of_source.tolist() == [ABSENT, ABSENT]


@given(searches(), st.sampled_from(ONE_TO_ONE), st.floats(-1, 2))
def test_no_sentence_is_in_two_pairs(search: Neighbours, mode: Mode, threshold: float) -> None:
    graph = candidate_graph(search)
    kept = align(graph, mode, threshold).kept
    assert len(set(graph.source[kept].tolist())) == len(set(graph.target[kept].tolist())) == kept.sum()
    assert (graph.margin[kept] >= threshold).all()


@given(searches())
def test_one_to_one_is_the_greedy_walk(search: Neighbours) -> None:
    graph = candidate_graph(search)
    assert edges(graph, one_to_one(graph)) == greedy(graph)


@given(searches())
def test_mutual_pairs_are_one_to_one_pairs(search: Neighbours) -> None:
    graph = candidate_graph(search)
    assert edges(graph, mutual(graph)) <= edges(graph, one_to_one(graph))


@given(searches(), st.sampled_from(MODES), st.floats(-1, 2))
def test_every_edge_and_every_source_sentence_is_kept_or_has_a_reason(
    search: Neighbours, mode: Mode, threshold: float
) -> None:
    graph = candidate_graph(search)
    aligned = align(graph, mode, threshold)
    for reason, kept, margin in zip(aligned.edge_reasons, aligned.kept, graph.margin, strict=True):
        assert reason == (None if kept else LOST[mode] if margin >= threshold else "below-threshold")
    paired = {source for source, _ in edges(graph, aligned.kept)}
    assert [reason is None for reason in aligned.source_reasons] == [s in paired for s in range(graph.sources)]
    assert len(paired) + sum(reason is not None for reason in aligned.source_reasons) == graph.sources


@given(searches(), st.sampled_from(MODES), st.floats(-1, 2))
def test_the_pair_of_a_sentence_is_its_best_one(search: Neighbours, mode: Mode, threshold: float) -> None:
    graph = candidate_graph(search)
    aligned = align(graph, mode, threshold)
    kept = np.flatnonzero(aligned.kept)
    for side, of_side in ((graph.source, aligned.pair_of_source), (graph.target, aligned.pair_of_target)):
        assert of_side.tolist() == [min(kept[side[kept] == s], default=ABSENT) for s in range(len(of_side))]


@given(searches())
def test_forward_takes_the_best_of_each_sources_own_neighbours(search: Neighbours) -> None:
    graph = candidate_graph(search)
    wanted = set()
    for source, ids in enumerate(search.forward_ids.tolist()):
        own = [e for e in range(len(graph)) if graph.source[e] == source and graph.target[e] in ids]
        wanted |= {(source, int(graph.target[e])) for e in own[:1]}
    assert edges(graph, forward(graph)) == wanted


def test_forward_leaves_a_better_edge_that_only_the_other_direction_found() -> None:
    search = found(
        [[0, 2], [0, 2], [2, 0]],
        [[0.9, 0.86], [0.95, 0.9], [0.9, 0.5]],
        [[1, 0], [0, 2], [1, 2]],
        [[0.95, 0.9], [0.85, 0.1], [0.9, 0.9]],
    )
    graph = candidate_graph(search, distance)
    assert (graph.source[0], graph.target[0], graph.forward_rank[0]) == (0, 1, 0)
    assert (0, 0) in edges(graph, forward(graph))
    assert (0, 1) not in edges(graph, forward(graph))
    swapped = candidate_graph(swap(search), distance)
    assert (1, 0) not in edges(swapped, backward(swapped))


@given(searches())
def test_backward_is_forward_with_the_sides_swapped_where_no_margins_tie(search: Neighbours) -> None:
    graph, swapped = candidate_graph(search), candidate_graph(swap(search))
    if len(set(graph.margin.tolist())) == len(graph):
        assert edges(graph, backward(graph)) == {(s, t) for t, s in edges(swapped, forward(swapped))}


@given(searches())
def test_union_is_what_either_direction_takes(search: Neighbours) -> None:
    graph = candidate_graph(search)
    assert edges(graph, union(graph)) == edges(graph, forward(graph)) | edges(graph, backward(graph))


def test_forward_gives_a_target_to_two_sources_and_backward_does_not() -> None:
    graph = contested()
    assert edges(graph, align(graph, "forward", 0.5).kept) == {(0, 0), (1, 0)}
    assert edges(graph, align(graph, "backward", 0.5).kept) == {(0, 0), (1, 1)}
    assert edges(graph, align(graph, "union", 0.5).kept) == {(0, 0), (1, 0), (1, 1)}
    assert align(graph, "backward", 0.7).source_reasons.tolist() == [None, "not-best-of-target"]


@given(searches(), st.sampled_from([mode for mode in MODES if mode != "one-to-one-optimal"]), st.floats(-1, 2))
def test_a_threshold_before_or_after_the_choice_is_the_same(search: Neighbours, mode: Mode, threshold: float) -> None:
    graph = candidate_graph(search)
    high = graph.take(graph.margin >= threshold)
    assert edges(high, choose(high, mode)) == edges(graph, align(graph, mode, threshold).kept)


@given(searches())
def test_swapping_the_sides_swaps_the_pairs_where_no_margins_tie(search: Neighbours) -> None:
    graph = candidate_graph(search)
    swapped = candidate_graph(swap(search))
    if len(set(graph.margin.tolist())) == len(graph.margin):
        for pick in (mutual, one_to_one, union):
            assert edges(graph, pick(graph)) == {(s, t) for t, s in edges(swapped, pick(swapped))}


def swap(search: Neighbours) -> Neighbours:
    return Neighbours(search.backward_ids, search.backward_scores, search.forward_ids, search.forward_scores)


@pytest.mark.parametrize("mode", MODES)
def test_an_edge_that_only_pages_gave_may_be_chosen_in_every_mode(mode: Mode) -> None:
    search = found([[0], [0]], [[0.9], [0.8]], [[0], [0]], [[0.9], [0.1]])
    further = Edges(np.array([1]), np.array([1]), np.array([0.85], np.float32))
    graph = candidate_graph(search, absolute, further=further)
    assert (1, 1) in edges(graph, choose(graph, mode))
