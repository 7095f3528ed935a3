"""Compiled: the best of every row, and of every column, of a table of scores, block by block."""

from __future__ import annotations

import numpy as np

from pipelines.runtime.kernels.compiled import INTEGER, Number, compiled, filled, given, inner

# Scores compared at once, without a jump: four registers of 512 bits.
_CHUNK = 64
_NO, _YES = np.int32(0), np.int32(1)


@inner
def _replace_least(scores: np.ndarray, ids: np.ndarray, score: Number, position: Number) -> None:
    """Put one in place of a heap's least."""
    size, place = len(scores), 0
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        if child + 1 < size and scores[child + 1] < scores[child]:
            child += 1
        if scores[child] >= score:
            break
        scores[place], ids[place] = scores[child], ids[child]
        place = child
    scores[place], ids[place] = score, position


@compiled(
    *(given(np.float32, 2), INTEGER, INTEGER),
    *(filled(np.float32), filled(np.float32, 2), filled(np.int32, 2)),
    *(filled(np.float32), filled(np.float32, 2), filled(np.int32, 2)),
)
def select(
    block: np.ndarray,
    first_row: int,
    first_column: int,
    row_limits: np.ndarray,
    row_scores: np.ndarray,
    row_ids: np.ndarray,
    column_limits: np.ndarray,
    column_scores: np.ndarray,
    column_ids: np.ndarray,
) -> None:
    """Let a block's scores into the heaps of its rows and columns.

    Args:
        block: float32 of shape (r, c), without NaN.
        first_row, first_column: place of the block in the table.
        row_limits: float32 of shape (n,): a score goes into its row's heap where it is greater; at least the
            heap's least.
        row_scores, row_ids: float32 and int32 of shape (n, k): a heap a row, least first; -inf where nothing is yet.
        column_limits, column_scores, column_ids: the same of the columns.
    """
    rows, columns = block.shape
    whole = columns // _CHUNK * _CHUNK
    limits = column_limits[first_column : first_column + columns]
    for row in range(rows):
        scores, table_row = block[row], first_row + row
        limit = row_limits[table_row]
        for start in range(0, columns, _CHUNK):
            if start < whole:
                hits = _NO
                for step in range(_CHUNK):
                    place = np.uintp(start + step)
                    score = scores[place]
                    hits |= (_YES if score > limit else _NO) | (_YES if score > limits[place] else _NO)
                if not hits:
                    continue
            for near in range(start, min(start + _CHUNK, columns)):
                score, column = scores[near], first_column + near
                if score > limit:
                    _replace_least(row_scores[table_row], row_ids[table_row], score, np.int32(column))
                    limit = max(limit, row_scores[table_row, 0])
                if score > limits[near]:
                    _replace_least(column_scores[column], column_ids[column], score, np.int32(table_row))
                    limits[near] = max(limits[near], column_scores[column, 0])
        row_limits[table_row] = limit


@compiled(
    *(given(np.float32, 2), given(np.int32), INTEGER, INTEGER),
    *(filled(np.float32), filled(np.float32, 2), filled(np.int32, 2)),
)
def select_rows(
    block: np.ndarray,
    rows: np.ndarray,
    first_column: int,
    columns: int,
    row_limits: np.ndarray,
    row_scores: np.ndarray,
    row_ids: np.ndarray,
) -> None:
    """Let a block's scores into the heaps of its rows, which may stand anywhere in the table.

    Args:
        block: float32 of shape (r or more, c or more), without NaN; what is beyond r and c is nobody's.
        rows: int32 of shape (r,), the table's row of each row of the block.
        first_column: place of the block's first column in the table.
        columns: c.
        row_limits, row_scores, row_ids: as in `select`.
    """
    whole = columns // _CHUNK * _CHUNK
    for near in range(len(rows)):
        scores, row = block[near], np.int64(rows[near])
        limit = row_limits[row]
        for start in range(0, columns, _CHUNK):
            if start < whole:
                hits = _NO
                for step in range(_CHUNK):
                    hits |= _YES if scores[np.uintp(start + step)] > limit else _NO
                if not hits:
                    continue
            for place in range(start, min(start + _CHUNK, columns)):
                if scores[place] > limit:
                    _replace_least(row_scores[row], row_ids[row], scores[place], np.int32(first_column + place))
                    limit = max(limit, row_scores[row, 0])
        row_limits[row] = limit
