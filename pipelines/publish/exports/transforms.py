"""Exports as Beam steps: a language pair is written by one worker, lines in many languages by ranges of lines."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import apache_beam as beam
import numpy as np
import pyarrow as pa
from apache_beam.metrics import Metrics

from pipelines.publish.exports.files import TextFile, ending
from pipelines.publish.exports.forms import COLUMNS
from pipelines.publish.exports.lines import (
    METADATA_ENDING,
    METADATA_HEAD,
    metadata_path,
    path_of,
    range_of,
    with_lines,
)
from pipelines.publish.exports.pairs import PairExport, PairFiles, writable
from pipelines.publish.exports.places import Places, Plan, group_ids, pieces_of, placed
from pipelines.publish.exports.plan import cost_rows, planned
from pipelines.publish.exports.records import LANGUAGE_SHARE, PAIR_SHARE
from pipelines.publish.exports.shares import Stages, dropped_sentences, language_share, pair_share
from pipelines.runtime.batches import COUNTERS, ROWS_READ, split_rows
from pipelines.runtime.filesystem import Folder
from pipelines.runtime.manifest import Manifest
from pipelines.runtime.parquet import read_shards
from pipelines.runtime.shards import Named
from pipelines.runtime.spill import SPILL, Reference, Shuffle, read_spill
from pipelines.runtime.stage import count
from schemas.recipe import Compression, LinesLayout

_BATCH_ROWS = 8_192
"""Rows rendered together: as text for every file they are held in memory."""

_RANGE_TEXTS = 200_000
"""Texts of all languages that are put in order together."""

CLEANED = "texts-cleaned"

Piece = tuple[int, str, int, int]
"""Number of a range of lines; file, first byte and bytes of its part of one text file."""


@dataclass
class WritePairs(beam.PTransform):
    """A pipeline -> (`kept`, where each pair stands in the text files) and (`dropped`, pairs left out).

    Files lie below the stage's folder. Rows stand in the order of the input's shards, so the files are the same for
    any number of workers; memory holds some thousand rows a worker.

    Attributes:
        folder: the stage's.
        pairs: the stage mine.
        export: how they are written.
    """

    folder: str
    pairs: Manifest
    export: PairExport

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        return (
            pipeline
            | "List pairs" >> beam.Create(list(self.pairs.partitions("kept")), reshuffle=False)
            | "Spread" >> beam.Reshuffle()
            | "Write texts" >> beam.FlatMap(self.write).with_output_types(Named)
        )

    def write(self, pair: str) -> Iterator[Named]:
        read = Metrics.counter(COUNTERS, ROWS_READ)
        with PairFiles(Folder(self.folder), pair, self.export) as files:
            for batch in read_shards(self.pairs.urls("kept", pair), COLUMNS, batch_rows=_BATCH_ROWS):
                read.inc(batch.num_rows)
                found = writable(batch, self.export.min_score)
                if found.cleaned:
                    count(CLEANED, found.cleaned)
                for index in files.write(found.rows):
                    yield "kept", index
                yield "dropped", found.dropped


@dataclass
class WriteLines(beam.PTransform):
    """A pipeline -> (`kept`, where each member stands), (`dropped`, members left out), (`languages`, what each costs).

    One worker decides which groups are written, by their ids alone; the others take shards of members, then ranges of
    lines, then files. Memory holds the ids of all groups, or the texts of one range.

    Attributes:
        folder: the stage's.
        groups: the stage group-pairs.
        languages: those wanted; empty: chosen.
        layout, devtest_percent: as the recipe has them.
        min_score: smallest score of a member; None: any.
        compression: of the text files.
        seed: the recipe's; it decides which lines are `devtest`.
    """

    folder: str
    groups: Manifest
    languages: tuple[str, ...]
    layout: LinesLayout
    devtest_percent: float
    min_score: float | None
    compression: Compression
    seed: int

    def expand(self, pipeline: beam.Pipeline) -> tuple[beam.PCollection, ...]:
        begun = pipeline | "Begin" >> beam.Create([None]) | "Plan" >> beam.FlatMap(self.plan).with_outputs("plan")
        plan = beam.pvalue.AsSingleton(begun.plan)
        shards = [(key, url) for key in self.groups.partitions("kept") for url in self.groups.urls("kept", key)]
        members = (
            pipeline
            | "List shards" >> beam.Create(shards, reshuffle=False).with_output_types(tuple[str, str])
            | "Spread" >> beam.Reshuffle()
            | "Place members" >> beam.FlatMap(self.place, plan).with_outputs("members", main="dropped")
        )
        written = (
            members.members
            | "Ranges together" >> Shuffle(self.folder)
            | "Write ranges" >> beam.FlatMap(self.write_range, plan).with_outputs("pieces", main="kept")
        )
        _ = written.pieces | "Files together" >> beam.GroupByKey() | "Write files" >> beam.Map(self.write_file)
        return begun[None], members.dropped, written.kept

    def plan(self, _: None) -> Iterator[object]:
        ids = {
            key: group_ids(self.groups.urls("kept", key), self.min_score)
            for key in self.groups.partitions("kept")
            if not self.languages or key in self.languages
        }
        order, languages, groups = planned(ids, self.languages)
        places = Places.of(groups, self.layout, self.devtest_percent, self.seed)
        name = f"{SPILL}/{uuid.uuid4().hex}.npz"
        Plan(languages, places).save(Folder(self.folder), name)
        yield "languages", cost_rows(order, len(languages))
        yield beam.pvalue.TaggedOutput("plan", name)

    def place(self, shard: tuple[str, str], plan_name: str) -> Iterator[object]:
        key, url = shard
        plan, read = Plan.load(Folder(self.folder), plan_name), Metrics.counter(COUNTERS, ROWS_READ)
        lines_a_range = self._lines_a_range(plan)
        for batch in read_shards((url,), batch_rows=_BATCH_ROWS):
            read.inc(batch.num_rows)
            dropped, places = placed(batch, key, plan, self.min_score)
            yield "dropped", dropped
            standing = np.flatnonzero(places >= 0)
            splits, lines = plan.places.splits[places[standing]], plan.places.lines[places[standing]]
            rows = with_lines(batch.take(pa.array(standing)), lines)
            for split, name in enumerate(plan.places.names):
                there = np.flatnonzero(splits == split)
                for number, part in split_rows(rows.take(pa.array(there)), lines[there] // lines_a_range):
                    yield beam.pvalue.TaggedOutput("members", (f"{name}\t{number}", part))

    def _lines_a_range(self, plan: Plan) -> int:
        return max(1, _RANGE_TEXTS // max(1, len(plan.languages)))

    def write_range(self, group: tuple[str, Iterable[Reference]], plan_name: str) -> Iterator[object]:
        key, references = group
        split, _, number = key.partition("\t")
        folder = Folder(self.folder)
        languages = Plan.load(folder, plan_name).languages
        found = range_of(read_spill(folder, references), languages, split)
        if found.cleaned:
            count(CLEANED, found.cleaned)
        paths = [*(path_of(language, split) for language in languages), metadata_path(split)]
        contents = dict(zip(paths, (*found.texts, found.metadata), strict=True))
        name = f"{SPILL}/{uuid.uuid4().hex}.txt"
        with TextFile(folder, name) as file:
            for content in contents.values():
                file.write(content)
        for path, start, length in pieces_of(contents):
            yield beam.pvalue.TaggedOutput("pieces", (path, (int(number), name, start, length)))
        yield "kept", found.index

    def write_file(self, group: tuple[str, Iterable[Piece]]) -> None:
        path, pieces = group
        folder = Folder(self.folder)
        with TextFile(folder, f"{path}{ending(self.compression)}", self.compression) as file:
            if path.endswith(METADATA_ENDING):
                file.write(METADATA_HEAD)
            for _, name, start, length in sorted(pieces):
                with folder.open(name) as part:
                    part.seek(start)
                    file.write(part.read(length))


@dataclass
class CountShares(beam.PTransform):
    """A pipeline -> rows of `languages` (LANGUAGE_SHARE) and `pairs` (PAIR_SHARE), each counted by one worker."""

    stages: Stages

    def expand(self, pipeline: beam.Pipeline) -> tuple[beam.PCollection, ...]:
        dropped = pipeline | "Once" >> beam.Create([None]) | "Dropped" >> beam.Map(lambda _: self.dropped())
        languages = (
            pipeline
            | "List languages" >> beam.Create(list(self.stages.languages()), reshuffle=False)
            | "Spread languages" >> beam.Reshuffle()
            | "Count languages" >> beam.Map(self.language, beam.pvalue.AsSingleton(dropped))
        )
        pairs = (
            pipeline
            | "List pairs" >> beam.Create(list(self.stages.pairs()), reshuffle=False)
            | "Spread pairs" >> beam.Reshuffle()
            | "Count pairs" >> beam.Map(self.pair)
        )
        return languages, pairs

    def dropped(self) -> dict[str, int]:
        return dropped_sentences(self.stages)

    def language(self, key: str, dropped: dict[str, int]) -> Named:
        row = language_share(self.stages, key, dropped.get(key, 0))
        return "languages", pa.RecordBatch.from_pylist([row], schema=LANGUAGE_SHARE)

    def pair(self, pair: str) -> Named:
        return "pairs", pa.RecordBatch.from_pylist([pair_share(self.stages, pair)], schema=PAIR_SHARE)
