"""How far the documents of two sentences go together: as a known page pair, by their other sentences, by their order.

A pair of documents is told from the graph itself by the best edges that join them, as documents are aligned by the
votes of their sentences; the order of sentences is what alignment inside a document has always relied on (Gale and
Church 1993).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.mine.align import mutual
from pipelines.mine.context.occurrences import Occurrences
from pipelines.mine.graph import CandidateGraph, Flags, Positions
from pipelines.mine.margin import Floats
from pipelines.mine.neighbours.found import Ids

WINDOW = 3
"""Places before and behind a sentence where another pair of the same documents confirms the order."""

_PLACES = 2**20
"""Places of a document that are told apart; those further in are nobody's neighbours."""


@dataclass(frozen=True)
class Support:
    """What documents say of each edge.

    Attributes:
        within: bool (e,), its documents are a known page pair.
        votes: float64 (e,), best edges of other sentences that join two documents of it, the most of any two.
        order: float64 (e,), 0 to 2: whether one of them stands shortly before it on both sides, and shortly behind.
    """

    within: Flags
    votes: Floats
    order: Floats


@dataclass(frozen=True)
class Bonus:
    """What documents add to a margin, in spreads of the pair's margins (see `pipelines.mine.scoring.spread`).

    Fitted by logistic regression, beside margin and evidence, on pages of LibreOffice's help in English and four
    languages of four scripts, of which half of the page pairs were known (e5-small, distance margin of centred
    vectors, k = 4). To take from edges that lead out of a known page pair gained nothing, and lost where page pairs
    were wrong.

    Attributes:
        page: for documents that are a known page pair.
        votes: for others, by the natural logarithm of one more than their votes.
        most_of_votes: what votes add at most, so that a known page pair says more.
        order: for each side, before and behind, on which the order of sentences confirms it.
    """

    page: float = 5.0
    votes: float = 1.5
    most_of_votes: float = 4.0
    order: float = 2.0

    def of(self, found: Support) -> Floats:
        """What each edge gains, 0 or more: float64 (e,)."""
        voted = np.minimum(self.votes * np.log1p(found.votes), self.most_of_votes)
        return np.where(found.within, self.page, voted) + self.order * found.order


@dataclass(frozen=True)
class _Joined:
    """Edges by the pairs of documents that they stand in.

    Attributes:
        edge: int64 (x,).
        key: int64 (x,), of its two documents.
        source_place, target_place: int64 (x,).
    """

    edge: Positions
    key: Ids
    source_place: Ids
    target_place: Ids


def support(graph: CandidateGraph, source: Occurrences, target: Occurrences, pages: Ids) -> Support:
    """What documents say of each edge of a graph.

    Args:
        graph: edges, best first by what sentences alone say of them.
        source, target: where the sentences of both sides stand.
        pages: int64 (p, 2), known page pairs by the numbers of documents.
    """
    joined = _joined(graph, source, target)
    count, documents = len(graph), max(len(target.ids), 1)
    known, _ = _found(np.sort(pages[:, 0] * documents + pages[:, 1]), joined.key)
    voting = mutual(graph)[joined.edge]
    keys, votes_of = np.unique(joined.key[voting], return_counts=True)
    found, place = _found(keys, joined.key)
    votes = np.zeros(count)
    np.maximum.at(votes, joined.edge[found], votes_of[place] - voting[found])
    return Support(
        _any(joined.edge[known], count),
        votes,
        _order(joined, voting, found, place, count),
    )


def _joined(graph: CandidateGraph, source: Occurrences, target: Occurrences) -> _Joined:
    ours, theirs = source.counts[graph.source], target.counts[graph.target]
    each = ours * theirs
    edge = np.repeat(np.arange(len(graph)), each)
    within = np.arange(len(edge)) - np.repeat(np.cumsum(each) - each, each)
    first = source.bounds[graph.source[edge]] + within // theirs[edge]
    other = target.bounds[graph.target[edge]] + within % theirs[edge]
    documents = source.document[first], target.document[other]
    places = source.place[first].astype(np.int64), target.place[other].astype(np.int64)
    return _Joined(edge, documents[0] * max(len(target.ids), 1) + documents[1], *places)


def _order(joined: _Joined, voting: Flags, found: Flags, place: Ids, edges: int) -> Floats:
    """Sides, before and behind, on which a best edge of the same documents lies near."""
    keys, step = place_keys(place, joined.source_place[found], joined.target_place[found])
    # Sorted keys, and so all that lie at one distance from them, are looked up several times as fast.
    ascending = np.argsort(keys)
    keys, edge = keys[ascending], joined.edge[found][ascending]
    known = keys[voting[found][ascending]]
    order = np.zeros(edges)
    for sign in (-1, 1):
        near = np.zeros(len(keys), np.bool_)
        for one in range(1, WINDOW + 1):
            for other in range(1, WINDOW + 1):
                near |= _found(known, keys + sign * (one * step + other))[0]
        order += _any(edge[near], edges)
    return order


def place_keys(document_pair: Ids, source: Ids, target: Ids) -> tuple[Ids, int]:
    """A key of places in a pair of documents, and how far apart the keys of two neighbouring source places lie.

    Keys are as narrow as the longest documents allow: millions of pairs of documents fit.
    """
    sides = [np.minimum(place, _PLACES) + WINDOW for place in (source, target)]
    rows, step = (int(place.max(initial=0)) + WINDOW + 1 for place in sides)
    return (document_pair * rows + sides[0]) * step + sides[1], step


def _found(known: Ids, values: Ids) -> tuple[Flags, Ids]:
    """Which values are among sorted known ones, and the places there of those that are."""
    place = np.searchsorted(known, values)
    there = place < len(known)
    there[there] = known[place[there]] == values[there]
    return there, place[there]


def _any(edges: Positions, count: int) -> Flags:
    flags = np.zeros(count, np.bool_)
    flags[edges] = True
    return flags
