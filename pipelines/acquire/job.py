"""The stage: what earlier jobs gathered, archives and catalogues, turned into documents and sentences by one job."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby

import apache_beam as beam

from pipelines.acquire.archives.files import files_digest, list_files
from pipelines.acquire.archives.rounds import select_and_fetch
from pipelines.acquire.catalogues import assign_locales, find_catalogues
from pipelines.acquire.crawl.rounds import Rounds, crawl, endless, superseded
from pipelines.acquire.extract import Extraction, stand_ins
from pipelines.acquire.transforms import Domain, ExtractDocuments, PassOn, ReadArchives, ReadCatalogues
from pipelines.runtime.batches import ReadRows
from pipelines.runtime.filesystem import Folder
from pipelines.runtime.manifest import Manifest
from pipelines.runtime.runner import Runner
from pipelines.runtime.shards import Output, Repeats
from pipelines.runtime.stage import Input, Job, Stage, run_jobs, run_stage
from schemas.recipe import AcquireSettings, CatalogueSettings, Recipe
from schemas.records import ALTERNATE, DOCUMENT, DROPPED, FAULT, MOVED, SENTENCE

STAGE = "acquire"
CRAWL = "crawl"
ARCHIVES = "archives"
# A page takes a millisecond, a worker process three seconds to start.
_ROWS_PER_WORKER = 5_000
# Bytes of a compressed archive that hold about one page; it decides the number of shards only.
_BYTES_PER_PAGE = 16_000
# Robots directives of archived pages that are addressed to one agent are not for us.
_ANY_AGENT = "*"


@dataclass(frozen=True)
class Gathered:
    """What earlier jobs of a run fetched.

    Attributes:
        rounds: the crawl, None where the recipe has none.
        fetched: jobs with visits to records of Common Crawl, by name of the source.
    """

    rounds: Rounds | None = None
    fetched: Mapping[str, tuple[Manifest, ...]] = field(default_factory=dict)


def acquire(recipe: Recipe, runner: Runner) -> Manifest:
    """Read all sources of a recipe: the jobs of `gather`, then `acquire_records`."""
    return acquire_records(run_jobs(gather(recipe, runner), lambda job: job.run(runner)), recipe, runner)


def gather(recipe: Recipe, runner: Runner) -> Generator[Job, Manifest, Gathered]:
    """Crawl, and fetch what the recipe selects from Common Crawl, a job a round.

    Raises:
        AcquireError: nothing that the recipe names could be read.
    """
    settings = recipe.acquire
    for source in settings.catalogues:
        # A folder without catalogues is told before the crawl, not hours later.
        list_domains(source)
    for archive in settings.archives:
        list_files(archive)
    rounds = None
    if settings.crawl is not None:
        rounds = yield from crawl(settings.crawl, settings.snapshot, recipe.folder(CRAWL), runner)
    fetched = {}
    for selection in settings.common_crawl:
        folder = recipe.folder(ARCHIVES, selection.name)
        fetched[selection.name] = tuple((yield from select_and_fetch(selection, settings.snapshot, folder, runner)))
    return Gathered(rounds, fetched)


def acquire_records(gathered: Gathered, recipe: Recipe, runner: Runner) -> Manifest:
    """Turn what was gathered, and the recipe's archives and catalogues, into documents and sentences.

    Outputs: `kept` (DOCUMENT), `sentences` (SENTENCE), `alternates` (ALTERNATE), `moved` (MOVED), `dropped` (DROPPED)
    and `errors` (FAULT). In the ledger a row in is an address that entered the crawl's frontier, a sitemap that gave no
    pages, a page of an archive or a record of it that cannot be read, a selected record of Common Crawl, a translated
    message, a message as English side, or a catalogue that cannot be read.

    Raises:
        AcquireError: a source of the recipe has nothing to read.
    """
    settings = recipe.acquire
    domains = [domain for source in settings.catalogues for domain in list_domains(source)]
    archives = [(source, tuple(list_files(source))) for source in settings.archives]
    stored = list(_stored(gathered, recipe))
    inputs = {name: read for source in stored for name, read in source.inputs.items()}
    expected = sum(read.rows() for name, read in inputs.items() if read.counted)
    expected += sum(file.size for _, files in archives for file in files) // _BYTES_PER_PAGE
    stage = Stage(
        name=STAGE,
        folder=recipe.folder(STAGE),
        packages=("pipelines.acquire",),
        settings=settings,
        outputs=(
            Output(
                "kept",
                DOCUMENT,
                expected={"": expected},
                repeats=Repeats("dropped", ("source", "warc_file", "warc_offset"), stand_ins),
            ),
            Output("sentences", SENTENCE),
            Output("alternates", ALTERNATE),
            Output("moved", MOVED),
            Output("dropped", DROPPED),
            Output("errors", FAULT),
        ),
        inputs=inputs,
        kept=("kept", "sentences"),
        counts_in="counters",
        extra={
            "catalogue_files": _digest(domains),
            "archive_files": files_digest(file for _, files in archives for file in files),
        },
        rows_per_worker=_ROWS_PER_WORKER,
    )

    def build(pipeline: beam.Pipeline) -> tuple[beam.PCollection, ...]:
        extraction = _extraction(settings, gathered.rounds)
        named = [rows for source in stored for rows in source.named(pipeline, extraction)]
        named += [
            pipeline | f"Read {source.name}" >> ReadArchives(source, files, extraction) for source, files in archives
        ]
        if domains:
            named.append(
                pipeline
                | "Catalogues" >> beam.Create(domains, reshuffle=False)
                | "Spread catalogues" >> beam.Reshuffle()
                | "Read catalogues" >> ReadCatalogues()
            )
        return tuple(named)

    return run_stage(stage, build, runner)


@dataclass(frozen=True)
class _Stored:
    """Visits whose bodies lie in WARC files below one folder, and alternates that came with them."""

    name: str
    folder: str
    licence: str | None
    visits: Mapping[str, Input]
    alternates: Mapping[str, Input]

    @property
    def inputs(self) -> dict[str, Input]:
        return {**self.visits, **self.alternates}

    def named(self, pipeline: beam.Pipeline, extraction: Extraction) -> list[beam.PCollection]:
        pieces = tuple(piece for read in self.visits.values() for piece in read.row_groups())
        documents = (
            pipeline
            | f"Visits of {self.name}" >> ReadRows(pieces)
            | f"Extract {self.name}" >> ExtractDocuments(extraction, self.folder, {self.name: self.licence})
        )
        alternates = [
            pipeline | f"Read {name}" >> read.read() | f"Pass on {name}" >> PassOn("alternates")
            for name, read in self.alternates.items()
        ]
        return [documents, *alternates]


def _stored(gathered: Gathered, recipe: Recipe) -> Iterator[_Stored]:
    if gathered.rounds is not None:
        sources = gathered.rounds.sources()
        yield _Stored(
            CRAWL,
            recipe.folder(CRAWL),
            gathered.rounds.settings.licence,
            {manifest.stage: Input(manifest, "visits") for manifest in sources.visits},
            {
                f"alternates of {manifest.stage}": Input(manifest, "alternates", counted=False)
                for manifest in sources.alternates
            },
        )
    for selection in recipe.acquire.common_crawl:
        manifests = gathered.fetched[selection.name]
        visits = {manifest.stage: Input(manifest, "visits") for manifest in manifests}
        yield _Stored(selection.name, recipe.folder(ARCHIVES, selection.name), selection.licence, visits, {})


def list_domains(settings: CatalogueSettings) -> list[Domain]:
    """The catalogue files of a source, by domain.

    Raises:
        AcquireError: the source holds no catalogue, or none in a language that the recipe names.
        FolderError: the source is a package that is not installed.
    """
    files = find_catalogues(Folder(settings.path).files(), settings)
    locales = assign_locales([file.locale for file in files], settings)
    files.sort(key=lambda file: (file.domain, file.path))
    return [Domain(settings, locales, tuple(group)) for _, group in groupby(files, key=lambda file: file.domain)]


def _extraction(settings: AcquireSettings, rounds: Rounds | None) -> Extraction:
    if rounds is None:
        return Extraction(settings.snapshot, _ANY_AGENT, settings.extract)
    agent, extract = rounds.settings.user_agent, settings.extract
    return Extraction(settings.snapshot, agent, extract, endless(rounds), superseded(rounds, extract))


def _digest(domains: list[Domain]) -> str:
    """SHA-256 in hex over names and bytes of all catalogues: the stage is redone when one changes."""
    digest = hashlib.sha256()
    for domain in domains:
        folder = Folder(domain.settings.path)
        for file in domain.files:
            content = folder.read(file.path)
            digest.update(f"{domain.settings.name}/{file.path}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()
