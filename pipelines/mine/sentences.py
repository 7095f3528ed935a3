"""The sentences of one side of a language pair: those that took part in the search, by position, and the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.mine.context.occurrences import Occurrences
from pipelines.mine.language import Choice, first_with_text, held_out
from pipelines.mine.neighbours.found import ABSENT, Ids
from pipelines.runtime.manifest import Manifest
from pipelines.runtime.parquet import read_table
from schemas.records import SENTENCE

_COLUMNS = ("id", "document_id", "position", "text", "source", "alignment_id", "licence")


@dataclass(frozen=True)
class Side:
    """Sentences of one language.

    Attributes:
        language: their key.
        rows: all of them, sorted by id.
        hidden: bool (rows,), held out to measure mining.
        first: int64 (rows,), the row that has the same text and takes part; ABSENT where none does.
    """

    language: str
    rows: pa.Table
    hidden: npt.NDArray[np.bool_]
    first: Ids

    @classmethod
    def of(cls, language: str, sentences: pa.Table, choice: Choice, columns: Sequence[str] = _COLUMNS) -> Side:
        """A side out of rows of SENTENCE, of which it holds some columns."""
        rows = sentences.select(columns).sort_by("id").combine_chunks()
        hidden = held_out(rows.column("alignment_id"), language, choice)
        return cls(language, rows, hidden, first_with_text(rows, ~hidden))

    @classmethod
    def read(cls, embedded: Manifest, language: str, choice: Choice) -> Side:
        """All sentences that a stage embed has of a language."""
        return cls.of(language, read_table(embedded.urls("sentences", language), SENTENCE, _COLUMNS), choice)

    @cached_property
    def searched(self) -> Ids:
        """The row of each position."""
        return np.flatnonzero((self.first == np.arange(len(self.first))) & ~self.hidden)

    @property
    def repeated(self) -> Ids:
        """Rows whose place another row with the same text has taken."""
        there = (self.first != ABSENT) & (self.first != np.arange(len(self.first)))
        return np.flatnonzero(there & ~self.hidden)

    def occurrences(self) -> Occurrences:
        """In which documents the sentences searched stand, those whose place another took for its text included.

        A catalogue is no document: in two languages its messages stand in one order, which would tell of gold what
        no page tells of what is mined.
        """
        aligned = self.rows.column("alignment_id").is_valid().to_numpy()
        taking = np.flatnonzero((self.first != ABSENT) & ~self.hidden & ~aligned)
        position = np.zeros(len(self.first), np.int64)
        position[self.searched] = np.arange(len(self.searched))
        rows = self.rows.take(pa.array(taking))
        places = rows.column("position").to_numpy()
        return Occurrences.of(position[self.first[taking]], rows.column("document_id"), places, len(self.searched))

    def texts(self) -> pa.StringArray:
        """By position."""
        return self.at("text", np.arange(len(self.searched)))

    def at(self, column: str, positions: Ids) -> pa.Array:
        """Values of a column at some positions; null at ABSENT."""
        searched = self.searched
        there = positions != ABSENT
        rows = np.zeros(len(positions), np.int64)
        rows[there] = searched[positions[there]]
        return self.values(column, rows, ~there)

    def values(self, column: str, rows: Ids, absent: npt.NDArray[np.bool_] | None = None) -> pa.Array:
        """Values of a column in some rows."""
        return pc.take(self.rows.column(column), pa.array(rows, mask=absent)).combine_chunks()

    def sources(self) -> set[str]:
        """Names of the sources."""
        return set(pc.unique(self.rows.column("source")).to_pylist())
