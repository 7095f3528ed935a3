"""Which sentences of a language take part in a search, at which position, and with which vectors."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.mine import language
from pipelines.mine.centring import centred, mean_of
from pipelines.mine.language import Choice, Language, UnmatchedVectorsError, first_with_text, held_out, load_language
from pipelines.mine.neighbours.found import ABSENT
from pipelines.mine.neighbours.sides import Vectors
from tests.mine.neighbours.sorting import random_side, real_side
from tests.mine.stored import Part, embedded, parts, sentences

KEY = "tha_Thai"
TEXTS = ("เปิดไฟล์", "ปิดไฟล์", "บันทึก", "พิมพ์หน้านี้", "ลบ")
PLAIN, CENTRED, HIDING = Choice(0, 17, centre=False), Choice(0, 17, centre=True), Choice(45, 17, centre=True)
ROWS = 35
"""Real vectors of Thai messages."""

drawn = st.lists(st.tuples(st.sampled_from(TEXTS), st.booleans(), st.integers(0, 2)), max_size=12)
"""Of each sentence its text, whether its source aligns it, and its shard."""


def given_side(rows: Sequence[tuple[str, bool, int]]) -> Part:
    texts = [text for text, _, _ in rows]
    alignments = [f"message {number}" if aligned else None for number, (_, aligned, _) in enumerate(rows)]
    return sentences(KEY, texts, alignments), random_side(len(rows), 5, width=4)


def language_of(folder: Path, given: Part, numbers: Sequence[int], choice: Choice, shards: int = 3) -> Language:
    return load_language(embedded(folder, {KEY: parts(given, numbers, shards)}, 4), KEY, choice)


def taking_part(given: Part, choice: Choice) -> list[str]:
    """Ids, sorted, by the words of the promise."""
    hidden = held_out(given[0].column("alignment_id"), KEY, choice).tolist()
    rows = zip(given[0].column("id").to_pylist(), given[0].column("text").to_pylist(), hidden, strict=True)
    smallest: dict[str, str] = {}
    for name, text, away in sorted(rows):
        if not away:
            smallest.setdefault(text, name)
    return sorted(smallest.values())


@settings(max_examples=40)
@given(rows=drawn, choice=st.sampled_from((PLAIN, CENTRED, HIDING)))
def test_positions_are_by_id_whatever_the_shards(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, bool, int]], choice: Choice
) -> None:
    side = given_side(rows)
    many = language_of(tmp_path_factory.mktemp("many"), side, [shard for _, _, shard in rows], choice)
    one = language_of(tmp_path_factory.mktemp("one"), side, [0] * len(rows), choice, shards=1)
    assert many.ids.to_pylist() == one.ids.to_pylist() == taking_part(side, choice)
    positions = np.concatenate([positions for positions, _ in many.blocks()])
    assert sorted(positions.tolist()) == list(range(len(many)))
    assert all((np.diff(positions) > 0).all() for positions, _ in many.blocks())
    np.testing.assert_array_equal(many.all_vectors(), one.all_vectors())


def test_each_position_has_the_vector_of_its_sentence(tmp_path: Path) -> None:
    side = given_side([(f"ไฟล์ที่ {number}", False, number % 3) for number in range(20)])
    language = language_of(tmp_path, side, [number % 3 for number in range(20)], PLAIN)
    order = np.argsort(side[0].column("id").to_pylist())
    np.testing.assert_array_equal(language.all_vectors(), side[1][order].astype(np.float32))


@pytest.mark.parametrize("at_once", [1, 3, 100])
def test_vectors_are_the_same_however_many_are_read_at_once(
    at_once: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = given_side([(text, True, 0) for text in (*TEXTS, *TEXTS[:3])])
    whole = language_of(tmp_path / "whole", given, [0, 1, 0, 1, 1, 0, 1, 1], PLAIN)
    wanted = [whole.block(shard) for shard in range(2)]
    monkeypatch.setattr(language, "_VECTOR_ROWS", at_once)
    for shard, (positions, vectors) in enumerate(wanted):
        again = whole.block(shard)
        np.testing.assert_array_equal(again[0], positions)
        np.testing.assert_array_equal(again[1], vectors)
    np.testing.assert_array_equal(whole.vectors_at(np.array([1, 3])), whole.all_vectors()[[1, 3]])


def test_a_repeated_text_leaves_its_place_to_the_smallest_id_that_is_not_held_out() -> None:
    table = pa.table({"id": ["d", "b", "a", "c"], "text": ["เปิด", "เปิด", "เปิด", "ปิด"]})
    assert first_with_text(table, np.ones(4, bool)).tolist() == [2, 2, 2, 3]
    assert first_with_text(table, np.array([True, True, False, True])).tolist() == [1, 1, 1, 3]
    assert first_with_text(table, np.array([False, False, False, True])).tolist() == [ABSENT, ABSENT, ABSENT, 3]


def test_a_held_out_sentence_takes_no_part_though_its_text_may(tmp_path: Path) -> None:
    alone = [f"message {number}" for number in range(40)]
    side = sentences(KEY, [f"ไฟล์ที่ {number}" for number in range(40)] * 2, [*alone, *[None] * 40])
    hidden = set(side.filter(pa.array(held_out(side.column("alignment_id"), KEY, HIDING))).column("id").to_pylist())
    language = language_of(tmp_path, (side, random_side(80, 5, width=4)), [n % 3 for n in range(80)], HIDING)
    assert len(hidden) > 5
    assert not hidden & set(language.ids.to_pylist())
    assert len(language) == 40


def test_a_language_without_sentences_has_no_position(tmp_path: Path) -> None:
    for choice in (PLAIN, CENTRED):
        language = load_language(embedded(tmp_path, {}, 4), KEY, choice)
        assert (len(language), list(language.blocks()), language.all_vectors().shape) == (0, [], (0, 4))


def test_a_language_of_empty_shards_has_no_position(tmp_path: Path) -> None:
    language = language_of(tmp_path, given_side([]), [], CENTRED)
    assert (len(language), language.all_vectors().shape) == (0, (0, 4))
    assert [(len(positions), vectors.shape) for positions, vectors in language.blocks()] == [(0, (0, 4))] * 3


@pytest.mark.parametrize("output", ["sentences", "vectors"])
def test_a_row_that_only_one_of_the_two_has_is_refused_by_language(tmp_path: Path, output: str) -> None:
    side = given_side([(text, False, 0) for text in TEXTS])
    manifest = embedded(tmp_path, {KEY: [side]}, 4)
    (url,) = manifest.urls(output, KEY)
    pq.write_table(pq.read_table(url).slice(1), url)
    with pytest.raises(UnmatchedVectorsError, match=f"{tmp_path}: {KEY}: .*run the stage embed again"):
        load_language(manifest, KEY, PLAIN)


def test_the_mean_is_of_the_sentences_that_take_part_alone(tmp_path: Path) -> None:
    side = given_side([(TEXTS[0], False, 0), (TEXTS[1], False, 1), (TEXTS[0], False, 2)])
    language = language_of(tmp_path, side, [0, 1, 2], CENTRED)
    names = side[0].column("id").to_pylist()
    there = [names.index(name) for name in language.ids.to_pylist()]
    assert len(there) == 2
    assert language.mean is not None
    np.testing.assert_array_equal(language.mean, side[1][there].astype(np.float64).mean(axis=0))


@given(rows=st.integers(0, ROWS), cuts=st.lists(st.integers(0, ROWS), max_size=4))
def test_the_mean_of_blocks_is_the_mean_of_all(rows: int, cuts: list[int]) -> None:
    vectors = real_side(KEY, ROWS)[:rows]
    blocks = np.split(vectors, sorted(min(cut, rows) for cut in cuts))
    mean = mean_of(blocks, vectors.shape[1])
    np.testing.assert_array_equal(mean, mean_of([vectors], vectors.shape[1]))
    np.testing.assert_allclose(mean, vectors.astype(np.float64).sum(axis=0) / max(rows, 1), rtol=1e-12, atol=1e-15)


def test_centred_vectors_have_unit_length_and_lean_nowhere() -> None:
    vectors = real_side(KEY, ROWS).astype(np.float32)
    found = centred(vectors, mean_of([vectors], vectors.shape[1]))
    assert found.dtype == np.float32
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(ROWS), abs=1e-6)
    assert np.linalg.norm(found.mean(axis=0)) < 0.2 < np.linalg.norm(vectors.mean(axis=0))


@pytest.mark.parametrize("rows", [1, 3, 7])
def test_vectors_that_equal_the_mean_become_zero(rows: int) -> None:
    vectors = np.repeat(real_side(KEY, ROWS)[:1], rows, axis=0).astype(np.float32)
    assert not centred(vectors, mean_of([vectors], vectors.shape[1])).any()


def test_a_zero_vector_is_not_divided_by_its_length() -> None:
    vectors = np.array([[0, 0], [0, 2]], np.float32)
    found: Vectors = centred(vectors, np.zeros(2))
    assert found.tolist() == [[0, 0], [0, 1]]
