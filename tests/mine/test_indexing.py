"""An index built of shards: the same for any shards, and it names sentences by position."""

from pathlib import Path

import numpy as np
import pytest

from pipelines.mine.indexing import index_mean, index_name
from pipelines.mine.language import Choice
from pipelines.mine.neighbours.designs import Design, IndexKind
from pipelines.mine.neighbours.found import rescore
from pipelines.mine.neighbours.recall import measured_recall
from pipelines.mine.neighbours.sides import VectorError
from tests.mine.indexed import CENTRED, KEY, PLAIN, build, index_of, language_of, spread, use
from tests.mine.neighbours.sorting import by_sorting

DESIGNS = (
    Design("Flat"),
    Design("IVF8,Flat", 6, 400),
    Design("OPQ8,IVF4,PQ8np", 4, 600),
    Design("HNSW16,Flat", 64),
)
every_design = pytest.mark.parametrize("chosen", DESIGNS, ids=lambda chosen: chosen.factory)
VECTORS = spread(2100, 2)
QUERIES = spread(300, 1).astype(np.float32)


@every_design
def test_what_is_found_is_named_by_position_and_scored_exactly(
    chosen: Design, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, chosen)
    language = language_of(tmp_path, VECTORS, choice=CENTRED)
    found = index_of(language, "ivf", tmp_path).search(QUERIES, 8)
    by_position = language.all_vectors()
    np.testing.assert_array_equal(found.scores, rescore(QUERIES, by_position, found.ids))
    assert measured_recall(QUERIES, found, [(0, by_position)]).share > 0.95


@every_design
def test_the_same_sentences_and_seed_give_the_same_bytes(
    chosen: Design, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, chosen)
    language = language_of(tmp_path, VECTORS[:900])
    first, again = (build(language, "ivf", tmp_path / place) for place in ("first", "again"))
    assert all(first[name].read_bytes() == again[name].read_bytes() for name in first)


def test_lists_hold_the_same_rows_in_the_same_order_however_a_language_lies_in_shards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, DESIGNS[1])
    one, many = (
        index_of(language_of(tmp_path / str(shards), VECTORS, shards=shards), "ivf", tmp_path / str(shards))
        for shards in (1, 5)
    )
    np.testing.assert_array_equal(one.positions, many.positions)
    np.testing.assert_array_equal(one.bounds, many.bounds)
    np.testing.assert_array_equal(one.vectors, many.vectors)


@pytest.mark.parametrize("choice", [PLAIN, CENTRED])
def test_an_index_keeps_the_mean_of_its_language(choice: Choice, tmp_path: Path) -> None:
    language = language_of(tmp_path, VECTORS[:40], choice=choice)
    places = {index_name(KEY, "ivf", name): str(path) for name, path in build(language, "ivf", tmp_path).items()}
    mean = index_mean(places, KEY, "ivf")
    assert (mean is None) == (language.mean is None)
    np.testing.assert_array_equal(mean if mean is not None else [], language.mean if language.mean is not None else [])


def test_equal_candidates_stand_by_position_though_few_are_scored_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, Design("IVF8,Flat", 8, 400))
    repeated = np.tile(VECTORS[:210], (10, 1))
    language = language_of(tmp_path, repeated, choice=CENTRED)
    found = index_of(language, "ivf", tmp_path).search(QUERIES, 4)
    np.testing.assert_array_equal(found.ids, by_sorting(QUERIES, language.all_vectors(), 4).ids)


def test_another_seed_trains_on_other_sentences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, DESIGNS[1])
    language = language_of(tmp_path, VECTORS)
    one, other = (build(language, "ivf", tmp_path / str(seed), seed) for seed in (17, 18))
    assert one["index.faiss"].read_bytes() != other["index.faiss"].read_bytes()


@pytest.mark.parametrize("kind", ["ivf", "ivfpq", "hnsw"])
def test_a_language_without_sentences_has_an_index_in_which_nothing_is_found(kind: IndexKind, tmp_path: Path) -> None:
    index = index_of(language_of(tmp_path, VECTORS[:0], shards=1), kind, tmp_path)
    assert (index.search(QUERIES, 3).ids == -1).all()
    assert list(index.blocks()) == []


def test_a_small_language_is_searched_whole(tmp_path: Path) -> None:
    language = language_of(tmp_path, VECTORS[:40])
    found = index_of(language, "ivfpq", tmp_path).search(QUERIES, 4)
    np.testing.assert_array_equal(found.ids, by_sorting(QUERIES, language.all_vectors(), 4).ids)


@pytest.mark.parametrize("kind", ["ivf", "ivfpq", "hnsw"])
def test_a_vector_that_is_not_finite_is_refused_by_language(kind: IndexKind, tmp_path: Path) -> None:
    vectors = VECTORS[:40].copy()
    vectors[7, 3] = np.nan
    with pytest.raises(VectorError, match=r"tha_Thai vector \d+ is not finite .1 in all.; encode that side again"):
        build(language_of(tmp_path, vectors), kind, tmp_path)
