"""Groups by their promise, said again in plain Python."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipelines.mine.groups.forming import choose, edges, left_over, seat, standing_in
from pipelines.mine.groups.records import EDGE, LEFT, SEAT, STANDING, as_ids, by_piece, rows_of
from schemas.identifiers import content_id

LANGUAGES = ("arb_Arab", "deu_Latn", "eng_Latn", "tha_Thai")
PIVOTS = ("eng_Latn", "deu_Latn")
Pair = tuple[tuple[str, int], tuple[str, int], float]


@st.composite
def mined(draw: st.DrawFn) -> list[Pair]:
    """Pairs with both pivots; scores tie often, and a sentence stands in several pairs."""
    found = {}
    for one, other in (
        ("eng_Latn", "deu_Latn"),
        ("tha_Thai", "eng_Latn"),
        ("deu_Latn", "arb_Arab"),
        ("deu_Latn", "tha_Thai"),
    ):
        for source, target, score in draw(
            st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.sampled_from((1.0, 1.5))), max_size=8)
        ):
            found[(one, source), (other, target)] = score
    return [(*sides, score) for sides, score in draw(st.permutations(sorted(found.items())))]


def name(place: tuple[str, int]) -> str:
    return content_id(place[0], str(place[1]))


def rows(pairs: list[Pair]) -> pa.RecordBatch:
    """EDGE of pairs, as the stage reads them."""
    parts = []
    for source, target, score in pairs:
        row = {"source_id": [name(source)], "target_id": [name(target)], "score": pa.array([score], pa.float32())}
        parts.append(edges(pa.RecordBatch.from_pydict(row), PIVOTS, LANGUAGES, (source[0], target[0])))
    return rows_of(parts, EDGE)


def formed(found: pa.RecordBatch, pieces: int) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Seats and what is left over, each step in so many pieces."""
    seats, choices = rows_of([], SEAT), rows_of([], EDGE)
    for number, pivot in enumerate(PIVOTS):
        language = LANGUAGES.index(pivot)
        own = found.filter(pa.array(found.column("round").to_numpy() == number))
        chosen = rows_of(
            [choose(part, as_ids(seats.column("sentence"))) for part in parts(own, "sentence", pieces)], EDGE
        )
        standing = rows_of([standing_in(part, language) for part in parts(seats, "group", pieces)], STANDING)
        seated = []
        for piece in range(pieces):
            starts, picked, before = (
                at(rows, column, piece, pieces)
                for rows, column in ((own, "pivot"), (chosen, "pivot"), (standing, "standing"))
            )
            seated.append(seat(as_ids(starts.column("pivot")), picked, before, language))
        seats, choices = rows_of([seats, *seated], SEAT), rows_of([choices, chosen], EDGE)
    left = [left_over(part, as_ids(seats.column("sentence"))) for part in parts(choices, "sentence", pieces)]
    order = [("group", "ascending"), ("language", "ascending")]
    return (
        pa.Table.from_batches([seats]).sort_by(order).to_pylist(),
        pa.Table.from_batches([rows_of(left, LEFT)]).sort_by("left").to_pylist(),
    )


def parts(batch: pa.RecordBatch, column: str, pieces: int) -> Iterator[pa.RecordBatch]:
    return (part for _, part in by_piece(batch, column, pieces))


def at(batch: pa.RecordBatch, column: str, piece: int, pieces: int) -> pa.RecordBatch:
    return rows_of([part for key, part in by_piece(batch, column, pieces) if key == str(piece)], batch.schema)


def in_plain_words(pairs: list[Pair]) -> tuple[dict[bytes, tuple[bytes, bytes | None]], set[bytes]]:
    """Group and pivot of each sentence that has one, and the sentences that have none."""
    group: dict[str, str] = {}
    via: dict[str, str | None] = {}
    language = {name(place): place[0] for pair in pairs for place in pair[:2]}
    for pivot in PIVOTS:
        own = []
        for source, target, score in pairs:
            sides = sorted((source, target), key=lambda place: (*PIVOTS, place[0]).index(place[0]))
            if sides[0][0] == pivot:
                own.append((name(sides[0]), name(sides[1]), score))
        for sentence in {pair[0] for pair in own}:
            via.setdefault(sentence, None)
            group.setdefault(sentence, sentence)
        best: dict[str, tuple[float, str]] = {}
        for found, sentence, score in own:
            if sentence not in group:
                best[sentence] = min(best.get(sentence, (0.0, "")), (-score, found))
        for sentence, (_, found) in sorted(best.items(), key=lambda item: (item[1][0], item[0])):
            if language[sentence] not in {language[member] for member in group if group[member] == group[found]}:
                group[sentence], via[sentence] = group[found], found
    seated = {one.encode(): (group[one].encode(), None if via[one] is None else via[one].encode()) for one in group}
    return seated, {one.encode() for one in language} - set(seated)


@given(mined())
def test_each_sentence_goes_to_the_group_of_its_best_pair_and_a_group_has_one_of_each_language(
    pairs: list[Pair],
) -> None:
    seats, left = formed(rows(pairs), 1)
    seated, without = in_plain_words(pairs)
    assert {row["sentence"]: (row["group"], row["via"]) for row in seats} == seated
    assert {row["left"] for row in left} == without
    assert len({(row["group"], row["language"]) for row in seats}) == len(seats)


@given(mined(), st.integers(2, 5), st.randoms())
def test_neither_the_order_of_pairs_nor_the_number_of_pieces_changes_a_group(
    pairs: list[Pair], pieces: int, random: np.random.Generator
) -> None:
    mixed = list(pairs)
    random.shuffle(mixed)
    assert formed(rows(mixed), pieces) == formed(rows(pairs), 1)


def test_groups_of_two_pivots_are_one_where_their_sentences_are_a_pair() -> None:
    pairs = [
        (("eng_Latn", 0), ("deu_Latn", 0), 1.2),
        (("eng_Latn", 0), ("tha_Thai", 0), 1.1),
        (("deu_Latn", 0), ("arb_Arab", 0), 1.3),
        (("deu_Latn", 0), ("tha_Thai", 1), 1.9),
        (("deu_Latn", 1), ("arb_Arab", 1), 1.3),
    ]
    seats, left = formed(rows(pairs), 1)
    together = {row["sentence"].decode() for row in seats if row["group"].decode() == name(("eng_Latn", 0))}
    assert together == {name(place) for place in (("eng_Latn", 0), ("deu_Latn", 0), ("tha_Thai", 0), ("arb_Arab", 0))}
    # English has a Thai sentence for the group already; the pair of another German sentence is a group of its own.
    assert [row["left"].decode() for row in left] == [name(("tha_Thai", 1))]
    assert {row["group"].decode() for row in seats} == {name(("eng_Latn", 0)), name(("deu_Latn", 1))}


def test_of_two_sentences_with_one_score_the_smaller_id_is_the_member() -> None:
    pairs = [(("eng_Latn", 0), ("tha_Thai", number), 1.5) for number in range(6)]
    seats, left = formed(rows(pairs), 1)
    names = sorted(name(("tha_Thai", number)) for number in range(6))
    (member,) = (row["sentence"].decode() for row in seats if row["via"])
    assert member == names[0]
    assert [row["left"].decode() for row in left] == names[1:]
