"""How an index is built: by kind and size, and on which rows it is trained."""

import faiss
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.mine.neighbours.designs import design, smallest


@pytest.mark.parametrize(
    ("rows", "factory"),
    [
        (10_000, "Flat"),
        (10_001, "OPQ64,IVF1024,PQ64np"),
        (80_001, "OPQ64,IVF2048,PQ64np"),
        (1_000_000, "OPQ64,IVF16384,PQ64np"),
        (600_000_000, "OPQ64,IVF262144,PQ64np"),
    ],
)
def test_compressed_lists_follow_the_size_table_of_stopes(rows: int, factory: str) -> None:
    assert design("ivfpq", rows, 1024).factory == factory


@pytest.mark.parametrize(("dimensions", "start"), [(384, "OPQ64,"), (300, "OPQ64_256,"), (48, "OPQ48,")])
def test_codes_fit_any_width(dimensions: int, start: str) -> None:
    chosen = design("ivfpq", 20_000, dimensions)
    assert chosen.factory.startswith(start)
    assert faiss.index_factory(dimensions, chosen.factory).d == dimensions


def test_lists_of_whole_vectors_grow_with_the_root_of_the_rows_and_a_32nd_of_them_is_read() -> None:
    small, large = design("ivf", 62_500, 384), design("ivf", 1_000_000, 384)
    assert (small.lists, large.lists) == (1024, 4096)
    assert (small.probes, large.probes) == (32, 128)
    assert small.training_rows < 62_500
    assert design("ivf", 10_001, 384).probes == 16


@given(st.lists(st.integers(0, 9), max_size=40), st.integers(0, 50))
def test_a_sample_has_the_smallest_draws_whatever_the_order_of_the_rows(drawn: list[int], wanted: int) -> None:
    draws = np.array(drawn, np.uint64)
    places = smallest(draws, wanted)
    assert places.tolist() == sorted(set(places.tolist()))
    assert sorted(draws[places].tolist()) == sorted(drawn)[:wanted]
