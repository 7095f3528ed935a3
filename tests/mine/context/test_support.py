"""What documents say of edges, against the same said slowly."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.mine.align import mutual
from pipelines.mine.context.occurrences import Occurrences, numbered
from pipelines.mine.context.support import WINDOW, Bonus, Support, place_keys, support
from pipelines.mine.graph import CandidateGraph
from pipelines.mine.language import Choice
from pipelines.mine.sentences import Side
from tests.mine.context.paged import SOURCE, TARGET, Row, on_pages, page_pairs
from tests.mine.graphs import weighted

PLAIN = Choice(0, 17, centre=False)

texts = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=1, max_size=12)
edges = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 9)), max_size=20)
pairs = st.sets(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=4)


def side_of(language: str, drawn: list[tuple[int, int]]) -> Side:
    return Side.of(language, on_pages(language, [(page, f"{language} {text}") for page, text in drawn]), PLAIN)


def where(occurrences: Occurrences, sentence: int) -> list[tuple[int, int]]:
    rows = range(occurrences.bounds[sentence], occurrences.bounds[sentence + 1])
    return [(int(occurrences.document[row]), int(occurrences.place[row])) for row in rows]


@given(texts, texts, edges, pairs)
def test_documents_say_what_they_say_one_edge_at_a_time(
    ours: list[tuple[int, int]],
    theirs: list[tuple[int, int]],
    drawn: list[tuple[int, int, int]],
    known: set[tuple[int, int]],
) -> None:
    sides = side_of(SOURCE, ours), side_of(TARGET, theirs)
    occurrences = sides[0].occurrences(), sides[1].occurrences()
    counts = [len(side.searched) for side in sides]
    there = {(one, other): score for one, other, score in drawn if one < counts[0] and other < counts[1]}
    graph = weighted([(one, other, score / 10) for (one, other), score in there.items()], *counts)
    pages = numbered(page_pairs(known), *occurrences)
    found = support(graph, *occurrences, pages)
    wanted = said_slowly(graph, *occurrences, {(int(one), int(other)) for one, other in pages})
    assert found.within.tolist() == wanted.within.tolist()
    assert found.votes.tolist() == wanted.votes.tolist()
    assert found.order.tolist() == wanted.order.tolist()


def said_slowly(
    graph: CandidateGraph, source: Occurrences, target: Occurrences, pages: set[tuple[int, int]]
) -> Support:
    best = mutual(graph)
    ends = list(zip(graph.source.tolist(), graph.target.tolist(), strict=True))
    places = [[(a, b) for a in where(source, one) for b in where(target, other)] for one, other in ends]
    votes: Counter[tuple[int, int]] = Counter()
    standing: set[tuple[tuple[int, int], tuple[int, int]]] = set()
    for edge in np.flatnonzero(best):
        votes.update((a[0], b[0]) for a, b in places[edge])
        standing.update(places[edge])

    def near(edge: int, sign: int) -> bool:
        return any(
            ((a[0], a[1] + sign * one), (b[0], b[1] + sign * other)) in standing
            for a, b in places[edge]
            for one in range(1, WINDOW + 1)
            for other in range(1, WINDOW + 1)
        )

    numbers = range(len(graph))
    votes_of = [max((votes[a[0], b[0]] - best[edge] for a, b in places[edge]), default=0) for edge in numbers]
    return Support(
        np.array([any((a[0], b[0]) in pages for a, b in places[edge]) for edge in numbers], bool),
        np.array(votes_of, float),
        np.array([near(edge, -1) + near(edge, 1) for edge in numbers], float),
    )


def of_two_pages(rows: int) -> tuple[Side, Side]:
    return side_of(SOURCE, [(0, number) for number in range(rows)]), side_of(
        TARGET, [(0, number) for number in range(rows)]
    )


def placed(sides: tuple[Side, Side], edges: list[Row | tuple[int, int, float]]) -> CandidateGraph:
    """A graph of edges between places on two pages, as (source place, target place, margin)."""
    at = [np.argsort(side.at("position", np.arange(len(side.searched))).to_numpy()) for side in sides]
    rows = [(int(at[0][one]), int(at[1][other]), margin) for one, other, margin in edges]  # type: ignore[misc]
    return weighted(rows, *(len(side.searched) for side in sides))


def test_an_edge_is_no_vote_for_itself() -> None:
    sides = of_two_pages(1)
    found = support(placed(sides, [(0, 0, 0.3)]), *(side.occurrences() for side in sides), np.empty((0, 2), np.int64))
    assert found.votes.tolist() == [0]


def test_millions_of_document_pairs_keep_their_keys() -> None:
    documents = np.array([1, 2**24, 2**24 + 2**23])
    keys, step = place_keys(documents, np.array([0, 4_000, 0]), np.array([0, 0, 4_000]))
    assert np.all(np.diff(keys) > step)


def test_crossing_edges_do_not_confirm_an_order() -> None:
    sides = of_two_pages(2)
    none = np.empty((0, 2), np.int64)
    occurrences = sides[0].occurrences(), sides[1].occurrences()
    straight = support(placed(sides, [(0, 0, 0.3), (1, 1, 0.2)]), *occurrences, none)
    crossed = support(placed(sides, [(0, 1, 0.3), (1, 0, 0.2)]), *occurrences, none)
    assert straight.order.tolist() == [1, 1]
    assert crossed.order.tolist() == [0, 0]
    assert crossed.votes.tolist() == [1, 1]


@pytest.mark.parametrize(("votes", "gained"), [(0, 0), (1, 1.5 * np.log(2)), (10_000, 4)])
def test_votes_gain_less_than_a_known_page_pair(votes: float, gained: float) -> None:
    flags, counts = np.array([False, True]), np.array([votes, votes], np.float64)
    assert Bonus().of(Support(flags, counts, np.zeros(2))).tolist() == pytest.approx([gained, 5])
