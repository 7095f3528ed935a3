"""Members of groups to lines: where each stands, and the texts and the metadata of a range of lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.publish.exports.places import TEXT, Lines
from pipelines.publish.exports.records import EXPORTED_MEMBER
from pipelines.publish.exports.texts import content_of, figures, lines_of, on_one_line
from schemas.errors import GlotmillError
from schemas.languages import flores
from schemas.records import GROUP_MEMBER


class LinesError(GlotmillError):
    """Groups that cannot be lines: names a group, what is wrong with it, and the remedy."""


def spelling(key: str) -> str:
    """The language as FLORES-200 spells it; its key where FLORES-200 does not have it."""
    return flores(key) or key


def path_of(key: str, split: str) -> str:
    """Path of a language's lines: `dev/zho_Hans.dev`, as FLORES-200; `text/zho_Hans.txt`, as MEXA reads it."""
    return f"{split}/{spelling(key)}.{'txt' if split == TEXT else split}"


METADATA_ENDING = ".tsv"


def metadata_path(split: str) -> str:
    """Path of a set's table of lines: `metadata_dev.tsv`, as FLORES-200 calls it."""
    return f"metadata{'' if split == TEXT else f'_{split}'}{METADATA_ENDING}"


METADATA_HEAD = b"line\tgroup_id\tpivot\tscore\tchecked\tagreed\tsources\tlicences\n"

_SORTED = pa.schema([*GROUP_MEMBER, pa.field("line", pa.int64(), nullable=False)])
"""Members with their line, from 0."""


def with_lines(rows: pa.RecordBatch, lines: Lines) -> pa.RecordBatch:
    """GROUP_MEMBER rows with the line of each."""
    return pa.RecordBatch.from_arrays([*rows.columns, pa.array(lines, pa.int64())], schema=_SORTED)


@dataclass(frozen=True)
class Range:
    """Some consecutive lines of one set.

    Attributes:
        texts: content of each language's file, in the order of `languages`.
        metadata: content of the table.
        index: EXPORTED_MEMBER rows.
        cleaned: texts that were changed to stand on one line.
    """

    texts: tuple[memoryview, ...]
    metadata: memoryview
    index: pa.RecordBatch
    cleaned: int


def range_of(batches: Sequence[pa.RecordBatch], languages: Sequence[str], split: str) -> Range:
    """Lines of one set out of the members that stand on them.

    Args:
        batches: `with_lines` rows: of each line one of every language.
    Raises:
        LinesError: a group has no member in a language, or two, or one without text.
    """
    table = pa.Table.from_batches(list(batches), schema=_SORTED).sort_by([("line", "ascending"), ("id", "ascending")])
    texts, index, cleaned, first = [], [], 0, None
    for key in languages:
        rows = table.filter(pc.equal(table.column("language"), key)).combine_chunks()
        lines = rows.column("line").to_numpy()
        first = lines if first is None else first
        if not np.array_equal(lines, first) or (np.diff(lines) != 1).any():
            raise LinesError(_uneven(table, key))
        clean, changed = on_one_line(_whole(rows.column("text")))
        if pc.any(pc.equal(pc.binary_length(clean), 0)).as_py():
            at = pc.index(pc.binary_length(clean), 0).as_py()
            raise LinesError(
                f"groups: the member {rows.column('id')[at]} in {key} has no text, and lines would no longer stand "
                "side by side; run group-pairs again"
            )
        cleaned += changed
        texts.append(content_of(lines_of(clean)))
        index.append(_index(rows, split))
    return Range(tuple(texts), _metadata(table), pa.concat_batches(index), cleaned)


def _uneven(table: pa.Table, key: str) -> str:
    counts = table.filter(pc.equal(table.column("language"), key)).group_by("group_id").aggregate([([], "count_all")])
    twice = counts.filter(pc.greater(counts.column("count_all"), 1)).column("group_id")
    what = f"the group {twice[0]} has two members in {key}" if len(twice) else f"a group lost its member in {key}"
    return f"groups: {what}, and a line holds one; run group-pairs again"


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _index(rows: pa.Table, split: str) -> pa.RecordBatch:
    columns = {
        **{name: rows.column(name) for name in EXPORTED_MEMBER.names if name in rows.schema.names},
        "split": pa.repeat(pa.scalar(split), rows.num_rows),
        "line": pc.add(rows.column("line"), 1),
    }
    table = pa.Table.from_arrays([columns[name] for name in EXPORTED_MEMBER.names], schema=EXPORTED_MEMBER)
    return table.combine_chunks().to_batches()[0]


def _metadata(table: pa.Table) -> memoryview:
    """A row a line: the pivot's language, the lowest score, what was checked and agreed, all sources and licences."""
    pivots = table.filter(table.column("pivot")).select(["line", "language"])
    named = table.append_column("known_licence", pc.fill_null(table.column("licence"), ""))
    rows = (
        named.group_by(["line", "group_id"])
        .aggregate([("score", "min"), ("checked", "sum"), ("agreed", "sum")])
        .join(pivots.rename_columns(["line", "pivot"]), "line", join_type="left outer")
        .sort_by("line")
    )
    columns = [
        figures(pc.add(rows.column("line"), 1)),
        rows.column("group_id"),
        pc.fill_null(rows.column("pivot"), ""),
        pc.fill_null(figures(rows.column("score_min")), ""),
        figures(rows.column("checked_sum")),
        figures(rows.column("agreed_sum")),
        _united(named, "source"),
        _united(named, "known_licence"),
    ]
    return content_of(_whole(lines_of(pc.binary_join_element_wise(*columns, "\t"))))


def _united(table: pa.Table, name: str) -> pa.Array:
    """Different values of a column on each line, sorted, joined by +; lines in order."""
    distinct = table.group_by(["line", name]).aggregate([]).sort_by([("line", "ascending"), (name, "ascending")])
    values = on_one_line(_whole(distinct.column(name)))[0]
    bounds = np.flatnonzero(np.diff(distinct.column("line").to_numpy(), prepend=-1, append=-1))
    return pc.binary_join(pa.ListArray.from_arrays(pa.array(bounds, pa.int32()), values), "+")
