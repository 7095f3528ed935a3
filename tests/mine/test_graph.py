"""The candidate graph: every edge once, from where the search put it, with all that any margin needs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.mine.graph import Edges, candidate_graph
from pipelines.mine.margin import MARGINS, absolute, distance, neighbour_means, ratio
from pipelines.mine.neighbours.found import ABSENT, Neighbours
from tests.mine.graphs import edges, found, searches


def test_the_graph_unites_both_directions_with_ranks_and_margins() -> None:
    graph = candidate_graph(found([[0, 1], [1, 0]], [[0.9, 0.3], [0.6, 0.5]], [[0], [1], [1]], [[0.9], [0.6], [0.4]]))
    rows = zip(graph.source, graph.target, graph.forward_rank, graph.backward_rank, strict=True)
    assert {(int(s), int(t)): (int(f), int(b)) for s, t, f, b in rows} == {
        (0, 0): (1, 1),
        (0, 1): (2, 0),
        (1, 1): (1, 1),
        (1, 0): (2, 0),
        (1, 2): (0, 1),
    }
    # Source 0: (.9 + .3) / 2 = .6; target 0: .9; so .9 / ((.6 + .9) / 2) = 1.2.
    edge = np.flatnonzero((graph.source == 0) & (graph.target == 0))
    assert graph.margin[edge] == pytest.approx([1.2], abs=1e-6)


def test_absent_neighbours_are_no_edges() -> None:
    absent = -np.inf
    graph = candidate_graph(found([[0, ABSENT], [0, ABSENT]], [[0.9, absent], [0.8, absent]], [[0, 1]], [[0.9, 0.8]]))
    assert edges(graph, np.ones(len(graph), bool)) == {(0, 0), (1, 0)}
    assert np.isfinite(graph.margin).all()


def test_filtering_absent_neighbours_shifts_no_label() -> None:
    # Target 0 was found by nobody and finds nobody: rows after it must keep their own positions.
    graph = candidate_graph(
        found([[1, ABSENT], [2, 1]], [[0.8, -np.inf], [0.7, 0.2]], [[ABSENT], [0], [1]], [[-np.inf], [0.8], [0.7]])
    )
    cosines = {(int(s), int(t)): float(c) for s, t, c in zip(graph.source, graph.target, graph.cosine, strict=True)}
    assert cosines == pytest.approx({(0, 1): 0.8, (1, 2): 0.7, (1, 1): 0.2})


@given(searches(), st.integers(1, 5))
def test_candidates_are_the_nearest_of_each_direction_with_ranks_and_means_of_all(
    search: Neighbours, most: int
) -> None:
    graph = candidate_graph(search, candidates=most)
    forward = {(s, t): r for s, ids in enumerate(search.forward_ids.tolist()) for r, t in enumerate(ids, 1) if t >= 0}
    backward = {(s, t): r for t, ids in enumerate(search.backward_ids.tolist()) for r, s in enumerate(ids, 1) if s >= 0}
    near = {edge for side in (forward, backward) for edge, rank in side.items() if rank <= most}
    rows = list(zip(graph.source.tolist(), graph.target.tolist(), strict=True))
    assert sorted(rows) == sorted(near)
    assert graph.forward_rank.tolist() == [forward.get(edge, 0) for edge in rows]
    assert graph.backward_rank.tolist() == [backward.get(edge, 0) for edge in rows]
    np.testing.assert_array_equal(graph.source_mean, neighbour_means(search.forward_ids, search.forward_scores))
    whole = candidate_graph(search)
    margins = dict(zip(zip(whole.source.tolist(), whole.target.tolist(), strict=True), whole.margin, strict=True))
    assert graph.margin.tolist() == [margins[edge] for edge in rows]


@given(searches(), st.sampled_from(sorted(MARGINS)), st.sampled_from(sorted(MARGINS)))
def test_another_margin_needs_no_other_search(search: Neighbours, one: str, other: str) -> None:
    there = candidate_graph(search, MARGINS[other])  # type: ignore[index]
    again = candidate_graph(search, MARGINS[one]).scored(MARGINS[other])  # type: ignore[index]
    for name in ("source", "target", "cosine", "margin", "forward_rank", "backward_rank"):
        np.testing.assert_array_equal(getattr(there, name), getattr(again, name))


@given(searches(), st.sampled_from([ratio, distance, absolute]))
def test_edges_stand_best_first_then_by_position(search: Neighbours, margin: object) -> None:
    graph = candidate_graph(search, margin)  # type: ignore[arg-type]
    rows = list(zip((-graph.margin).tolist(), graph.source.tolist(), graph.target.tolist(), strict=True))
    assert rows == sorted(rows)


def test_no_candidates_are_refused() -> None:
    with pytest.raises(ValueError, match="candidates is 0"):
        candidate_graph(found([[0]], [[0.5]], [[0]], [[0.5]]), candidates=0)


@given(searches(), st.integers(0, 2**32 - 1))
def test_further_edges_stand_once_with_the_ranks_that_the_search_gave(search: Neighbours, seed: int) -> None:
    sources, targets = len(search.forward_ids), len(search.backward_ids)
    generator = np.random.default_rng(seed)
    count = 6 if sources and targets else 0
    one, other = generator.integers(0, max(sources, 1), count), generator.integers(0, max(targets, 1), count)
    cosine = (one * 10 + other).astype(np.float32) / 1000
    plain = candidate_graph(search, distance, 1)
    graph = candidate_graph(search, distance, 1, Edges(one, other, cosine))
    pairs = list(zip(graph.source.tolist(), graph.target.tolist(), strict=True))
    assert len(pairs) == len(set(pairs))
    own = edges(plain, np.ones(len(plain), bool))
    assert set(pairs) == own | set(zip(one.tolist(), other.tolist(), strict=True))
    for edge, (source, target) in enumerate(pairs):
        ranks = [(*ids.tolist(), wanted).index(wanted) for ids, wanted in (
            (search.forward_ids[source], target), (search.backward_ids[target], source))]  # fmt: skip
        k = search.forward_ids.shape[1]
        assert [graph.forward_rank[edge], graph.backward_rank[edge]] == [0 if rank == k else rank + 1 for rank in ranks]
        if (source, target) not in own:
            assert graph.cosine[edge] == np.float32((source * 10 + target) / 1000)
