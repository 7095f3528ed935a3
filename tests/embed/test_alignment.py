"""Scores of an encoder's alignment beside their definitions written out."""

from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pipelines.embed.alignment as alignment
from pipelines.embed.alignment import Side, alignment_scores, mexa, parallel_rows, xsim_error


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def pair(seed: int, count: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    source = random.normal(size=(count, 6))
    return source, source + noise * random.normal(size=source.shape)


sides = st.builds(pair, st.integers(0, 999), st.integers(1, 24), st.sampled_from([0.1, 0.8, 2.0]))


@pytest.fixture(params=[5, 1_024])
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alignment, "_BLOCK_ROWS", request.param)


@pytest.mark.usefixtures("blocks")
@given(sides=sides)
def test_mexa_counts_pairs_above_their_row_and_their_column(sides: tuple[np.ndarray, np.ndarray]) -> None:
    cosine = unit(sides[0]) @ unit(sides[1]).T
    count = len(cosine)
    found = sum(
        all(cosine[i, i] > cosine[i, j] and cosine[i, i] > cosine[j, i] for j in range(count) if j != i)
        for i in range(count)
    )
    assert mexa(*sides) == found / count


@pytest.mark.usefixtures("blocks")
@given(sides=sides)
def test_xsim_errs_where_the_best_ratio_margin_is_anothers(sides: tuple[np.ndarray, np.ndarray]) -> None:
    cosine = unit(sides[0]) @ unit(sides[1]).T
    count = len(cosine)
    k = min(4, count)
    wrong = 0
    for i in range(count):
        best, found = -np.inf, -1
        for j in sorted(range(count), key=lambda j: -cosine[i, j])[:k]:
            mean = (np.sort(cosine[i])[-k:].mean() + np.sort(cosine[:, j])[-k:].mean()) / 2
            if cosine[i, j] / mean > best:
                best, found = cosine[i, j] / mean, j
        wrong += found != i
    assert xsim_error(*sides) == wrong / count


def test_two_equal_sentences_cannot_both_be_the_strict_maximum() -> None:
    source = np.eye(3)[[0, 1, 1]]
    assert mexa(source, source) == 1 / 3


@pytest.mark.usefixtures("blocks")
@given(
    sides=st.builds(pair, st.integers(0, 999), st.integers(1, 7), st.sampled_from([0.8, 2.0])), among=st.integers(1, 8)
)
def test_mexa_among_some_is_the_mean_over_all_ways_to_draw_as_many(
    sides: tuple[np.ndarray, np.ndarray], among: int
) -> None:
    count = len(sides[0])
    draws = [list(drawn) for drawn in combinations(range(count), min(among, count))]
    mean = np.mean([mexa(sides[0][drawn], sides[1][drawn]) for drawn in draws])
    assert mexa(*sides, among) == pytest.approx(mean)


def test_more_sentences_make_a_language_no_worse_when_compared_among_as_many() -> None:
    source, target = pair(3, 600, 0.9)
    few = [mexa(source[start::6], target[start::6]) for start in range(6)]
    assert mexa(source, target) < min(few) / 2
    assert mexa(source, target, 100) == pytest.approx(np.mean(few), abs=0.05)


@settings(max_examples=20)
@given(sides=sides)
def test_scores_do_not_depend_on_the_lengths_of_vectors(sides: tuple[np.ndarray, np.ndarray]) -> None:
    longer = [side * 4.0 for side in sides]
    assert (mexa(*longer), xsim_error(*longer)) == (mexa(*sides), xsim_error(*sides))


@pytest.mark.parametrize("score", [mexa, xsim_error])
def test_what_is_not_parallel_is_refused(score: object) -> None:
    assert callable(score)
    for source, target in ((np.ones((2, 3)), np.ones((3, 3))), (np.ones((0, 3)), np.ones((0, 3)))):
        with pytest.raises(ValueError, match="one shape"):
            score(source, target)
    with pytest.raises(ValueError, match="not finite"):
        score(np.full((2, 3), np.nan), np.ones((2, 3)))


def side(ids: list[str | None], texts: list[str], vectors: np.ndarray) -> Side:
    return Side(pa.array(ids, pa.string()), pa.array(texts, pa.string()), vectors)


def test_sentences_are_paired_by_the_first_of_each_shared_id() -> None:
    source = side(["b", None, "a", "b", "x"], ["zwei", "frei", "eins", "noch zwei", "x"], np.eye(5))
    target = side(["a", "b", "a", None, "y"], ["one", "two", "again one", "free", "y"], np.eye(5))
    assert [rows.tolist() for rows in parallel_rows(source, target)] == [[0, 2], [1, 0]]


def test_what_was_not_translated_and_what_stands_twice_does_not_count() -> None:
    source = side(["a", "b", "c", "d"], ["ja", "OK", "ja", "nein"], np.eye(4))
    target = side(["a", "b", "c", "d"], ["yes", "OK", "yeah", "no"], np.eye(4))
    assert [rows.tolist() for rows in parallel_rows(source, target)] == [[0, 3], [0, 3]]


def test_each_language_is_scored_against_the_pivot_on_the_sentences_they_share() -> None:
    english, german = pair(1, 4, 0.01)
    sides = {
        "eng_Latn": side(["a", "b", "c", "d"], ["one", "two", "three", "four"], english),
        "deu_Latn": side(["d", "a", "b"], ["vier", "eins", "zwei"], german[[3, 0, 1]]),
        "tha_Thai": side(["z"], ["ศูนย์"], german[:1]),
    }
    scores = list(alignment_scores(sides, "eng_Latn"))
    assert [(score.language, score.sentences, score.mexa) for score in scores] == [("deu_Latn", 3, 1.0)]
    assert (scores[0].error_from, scores[0].error_to) == (0.0, 0.0)
    with pytest.raises(ValueError, match="no sentences of the pivot fra_Latn"):
        list(alignment_scores(sides, "fra_Latn"))
