"""Pages of one key: those that are one page but for the name of a language in their addresses."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from pipelines.mine.pages.addresses import BARE, RAW, SLOT, marked_keys
from pipelines.mine.pages.rows import (
    IN_BARE,
    IN_BOTH_BARE,
    IN_SLOT,
    MARKED,
    Keyed,
    Languages,
    Numbers,
    edges,
    of_arrow,
    pages,
)

_PAIRS_AT_ONCE = 2**20

_SAYS = np.zeros((3, 3), np.uint8)
_SAYS[SLOT, SLOT] = IN_SLOT
_SAYS[RAW, BARE] = _SAYS[BARE, RAW] = IN_BARE
_SAYS[BARE, BARE] = IN_BOTH_BARE
"""What two pages of one key say, by the kinds of key; nothing where both stand under one address."""


def marked_pages(documents: pa.RecordBatch, languages: Languages, label: str) -> pa.RecordBatch:
    """MARKED of documents with one label.

    Args:
        documents: columns id and url.
    """
    found = marked_keys(documents.column("url"), label)
    rows = pages(documents, languages.number(label), found.rows, found.keys)
    return pa.RecordBatch.from_arrays([*rows.columns, pa.array(found.kinds)], schema=MARKED)


def alike(marked: pa.RecordBatch, languages: Languages) -> Iterator[Keyed]:
    """EDGE between the pages of each key, by the number of their language pair.

    Args:
        marked: MARKED, all rows of their keys.
    """
    order = np.lexsort((of_arrow(marked.column("id")), marked.column("key").to_numpy()))
    marked = marked.take(pa.array(order))
    kinds = marked.column("kind").to_numpy()
    for first, second in _pairs_of_runs(marked.column("key").to_numpy()):
        says = _SAYS[kinds[first], kinds[second]]
        saying = says > 0
        left, right = (marked.take(pa.array(rows[saying])) for rows in (first, second))
        yield from edges(languages, left, right, says[saying])


def _pairs_of_runs(keys: np.ndarray) -> Iterator[tuple[Numbers, Numbers]]:
    """All pairs of places whose sorted keys are equal, the earlier place first, so many at a time."""
    later = np.searchsorted(keys, keys, side="right") - np.arange(len(keys)) - 1
    ends = np.cumsum(later)
    start = 0
    while start < len(keys):
        before = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + _PAIRS_AT_ONCE, side="right")))
        counts = later[start:stop]
        first = np.repeat(np.arange(start, stop), counts)
        within = np.arange(len(first)) - np.repeat(np.cumsum(counts) - counts, counts)
        if len(first):
            yield first, first + 1 + within
        start = stop
