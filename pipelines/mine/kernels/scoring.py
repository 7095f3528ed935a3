"""Compiled: inner products in float64, always added up in one order, and sorted lists of the best of them."""

from __future__ import annotations

import numpy as np
from numba import types

from pipelines.runtime.kernels.compiled import INTEGER, Number, compiled, filled, given, inner

_ABSENT = -1
# Lanes that are summed side by side: whatever a processor's width, the order of additions is this one.
_LANES = 32


@inner
def _product(first: np.ndarray, second: np.ndarray, sums: np.ndarray) -> Number:
    """Inner product of two float32 vectors, rounded to float32 once.

    A product of two float32 is exact in float64; sums of LANES values each are then added by halves.
    """
    width = len(first)
    whole = width // _LANES * _LANES
    for lane in range(_LANES):
        sums[np.uintp(lane)] = 0.0
    for start in range(0, whole, _LANES):
        for lane in range(_LANES):
            place = np.uintp(start + lane)
            sums[np.uintp(lane)] += np.float64(first[place]) * np.float64(second[place])
    for lane in range(width - whole):
        place = np.uintp(whole + lane)
        sums[np.uintp(lane)] += np.float64(first[place]) * np.float64(second[place])
    half = _LANES // 2
    while half:
        for lane in range(half):
            sums[np.uintp(lane)] += sums[np.uintp(lane + half)]
        half //= 2
    return np.float32(sums[0])


@inner
def _insert(ids: np.ndarray, scores: np.ndarray, position: Number, score: Number) -> None:
    """Put one in its place in a list sorted by score descending, then position; the last falls out."""
    place = len(ids) - 1
    if score < scores[place] or (score == scores[place] and ids[place] != _ABSENT and position > ids[place]):
        return
    while place and (
        score > scores[place - 1]
        or ids[place - 1] == _ABSENT
        or (score == scores[place - 1] and position < ids[place - 1])
    ):
        ids[place], scores[place] = ids[place - 1], scores[place - 1]
        place -= 1
    ids[place], scores[place] = position, score


@inner
def _listed(ids: np.ndarray, position: Number) -> bool:
    """Whether a list has a position."""
    found = False
    for place in range(len(ids)):
        found |= ids[place] == position
    return found


@compiled(given(np.float32, 2), given(np.float32, 2), given(np.int64, 2), filled(np.float32, 2))
def score_named(queries: np.ndarray, base: np.ndarray, ids: np.ndarray, scores: np.ndarray) -> None:
    """Score each query with the rows named beside it; -inf where a name is ABSENT.

    Args:
        queries, base: float32 of shapes (n, d) and (m, d).
        ids: int64 of shape (n, c).
        scores: float32 of shape (n, c), to be written to.
    """
    sums = np.empty(_LANES)
    for row in range(ids.shape[0]):
        for column in range(ids.shape[1]):
            position = ids[row, column]
            if position == _ABSENT:
                scores[row, column] = -np.inf
            else:
                scores[row, column] = _product(queries[row], base[position], sums)


@compiled(
    *(given(np.float32, 2), given(np.float32, 2), given(np.int32, 2), given(np.float32, 2), INTEGER, INTEGER),
    *(filled(np.int64, 2), filled(np.float32, 2)),
    returns=types.float64,
)
def rank_candidates(
    queries: np.ndarray,
    base: np.ndarray,
    candidates: np.ndarray,
    products: np.ndarray,
    start: int,
    end: int,
    ids: np.ndarray,
    scores: np.ndarray,
) -> float:
    """Score candidates of some queries and keep the best in order.

    Args:
        queries, base: float32 of shapes (n, d) and (m, d).
        candidates: int32 of shape (n, c), rows of base in any order, each once; ABSENT where there is none.
        products: float32 of shape (n, c), what was taken for their scores.
        start, end: bounds of the queries.
        ids, scores: int64 and float32 of shape (n, k), empty (ABSENT, -inf), to be written to from start to end.
    Returns:
        The greatest difference between what was taken for a score and the score.
    """
    sums = np.empty(_LANES)
    error = 0.0
    for row in range(start, end):
        for column in range(candidates.shape[1]):
            position = np.int64(candidates[row, column])
            if position != _ABSENT:
                score = _product(queries[row], base[position], sums)
                error = max(error, abs(np.float64(products[row, column]) - np.float64(score)))
                _insert(ids[row], scores[row], position, score)
    return error


@compiled(
    *(given(np.float32, 2), given(np.float32), given(np.float32, 2), given(np.float32, 2), INTEGER),
    *(filled(np.int64, 2), filled(np.float32, 2)),
)
def rank_above(
    products: np.ndarray,
    bounds: np.ndarray,
    queries: np.ndarray,
    base: np.ndarray,
    first: int,
    ids: np.ndarray,
    scores: np.ndarray,
) -> None:
    """Score every pair whose rounded product reaches its query's bound, and keep each query's best in order.

    Args:
        products: float32 of shape (n, m), of queries and base.
        bounds: float32 of shape (n,).
        queries, base: float32 of shapes (n, d) and (m, d).
        first: position of base's first row.
        ids, scores: int64 and float32 of shape (n, k), sorted lists so far, to be written to.
    """
    sums = np.empty(_LANES)
    for row in range(products.shape[0]):
        for column in range(products.shape[1]):
            if products[row, column] >= bounds[row]:
                score = _product(queries[row], base[column], sums)
                _insert(ids[row], scores[row], np.int64(first + column), score)


@compiled(given(np.int64, 2), given(np.float32, 2), filled(np.int64, 2), filled(np.float32, 2))
def merge_lists(other_ids: np.ndarray, other_scores: np.ndarray, ids: np.ndarray, scores: np.ndarray) -> None:
    """Merge sorted lists into sorted lists, row by row.

    Args:
        other_ids, other_scores: int64 and float32 of shape (n, c), sorted; ABSENT ids last.
        ids, scores: int64 and float32 of shape (n, k), sorted, to be written to.
    """
    for row in range(ids.shape[0]):
        for column in range(other_ids.shape[1]):
            position, score = other_ids[row, column], other_scores[row, column]
            if position == _ABSENT or score < scores[row, -1]:
                break
            _insert(ids[row], scores[row], position, score)


@compiled(
    *(given(np.int64, 2), given(np.float32, 2), given(np.int64), given(np.int64), given(np.int64)),
    *(filled(np.int64, 2), filled(np.float32, 2)),
)
def expand_lists(
    found: np.ndarray,
    found_scores: np.ndarray,
    rows: np.ndarray,
    bounds: np.ndarray,
    members: np.ndarray,
    ids: np.ndarray,
    scores: np.ndarray,
) -> None:
    """Give each row the list of its vector, and in it each vector the positions where it stands.

    Args:
        found, found_scores: int64 and float32 of shape (u, k), sorted lists of one vector each.
        rows: int64 of shape (n,), which of the lists is a row's.
        bounds, members: int64, bounds in members of each vector's positions, ascending.
        ids, scores: int64 and float32 of shape (n, k), empty, to be written to.
    """
    wanted = ids.shape[1]
    for row in range(len(rows)):
        for column in range(found.shape[1]):
            vector = found[rows[row], column]
            if vector == _ABSENT:
                break
            score = found_scores[rows[row], column]
            if score < scores[row, -1]:
                break
            end = min(bounds[vector + 1], bounds[vector] + wanted)
            for place in range(bounds[vector], end):
                _insert(ids[row], scores[row], members[place], score)


@compiled(
    *(given(np.float32, 2), given(np.int64), given(np.float32, 2), given(np.int64), given(np.int64, 2)),
    *(given(np.int64), given(np.int64), given(np.int64), given(np.int64)),
    *(filled(np.int64, 2), filled(np.float32, 2), filled(np.int64, 2), filled(np.float32, 2)),
)
def search_groups(
    sources: np.ndarray,
    source_positions: np.ndarray,
    targets: np.ndarray,
    target_positions: np.ndarray,
    groups: np.ndarray,
    source_bounds: np.ndarray,
    source_members: np.ndarray,
    target_bounds: np.ndarray,
    target_members: np.ndarray,
    forward_ids: np.ndarray,
    forward_scores: np.ndarray,
    backward_ids: np.ndarray,
    backward_scores: np.ndarray,
) -> None:
    """Score every row of a source group with every row of its target group, and keep the best of each row in order.

    Args:
        sources, targets: float32 of shapes (n, d) and (m, d).
        source_positions, target_positions: int64 of shapes (n,) and (m,), by which rows are known.
        groups: int64 of shape (p, 2), numbers of a source group and of a target group.
        source_bounds, source_members: int64, bounds in members of each source group's rows; -1 among them is no row.
        target_bounds, target_members: the same of target groups.
        forward_ids, forward_scores: int64 and float32 of shape (n, k), empty (ABSENT, -inf), to be written to.
        backward_ids, backward_scores: the same of shape (m, k).
    """
    sums = np.empty(_LANES)
    for pair in range(len(groups)):
        one, other = groups[pair, 0], groups[pair, 1]
        for first in range(source_bounds[one], source_bounds[one + 1]):
            row = source_members[first]
            if row == _ABSENT:
                continue
            for second in range(target_bounds[other], target_bounds[other + 1]):
                column = target_members[second]
                if column == _ABSENT:
                    continue
                # Two sentences may stand together on several pages.
                score = _product(sources[row], targets[column], sums)
                if not _listed(forward_ids[row], target_positions[column]):
                    _insert(forward_ids[row], forward_scores[row], target_positions[column], score)
                if not _listed(backward_ids[column], source_positions[row]):
                    _insert(backward_ids[column], backward_scores[column], source_positions[row], score)
