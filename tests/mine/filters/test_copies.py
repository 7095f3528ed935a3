from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.mine.filters.copies import (
    ORDINARY_SHARE,
    are_names,
    copy_similarity,
    language_closeness,
    ordinary_shares,
    ordinary_words,
)
from pipelines.mine.filters.folding import fold
from tests.mine.filters.gold import between, translated

WORDS = st.text(st.sampled_from("abcdeдв แก中1 "), max_size=30)


def similarity(source: str, target: str) -> float:
    return float(copy_similarity(fold(pa.array([source])), fold(pa.array([target])))[0])


@given(WORDS, WORDS)
def test_similarity_is_the_dice_coefficient_of_trigrams(source: str, target: str) -> None:
    def grams(text: str) -> Counter[str]:
        padded = f" {' '.join(text.split())} "
        return Counter(padded[place : place + 3] for place in range(len(padded) - 2)) if text.split() else Counter()

    ours, theirs = grams(source), grams(target)
    total = sum(ours.values()) + sum(theirs.values())
    expected = 2 * sum((ours & theirs).values()) / total if ours and theirs else 0
    assert similarity(source, target) == pytest.approx(expected, abs=1e-6)


def test_case_punctuation_and_digits_of_another_script_are_no_difference() -> None:
    assert similarity("Please enter a value: 12!", "please  enter a VALUE, १२") == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("LibreOffice Writer 7.2", True),
        ("Maria Curie, Paris 1903", True),
        ("PostgreSQL", True),
        ("192.168.0.1", True),
        ("Administration", False),
        ("Please enter a value", False),
        ("Москва, Санкт-Петербург", True),
        ("कृपया दर्ज करें", False),
        ("请输入", False),
    ],
)
def test_names_and_numbers_are_told_from_sentences(text: str, expected: bool) -> None:
    assert bool(are_names(pa.array([text]))[0]) is expected


PROSE = pa.array(
    [
        "In the toolbar, choose a page to insert (see “formatting”).",
        "Debian is not a company, and neither is LibreOffice.",
        "Manual breaks are shown as a line.",
        "Open the menu: insert, then break.",
    ]
)


@pytest.mark.parametrize(
    ("text", "ordinary"),
    [
        ("Choose Insert - Page Break.", True),
        ("Choose Formatting", True),
        ("Debian GNU/Linux", False),
        ("LibreOffice Writer 7.2", False),
        ("PostgreSQL", False),
        ("3.5", False),
    ],
)
def test_a_heading_with_capitals_is_told_from_a_name_by_what_stands_elsewhere(text: str, ordinary: bool) -> None:
    assert are_names(pa.array([text]))[0]
    share = ordinary_shares(pa.array([text]), ordinary_words(PROSE, pa.array([text])))[0]
    assert (share >= ORDINARY_SHARE) is np.bool_(ordinary)


@given(st.lists(WORDS, max_size=6))
def test_the_share_is_of_words_with_letters_and_has_a_value_for_each_text(texts: list[str]) -> None:
    array = pa.array(texts, pa.string())
    shares = ordinary_shares(array, ordinary_words(array))
    assert len(shares) == len(texts)
    assert ((shares >= 0) & (shares <= 1)).all()


@pytest.mark.parametrize(("one", "other"), [("nb", "da"), ("nb", "nn"), ("pt", "pt_BR"), ("hr", "bs"), ("es", "gl")])
def test_languages_whose_translations_may_be_equal_are_close(one: str, other: str) -> None:
    *_, sources, targets = between(one, other)
    # Django has few messages of hr and bs in common.
    repeated = np.tile(copy_similarity(fold(sources), fold(targets)), 2)
    assert language_closeness(repeated, 0.9) >= 0.5


@pytest.mark.parametrize("locale", ["de", "nl", "fr", "it", "ia", "af", "ru", "hi"])
def test_languages_that_english_is_not_copied_into_are_not_close(locale: str) -> None:
    _, sources, targets = translated(locale)
    assert language_closeness(copy_similarity(fold(sources), fold(targets)), 0.9) < 0.45


def test_copies_alone_make_no_languages_close() -> None:
    assert language_closeness(np.ones(1000, dtype=np.float32), 0.9) == 0
