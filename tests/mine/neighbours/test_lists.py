"""A scan by lists finds in the lists that a query probes what a sort of their products does."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.mine.neighbours import lists
from pipelines.mine.neighbours.lists import scan_lists
from tests.mine.neighbours.sorting import random_side

QUERIES, BASE = random_side(300, 1).astype(np.float32), random_side(1700, 2).astype(np.float32)


def by_sorting(probed: npt.NDArray[np.int32], bounds: npt.NDArray[np.int64], candidates: int) -> list[list[float]]:
    found = []
    for query, asked in zip(QUERIES, probed, strict=False):
        rows = [row for number in asked if number >= 0 for row in range(bounds[number], bounds[number + 1])]
        found.append(sorted((BASE[rows] @ query).tolist(), reverse=True)[:candidates])
    return found


@settings(max_examples=15)
@given(
    cuts=st.lists(st.integers(0, len(BASE)), max_size=8),
    probes=st.integers(1, 3),
    queries=st.sampled_from([0, 1, 127, 128, 129, 300]),
    candidates=st.integers(1, 12),
    seed=st.integers(0, 99),
)
def test_each_query_has_the_best_of_the_lists_it_probes(
    cuts: list[int], probes: int, queries: int, candidates: int, seed: int
) -> None:
    bounds = np.array([0, *sorted(cuts), len(BASE)])
    draw = np.random.default_rng(seed)
    probed = np.stack(
        [draw.permutation(max(3, len(bounds) - 1))[:probes] for _ in range(queries)] or [np.zeros(probes)]
    )
    probed = np.where(probed < len(bounds) - 1, probed, -1).astype(np.int32)[:queries]
    heaps = scan_lists(QUERIES[:queries], probed, bounds, lambda start, end: BASE[start:end], candidates)
    wanted = by_sorting(probed, bounds, candidates)
    for row in range(queries):
        there = heaps.ids[row] >= 0
        assert np.sort(heaps.scores[row][there])[::-1].tolist() == pytest.approx(wanted[row], abs=1e-5)
        products = BASE[heaps.ids[row][there]] @ QUERIES[row]
        np.testing.assert_allclose(products, heaps.scores[row][there], atol=1e-5)


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_change_nothing(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    monkeypatch.setattr(lists, "QUERY_ROWS", 70)
    bounds = np.array([0, 500, 501, 1700])
    probed = np.random.default_rng(1).integers(0, 3, (300, 1)).astype(np.int32)
    found = scan_lists(QUERIES, probed, bounds, lambda start, end: BASE[start:end], 9, threads=threads)
    once = scan_lists(QUERIES, probed, bounds, lambda start, end: BASE[start:end], 9)
    np.testing.assert_array_equal(found.ids, once.ids)
    np.testing.assert_array_equal(found.scores, once.scores)
