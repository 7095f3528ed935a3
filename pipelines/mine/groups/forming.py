"""Forming groups, a round a pivot language: every sentence chooses a pivot's sentence, and that one member a language.

All orders are total, so nothing depends on how rows come in: a higher score first, then the smaller id. Two steps of a
round want the rows of one sentence together, or those of one pivot's sentence; rows of others may lie elsewhere.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipelines.mine.groups.records import (
    EDGE,
    LEFT,
    SEAT,
    STANDING,
    Ids,
    as_column,
    as_ids,
    first_of_each,
)
from pipelines.runtime.lookup import places_among


def choose(edges: pa.RecordBatch, seated: Ids) -> pa.RecordBatch:
    """The best edge of each sentence that is in no group yet.

    Args:
        edges: EDGE of one round; all of their sentences.
        seated: sentences that are in a group.
    Returns:
        EDGE, one a sentence, sorted by it.
    """
    sentences, pivots = as_ids(edges.column("sentence")), as_ids(edges.column("pivot"))
    order = np.lexsort((pivots, -edges.column("score").to_numpy(), sentences))
    best = order[first_of_each(sentences[order])]
    return edges.take(pa.array(best[places_among(sentences[best], np.sort(seated)) < 0]))


def seat(starts: Ids, choices: pa.RecordBatch, standing: pa.RecordBatch, language: int) -> pa.RecordBatch:
    """Give the members that a round finds to their groups.

    A sentence of the pivot language that is in a group of an earlier pivot adds to that one the languages that it
    lacks; every other starts a group.

    Args:
        starts: sentences of the pivot language; some may come twice.
        choices: EDGE, all that chose one of them.
        standing: STANDING of those that are in a group already.
        language: the pivot language's place.
    Returns:
        SEAT of the first sentences of new groups, and of new members.
    """
    pivots = np.unique(starts)
    groups = pivots.copy()
    places = places_among(as_ids(standing.column("standing")), pivots)
    there = places >= 0
    groups[places[there]] = as_ids(standing.column("group"))[there]
    taken = _cells(places[there], standing.column("taken").to_numpy()[there])
    new = pivots[~np.isin(np.arange(len(pivots)), places)]
    # lexsort takes its last key first.
    sentences, languages = as_ids(choices.column("sentence")), choices.column("language").to_numpy()
    of = places_among(as_ids(choices.column("pivot")), pivots)
    order = np.lexsort((sentences, -choices.column("score").to_numpy(), languages, of))
    best = order[first_of_each(of[order], languages[order])]
    best = best[~np.isin(_cells(of[best], languages[best]), taken)]
    first, members = len(new), len(best)
    columns = [
        as_column(np.concatenate([new, groups[of[best]]])),
        as_column(np.concatenate([new, sentences[best]])),
        pa.array(np.concatenate([np.full(first, language, np.int16), languages[best]])),
        as_column(np.concatenate([new, pivots[of[best]]]), np.arange(first + members) < first),
        pa.concat_arrays([pa.nulls(first, pa.float32()), choices.column("score").take(pa.array(best))]),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SEAT)


def standing_in(seats: pa.RecordBatch, language: int) -> pa.RecordBatch:
    """The sentences of a language that are in groups, each with every language that its group has.

    Args:
        seats: SEAT, all of their groups.
    Returns:
        STANDING.
    """
    groups, languages = as_ids(seats.column("group")), seats.column("language").to_numpy()
    own = np.flatnonzero(languages == language)
    own = own[np.argsort(groups[own])]
    places = places_among(groups, groups[own])
    there = places >= 0
    sentences = as_ids(seats.column("sentence"))[own]
    columns = [as_column(sentences[places[there]]), as_column(groups[there]), pa.array(languages[there])]
    return pa.RecordBatch.from_arrays(columns, schema=STANDING)


def left_over(choices: pa.RecordBatch, seated: Ids) -> pa.RecordBatch:
    """Sentences that chose and are in no group, each with its best edge to the earliest pivot.

    Args:
        choices: EDGE of all rounds; all of their sentences.
        seated: sentences that are in a group.
    Returns:
        LEFT, sorted by the sentence.
    """
    sentences = as_ids(choices.column("sentence"))
    order = np.lexsort((choices.column("round").to_numpy(), sentences))
    first = order[first_of_each(sentences[order])]
    first = first[places_among(sentences[first], np.sort(seated)) < 0]
    rows = choices.take(pa.array(first))
    columns = [rows.column(name) for name in ("sentence", "language", "pivot", "score")]
    return pa.RecordBatch.from_arrays(columns, schema=LEFT)


def edges(
    pairs: pa.RecordBatch, pivots: tuple[str, ...], languages: tuple[str, ...], pair: tuple[str, str]
) -> pa.RecordBatch:
    """Pairs of two languages as EDGE, from the sentence of the earlier pivot to the other.

    Args:
        pairs: columns source_id, target_id and score.
        pair: languages of source and target; one at least is a pivot.
    """
    ranks = [pivots.index(language) if language in pivots else len(pivots) for language in pair]
    sides = ("source_id", "target_id") if ranks[0] < ranks[1] else ("target_id", "source_id")
    other = pair[1] if ranks[0] < ranks[1] else pair[0]
    rows = pairs.num_rows
    columns = [
        *(as_column(as_ids(pairs.column(side))) for side in sides),
        pa.array(np.full(rows, languages.index(other), np.int16)),
        pairs.column("score"),
        pa.array(np.full(rows, min(ranks), np.int16)),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=EDGE)


def _cells(places: np.ndarray, languages: np.ndarray) -> np.ndarray:
    """A pivot's place and a language as one number: int64."""
    cells: np.ndarray = places.astype(np.int64) << 16 | languages.astype(np.int64)
    return cells
