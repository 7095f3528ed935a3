"""Acquiring as Beam steps: visits to hosts, pages to documents, catalogues to sentences."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import apache_beam as beam
import pyarrow as pa

from pipelines.acquire.archives.captures import FETCH, FirstAddresses, plan_captures
from pipelines.acquire.archives.copies import RecordFetcher
from pipelines.acquire.archives.files import ArchiveFile, read_file
from pipelines.acquire.archives.index import Selection, read_captures
from pipelines.acquire.archives.store import Store
from pipelines.acquire.catalogues import CatalogueFile, Locales, read_domain
from pipelines.acquire.crawl.survey import Surveys
from pipelines.acquire.crawl.turns import MAX_HOSTS_AT_ONCE
from pipelines.acquire.crawl.visits import Crawler
from pipelines.acquire.extract import Extraction, extract
from pipelines.runtime.filesystem import Folder
from pipelines.runtime.parquet import read_table
from pipelines.runtime.shards import Named
from pipelines.runtime.spill import Reference, read_spill, write_spill
from pipelines.runtime.stage import count, count_in
from schemas.languages import UNDETERMINED
from schemas.recipe import ArchiveSettings, CatalogueSettings, CommonCrawlSettings

# Texts of so many pages wait in memory to be written.
_VISITS_AT_ONCE = 500
_SPILLED_ROWS = 65_536


@dataclass
class SurveyHosts(beam.PTransform):
    """A pipeline -> named rows (those of `Crawler.survey`): what hosts say of themselves.

    Attributes:
        surveys: pieces of work; all origins of a host stand in one, so that its requests take turns.
    """

    crawler: Crawler
    surveys: tuple[Surveys, ...]

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        return (
            pipeline
            | "Origins" >> beam.Create(self.surveys, reshuffle=False)
            | "Spread" >> beam.Reshuffle()
            | "Survey" >> beam.ParDo(_Survey(self.crawler)).with_output_types(Named)
        )


@dataclass
class FetchPages(beam.PTransform):
    """A pipeline -> named rows (those of `Crawler.fetch`): the visits of one round.

    Attributes:
        planned: visits to make (PLANNED), all of a host in one batch.
        decided: visits that will not be made (VISIT), with their reasons.
    """

    crawler: Crawler
    planned: tuple[pa.RecordBatch, ...]
    decided: pa.Table

    def expand(self, pipeline: beam.Pipeline) -> tuple[beam.PCollection, beam.PCollection]:
        visited = (
            pipeline
            | "Plan" >> beam.Create(self.planned, reshuffle=False).with_output_types(pa.RecordBatch)
            | "Spread" >> beam.Reshuffle()
            | "Fetch" >> beam.ParDo(_Fetch(self.crawler)).with_output_types(Named)
        )
        refused = pipeline | "Decided" >> beam.Create(
            [("visits", batch) for batch in self.decided.to_batches()], reshuffle=False
        )
        return visited, refused


@dataclass
class ExtractDocuments(beam.PTransform):
    """Visits (VISIT) -> named rows (kept, dropped, errors, alternates, moved); a visit is one row of the first three.

    Attributes:
        folder: URL of the crawl's folder, in which the visits' stored records lie.
        licences: licence of pages that name none, by source.
    """

    extraction: Extraction
    folder: str
    licences: Mapping[str, str | None]

    def expand(self, visits: beam.PCollection) -> beam.PCollection:
        extracting = _Extract(self.extraction, self.folder, dict(self.licences))
        return visits | "Extract" >> beam.ParDo(extracting).with_output_types(Named)


@dataclass
class SelectRecords(beam.PTransform):
    """A pipeline -> named rows (planned, visits): which records of Common Crawl are fetched, and which are not.

    Attributes:
        groups: files of the index; those of a group are read one after the other.
        folder: URL of the stage's folder; rows wait there.
    """

    settings: CommonCrawlSettings
    selection: Selection
    groups: tuple[tuple[str, ...], ...]
    folder: str

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        return (
            pipeline
            | "Index files" >> beam.Create(self.groups, reshuffle=False)
            | "Spread" >> beam.Reshuffle()
            | "Select"
            >> beam.ParDo(_Select(self.settings, self.selection, self.folder)).with_output_types(tuple[str, Reference])
            | "Gather" >> beam.GroupByKey()
            | "Plan" >> beam.ParDo(_PlanRecords(self.settings, self.folder)).with_output_types(Named)
        )


@dataclass
class FetchRecords(beam.PTransform):
    """A pipeline -> named rows (visits): one row a capture of the plan, its record copied.

    All requests are made by one worker, so that they are bounded in number.

    Attributes:
        planned: URLs of the shards (FETCH) to fetch.
    """

    fetcher: RecordFetcher
    planned: tuple[str, ...]

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        return (
            pipeline
            | "Round" >> beam.Create([self.planned], reshuffle=False)
            | "Fetch records" >> beam.ParDo(_FetchRecords(self.fetcher)).with_output_types(Named)
        )


@dataclass
class PassOn(beam.PTransform):
    """Batches -> named rows: the same rows, as those of an output."""

    output: str

    def expand(self, rows: beam.PCollection) -> beam.PCollection:
        output = self.output
        return rows | "Name" >> beam.Map(lambda batch: (output, batch)).with_output_types(Named)


@dataclass
class ReadArchives(beam.PTransform):
    """A pipeline -> named rows (kept, dropped, errors, alternates, moved): the records of a source's archive files.

    Each record of an answer, and each that cannot be read, gives one row of the first three.

    Attributes:
        files: of `list_files`; one is read by one worker.
    """

    settings: ArchiveSettings
    files: tuple[ArchiveFile, ...]
    extraction: Extraction

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        return (
            pipeline
            | "Files" >> beam.Create(self.files, reshuffle=False)
            | "Spread" >> beam.Reshuffle()
            | "Read records" >> beam.ParDo(_ReadArchive(self.settings, self.extraction)).with_output_types(Named)
        )


@dataclass(frozen=True)
class Domain:
    """The catalogues of one domain in all locales: one piece of work."""

    settings: CatalogueSettings
    locales: Locales
    files: tuple[CatalogueFile, ...]


@dataclass
class ReadCatalogues(beam.PTransform):
    """`Domain`s -> named rows (sentences, dropped, errors)."""

    def expand(self, domains: beam.PCollection) -> beam.PCollection:
        return domains | "Read messages" >> beam.FlatMap(_read_domain).with_output_types(Named)


class _Survey(beam.DoFn):
    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    def process(self, work: Surveys) -> Iterator[Named]:
        yield from _run(self.crawler.survey(work))


class _Fetch(beam.DoFn):
    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    def process(self, planned: pa.RecordBatch) -> Iterator[Named]:
        yield from _run(self.crawler.fetch(planned))


class _Extract(beam.DoFn):
    def __init__(self, extraction: Extraction, folder: str, licences: Mapping[str, str | None]) -> None:
        self.extraction = extraction
        self.folder = folder
        self.licences = licences

    def setup(self) -> None:
        self.store = Store(self.folder)

    def process(self, visits: pa.RecordBatch) -> Iterator[Named]:
        for source in visits.column("source").value_counts().to_pylist():
            count_in(source["values"], UNDETERMINED, source["counts"])
        for start in range(0, visits.num_rows, _VISITS_AT_ONCE):
            part = visits.slice(start, _VISITS_AT_ONCE)
            yield from extract(part, self.store, self.extraction, self.licences).named()

    def teardown(self) -> None:
        self.extraction.close()


class _Select(beam.DoFn):
    def __init__(self, settings: CommonCrawlSettings, selection: Selection, folder: str) -> None:
        self.settings = settings
        self.selection = selection
        self.folder = Folder(folder)

    def process(self, files: tuple[str, ...]) -> Iterator[tuple[str, Reference]]:
        first = FirstAddresses(self.settings.max_records)
        for file in files:
            for captures in read_captures(file, self.selection, self.settings.max_attempts):
                count("records-selected", captures.num_rows)
                first.add(captures)
        rows = first.rows()
        count("records-beyond-max", first.beyond)
        yield from write_spill(self.folder, (("", batch) for batch in rows.to_batches(max_chunksize=_SPILLED_ROWS)))


class _PlanRecords(beam.DoFn):
    def __init__(self, settings: CommonCrawlSettings, folder: str) -> None:
        self.settings = settings
        self.folder = Folder(folder)

    def process(self, group: tuple[str, Iterable[Reference]]) -> Iterator[Named]:
        _, references = group
        first = FirstAddresses(self.settings.max_records)
        for reference in references:
            first.add(pa.Table.from_batches(read_spill(self.folder, [reference])))
        rows = first.rows()
        count("records-beyond-max", first.beyond)
        yield from plan_captures(rows, self.settings)


class _FetchRecords(beam.DoFn):
    def __init__(self, fetcher: RecordFetcher) -> None:
        self.fetcher = fetcher

    def process(self, planned: tuple[str, ...]) -> Iterator[Named]:
        counts: Counter[str] = Counter()
        captures = read_table(planned, FETCH)
        for named in _run(self.fetcher.fetch(captures, counts)):
            yield named
            for name, number in counts.items():
                count(name, number)
            counts.clear()


class _ReadArchive(beam.DoFn):
    def __init__(self, settings: ArchiveSettings, extraction: Extraction) -> None:
        self.settings = settings
        self.extraction = extraction

    def process(self, file: ArchiveFile) -> Iterator[Named]:
        for taken in read_file(file, self.settings, self.extraction):
            count_in(self.settings.name, UNDETERMINED, taken.records)
            yield from taken.rows

    def teardown(self) -> None:
        self.extraction.close()


def _read_domain(domain: Domain) -> Iterator[Named]:
    folder = Folder(domain.settings.path)
    reading = read_domain([(file, folder.read(file.path)) for file in domain.files], domain.locales, domain.settings)
    for language, rows in reading.taken.items():
        count_in(domain.settings.name, language, rows)
    yield "sentences", reading.sentences
    yield "dropped", reading.dropped
    yield "errors", reading.faults


def _run(visits: AsyncIterator[Named]) -> Iterator[Named]:
    """An asynchronous iterator as a plain one: the event loop runs while the next item is waited for."""
    with asyncio.Runner() as runner:
        # Names of hosts are resolved in threads; the usual handful would let slow name servers hold up all hosts.
        runner.get_loop().set_default_executor(ThreadPoolExecutor(MAX_HOSTS_AT_ONCE))
        while (named := runner.run(_next(visits))) is not None:
            yield named


async def _next(visits: AsyncIterator[Named]) -> Named | None:
    return await anext(visits, None)
