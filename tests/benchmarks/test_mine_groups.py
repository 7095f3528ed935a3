import numpy as np
import pytest

from benchmarks.mine_groups import UNCHECKED, Side, judged, mined, name_of
from schemas.recipe import GroupSettings

LANGUAGES = ("eng_Latn", "deu_Latn", "hin_Deva", "tha_Thai")
DIMENSIONS, MEANINGS, ALONE, ASTRAY = 64, 30, 20, 5


@pytest.fixture(scope="module")
def sides() -> list[Side]:
    """Sentences that all languages have, then some of each language's own, of which English sums up a few: each of
    these is near to it, and to none of the others."""
    draws = np.random.default_rng(5)
    shared, own = draws.normal(size=(MEANINGS, DIMENSIONS)), draws.normal(size=(len(LANGUAGES), ALONE, DIMENSIONS))
    own[0, :ASTRAY] = own[1:, :ASTRAY].sum(axis=0) / np.sqrt(len(LANGUAGES) - 1)
    found = []
    for language, alone in zip(LANGUAGES, own, strict=True):
        vectors = np.concatenate([shared + 0.5 * draws.normal(size=shared.shape), alone])
        unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
        meanings = (*map(str, range(MEANINGS)), *(f"{language} {number}" for number in range(ALONE)))
        found.append(Side(language, tuple(f"{language} says {meaning}" for meaning in meanings), meanings, unit))
    return found


def test_pairs_are_the_best_ones_of_which_so_many_are_right(sides: list[Side]) -> None:
    source, target, score = mined(sides[0], sides[1], 0.8)
    right = [sides[0].meanings[one] == sides[1].meanings[other] for one, other in zip(source, target, strict=True)]
    assert 1 > np.mean(right) >= 0.8
    assert (np.diff(score) <= 0).all()


def test_checked_groups_have_fewer_wrong_members_and_lose_few_right_ones(sides: list[Side]) -> None:
    ways = judged(sides, 0.8)
    unchecked, checked = ways[UNCHECKED], ways[name_of(GroupSettings().agreement)]
    assert unchecked["members_right"] < checked["members_right"]
    assert checked["members_found"] >= unchecked["members_found"] - 0.05
    assert unchecked["members"] > checked["members"]
