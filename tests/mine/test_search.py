"""Searching by blocks finds what a search of whole sides does, however the sides lie in shards."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.mine.engines import block_engine
from pipelines.mine.language import Choice, Language, load_language
from pipelines.mine.nearest import best_of, by_position, nearest_rows, nearest_schema
from pipelines.mine.neighbours.designs import Design
from pipelines.mine.neighbours.found import ABSENT, Best
from pipelines.mine.neighbours.indexes import in_memory
from pipelines.mine.search import PART, partial_schema, search_block, search_shard, united
from tests.mine.neighbours.sorting import by_sorting, unit
from tests.mine.stored import Part, embedded, parts, sentences

SOURCE, TARGET, PAIR = "deu_Latn", "tha_Thai", "deu_Latn-tha_Thai"
PLAIN, CENTRED = Choice(0, 17, centre=False), Choice(0, 17, centre=True)
EXACT = block_engine("exact", 1)
DIRECTIONS = unit(np.array([[1, 0, 0], [1, 0, 0.001], [0, 1, 0], [1, 1, 0], [-1, 1, 0], [1, 1, 1]], np.float64))
GRID = np.vstack([DIRECTIONS, np.zeros((1, 3), np.float16)])
"""So few, the zero vector among them, that random sides are full of ties."""

rows = st.lists(st.tuples(st.integers(0, len(GRID) - 1), st.integers(0, 2)), max_size=9)
"""Of each sentence its direction and its shard."""


def given_side(language: str, drawn: list[tuple[int, int]]) -> Part:
    names = [f"Die Datei Nummer {number}" if language == SOURCE else f"ไฟล์ที่ {number}" for number in range(len(drawn))]
    return sentences(language, names), GRID[[direction for direction, _ in drawn]]


def languages_of(
    folder: Path, source: list[tuple[int, int]], target: list[tuple[int, int]], choice: Choice, shards: int = 3
) -> tuple[Language, Language]:
    split = {
        key: parts(given_side(key, drawn), [shard % shards for _, shard in drawn], shards)
        for key, drawn in ((SOURCE, source), (TARGET, target))
    }
    manifest = embedded(folder, split, GRID.shape[1])
    return load_language(manifest, SOURCE, choice), load_language(manifest, TARGET, choice)


def searched(source: Language, target: Language, k: int, order: np.random.Generator) -> tuple[Best, Best]:
    """Both directions by position; rows of the parts come in any order and in any batches."""
    forward: list[pa.RecordBatch] = []
    parts_of: dict[int, list[pa.RecordBatch]] = {}
    for shard in range(len(source.vectors)):
        found, backward = search_block(source, target, PAIR, shard, k, EXACT)
        forward.append(found)
        for number, part in backward:
            parts_of.setdefault(number, []).append(part)
    back = [united(mixed(batches, order), PAIR, k) for batches in parts_of.values() if sum(map(len, batches))]
    schema = nearest_schema(k)
    return (
        by_position(pa.Table.from_batches(forward, schema), source.ids, k, "forward", others=len(target)),
        by_position(pa.Table.from_batches(back, schema), target.ids, k, "backward", others=len(source)),
    )


def mixed(batches: Iterable[pa.RecordBatch], order: np.random.Generator) -> list[pa.RecordBatch]:
    table = pa.Table.from_batches(list(batches))
    return table.take(pa.array(order.permutation(table.num_rows))).combine_chunks().to_batches(max_chunksize=3)


def vectors_by_id(language: Language, given: Part) -> np.ndarray:
    places = {name: place for place, name in enumerate(given[0].column("id").to_pylist())}
    return given[1][[places[name] for name in language.ids.to_pylist()]]


def check_best(found: Best, wanted: Best) -> None:
    np.testing.assert_array_equal(found.ids, wanted.ids)
    np.testing.assert_array_equal(found.scores, wanted.scores)


@settings(max_examples=25)
@given(source=rows, target=rows, k=st.integers(1, 5), seed=st.integers(0, 99))
def test_any_shards_of_both_sides_find_what_a_sort_does(
    tmp_path_factory: pytest.TempPathFactory,
    source: list[tuple[int, int]],
    target: list[tuple[int, int]],
    k: int,
    seed: int,
) -> None:
    one, other = languages_of(tmp_path_factory.mktemp("sides"), source, target, PLAIN)
    forward, backward = searched(one, other, k, np.random.default_rng(seed))
    sides = vectors_by_id(one, given_side(SOURCE, source)), vectors_by_id(other, given_side(TARGET, target))
    check_best(forward, by_sorting(*sides, k))
    check_best(backward, by_sorting(*sides[::-1], k))


@settings(max_examples=12)
@given(source=rows, target=rows, k=st.integers(1, 5), seed=st.integers(0, 99))
def test_centred_sides_in_any_shards_find_what_sides_in_one_do(
    tmp_path_factory: pytest.TempPathFactory,
    source: list[tuple[int, int]],
    target: list[tuple[int, int]],
    k: int,
    seed: int,
) -> None:
    order = np.random.default_rng(seed)
    many, one = (
        searched(*languages_of(tmp_path_factory.mktemp("sides"), source, target, CENTRED, shards), k, order)
        for shards in (3, 1)
    )
    for found, wanted in zip(many, one, strict=True):
        check_best(found, wanted)


def test_equal_vectors_in_several_shards_stand_by_id(tmp_path: Path) -> None:
    source, target = languages_of(tmp_path, [(2, 0)], [(2, shard % 3) for shard in range(12)], PLAIN)
    forward, backward = searched(source, target, 5, np.random.default_rng(1))
    assert forward.ids.tolist() == [[0, 1, 2, 3, 4]]
    assert forward.scores.tolist() == [[1.0] * 5]
    assert backward.ids.tolist() == [[0, ABSENT, ABSENT, ABSENT, ABSENT]] * 12


def test_a_target_shard_of_which_no_sentence_takes_part_has_parts_without_rows(tmp_path: Path) -> None:
    source, target = languages_of(tmp_path, [(0, 0), (1, 1)], [(2, 0)], PLAIN)
    forward, backward = search_block(source, target, PAIR, 0, 2, EXACT)
    assert [(number, part.num_rows) for number, part in backward] == [(0, 1), (1, 0), (2, 0)]
    assert all(part.schema == partial_schema(2) for _, part in backward)
    assert best_of(forward).ids.tolist() == [[0, ABSENT]]


def test_a_language_without_sentences_has_no_neighbours_to_give(tmp_path: Path) -> None:
    source, target = languages_of(tmp_path, [(0, 0), (1, 1), (2, 2)], [], PLAIN)
    forward, backward = searched(source, target, 2, np.random.default_rng(1))
    check_best(forward, Best.none(3, 2))
    check_best(backward, Best.none(0, 2))


def test_shards_searched_in_an_index_find_what_a_sort_does_and_their_samples_make_one(tmp_path: Path) -> None:
    drawn = [(number % 3 * 2, number % 3) for number in range(9)]
    source, target = languages_of(tmp_path, drawn, drawn[::2], PLAIN)
    index = in_memory(target.all_vectors(), Design("Flat"), np.arange(0))
    searched = [search_shard(source, index, PAIR, shard, 3, 17, 1) for shard in range(3)]
    sides = vectors_by_id(source, given_side(SOURCE, drawn)), vectors_by_id(target, given_side(TARGET, drawn[::2]))
    rows = pa.Table.from_batches([found for found, _ in searched])
    check_best(by_position(rows, source.ids, 3, "forward", others=len(target)), by_sorting(*sides, 3))
    assert sum(recall.queries for _, recall in searched) == 9
    assert sum(recall.found for _, recall in searched) == sum(recall.wanted for _, recall in searched) == 9 * 3


def test_parts_of_other_sentences_are_not_united() -> None:
    batches = [
        nearest_rows(pa.array(ids), PAIR, Best.none(2, 1)).append_column(PART, pa.array([part] * 2, pa.int32()))
        for part, ids in enumerate((["a", "b"], ["a", "c"]))
    ]
    assert batches[0].schema == partial_schema(1)
    with pytest.raises(ValueError, match="other sentences"):
        united(batches, PAIR, 1)


def test_the_better_of_two_parts_comes_first_whichever_came_first() -> None:
    found = [
        Best(np.array([[7]]), np.array([[0.25]], np.float32)),
        Best(np.array([[3]]), np.array([[0.5]], np.float32)),
    ]
    batches = [
        nearest_rows(pa.array(["a"]), PAIR, best).append_column(PART, pa.array([part], pa.int32()))
        for part, best in enumerate(found)
    ]
    for order in (batches, batches[::-1]):
        assert best_of(united(order, PAIR, 1)).ids.tolist() == [[3]]
