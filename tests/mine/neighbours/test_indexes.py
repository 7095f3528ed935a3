"""An index finds most neighbours and scores them exactly, the same ones whatever the threads."""

import numpy as np
import pytest

from pipelines.mine.neighbours import indexes
from pipelines.mine.neighbours.designs import Design, IndexKind
from pipelines.mine.neighbours.found import ABSENT, rescore
from pipelines.mine.neighbours.indexes import Index, in_memory, list_by_list
from pipelines.mine.neighbours.recall import measured_recall
from pipelines.mine.neighbours.sides import VectorError
from pipelines.mine.neighbours.training import train
from tests.mine.indexed import spread
from tests.mine.neighbours.sorting import by_sorting, check_sorted, random_side, real_side

DESIGNS = (
    Design("Flat"),
    Design("IVF8,Flat", 6, 400),
    Design("OPQ8,IVF4,PQ8np", 4, 600),
    Design("HNSW16,Flat", 64),
)
every_design = pytest.mark.parametrize("chosen", DESIGNS, ids=lambda chosen: chosen.factory)
SOURCE, TARGET = spread(300, 1).astype(np.float32), spread(2100, 2).astype(np.float32)
EVERY_KIND = pytest.mark.parametrize("kind", ["ivf", "ivfpq", "hnsw"])


def index_of(chosen: Design, rows: int = len(TARGET)) -> Index:
    """Of the first rows, trained on others."""
    index = in_memory(TARGET, chosen, np.arange(chosen.training_rows))
    return index if rows == len(TARGET) else refilled(chosen, rows)


def refilled(chosen: Design, rows: int) -> Index:
    trained = train(TARGET[: chosen.training_rows], chosen)
    bounds, order = np.array([0, rows]), np.arange(rows)
    if chosen.listed:
        lists = indexes.nearest_lists(trained, TARGET[:rows], 1)[:, 0]
        order, bounds = list_by_list(lists, order, max(1, chosen.lists))
    else:
        indexes.add(trained, [TARGET[:rows]])
    return Index(chosen, trained, TARGET[order], order.astype(np.int32), bounds, None)


@every_design
def test_recall_is_high_and_every_score_exact(chosen: Design) -> None:
    found = index_of(chosen).search(SOURCE, 8)
    assert measured_recall(SOURCE, found, [(0, TARGET)]).share > 0.95
    np.testing.assert_array_equal(found.scores, rescore(SOURCE, TARGET, found.ids))
    assert (np.diff(found.scores, axis=1) <= 0).all()


@every_design
def test_threads_change_nothing(chosen: Design) -> None:
    index, queries = index_of(chosen), np.tile(SOURCE, (8, 1))
    one, several = index.search(queries, 8), index.search(queries, 8, threads=3)
    np.testing.assert_array_equal(one.ids, several.ids)
    np.testing.assert_array_equal(one.scores, several.scores)


def test_a_search_of_few_lists_leaves_places_absent_and_names_no_row_minus_one() -> None:
    for chosen in (Design("IVF64,Flat", 1, 2100), Design("OPQ8,IVF64,PQ8np", 1, 2100)):
        found = index_of(chosen).search(SOURCE, 200)
        missing = found.ids == ABSENT
        assert missing.any()
        assert np.isneginf(found.scores[missing]).all()
        assert np.isfinite(found.scores[~missing]).all()
        np.testing.assert_array_equal(found.scores, rescore(SOURCE, TARGET, found.ids))


@every_design
def test_an_index_of_fewer_rows_than_neighbours_wanted_gives_all_of_them(chosen: Design) -> None:
    everywhere = Design(chosen.factory, chosen.lists or 64, chosen.training_rows)
    found = index_of(everywhere, 3).search(SOURCE, 5)
    np.testing.assert_array_equal(found.ids, by_sorting(SOURCE, TARGET[:3], 5).ids)


@EVERY_KIND
@pytest.mark.parametrize(("sources", "targets"), [(0, 3), (3, 0), (0, 0)])
def test_an_empty_side_has_no_neighbours_and_is_nobodys(kind: IndexKind, sources: int, targets: int) -> None:
    found = indexes.neighbours(SOURCE[:sources], TARGET[:targets], 2, kind=kind, seed=1)
    assert found.forward_ids.shape == (sources, 2)
    assert (found.forward_ids == ABSENT).all()
    assert (found.backward_ids == ABSENT).all()


@EVERY_KIND
def test_small_sides_are_searched_whole(kind: IndexKind) -> None:
    source, target = real_side("deu_Latn", 70), real_side("tha_Thai", 60)
    check_sorted(indexes.neighbours(source, target, 4, kind=kind, seed=1), source, target, 4)


def test_a_vector_that_is_not_finite_is_refused() -> None:
    target = random_side(6, 9)
    target[3, 2] = np.inf
    with pytest.raises(VectorError, match="target vector 3 is not finite"):
        indexes.neighbours(random_side(2, 1), target, 2, kind="ivf", seed=1)
    with pytest.raises(VectorError, match="query vector 3 is not finite"):
        in_memory(random_side(4, 1).astype(np.float32), Design("Flat"), np.arange(0)).search(target, 2)


def test_a_sample_too_small_to_train_on_is_refused() -> None:
    with pytest.raises(VectorError, match=r"20 vectors cannot train IVF64,Flat: it needs 64"):
        train(TARGET[:20], Design("IVF64,Flat", 1, 20))
