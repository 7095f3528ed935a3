"""Recounting one Parquet file: its rows, bytes, digest, order and ids, and what its rows add to the audit's tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.audit.places import located
from pipelines.audit.row_checks import WEIGHED, IdCheck, first_misweighted
from pipelines.audit.samples import take_samples
from pipelines.audit.tables import FILES, merge, without_id
from pipelines.audit.truth import Truth, confusion
from schemas import records

BATCH_ROWS = 2_000
LANGUAGE_COLUMNS = (
    "language",
    "pair",
    "instruction_language",
    "response_language",
    "prompt_language",
    "chosen_language",
)
ANSWER_LANGUAGES = ("response_language", "chosen_language")
TEXT_COLUMNS = ("text", "source_text", "target_text", "transcript", "turns", "prompt", "chosen", "rejected", "messages")
MEASURES = {"confidence": 0.05, "margin": 0.02}
READ_COLUMNS = frozenset(
    {
        *LANGUAGE_COLUMNS,
        *TEXT_COLUMNS,
        *MEASURES,
        *WEIGHED,
        "id",
        "source",
        "reason",
        "licence",
        "signals",
        "listed",
        "url",
        "place",
    }
    | {"document_id", "group_id", "sentence_id", "position", "target_language", "score", "matched_id", "detail"}
)
"""What is decoded; bodies of pages and vectors are covered by the file's digest."""
RECORDS = {
    schema.metadata[b"record"]: schema
    for schema in (
        records.DOCUMENT,
        records.SENTENCE,
        records.SEGMENT,
        records.PAIR,
        records.GROUP_MEMBER,
        records.PAGE_PAIR,
        records.INSTRUCTION,
        records.PREFERENCE,
        records.DROPPED,
        records.LIMIT,
        records.FIRING,
        records.FAULT,
    )
}
CONTENT_IDS = {
    b"document": ("url", "text"),
    b"sentence": ("document_id", "position", "text"),
    b"group_member": ("group_id", "sentence_id"),
}
"""Records whose id is a hash of columns of the same row, which the audit computes again."""

TEXT_AS_READ = "acquire"
"""The stage whose documents have the text that their ids were made of; later ones may cut it, or mask parts of it."""


@dataclass(frozen=True)
class ShardFile:
    """A Parquet file of a run.

    Attributes:
        folder: folder of its stage, relative to the run's; the whole URL in a generation of the store.
        path: relative to that folder.
        stage: name of the stage; empty for a file that no manifest lists.
        language: column that its manifest counts rows by; None where it counts none.
        weights: those by which the run's documents were weighed, as `weights_of` takes them; None where they were not.
    """

    folder: str
    path: str
    stage: str = ""
    output: str = ""
    partition: str | None = None
    language: str | None = None
    weights: tuple[tuple[int, int], ...] | None = None

    @property
    def place(self) -> str:
        return f"{self.folder}/{self.path}" if self.folder else self.path


def recount(run_folder: str, file: ShardFile, truth: Truth | None = None) -> Iterator[tuple[str, pa.Table]]:
    """Read a file whole and yield what it adds to each of the audit's tables, by name, without ids.

    Args:
        truth: labels to measure the documents of this file against.
    """
    folder, name = located(run_folder, file.place)
    size, digest = folder.size_and_sha256(name)
    facts: dict[str, object] = {
        "folder": file.folder,
        "stage": file.stage,
        "output": file.output,
        "path": file.path,
        "partition": file.partition,
        "rows": 0,
        "row_groups": 0,
        "bytes": size,
        "sha256": digest,
        "counts": [],
    }
    try:
        with folder.open(name) as opened:
            parquet = pq.ParquetFile(opened, pre_buffer=False)
            facts["row_groups"] = parquet.metadata.num_row_groups
            facts["schema_difference"] = schema_difference(parquet.schema_arrow)
            tables = _tables(file, parquet, facts, truth)
    except (pa.ArrowException, OSError) as error:
        facts["unreadable"] = " ".join(str(error).split())[:300]
        tables = {}
    yield "files", pa.Table.from_pylist([facts], schema=without_id(FILES))
    yield from tables.items()


def _tables(
    file: ShardFile, parquet: pq.ParquetFile, facts: dict[str, object], truth: Truth | None
) -> dict[str, pa.Table]:
    parts: dict[str, list[pa.Table]] = {}
    counts: Counter[tuple[str, str, str | None]] = Counter()
    # Rows of another schema than their record's are counted, and not understood further.
    record = (parquet.schema_arrow.metadata or {}).get(b"record", b"") if facts["schema_difference"] is None else None
    as_read = record != b"document" or file.stage == TEXT_AS_READ
    ids = IdCheck(CONTENT_IDS.get(record or b"") if as_read else None)
    rows, misweighted = 0, None
    names = parquet.schema_arrow.names
    counted_by = file.language if {"source", file.language} <= set(names) else None
    language = next((name for name in LANGUAGE_COLUMNS if name in names), None) if record is not None else None
    columns = [name for name in names if name in READ_COLUMNS or name == file.language]
    for batch in parquet.iter_batches(batch_size=BATCH_ROWS, columns=columns):
        rows += batch.num_rows
        ids.see(batch)
        misweighted = misweighted or first_misweighted(batch, file.weights)
        if counted_by is not None:
            counts.update(_ledger_counts(batch, counted_by))
        for name, part in _parts(file, batch, language, truth):
            parts.setdefault(name, []).append(part)
    facts["rows"] = rows
    facts["repeated_id"], facts["misplaced_id"], facts["altered_id"] = ids.repeated, ids.misplaced, ids.altered
    facts["misweighted_id"] = misweighted
    facts["counts"] = [
        dict(zip(("source", "language", "reason"), key, strict=True), rows=counts[key])
        for key in sorted(counts, key=lambda key: (key[0], key[1], key[2] or ""))
    ]
    return {name: tables[0] if len(tables) == 1 else merge(name, tables) for name, tables in parts.items()}


def _parts(
    file: ShardFile, batch: pa.RecordBatch, language: str | None, truth: Truth | None
) -> Iterator[tuple[str, pa.Table]]:
    if language is None or not file.stage or batch.num_rows == 0:
        return
    place = {"folder": file.folder, "stage": file.stage, "output": file.output}
    yield "counts", _counts(batch, language, place)
    yield "samples", take_samples(batch, language, place)
    for measure, width in MEASURES.items():
        if measure in batch.schema.names:
            yield "histograms", _histogram(batch, measure, width, language, place)
    if "listed" in batch.schema.names:
        yield "listed", _listed(batch, language, place)
    if truth is not None and "url" in batch.schema.names:
        yield "confusion", confusion(batch["url"], batch[language], truth)


def _counts(batch: pa.RecordBatch, language: str, place: dict[str, str]) -> pa.Table:
    size = batch.num_rows
    answer = next((name for name in ANSWER_LANGUAGES if name in batch.schema.names), language)
    characters, octets = text_sizes(batch)
    table = pa.table(
        {
            **{name: _same(value, size) for name, value in place.items()},
            "source": _column(batch, "source", ""),
            "language": batch[language],
            "text_language": batch[answer],
            "reason": _column(batch, "reason"),
            "licence": _column(batch, "licence"),
            "rows": pa.array(np.ones(size, dtype=np.int64)),
            "characters": characters,
            "bytes": octets,
            "words": _words(batch),
            "weight": _weight(batch),
        }
    )
    return merge("counts", [table])


def _histogram(batch: pa.RecordBatch, measure: str, width: float, language: str, place: dict[str, str]) -> pa.Table:
    rows = batch.filter(pc.is_valid(batch[measure]))
    values = rows[measure].to_numpy(zero_copy_only=False).astype(np.float64)
    # A value on an edge belongs to the bin above it; float32 may stand a little below.
    bins = np.floor(np.round(values / width, 6)).astype(np.int32)
    table = pa.table(
        {
            **{name: _same(value, rows.num_rows) for name, value in place.items()},
            "measure": _same(measure, rows.num_rows),
            "language": rows[language],
            "bin": bins,
            "width": np.full(rows.num_rows, width),
            "rows": np.ones(rows.num_rows, dtype=np.int64),
        }
    )
    return merge("histograms", [table])


def _listed(batch: pa.RecordBatch, language: str, place: dict[str, str]) -> pa.Table:
    """Documents and words of theirs that are on a word list, by list and language."""
    hits = batch["listed"].flatten()
    table = pa.table(
        {
            **{name: _same(value, len(hits)) for name, value in place.items()},
            "list": hits.field("list"),
            "language": batch[language].take(pc.list_parent_indices(batch["listed"])),
            "rows": np.ones(len(hits), dtype=np.int64),
            "words": hits.field("words").cast(pa.int64()),
        }
    )
    return merge("listed", [table])


def text_sizes(batch: pa.RecordBatch) -> tuple[pa.Array, pa.Array]:
    """Code points and UTF-8 bytes of all texts of each row; nulls for rows of a record without texts.

    Returns:
        Two int64 arrays, one value a row. The content of conversations counts, their roles do not.
    """
    names = [name for name in TEXT_COLUMNS if name in batch.schema.names]
    if not names:
        return pa.nulls(batch.num_rows, pa.int64()), pa.nulls(batch.num_rows, pa.int64())
    characters = np.zeros(batch.num_rows, dtype=np.int64)
    octets = np.zeros(batch.num_rows, dtype=np.int64)
    for name in names:
        column = batch[name]
        if pa.types.is_list(column.type):
            lengths = pc.list_value_length(column).fill_null(0).to_numpy(zero_copy_only=False)
            ends = np.cumsum(lengths)
            content = pc.struct_field(pc.list_flatten(column), "content")
            for total, measured in ((characters, pc.utf8_length(content)), (octets, pc.binary_length(content))):
                sums = np.concatenate([[0], np.cumsum(_integers(measured))])
                total += sums[ends] - sums[ends - lengths]
        else:
            characters += _integers(pc.utf8_length(column))
            octets += _integers(pc.binary_length(column))
    return pa.array(characters), pa.array(octets)


def _words(batch: pa.RecordBatch) -> pa.Array:
    if "signals" not in batch.schema.names:
        return pa.nulls(batch.num_rows, pa.int64())
    return pc.struct_field(batch["signals"], "words").cast(pa.int64())


def _weight(batch: pa.RecordBatch) -> pa.Array:
    if "weight" not in batch.schema.names:
        return pa.nulls(batch.num_rows, pa.int64())
    return batch["weight"].cast(pa.int64())


def _ledger_counts(batch: pa.RecordBatch, language: str) -> dict[tuple[str, str, str | None], int]:
    table = pa.table({"source": batch["source"], "language": batch[language], "reason": _column(batch, "reason")})
    grouped = table.group_by(["source", "language", "reason"]).aggregate([([], "count_all")]).to_pylist()
    return {(row["source"], row["language"], row["reason"]): row["count_all"] for row in grouped}


def schema_difference(schema: pa.Schema) -> str | None:
    """How columns differ from the record that the file says it holds; further columns are no difference."""
    record = RECORDS.get((schema.metadata or {}).get(b"record", b""))
    if record is None:
        return None
    for column in record:
        if column.name not in schema.names:
            return f"column {column.name} is missing"
        if schema.field(column.name).type != column.type:
            return f"column {column.name} has type {schema.field(column.name).type}, its record {column.type}"
    return None


def _integers(values: pa.Array) -> np.ndarray:
    return values.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)


def _same(value: str, rows: int) -> pa.Array:
    return pa.repeat(pa.scalar(value, pa.string()), rows)


def _column(batch: pa.RecordBatch, name: str, default: str | None = None) -> pa.Array:
    return batch[name] if name in batch.schema.names else pa.repeat(pa.scalar(default, pa.string()), batch.num_rows)
