"""Where complete groups stand: their set and their line there, kept in a file that all workers read."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.publish.exports.pairs import BELOW_SCORE
from pipelines.publish.exports.plan import GroupIds, as_bytes
from pipelines.runtime.draws import below, draws
from pipelines.runtime.dropped import dropped_rows
from pipelines.runtime.filesystem import Folder
from pipelines.runtime.lookup import places_among
from pipelines.runtime.parquet import read_shards
from schemas.recipe import LinesLayout

DEV, DEVTEST, TEXT = "dev", "devtest", "text"
SPLITS: Mapping[LinesLayout, tuple[str, ...]] = {"flores": (DEV, DEVTEST), "mexa": (TEXT,)}
"""The sets of each layout."""

NOT_WRITTEN = "language-not-written"
INCOMPLETE = "incomplete-group"

Lines = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Places:
    """Where groups stand.

    Attributes:
        groups: complete groups (g,).
        splits: number of each one's set among `names` (g,).
        lines: its line there, from 0 (g,).
        names: of the sets.
    """

    groups: GroupIds
    splits: npt.NDArray[np.uint8]
    lines: Lines
    names: tuple[str, ...]

    @classmethod
    def of(cls, groups: GroupIds, layout: LinesLayout, devtest_percent: float, seed: int) -> Places:
        """Part complete groups (sorted) into sets; in each they stand by id, which is in no order of their texts."""
        names = SPLITS[layout]
        splits = np.zeros(len(groups), np.uint8)
        if DEVTEST in names:
            ids = pa.array(groups.astype(str)) if len(groups) else pa.array([], pa.string())
            splits = below(draws(ids, seed, "devtest"), devtest_percent).astype(np.uint8)
        lines = np.zeros(len(groups), np.int64)
        for split in range(len(names)):
            there = splits == split
            lines[there] = np.arange(there.sum())
        return cls(groups, splits, lines, names)

    def find(self, ids: pa.Array) -> Lines:
        """Places of groups by id; -1 for those that are not complete."""
        return places_among(as_bytes(ids), self.groups)


@dataclass(frozen=True)
class Plan:
    """What is written.

    Attributes:
        languages: those of the lines.
        places: of the groups complete in all of them.
    """

    languages: tuple[str, ...]
    places: Places

    def save(self, folder: Folder, name: str) -> None:
        content = io.BytesIO()
        places = self.places
        np.savez(
            content,
            languages=np.array(self.languages, str),
            groups=places.groups,
            splits=places.splits,
            lines=places.lines,
            names=np.array(places.names, str),
        )
        folder.write(name, content.getvalue())

    @classmethod
    def load(cls, folder: Folder, name: str) -> Plan:
        """What `save` wrote; a process reads it once."""
        return _load(folder.url, name)


@lru_cache(maxsize=1)
def _load(url: str, name: str) -> Plan:
    with np.load(io.BytesIO(Folder(url).read(name))) as kept:
        names = tuple(map(str, kept["names"]))
        return Plan(tuple(map(str, kept["languages"])), Places(kept["groups"], kept["splits"], kept["lines"], names))


def group_ids(urls: tuple[str, ...], min_score: float | None) -> pa.Array:
    """The distinct groups of the members in some shards of GROUP_MEMBER, those of too low a score left out."""
    batches = read_shards(urls, ("group_id", "score"))
    found = (pc.unique(batch.filter(pc.invert(_low(batch, min_score)))["group_id"]) for batch in batches)
    return pc.unique(pa.chunked_array([pa.array([], pa.string()), *found]))


def placed(rows: pa.RecordBatch, key: str, plan: Plan, min_score: float | None) -> tuple[pa.RecordBatch, Lines]:
    """DROPPED rows of members of one language that stand on no line, and the place of each other one's group.

    Returns:
        The DROPPED rows; and of all rows the place of their groups in `plan.places`, -1 for those dropped (n,).
    """
    low = _low(rows, min_score)
    places = plan.places.find(rows["group_id"]) if key in plan.languages else np.full(rows.num_rows, -1)
    places = np.where(low.to_numpy(zero_copy_only=False), -1, places)
    out = pa.array(places < 0)
    lost, reason = rows.filter(out), INCOMPLETE if key in plan.languages else NOT_WRITTEN
    reasons = pc.if_else(low.filter(out), BELOW_SCORE, reason)
    return dropped_rows(lost, reasons, score=lost["score"], matched_id=lost["group_id"]), places


def _low(rows: pa.RecordBatch, min_score: float | None) -> pa.BooleanArray:
    """Which members have too low a score; a pivot has none, and none too low."""
    least = pa.scalar(-np.inf if min_score is None else min_score, pa.float32())
    return pc.fill_null(pc.less(rows["score"], least), False)


def pieces_of(contents: Mapping[str, memoryview]) -> Iterator[tuple[str, int, int]]:
    """Path, first byte and length of contents that are written one after the other, by path."""
    start = 0
    for path, content in contents.items():
        yield path, start, len(content)
        start += len(content)
