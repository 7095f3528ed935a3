"""Holding the recounted files against the manifests: files, counts, ledger and the chain from stage to stage."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pipelines.audit.discovery import Run
from pipelines.audit.findings import Finding
from pipelines.runtime.filesystem import Folder
from pipelines.runtime.ledger import make_ledger
from pipelines.runtime.manifest import MANIFEST_NAME, Count, LedgerLine, Manifest, Shard, shards_of, total
from pipelines.runtime.spill import SPILL

RUN_AGAIN = "remove the stage's folder and run the stage again"


@dataclass(frozen=True)
class Recounted:
    """One file as the recount found it: the shard that a true manifest would list, and what is wrong inside."""

    shard: Shard
    unreadable: str | None
    repeated_id: str | None
    misplaced_id: str | None
    altered_id: str | None
    misweighted_id: str | None
    schema_difference: str | None


def recounted_file(row: Mapping[str, object]) -> Recounted:
    """A row of the table `files`."""
    faults = ("unreadable", "repeated_id", "misplaced_id", "altered_id", "misweighted_id", "schema_difference")
    shard = {name: row[name] for name in ("path", "output", "partition", "rows", "row_groups", "bytes", "sha256")}
    return Recounted(
        Shard.model_validate({**shard, "counts": row["counts"]}),
        **{name: None if row[name] is None else str(row[name]) for name in faults},
    )


def compare_listing(run: Run) -> Iterator[Finding]:
    """Files that a manifest lists and are not there, and those that are there and stand in none."""
    present = set(run.files)
    listed = {f"{folder}/{shard.path}" for folder, manifest in run.manifests.items() for shard in manifest.shards}
    for name in sorted(listed - present):
        yield Finding(name, f"the manifest of {run.owner(name)} lists this file, and it is not there", RUN_AGAIN)
    for name in sorted(present - listed):
        if f"/{SPILL}/" in f"/{name}" or name.endswith(".tmp"):
            yield Finding(name, "a left-over of a run that was cut off", "remove it, or run the stage to its end")
        elif name.endswith(".parquet"):
            owner = run.owner(name)
            where = f"the manifest of {owner} does not list this file" if owner else "no stage's manifest lists it"
            yield Finding(name, where, "move it out of the run's folder" if owner else "run its stage to its end")


def compare_file(place: str, listed: Shard, found: Recounted) -> Iterator[Finding]:
    """One listed file: its digest, size, rows, counts, schema and ids."""
    shard = found.shard
    if found.unreadable is not None:
        yield Finding(place, f"cannot be read as Parquet: {found.unreadable}", RUN_AGAIN)
        return
    if shard.sha256 != listed.sha256:
        yield Finding(place, f"sha256 is {shard.sha256[:16]}…, the manifest says {listed.sha256[:16]}…", RUN_AGAIN)
    for name in ("bytes", "rows", "row_groups"):
        actual, stated = getattr(shard, name), getattr(listed, name)
        if actual != stated:
            yield Finding(place, f"holds {actual} {name.replace('_', ' ')}, the manifest says {stated}", RUN_AGAIN)
    yield from _compare_counts(place, listed.counts, shard.counts)
    if found.schema_difference is not None:
        yield Finding(place, f"is not of its record's schema: {found.schema_difference}", RUN_AGAIN)
    if found.repeated_id is not None:
        yield Finding(place, f"the id {found.repeated_id} stands twice", RUN_AGAIN)
    if found.misplaced_id is not None:
        yield Finding(place, f"the rows are not sorted by id: {found.misplaced_id} follows a greater one", RUN_AGAIN)
    if found.altered_id is not None:
        yield Finding(
            place, f"the row {found.altered_id} was altered: its id is not the hash of its content", RUN_AGAIN
        )
    if found.misweighted_id is not None:
        yield Finding(
            place,
            f"the row {found.misweighted_id} has another weight than dedupe.weights give its cluster size",
            RUN_AGAIN,
        )


def _compare_counts(place: str, listed: Iterable[Count], found: Iterable[Count]) -> Iterator[Finding]:
    stated = {(count.source, count.language, count.reason): count.rows for count in listed}
    actual = {(count.source, count.language, count.reason): count.rows for count in found}
    for key in sorted(stated.keys() | actual.keys(), key=str):
        if stated.get(key, 0) != actual.get(key, 0):
            source, language, reason = key
            rows = f"rows of source {source}, language {language}" + (f", reason {reason}" if reason else "")
            yield Finding(
                place, f"holds {actual.get(key, 0)} {rows}, the manifest counts {stated.get(key, 0)}", RUN_AGAIN
            )


def recount_ledger(
    manifest: Manifest, shards: Iterable[Shard], inputs: Mapping[str, Iterable[Shard]]
) -> tuple[LedgerLine, ...]:
    """The ledger out of the files alone, but for rows that came from outside, which only the manifest counts.

    Args:
        shards: the stage's files as recounted.
        inputs: files that it read, as recounted, by the input's name; without those that are there no more, as
            `compare_inputs` says of them.
    """
    counted = [name for name, read in manifest.inputs.items() if read.counted]
    if manifest.counts_in == "inputs" and inputs.keys() >= set(counted):
        counts = [count for name in counted for shard in inputs[name] for count in shard.counts]
        rows_in = total(counts, language=manifest.by_language)
    else:
        rows_in = {(line.source, line.language): line.rows_in for line in manifest.ledger}
    return make_ledger(rows_in, shards, outputs=manifest.outputs, by_language=manifest.by_language)


def compare_ledger(folder: str, manifest: Manifest, recounted: Iterable[LedgerLine]) -> Iterator[Finding]:
    """Lines that do not balance, and lines that the manifest gives otherwise."""
    stated = {(line.source, line.language): line for line in manifest.ledger}
    actual = {(line.source, line.language): line for line in recounted}
    for key in sorted(stated.keys() | actual.keys(), key=str):
        source, language = key
        place = f"{folder}/{MANIFEST_NAME}, ledger, source {source}, language {language or 'any'}"
        blank = LedgerLine(source=source, language=language, rows_in=0, kept=0, dropped={}, errors=0)
        found, listed = actual.get(key, blank), stated.get(key, blank)
        for name, rows, listed_rows in _columns(found, listed):
            if rows != listed_rows:
                yield Finding(place, f"{name}: the files hold {rows}, the manifest says {listed_rows}", RUN_AGAIN)
        if found.difference:
            yield Finding(
                place,
                f"does not balance: {found.rows_in} in, {found.kept} kept + {sum(found.dropped.values())} dropped "
                f"+ {found.errors} errors = {found.rows_in - found.difference} out",
                RUN_AGAIN,
            )


def _columns(found: LedgerLine, listed: LedgerLine) -> Iterator[tuple[str, int, int]]:
    yield "rows in", found.rows_in, listed.rows_in
    yield "kept", found.kept, listed.kept
    for reason in sorted(found.dropped.keys() | listed.dropped.keys()):
        yield f"dropped for {reason}", found.dropped.get(reason, 0), listed.dropped.get(reason, 0)
    yield "errors", found.errors, listed.errors


def compare_inputs(run: Run, folder: str, manifest: Manifest) -> Iterator[Finding]:
    """Inputs that are gone, or whose manifest no longer lists the bytes that the stage read."""
    for name, read in manifest.inputs.items():
        place = f"{folder}/{MANIFEST_NAME}, inputs.{name}"
        found = run.source(read, {other.content for other in manifest.inputs.values() if other != read})
        if found is None:
            yield Finding(place, f"no stage here wrote {read.stage}/{read.output}", "run the stage that is missing")
            continue
        source_folder, source = found
        if source.content != read.content:
            rows = sum(shard.rows for shard in shards_of(source.shards, read.output, read.partitions))
            taken = sum(line.rows_in for line in manifest.ledger)
            yield Finding(
                place,
                f"the stage took in {taken} rows and read other bytes of {read.stage}/{read.output} than "
                f"{source_folder}/{MANIFEST_NAME} lists now ({rows} rows)",
                f"run {read.stage} and every stage after it again; remove {folder} if the recipe no longer asks for it",
            )


def compare_further_files(run: Run, folder: str, manifest: Manifest) -> Iterator[Finding]:
    """Cards and other files that are no shards: whether they are there and unchanged."""
    place = Folder(manifest.folder)
    present = set(run.files)
    for file in manifest.files:
        name = f"{folder}/{file.path}"
        if name not in present:
            yield Finding(name, f"the manifest of {folder} lists this file, and it is not there", RUN_AGAIN)
        elif (digest := hashlib.sha256(place.read(file.path)).hexdigest()) != file.sha256:
            yield Finding(name, f"sha256 is {digest[:16]}…, the manifest says {file.sha256[:16]}…", RUN_AGAIN)
