"""The check by its promise, said again group by group in plain Python."""

from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.mine.groups.checking import COSINE_STEPS, judge, led_cosines, usual_cosines
from pipelines.mine.groups.records import CLAIM, SEAT
from schemas.identifiers import content_id

Row = dict[str, Any]

HALVES = (np.array([1, 0]), np.array([0.6, 0.8]), np.array([0, 1]), np.array([-0.8, 0.6]))
"""Directions: neighbours have a cosine of .6 or .8, those two apart 0 or less."""
USUAL = np.full(8, 1.0)


def seat(group: str, sentence: str, language: int, via: str | None, score: float | None) -> Row:
    ids = {"group": group, "sentence": sentence, "via": via}
    named = {key: None if value is None else content_id(value).encode() for key, value in ids.items()}
    return {**named, "language": language, "score": score}


def members(count: int, scores: list[float], group: str = "first", start: int = 0) -> list[Row]:
    """A first sentence in language 0, and members in the languages after it, found through it."""
    found = [seat(group, f"{group} {number}", number, group, scores[number - 1]) for number in range(1, count + 1)]
    return [seat(group, group, 0, None, None), *found][start:]


def claim(own: int, other: int, partner: str, group: str = "first") -> Row:
    ids = {"group": content_id(group).encode(), "partner": content_id(partner).encode()}
    return {**ids, "own": own, "other": other}


def judged(
    seats: list[Row],
    directions: list[int],
    claims: list[Row] | None = None,
    *,
    agreement: float = 0.5,
    min_languages: int = 2,
) -> dict[str, Row]:
    """Verdicts by sentence; directions of the seats' vectors, in their order."""
    vectors = np.array([HALVES[number] for number in directions], np.float16)
    rows = judge(
        pa.RecordBatch.from_pylist(seats, schema=SEAT),
        vectors,
        pa.RecordBatch.from_pylist(claims or [], schema=CLAIM),
        USUAL,
        agreement=agreement,
        min_languages=min_languages,
    )
    return {row["sentence"].decode(): row for row in rows.to_pylist()}


def of(rows: dict[str, Row], number: int, group: str = "first") -> Row:
    return rows[content_id(f"{group} {number}")]


def test_a_member_that_most_others_speak_against_is_dropped_and_counted_no_longer() -> None:
    rows = judged(members(4, [1.0] * 4), [0, 0, 0, 0, 2])
    assert [of(rows, number)["reason"] for number in range(1, 5)] == [None, None, None, "inconsistent"]
    assert [(of(rows, number)["checked"], of(rows, number)["agreed"]) for number in range(1, 5)] == [
        *[(2, 2)] * 3,
        (3, 0),
    ]
    assert {row["languages"] for row in rows.values()} == {4}


def test_of_two_members_that_disagree_the_one_with_the_lower_score_goes_then_the_larger_id() -> None:
    assert of(judged(members(2, [1.0, 1.2]), [0, 0, 2]), 1)["reason"] == "inconsistent"
    assert of(judged(members(2, [1.2, 1.0]), [0, 0, 2]), 2)["reason"] == "inconsistent"
    rows = judged(members(2, [1.0, 1.0]), [0, 0, 2])
    larger = max(content_id(f"first {number}") for number in (1, 2))
    assert [name for name, row in rows.items() if row["reason"]] == [larger]


def test_a_group_with_too_few_languages_left_is_dropped_with_its_first_sentence() -> None:
    rows = judged(members(2, [1.0, 1.2]), [0, 0, 2], min_languages=3)
    assert rows[content_id("first")]["reason"] == "too-few-languages"
    assert [of(rows, number)["reason"] for number in (1, 2)] == ["inconsistent", "too-few-languages"]


def test_what_was_mined_directly_is_believed_before_the_cosine() -> None:
    seats = members(3, [1.0, 1.1, 1.2])
    another = [claim(1, 2, "another"), claim(1, 3, "another")]
    assert of(judged(seats, [0, 0, 0, 0]), 1)["reason"] is None
    assert of(judged(seats, [0, 0, 0, 0], another), 1)["reason"] == "inconsistent"
    each_other = [claim(1, 2, "first 2"), claim(1, 3, "first 3")]
    assert of(judged(seats, [0, 2, 0, 0]), 1)["reason"] == "inconsistent"
    assert of(judged(seats, [0, 2, 0, 0], each_other), 1)["reason"] is None


def test_a_sentence_and_the_one_it_was_found_through_are_not_compared() -> None:
    seats = [*members(2, [1.0, 1.0]), seat("first", "third", 3, "first 1", 1.0)]
    rows = judged(seats, [0, 0, 0, 0])
    assert {name: row["checked"] for name, row in rows.items()} == {
        content_id("first"): 0,
        content_id("first 1"): 1,
        content_id("first 2"): 2,
        content_id("third"): 1,
    }


def test_a_member_found_through_a_dropped_one_stays_only_if_another_agrees() -> None:
    seats = [*members(3, [1.0, 1.0, 1.0]), seat("first", "third", 4, "first 1", 1.0)]
    alone, agreeing = judged(seats, [0, 2, 0, 0, 2]), judged(seats, [0, 2, 0, 0, 0])
    assert of(alone, 1)["reason"] == of(agreeing, 1)["reason"] == "inconsistent"
    assert alone[content_id("third")]["reason"] == "inconsistent"
    assert agreeing[content_id("third")]["reason"] is None


@st.composite
def groups(draw: st.DrawFn) -> tuple[list[Row], list[int], list[Row]]:
    """Some groups of up to six members, directions of their vectors, and claims; in any order."""
    seats, claims = [], []
    for number in range(draw(st.integers(1, 4))):
        size, name = draw(st.integers(0, 6)), f"group {number}"
        seats += members(size, draw(st.lists(st.sampled_from((1.0, 1.5)), min_size=size, max_size=size)), name)
        for own, other in combinations(range(1, size + 1), 2):
            partner = draw(st.sampled_from((None, None, f"{name} {other}", "another")))
            claims += [] if partner is None else [claim(own, other, partner, name)]
    directions = draw(st.lists(st.integers(0, 3), min_size=len(seats), max_size=len(seats)))
    order = draw(st.permutations(range(len(seats))))
    return [seats[place] for place in order], [directions[place] for place in order], draw(st.permutations(claims))


def in_plain_words(seats: list[Row], directions: list[int], claims: list[Row]) -> dict[str, tuple[bool, int, int]]:
    """Whether each sentence stays, and with how many it was compared and agreed."""
    verdicts = {}
    said = {(row["group"], row["own"], row["other"]): row["partner"] for row in claims}
    vectors = {seats[place]["sentence"]: HALVES[directions[place]] for place in range(len(seats))}
    for group in {row["group"] for row in seats}:
        there = [row for row in seats if row["group"] == group]
        verdicts |= {row["sentence"].decode(): (True, 0, 0) for row in there if row["via"] is None}
        found = [row for row in there if row["via"] is not None]

        def agree(one: Row, other: Row) -> bool:
            one, other = sorted((one, other), key=lambda member: member["language"])
            partner = said.get((one["group"], one["language"], other["language"]))
            cosine = float(np.float16(vectors[one["sentence"]]) @ np.float64(np.float16(vectors[other["sentence"]])))
            return cosine >= 0.5 if partner is None else partner == other["sentence"]

        while True:
            counts = {}
            for row in found:
                others = [other for other in found if other is not row]
                counts[row["sentence"]] = (len(others), sum(agree(row, other) for other in others))
            bad = [row for row in found if 2 * counts[row["sentence"]][1] < counts[row["sentence"]][0]]
            if not bad:
                break
            bad.sort(key=lambda row: row["sentence"], reverse=True)
            worst = min(bad, key=lambda row: (Fraction(*counts[row["sentence"]][::-1]), row["score"]))
            verdicts[worst["sentence"].decode()] = (False, *counts[worst["sentence"]])
            found.remove(worst)
        verdicts |= {row["sentence"].decode(): (True, *counts[row["sentence"]]) for row in found}
    return verdicts


@given(groups())
def test_the_worst_member_goes_first_until_each_agrees_with_half_of_the_others(
    given_groups: tuple[list[Row], list[int], list[Row]],
) -> None:
    rows = judged(*given_groups, min_languages=1)
    found = {name: (row["reason"] is None, row["checked"], row["agreed"]) for name, row in rows.items()}
    assert found == in_plain_words(*given_groups)


@given(st.lists(st.floats(-0.99, 0.99), min_size=1, max_size=9), st.integers(1, 3))
def test_the_usual_cosine_is_the_median_of_all_parts_to_a_thousandth(cosines: list[float], parts: int) -> None:
    counts = np.zeros((2, COSINE_STEPS), np.int64)
    for part in range(parts):
        counts += led_cosines(*at_cosines(cosines[part::parts], f"part {part}"), 2)
    usual = usual_cosines(counts)
    assert usual[0] == 0
    assert usual[1] == pytest.approx(np.sort(cosines)[(len(cosines) - 1) // 2], abs=0.003)


def at_cosines(cosines: list[float], name: str) -> tuple[pa.RecordBatch, npt.NDArray[np.float16]]:
    """Groups of two, the member at a cosine each from the first sentence."""
    seats, vectors = [], []
    for number, cosine in enumerate(cosines):
        seats += members(1, [1.0], f"{name} {number}")
        vectors += [(1.0, 0.0), (cosine, np.sqrt(1 - cosine**2))]
    return pa.RecordBatch.from_pylist(seats, schema=SEAT), np.array(vectors, np.float16).reshape(-1, 2)
