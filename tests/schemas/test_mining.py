"""Language pairs by name and by rule."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.recipe import MineSettings, PagePairSettings, RecipeError, parse_recipe
from schemas.recipe.mining import PairPlan

KEYS = ("eng_Latn", "deu_Latn", "tha_Thai", "hin_Deva", "swh_Latn", "khm_Khmr")
keys = st.lists(st.sampled_from(KEYS), max_size=4)


def planned(**rules: object) -> tuple[tuple[str, str], ...]:
    return MineSettings.model_validate({"plan": rules}).language_pairs()


def test_a_pivot_is_the_source_of_every_language() -> None:
    assert planned(pivots=["en"], languages=["th", "hi"]) == (("eng_Latn", "tha_Thai"), ("eng_Latn", "hin_Deva"))


def test_two_pivots_are_paired_with_each_other_once_and_each_with_every_language() -> None:
    assert planned(pivots=["eng_Latn", "deu_Latn"], languages=["tha_Thai", "eng_Latn"]) == (
        ("eng_Latn", "deu_Latn"),
        ("eng_Latn", "tha_Thai"),
        ("deu_Latn", "tha_Thai"),
    )


def test_a_pivot_is_paired_with_the_languages_of_groups_too() -> None:
    assert planned(pivots=["eng_Latn"], groups=[["tha_Thai", "khm_Khmr"]]) == (
        ("eng_Latn", "tha_Thai"),
        ("eng_Latn", "khm_Khmr"),
        ("tha_Thai", "khm_Khmr"),
    )


def test_groups_are_joined_by_their_bridges_alone() -> None:
    groups = [["tha_Thai", "khm_Khmr"], ["hin_Deva", "eng_Latn", "deu_Latn"]]
    assert planned(groups=groups, bridges=["tha_Thai", "hin_Deva"]) == (
        ("tha_Thai", "khm_Khmr"),
        ("hin_Deva", "eng_Latn"),
        ("hin_Deva", "deu_Latn"),
        ("eng_Latn", "deu_Latn"),
        ("tha_Thai", "hin_Deva"),
    )


@given(languages=keys, pivots=keys, groups=st.lists(keys, max_size=3), bridges=keys)
def test_what_all_rules_name_comes_once_and_joins_two_languages(
    languages: list[str], pivots: list[str], groups: list[list[str]], bridges: list[str]
) -> None:
    wanted = {
        frozenset((pivot, other))
        for pivot in pivots
        for other in {*languages, *pivots, *bridges, *(one for group in groups for one in group)} - {pivot}
    } | {frozenset(pair) for group in (*groups, bridges) for pair in combinations(sorted(set(group)), 2)}
    plan = PairPlan.model_validate({"languages": languages, "pivots": pivots, "groups": groups, "bridges": bridges})
    settings = MineSettings.model_construct(pairs=(), plan=plan)
    found = [frozenset(pair) for pair in settings.language_pairs()]
    assert len(found) == len(set(found))
    assert set(found) == wanted


def test_one_language_under_two_spellings_is_one_language() -> None:
    assert planned(groups=[["en", "eng_Latn", "th"]]) == (("eng_Latn", "tha_Thai"),)


def test_a_pair_that_is_named_keeps_its_source_and_comes_before_those_planned() -> None:
    settings = MineSettings.model_validate(
        {"pairs": [["tha_Thai", "eng_Latn"]], "plan": {"pivots": ["eng_Latn"], "languages": ["hin_Deva", "tha_Thai"]}}
    )
    assert settings.language_pairs() == (("tha_Thai", "eng_Latn"), ("eng_Latn", "hin_Deva"))


@pytest.mark.parametrize(
    "mining",
    [
        "[mine]",
        "[mine.plan]\nlanguages = ['tha_Thai', 'hin_Deva']",
        "[mine.plan]\npivots = ['eng_Latn']\nlanguages = ['en']\ngroups = [['eng_Latn']]\nbridges = ['eng_Latn']",
    ],
)
def test_a_recipe_without_a_pair_is_told_where_to_name_some(mining: str) -> None:
    recipe = f'name = "coast"\noutput = "runs/coast"\n[[acquire.archives]]\npaths = ["/data/coast.warc.gz"]\n{mining}\n'
    with pytest.raises(RecipeError) as caught:
        parse_recipe(recipe, "coast.toml")
    for words in ("coast.toml", "mine", "no language pair", "`pairs`", "[mine.plan]"):
        assert words in str(caught.value)


def test_a_pair_named_in_both_directions_is_refused() -> None:
    with pytest.raises(ValueError, match="a pair stands twice"):
        MineSettings.model_validate({"pairs": [["en", "th"], ["tha_Thai", "eng_Latn"]]})


def test_a_pair_of_one_language_under_two_spellings_is_refused() -> None:
    with pytest.raises(ValueError, match="found eng_Latn twice"):
        MineSettings.model_validate({"pairs": [["en", "eng_Latn"]]})


def test_pages_are_paired_by_something() -> None:
    with pytest.raises(ValidationError, match=r"hreflang and patterns are both off.*remove \[mine.pages\]"):
        PagePairSettings(hreflang=False, patterns=False)
