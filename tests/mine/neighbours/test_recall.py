"""Recall counts what an exact search of the sample finds, and says how sure it is."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest

from pipelines.mine.neighbours.found import Best
from pipelines.mine.neighbours.recall import Recall, exact_best, measured_recall, sampled
from schemas.identifiers import content_id
from tests.mine.neighbours.sorting import by_sorting, random_side

QUERIES, BASE = random_side(200, 1).astype(np.float32), random_side(300, 2).astype(np.float32)
BLOCKS = [(0, BASE[:120]), (120, BASE[120:])]


def test_a_search_that_found_all_has_recall_one() -> None:
    measured = measured_recall(QUERIES, by_sorting(QUERIES, BASE, 5), BLOCKS)
    assert (measured.queries, measured.wanted, measured.found) == (200, 1000, 1000)


def test_each_neighbour_missed_counts() -> None:
    wanted = by_sorting(QUERIES, BASE, 6)
    # The second is missed, so that the sixth stands in its stead.
    found = Best(np.delete(wanted.ids, 1, axis=1), np.delete(wanted.scores, 1, axis=1))
    assert measured_recall(QUERIES, found, BLOCKS).share == pytest.approx(4 / 5)


def test_another_neighbour_of_the_same_score_is_no_miss() -> None:
    base = np.concatenate([BASE, BASE])
    found = by_sorting(QUERIES, base, 3)
    other = Best((found.ids + 300) % 600, found.scores)
    assert measured_recall(QUERIES, other, [(0, base)]).share == 1


def test_a_side_smaller_than_k_wants_no_more_than_it_has() -> None:
    found = by_sorting(QUERIES, BASE[:2], 5)
    measured = measured_recall(QUERIES, found, [(0, BASE[:2])])
    assert (measured.wanted, measured.found) == (400, 400)


def test_a_sample_is_drawn_by_id_however_queries_are_parted() -> None:
    ids = pa.array([content_id(str(number)) for number in range(5000)])
    whole = sampled(ids, 7, 5000, wanted=500)
    assert 400 < len(whole) < 600
    parts = [sampled(ids[top : top + 1700], 7, 5000, wanted=500) + top for top in (0, 1700, 3400)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert set(sampled(ids, 8, 5000, wanted=500)) != set(whole)
    assert len(sampled(ids[:100], 7, 100, wanted=500)) == 100


def test_nothing_is_read_for_an_empty_sample() -> None:
    def unread() -> Iterator[tuple[int, np.ndarray]]:
        raise AssertionError
        yield

    assert measured_recall(QUERIES[:0], Best.none(0, 4), unread()).wanted == 0


def test_an_empty_side_leaves_nothing_to_find() -> None:
    measured = measured_recall(QUERIES, Best.none(200, 5), [])
    assert (measured.wanted, measured.share, measured.interval) == (0, 1.0, (0.0, 1.0))
    assert str(measured) == "recall@5: nothing to find"


def test_blocks_change_no_exact_score() -> None:
    wanted = by_sorting(QUERIES, BASE, 7)
    np.testing.assert_array_equal(exact_best(QUERIES, BLOCKS, 7).scores, wanted.scores)


def test_the_interval_is_wilsons_over_queries() -> None:
    # Wilson (1927) for 90 of 100: 0.8256 to 0.9448.
    assert Recall(4, queries=100, wanted=400, found=360).interval == pytest.approx((0.8256, 0.9448), abs=1e-4)


def test_two_directions_make_one_line() -> None:
    both = Recall(16, 500, 8000, 7900) + Recall(16, 500, 8000, 7780)
    assert str(both) == "recall@16 0.980 (0.969 to 0.987 at 95 %, 1,000 queries)"
    with pytest.raises(ValueError, match="recall@4 and recall@16"):
        Recall(4, 1, 4, 4) + both
