"""Rows that pass between the steps which make groups. Ids are their 32 hex digits as binary(32), NumPy's S32.

A language is its place among the keys of the languages that are grouped, sorted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.runtime.batches import split_rows
from pipelines.runtime.shards import id_hashes

Ids = npt.NDArray[np.bytes_]
"""S32 array: one id an element."""
Keyed = tuple[str, pa.RecordBatch]
"""The piece of the work that rows belong to, and the rows."""

_ID = pa.binary(32)

EDGE = pa.schema(
    [("pivot", _ID), ("sentence", _ID), ("language", pa.int16()), ("score", pa.float32()), ("round", pa.int16())]
)
"""A mined pair of a pivot's sentence and another; `round` is the place of the pivot's language among the pivots."""

START = pa.schema([("start", _ID)])
"""A sentence of a pivot language that stands in a pair of its round."""

STANDING = pa.schema([("standing", _ID), ("group", _ID), ("taken", pa.int16())])
"""A sentence of the round's pivot language that is in a group already, with a language that the group has."""

SEAT = pa.schema([("group", _ID), ("sentence", _ID), ("language", pa.int16()), ("via", _ID), ("score", pa.float32())])
"""A sentence in a group, which is named by its first sentence; `via` is the pivot's sentence that it was found
through, with the score of their pair; both are null for the first sentence."""

CLAIM = pa.schema([("group", _ID), ("own", pa.int16()), ("other", pa.int16()), ("partner", _ID)])
"""What mining two languages with each other said of the group's sentence in one: its partner in the other."""

LEFT = pa.schema([("left", _ID), ("language", pa.int16()), ("pivot", _ID), ("score", pa.float32())])
"""A sentence in no group, with the pivot's sentence of its best pair."""

VERDICT = pa.schema(
    [
        *SEAT,
        ("checked", pa.int32()),
        ("agreed", pa.int32()),
        ("languages", pa.int32()),
        ("reason", pa.string()),
    ]
)
"""A seat that was judged; `reason` is null where the sentence stays; `languages` are those the group has left."""


def with_vectors(dimensions: int) -> pa.Schema:
    """SEAT with the sentence's centred vector."""
    return SEAT.append(pa.field("vector", pa.list_(pa.float16(), dimensions)))


def as_ids(column: pa.Array | pa.ChunkedArray) -> Ids:
    """Ids of a column, of text or binary(32), without nulls."""
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    if not len(column):
        return np.empty(0, "S32")
    fixed = column.cast(_ID)
    return np.frombuffer(fixed.buffers()[1], "S32")[fixed.offset : fixed.offset + len(fixed)]


def as_column(ids: Ids, absent: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    """Ids as binary(32), null where `absent` says so."""
    column = pa.FixedSizeBinaryArray.from_buffers(_ID, len(ids), [None, pa.py_buffer(np.ascontiguousarray(ids))])
    if absent is None:
        return column
    return column.take(pa.array(np.arange(len(ids)), mask=absent))


def as_text(ids: Ids) -> pa.StringArray:
    """Ids as text."""
    offsets = np.arange(len(ids) + 1, dtype=np.int32) * 32
    return pa.StringArray.from_buffers(len(ids), pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(ids)))


def rows_of(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> pa.RecordBatch:
    """Those of some batches that have a schema, as one."""
    empty = pa.RecordBatch.from_arrays([pa.array([], kind) for kind in schema.types], schema=schema)
    return pa.concat_batches([empty, *(batch for batch in batches if batch.schema.equals(schema))])


def by_id(rows: pa.RecordBatch, column: str) -> pa.RecordBatch:
    """Rows sorted by an id of theirs."""
    return rows.take(pa.array(np.argsort(as_ids(rows.column(column)))))


def by_piece(rows: pa.RecordBatch, column: str, pieces: int) -> Iterator[Keyed]:
    """Rows parted by the range that an id of theirs falls in; ids are hashes, so ranges are about as large."""
    numbers = id_hashes(rows.column(column)) * pieces >> 32
    for number, part in split_rows(rows, numbers):
        yield str(number), part


def by_language(rows: pa.RecordBatch) -> Iterator[Keyed]:
    """Rows parted by their language's place."""
    for number, part in split_rows(rows, rows.column("language").to_numpy().astype(np.int64)):
        yield str(number), part


def first_of_each(*columns: npt.NDArray[np.generic]) -> npt.NDArray[np.bool_]:
    """Whether each row of sorted columns is the first with its values."""
    rows = len(columns[0])
    first = np.zeros(rows, np.bool_)
    first[:1] = True
    for column in columns:
        first[1:] |= column[1:] != column[:-1]
    return first
