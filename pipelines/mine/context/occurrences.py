"""In which documents, and where in them, the texts of one side stand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.mine.neighbours.found import ABSENT, Ids

Places = npt.NDArray[np.int32]

MOST_DOCUMENTS: Final = 8
"""Documents of a text beyond which it tells nothing of any of them, such as an entry of every page's menu."""


@dataclass(frozen=True)
class Occurrences:
    """Where the sentences of a side stand: each sentence once in a document, by sentence and then by document.

    Attributes:
        ids: of the documents, sorted; their places are the documents' numbers.
        bounds: int64 (sentences + 1,): where the rows of each sentence begin; none for one of too many documents.
        document: int64 (r,), number of a document.
        place: int32 (r,), where in it the sentence stands first.
    """

    ids: pa.StringArray
    bounds: Ids
    document: Ids
    place: Places

    @classmethod
    def of(
        cls,
        positions: Ids,
        documents: pa.Array | pa.ChunkedArray,
        places: Places,
        sentences: int,
        most: int = MOST_DOCUMENTS,
    ) -> Occurrences:
        """The occurrences of a side's sentences.

        Args:
            positions: int64 (n,), the sentence of each row.
            documents: ids (n,) of its document.
            places: int32 (n,), where in it the row stands.
            sentences: of the side.
            most: documents of a sentence that is looked at.
        """
        ids = pc.unique(documents)
        ids = ids.take(pc.sort_indices(ids))
        numbers = pc.index_in(documents, ids).cast(pa.int64())
        numbers = (numbers.combine_chunks() if isinstance(numbers, pa.ChunkedArray) else numbers).to_numpy()
        order = np.lexsort((places, numbers, positions))
        positions, numbers, places = positions[order], numbers[order], places[order]
        first = np.ones(len(positions), np.bool_)
        first[1:] = (np.diff(positions) != 0) | (np.diff(numbers) != 0)
        positions, numbers, places = positions[first], numbers[first], places[first]
        few = (np.bincount(positions, minlength=sentences) <= most)[positions]
        counts = np.bincount(positions[few], minlength=sentences)
        return cls(ids, np.concatenate([[0], np.cumsum(counts)]), numbers[few], places[few])

    @property
    def counts(self) -> Ids:
        """Rows of each sentence: int64 (sentences,)."""
        return np.diff(self.bounds)

    @cached_property
    def members(self) -> tuple[Ids, Ids]:
        """Sentences by document: int64 (documents + 1,), bounds, and int64 (r,), ascending within each."""
        sentence = np.repeat(np.arange(len(self.bounds) - 1), self.counts)
        sizes = np.bincount(self.document, minlength=len(self.ids))
        return np.concatenate([[0], np.cumsum(sizes)]), sentence[np.argsort(self.document, kind="stable")]


def numbered(pages: pa.Table, source: Occurrences, target: Occurrences) -> Ids:
    """Page pairs by the numbers of their documents, each once, sorted: int64 (p, 2).

    Args:
        pages: rows with source_document and target_document; those whose documents have no sentences are left out.
    """
    sides = [
        pc.fill_null(pc.index_in(pages.column(name), side.ids), ABSENT).cast(pa.int64()).to_numpy()
        for name, side in (("source_document", source), ("target_document", target))
    ]
    pairs = np.stack(sides, axis=1)
    found: Ids = np.unique(pairs[(pairs != ABSENT).all(axis=1)], axis=0)
    return found
