"""One language pair to its text files, batch after batch: what can be written, where it stands, and what is dropped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.publish.exports.files import TextFile
from pipelines.publish.exports.forms import Rendered, files_of, render
from pipelines.publish.exports.naming import Naming
from pipelines.publish.exports.records import EXPORTED_PAIR
from pipelines.publish.exports.texts import content_of, on_one_line
from pipelines.runtime.dropped import dropped_rows
from pipelines.runtime.filesystem import Folder
from schemas.recipe import PairFormat

NO_TEXT = "no-text"
BELOW_SCORE = "below-score"

_TEXTS = ("source_text", "target_text")


@dataclass(frozen=True)
class PairExport:
    """How pairs are written.

    Attributes:
        form: Moses or TMX.
        naming: of the files.
        min_score: smallest score written; None: any.
        max_rows: most rows of a file; None: all.
    """

    form: PairFormat
    naming: Naming
    min_score: float | None = None
    max_rows: int | None = None

    def paths(self, pair: str, rows: int) -> Iterator[str]:
        """Paths of the files of a language pair of which so many rows are written."""
        for part in range(-(-rows // self.max_rows) if self.max_rows else 1):
            for file in files_of(self.form, pair, self.naming):
                yield self.naming.file(pair, part, file.extension)


@dataclass(frozen=True)
class Writable:
    """Rows of pairs that can be written.

    Attributes:
        rows: those, each text on one line.
        dropped: DROPPED rows of the others; their language is the pair.
        cleaned: texts that were changed for that.
    """

    rows: pa.RecordBatch
    dropped: pa.RecordBatch
    cleaned: int


def writable(rows: pa.RecordBatch, min_score: float | None) -> Writable:
    """Part the rows of pairs that text files can hold from others: speech without transcript, scores too low."""
    cleaned = 0
    for name in _TEXTS:
        texts, changed = on_one_line(rows[name])
        cleaned += changed
        rows = rows.set_column(rows.schema.get_field_index(name), name, texts)
    empty = [pc.fill_null(pc.equal(pc.binary_length(rows[name]), 0), True) for name in _TEXTS]
    no_text = pc.or_(*empty)
    low = pc.less(rows["score"], pa.scalar(-np.inf if min_score is None else min_score, pa.float32()))
    out = pc.or_(no_text, low)
    lost = rows.filter(out)
    said = f"score below {min_score:g}" if min_score is not None else ""
    dropped = dropped_rows(
        lost,
        pc.if_else(no_text.filter(out), NO_TEXT, BELOW_SCORE),
        language=lost["pair"],
        score=lost["score"],
        detail=pc.if_else(no_text.filter(out), "one side has no text", said),
    )
    return Writable(rows.filter(pc.invert(out)), dropped, cleaned)


class PairFiles:
    """The text files of one language pair; none is begun before there is a row for it."""

    def __init__(self, folder: Folder, pair: str, export: PairExport) -> None:
        self.folder = folder
        self.pair = pair
        self.export = export
        self._open: list[tuple[Rendered, TextFile]] = []
        self._part = 0
        self._lines = 0

    def write(self, rows: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """Write rows that can be written; yields where they stand, EXPORTED_PAIR."""
        most = self.export.max_rows
        while rows.num_rows:
            if most is not None and self._lines == most:
                self._end()
                self._part, self._lines = self._part + 1, 0
            if not self._open:
                self._begin()
            piece = rows if most is None else rows.slice(0, most - self._lines)
            contents = render(self.export.form, piece, self.pair)
            for (_, file), lines in zip(self._open, contents, strict=True):
                file.write(content_of(lines))
            yield self._index(piece)
            self._lines += piece.num_rows
            rows = rows.slice(piece.num_rows)

    def _begin(self) -> None:
        naming = self.export.naming
        for file in files_of(self.export.form, self.pair, naming):
            path = naming.file(self.pair, self._part, file.extension)
            opened = TextFile(self.folder, path, naming.compression)
            self._open.append((file, opened))
            opened.write(file.head)

    def _index(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        lines = np.arange(self._lines + 1, self._lines + rows.num_rows + 1)
        columns = {
            **{name: rows[name] for name in ("id", "pair", "source", "licence")},
            "part": pa.repeat(pa.scalar(self._part, pa.int32()), rows.num_rows),
            "line": pa.array(lines, pa.int64()),
        }
        return pa.RecordBatch.from_arrays([columns[name] for name in EXPORTED_PAIR.names], schema=EXPORTED_PAIR)

    def _end(self) -> None:
        for rendered, file in self._open:
            file.write(rendered.foot)
            file.close()
        self._open = []

    def __enter__(self) -> PairFiles:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._end()
        else:
            for _, file in self._open:
                file.abandon()
