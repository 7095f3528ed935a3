"""What is told of pages while their partners are looked for: rows of fixed width, and which languages are paired."""

from __future__ import annotations

import binascii
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.mine.pages.addresses import Keys, extents
from pipelines.runtime.batches import split_rows
from schemas.languages import pair_key

Ids = npt.NDArray[np.bytes_]
"""S16 array: an id of 32 hex digits an element, in the same order."""
Numbers = npt.NDArray[np.int64]

Keyed = tuple[str, pa.RecordBatch]

ID = pa.binary(16)
_EXTENT = [("depth", pa.int16()), ("length", pa.int16())]
PAGE = pa.schema([("key", pa.uint64()), ("id", ID), ("label", pa.int16()), *_EXTENT, ("moved", pa.bool_())])
"""A page by a key of its address, or of one that leads to it (`moved`). `label` is a place among the languages of
`Languages`; the extents are of its own address without scheme."""
MARKED = pa.schema([*PAGE, ("kind", pa.uint8())])
"""A page by a key that its translations may share; `kind` says of what the key is."""
EDGE = pa.schema(
    [
        ("source", ID),
        ("target", ID),
        ("says", pa.uint8()),
        ("depths", pa.int16()),
        ("lengths", pa.int16()),
    ]
)
"""Two pages that something says are one: bits of what says so, and how far their addresses' extents lie apart."""

FORWARD, BACKWARD, LOOSELY, IN_SLOT, IN_BARE, IN_BOTH_BARE = 1, 2, 4, 8, 16, 32
"""Bits of `says`: the source page names the target, or the other way round; one of them by its macrolanguage; their
addresses differ in the language, or one lacks it, or they have it in different places."""


@dataclass(frozen=True)
class Languages:
    """Labels of documents, and which of them are mined together.

    Attributes:
        labels: all labels of the corpus, sorted.
        pairs: the recipe's language pairs.
    """

    labels: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {label: place for place, label in enumerate(self.labels)}

    @cached_property
    def plan(self) -> npt.NDArray[np.int32]:
        """By source and target label: the number of their pair, or -1: int32 (labels, labels)."""
        numbers = np.full((len(self.labels),) * 2, -1, np.int32)
        for number, (source, target) in enumerate(self.pairs):
            if source in self._places and target in self._places:
                numbers[self._places[source], self._places[target]] = number
        return numbers

    @cached_property
    def mined(self) -> frozenset[str]:
        return frozenset(label for pair in self.pairs for label in pair)

    def name(self, number: int) -> str:
        return pair_key(*self.pairs[number])

    def number(self, label: str) -> int:
        return self._places[label]


def from_hex(ids: pa.StringArray) -> Ids:
    """Ids as sixteen bytes; all have 32 hex digits."""
    return np.frombuffer(binascii.unhexlify("".join(ids.to_pylist())), dtype="S16")


def to_hex(ids: Ids) -> pa.StringArray:
    """Ids as 32 hex digits."""
    digits = binascii.hexlify(np.ascontiguousarray(ids).tobytes())
    offsets = np.arange(len(ids) + 1, dtype=np.int32) * 32
    return pa.StringArray.from_buffers(len(ids), pa.py_buffer(offsets), pa.py_buffer(digits))


def to_arrow(ids: Ids) -> pa.FixedSizeBinaryArray:
    return pa.FixedSizeBinaryArray.from_buffers(ID, len(ids), [None, pa.py_buffer(np.ascontiguousarray(ids))])


def of_arrow(ids: pa.FixedSizeBinaryArray) -> Ids:
    """Ids from binary(16), without nulls."""
    if not len(ids):
        return np.empty(0, dtype="S16")
    return np.frombuffer(ids.buffers()[1], dtype="S16")[ids.offset : ids.offset + len(ids)]


def pages(documents: pa.RecordBatch, label: int, rows: Numbers, keys: Keys) -> pa.RecordBatch:
    """PAGE of some rows of documents with one label, by a key each.

    Args:
        documents: columns id and url.
    """
    depths, lengths = extents(documents.column("url"))
    columns = [
        pa.array(keys),
        to_arrow(from_hex(documents.column("id"))[rows]),
        pa.array(np.full(len(rows), label, np.int16)),
        *(pa.array(extent[rows]) for extent in (depths, lengths)),
        pa.array(np.zeros(len(rows), np.bool_)),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=PAGE)


def by_range(batch: pa.RecordBatch, column: str, ranges: int) -> Iterator[Keyed]:
    """Rows parted by the range that a uint64 key of theirs falls in."""
    keys = batch.column(column).to_numpy()
    numbers = ((keys >> np.uint64(32)) * np.uint64(ranges) >> np.uint64(32)).astype(np.int64)
    for number, part in split_rows(batch, numbers):
        yield str(number), part


def of_schema(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> pa.RecordBatch:
    """Of batches of several kinds those with the schema's columns, in one."""
    found = [batch for batch in batches if batch.schema.names == schema.names]
    return pa.concat_batches(found) if found else pa.RecordBatch.from_pylist([], schema=schema)


def first_of_key(batch: pa.RecordBatch) -> pa.RecordBatch:
    """PAGE with one page a key, sorted by key: one whose own it is before one that moved, then the smallest id."""
    keys, ids = batch.column("key").to_numpy(), of_arrow(batch.column("id"))
    order = np.lexsort((ids, batch.column("moved").to_numpy(zero_copy_only=False), keys))
    first = np.ones(len(order), np.bool_)
    first[1:] = keys[order][1:] != keys[order][:-1]
    return batch.take(pa.array(order[first]))


def edges(
    languages: Languages, left: pa.RecordBatch, right: pa.RecordBatch, says: npt.NDArray[np.uint8]
) -> Iterator[Keyed]:
    """EDGE of planned pairs, by the number of the language pair.

    Args:
        left, right: columns id, label, depth and length of both pages of each pair, in either order.
        says: bits, FORWARD meaning that the left page names the right.
    """
    sides = [side.column("label").to_numpy().astype(np.int64) for side in (left, right)]
    straight, turned = languages.plan[sides[0], sides[1]], languages.plan[sides[1], sides[0]]
    apart = [
        pa.array(np.abs(left.column(name).to_numpy() - right.column(name).to_numpy())) for name in ("depth", "length")
    ]
    ids = [side.column("id") for side in (left, right)]
    back = (says & ~np.uint8(FORWARD | BACKWARD)) | (says & FORWARD) * BACKWARD | (says & BACKWARD) // BACKWARD
    for numbers, (source, target), bits in ((straight, ids, says), (turned, ids[::-1], back.astype(np.uint8))):
        rows = np.flatnonzero(numbers >= 0)
        batch = pa.RecordBatch.from_arrays([source, target, pa.array(bits), *apart], schema=EDGE).take(pa.array(rows))
        for number, part in split_rows(batch, numbers[rows].astype(np.int64)):
            yield str(number), part
