"""Languages that are written as lines, and what each costs, against counting by hand."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipelines.publish.exports.places import Places
from pipelines.publish.exports.plan import Presence, chosen_languages, language_order, planned
from schemas.identifiers import content_id

KEYS = ("arb_Arab", "deu_Latn", "eng_Latn", "khm_Khmr", "tha_Thai")
groups_by_language = st.dictionaries(
    st.sampled_from(KEYS), st.sets(st.integers(0, 30), min_size=1).map(sorted), max_size=len(KEYS)
)


def ids(numbers: list[int]) -> pa.Array:
    return pa.array([content_id(str(number)) for number in numbers], pa.string())


def given_ids(groups: dict[str, list[int]]) -> dict[str, pa.Array]:
    return {key: ids(numbers) for key, numbers in groups.items()}


def common(groups: dict[str, list[int]], keys: tuple[str, ...]) -> set[int]:
    return set.intersection(*(set(groups.get(key, ())) for key in keys)) if keys else set()


@given(groups_by_language)
def test_the_groups_written_are_those_that_have_every_language_written(groups: dict[str, list[int]]) -> None:
    _, written, found = planned(given_ids(groups))
    assert [key.decode() for key in found] == sorted(content_id(str(number)) for number in common(groups, written))
    assert len(written) != 1


@given(groups_by_language)
def test_each_language_is_the_one_that_loses_fewest_groups_and_its_cost_is_told(groups: dict[str, list[int]]) -> None:
    order = language_order(Presence.of(given_ids(groups)))
    assert {added.language for added in order} == set(groups)
    before: tuple[str, ...] = ()
    for added in order:
        left = {key: len(common(groups, (*before, key))) for key in groups if key not in before}
        best = max(left.values())
        assert added.language == min(key for key, count in left.items() if count == best)
        assert (added.groups, added.complete) == (len(groups[added.language]), best)
        assert added.cost == (len(common(groups, before)) - best if before else 0)
        before = (*before, added.language)


@given(groups_by_language)
def test_no_other_cut_of_the_order_writes_more_texts(groups: dict[str, list[int]]) -> None:
    order = language_order(Presence.of(given_ids(groups)))
    chosen = chosen_languages(order)
    texts = {count: order[count - 1].complete * count for count in range(2, len(order) + 1)}
    assert chosen == max((count for count, written in texts.items() if written == max(texts.values()) > 0), default=0)


def test_a_language_that_costs_more_than_it_gives_is_left_out() -> None:
    groups = {"eng_Latn": list(range(10)), "deu_Latn": list(range(9)), "tha_Thai": list(range(7)), "khm_Khmr": [0, 1]}
    order, written, found = planned(given_ids(groups))
    # 18 texts in two languages, 21 in three, 8 in four.
    assert written == ("eng_Latn", "deu_Latn", "tha_Thai")
    assert len(found) == 7
    assert [added.cost for added in order] == [0, 1, 2, 5]


def test_the_languages_named_are_written_whatever_they_cost() -> None:
    groups = {"eng_Latn": list(range(10)), "deu_Latn": list(range(9)), "khm_Khmr": [0, 1]}
    order, written, found = planned(given_ids(groups), ("khm_Khmr", "eng_Latn"))
    assert written == ("khm_Khmr", "eng_Latn")
    assert len(found) == 2
    assert [(added.language, added.complete) for added in order] == [("khm_Khmr", 2), ("eng_Latn", 2)]


def test_nothing_is_written_where_no_group_has_every_language_named() -> None:
    groups = {"eng_Latn": [1, 2], "deu_Latn": [3]}
    for wanted in (("eng_Latn", "deu_Latn"), ("eng_Latn", "swh_Latn"), ()):
        assert planned(given_ids(groups), wanted)[1] == ()


@given(st.sets(st.integers(0, 400), max_size=60), st.floats(0, 100))
def test_every_complete_group_has_one_line_of_one_set_and_sets_have_no_gaps(numbers: set[int], percent: float) -> None:
    groups = np.array(sorted(content_id(str(number)) for number in numbers), "S32")
    places = Places.of(groups, "flores", percent, seed=17)
    for split in (0, 1):
        assert sorted(places.lines[places.splits == split]) == list(range((places.splits == split).sum()))
    asked = ids([*sorted(numbers), 1001, 1002])
    found = places.find(asked).tolist()
    assert found[-2:] == [-1, -1]
    assert [groups[place].decode() for place in found[:-2]] == asked.to_pylist()[:-2]


def test_about_the_share_asked_for_goes_to_devtest_and_the_same_lines_each_time() -> None:
    groups = np.array(sorted(content_id(str(number)) for number in range(2000)), "S32")
    first, again, other = (Places.of(groups, "flores", 50, seed).splits for seed in (17, 17, 18))
    assert 900 < first.sum() < 1100
    assert (first == again).all()
    assert (first != other).any()
    assert not Places.of(groups, "flores", 0, 17).splits.any()
    assert Places.of(groups, "mexa", 50, 17).names == ("text",)
