"""One pass in torch finds what a sort of all cosines finds, whatever the precision, the tiles, blocks and devices."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.mine.neighbours import devices, exact, tiles
from pipelines.mine.neighbours.devices import DeviceError, Sizes, neighbours, sizes
from pipelines.mine.neighbours.tiles import GROUP, Precision, Tile
from schemas.errors import GlotmillError
from tests.mine.neighbours.sorting import check_same, check_sorted, random_side, real_side, unit

every_precision = pytest.mark.parametrize("precision", ["float32", "float16", "bfloat16"])
CPU = ["cpu"]


@every_precision
@pytest.mark.parametrize(
    ("sources", "targets", "k"),
    [(300, 200, 4), (37, 500, 16), (1, 90, 1), (20, 19, 19), (5, 2, 4), (0, 3, 2), (3, 0, 2)],
)
def test_both_directions_equal_a_sort_of_all_cosines(precision: Precision, sources: int, targets: int, k: int) -> None:
    source, target = random_side(max(1, sources), 1)[:sources], random_side(max(1, targets), 2)[:targets]
    check_sorted(neighbours(source, target, k, devices=CPU, precision=precision), source, target, k)


@every_precision
@given(rows=st.integers(50, 300), height=st.integers(1, 6), width=st.integers(1, 6), cards=st.integers(1, 3))
@settings(max_examples=10)
def test_tiles_blocks_and_devices_change_nothing(
    precision: Precision, rows: int, height: int, width: int, cards: int
) -> None:
    source, target = random_side(210, 1), random_side(170, 2)
    cut = Sizes(rows, Tile(height * GROUP, width * GROUP))
    found = neighbours(source, target, 5, devices=CPU * cards, precision=precision, cut=cut)
    check_sorted(found, source, target, 5)


@every_precision
@given(
    rows=st.lists(st.lists(st.sampled_from([-1.0, 0.0, 0.5, 1.0]), min_size=3, max_size=3), min_size=2, max_size=80),
    cut=st.integers(1, 79),
    k=st.integers(1, 9),
)
@settings(max_examples=10)
def test_different_vectors_with_equal_cosines_stand_by_position(
    precision: Precision, rows: list[list[float]], cut: int, k: int
) -> None:
    vectors = np.array(rows, np.float16)
    source, target = vectors[:cut], vectors[cut:]
    small = Sizes(40, Tile(GROUP, GROUP))
    check_sorted(neighbours(source, target, k, devices=CPU, precision=precision, cut=small), source, target, k)


@every_precision
def test_cosines_that_rounded_sums_tell_apart_wrongly_stand_by_position(precision: Precision) -> None:
    # One vector's values in 300 orders, against a constant vector: equal sums, but not when rounded on the way.
    generator = np.random.default_rng(9)
    constant, values = unit(np.ones((1, 96))), np.abs(random_side(1, 10, 96)[0])
    target = np.stack([generator.permutation(values) for _ in range(300)])
    found = neighbours(constant, target, 10, devices=CPU, precision=precision)
    assert found.forward_ids[0].tolist() == list(range(10))


@every_precision
def test_sentences_of_two_languages_have_the_exact_engines_neighbours(precision: Precision) -> None:
    source, target = real_side("deu_Latn", 70), real_side("tha_Thai", 60)
    check_same(neighbours(source, target, 16, devices=CPU, precision=precision), exact.neighbours(source, target, 16))


def test_scored_again_bfloat16_finds_999_in_1000_before_any_row_is_searched_again() -> None:
    source, target = real_side("deu_Latn", 70), real_side("tha_Thai", 60)
    wanted = exact.neighbours(source, target, 4)
    found = neighbours(source, target, 4, devices=CPU, precision="bfloat16", certain=False)
    assert (found.forward_scores >= wanted.forward_scores[:, -1:]).mean() >= 0.999
    assert (found.backward_scores >= wanted.backward_scores[:, -1:]).mean() >= 0.999


def crowded(rows: int, seed: int) -> torch.Tensor:
    """Vectors so alike that their cosines differ in the fourth decimal, which bfloat16 has not."""
    generator = np.random.default_rng(seed)
    side = 1 + 0.02 * generator.normal(size=(rows, 64))
    return torch.from_numpy(unit(side).astype(np.float32))


def test_rows_that_rounding_leaves_in_doubt_are_searched_again() -> None:
    source, target = crowded(60, 1), crowded(900, 2)
    sides = tiles.resident(source, "bfloat16", 1.0), tiles.resident(target, "bfloat16", 0.0)
    doubted, certain = (tiles.search(*sides, 3, keep=3, tile=Tile(64, 64), certain=again)[0] for again in (False, True))
    wanted = exact.neighbours(source.numpy(), target.numpy(), 3)
    assert (doubted.ids.numpy() != wanted.forward_ids).any()
    assert certain.repeated > 0
    np.testing.assert_array_equal(certain.ids.numpy(), wanted.forward_ids)


def test_a_constant_taken_from_all_scores_leaves_fewer_rows_in_doubt() -> None:
    source, target = crowded(60, 1), crowded(900, 2)
    repeated = []
    for taken in (0.0, tiles.constant(source, target, "float16")):
        sides = tiles.resident(source, "float16", 1.0), tiles.resident(target, "float16", -taken)
        repeated.append(tiles.search(*sides, 3, keep=19, tile=Tile(64, 64), taken=taken)[0].repeated)
    assert repeated[1] < repeated[0]


def test_what_is_known_of_other_blocks_saves_rows_and_loses_none() -> None:
    source, target = torch.from_numpy(random_side(40, 1).astype(np.float32)), random_side(300, 2).astype(np.float32)
    queries = tiles.resident(source, "float16", 1.0)
    whole = exact.neighbours(source.numpy(), target, 4)
    known = torch.from_numpy(whole.forward_scores[:, -1].copy())
    base = tiles.resident(torch.from_numpy(target), "float16", 0.0)
    found = tiles.search(queries, base, 4, keep=8, tile=Tile(64, 64), floor=known)[0]
    np.testing.assert_array_equal(found.ids.numpy(), whole.forward_ids)


def test_a_vector_that_is_not_finite_is_refused() -> None:
    target = random_side(6, 9)
    target[3, 2] = np.nan
    with pytest.raises(GlotmillError, match=r"target vector 3 is not finite"):
        neighbours(random_side(2, 1), target, 2, devices=CPU)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_the_remedy_is_named() -> None:
    with pytest.raises(DeviceError, match=r'sees no GPU.*engine = "exact"'):
        devices.cuda_devices()
    with pytest.raises(DeviceError, match="sees no GPU"):
        neighbours(random_side(2, 1), random_side(2, 1), 1, devices=["cuda:0"])


@pytest.mark.parametrize("free", [2**28, 2**33, 80 * 2**30])
@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_a_shard_two_blocks_and_a_tile_fit_in_three_quarters_of_the_memory(free: int, precision: Precision) -> None:
    cut = sizes(free, 1024, 16, precision)
    item = 4 if precision == "float32" else 2
    tile = cut.tile.rows * cut.tile.columns * item
    assert cut.tile.rows % GROUP == cut.tile.columns % GROUP == 0
    assert tile + 3 * cut.rows * 1024 * (4 + item) <= 0.75 * free
