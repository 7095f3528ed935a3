"""What became of one row: every place of a run, and of its store, where its id, or its URL, stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa

from pipelines.audit.discovery import DEDUPE, Run, discover
from pipelines.runtime.filesystem import Folder
from pipelines.runtime.manifest import Manifest, Shard
from pipelines.runtime.parquet import find_rows, read_schema
from pipelines.runtime.shards import id_hashes, may_hold
from schemas.errors import GlotmillError

ID_DIGITS = 32
SHORTEST_PREFIX = 6
_URL_COLUMNS = ("url", "place")
_MATCHED = "matched_id"
_SHOWN_MATCHES = 20
_CHANGES = "changes"
_TOLD_BY_STORE = ("tombstones", "matches", "returned", _CHANGES)
_SIGNED, _OF_SIGNED = "signed", ("id", "language", "snapshot")


class ExplainError(GlotmillError):
    """The row asked for is not in the run, or is not one row."""


def explain_row(run_folder: str, identifier: str) -> dict[str, Any]:
    """Follow one row through the stages of a run.

    Args:
        identifier: an id of 32 hex digits, its first six or more, or the URL of a page.
    Returns:
        ``id`` (None for a page that never became a row), ``steps``: for each place the stage, the output and
        the row's columns but binary ones, in the order of the data's way; ``matched``: the row kept in its
        place, if any, as columns of the place where it was read last. Of a run with a store the steps have the
        ``generation`` that they are of, None for those of the run itself, with what other generations say of the row
        before and after; and a row that is kept, but not in this run, has id, language, ``snapshot`` and
        ``generation``.
    Raises:
        ExplainError: nothing or more than one row is meant.
    """
    run, unreadable = discover(run_folder)
    if not run.manifests and not unreadable:
        raise ExplainError(f"{run_folder}: no stage has finished here; give the output folder of a run with --run")
    steps = list(_steps(run, identifier))
    if not steps:
        passed_over = "".join(f"\n{finding}" for finding in unreadable)
        raise ExplainError(
            f"{identifier}: no row of {run_folder} has this id or URL; an id is {ID_DIGITS} hex digits "
            f"or the first {SHORTEST_PREFIX} or more of them{passed_over}"
        )
    ids = {step["row"]["id"] for step in steps}
    if len(ids) > 1 and not _is_url(identifier):
        some = ", ".join(sorted(ids)[:_SHOWN_MATCHES])
        raise ExplainError(f"{identifier}: {len(ids)} rows begin so: {some}; give more digits")
    last = steps[-1]["row"]["id"]
    if run.generation is not None:
        before, after = (list(_told(known, ids)) for known in (run.earlier, run.later))
        steps = [*before, *steps, *after]
    matched_id = next((step["row"][_MATCHED] for step in steps if step["row"].get(_MATCHED)), None) or _replaced_by(
        steps
    )
    return {"id": last, "steps": steps, "matched": _matched(run, matched_id) if matched_id else None}


def _replaced_by(steps: Iterable[Mapping[str, Any]]) -> str | None:
    """The row that a later snapshot keeps in the place of one, by the last change of it."""
    changes = [step["row"] for step in steps if step["output"] == _CHANGES]
    return None if not changes or changes[-1]["kept"] else changes[-1]["kept_id"]


def _matched(run: Run, matched_id: str) -> dict[str, Any] | None:
    """The row kept in the place of another, as it was read last; of one that another run keeps what the store knows."""
    steps = list(_steps(run, matched_id))
    kept_here = any(step["stage"] == DEDUPE and step["output"] == "kept" for step in steps)
    stored = None if run.generation is None or kept_here else _signed(run, matched_id)
    own = [step["row"] for step in steps if step["generation"] is None]
    return stored or (own[-1] if own else None)


def _signed(run: Run, identifier: str) -> dict[str, Any] | None:
    """What the first generation that has a document tells of it."""
    for folder, manifest in (*run.earlier.items(), *run.manifests.items(), *run.later.items()):
        for shard in manifest.of(_SIGNED):
            if _may_hold(shard, identifier):
                place = Folder(manifest.folder)
                for row in find_rows(place, shard.path, "id", identifier, columns=_OF_SIGNED):
                    return row | {"generation": _name_of(folder)}
    return None


def _told(manifests: Mapping[str, Manifest], ids: Iterable[str]) -> Iterator[dict[str, Any]]:
    """What generations say of some rows besides that they have them."""
    for folder, manifest in manifests.items():
        for output in _TOLD_BY_STORE:
            for shard in manifest.of(output):
                for identifier in sorted(ids):
                    if _may_hold(shard, identifier):
                        for row in _rows(manifest.folder, shard, identifier):
                            yield _step(manifest, shard, row, _name_of(folder))


def _steps(run: Run, identifier: str) -> Iterator[dict[str, Any]]:
    ids: dict[str, None] = {}
    by_url = _is_url(identifier)
    for folder, manifest in run.manifests.items():
        stored = run.generation is not None and folder.startswith(f"{run.generation}/")
        if stored and by_url:
            # The store knows no address but its digest.
            yield from _told({folder: manifest}, ids)
            continue
        for shard in manifest.shards:
            if _may_hold(shard, identifier):
                for row in _rows(manifest.folder, shard, identifier):
                    ids[row["id"]] = None
                    yield _step(manifest, shard, row, _name_of(f"{run.generation}/") if stored else None)


def _step(manifest: Manifest, shard: Shard, row: dict[str, Any], generation: str | None) -> dict[str, Any]:
    return {"stage": manifest.stage, "output": shard.output, "generation": generation, "row": row}


def _name_of(folder: str) -> str:
    """The name of a generation, from the URL of a folder directly below it."""
    return folder.rpartition("/")[0].rpartition("/")[2]


def _may_hold(shard: Shard, identifier: str) -> bool:
    """False where a whole id cannot lie in the shard."""
    if len(identifier) != ID_DIGITS or _is_url(identifier):
        return True
    return bool(may_hold(shard.path, id_hashes(pa.array([identifier])))[0])


def _rows(folder: str, shard: Shard, identifier: str) -> list[dict[str, Any]]:
    # The body of a visit says nothing to a reader that the text extracted from it does not.
    fields = [field for field in read_schema(Folder(folder), shard.path) if not _is_binary(field.type)]
    names = [field.name for field in fields]
    texts = {field.name for field in fields if pa.types.is_string(field.type)}
    columns = [name for name in _URL_COLUMNS if name in texts] if _is_url(identifier) else ["id"]
    # Neither what links to a page nor what it is compared by says what became of it.
    if not columns or {"vector", "signature", "referrer"} & set(names):
        return []
    whole = _is_url(identifier) or len(identifier) == ID_DIGITS
    return list(find_rows(Folder(folder), shard.path, columns[0], identifier, columns=names, whole=whole))


def _is_binary(kind: pa.DataType) -> bool:
    return pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind)


def _is_url(identifier: str) -> bool:
    if "://" in identifier:
        return True
    if len(identifier) < SHORTEST_PREFIX or not set(identifier) <= set("0123456789abcdef"):
        raise ExplainError(
            f"{identifier}: neither a URL nor an id; an id is {ID_DIGITS} hex digits or the first {SHORTEST_PREFIX} "
            "or more of them"
        )
    return False
