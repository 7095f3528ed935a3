"""The rounds of a crawl, one Beam job each; their state lies in Parquet, a folder a job.

`000-survey-0` holds what hosts say of themselves, `000-pages` what became of each address and the links
found; beside them lie the WARC files with what was answered. A job that is whole is not done again when
the crawl is resumed: what depends on the clock (a robots.txt that has aged, time that has run out) is
decided anew only for jobs that are not.
"""

from __future__ import annotations

import posixpath
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pyarrow as pa

from pipelines.acquire.crawl.addresses import AddressPolicy
from pipelines.acquire.crawl.endings import KEEPABLE_BY, endless_redirects, named_by_keepable, superseded_pages
from pipelines.acquire.crawl.keeping import Keeping
from pipelines.acquire.crawl.known import Known
from pipelines.acquire.crawl.leftovers import remove_leftovers
from pipelines.acquire.crawl.plan import planned_rows, seed_links
from pipelines.acquire.crawl.previous import Previous
from pipelines.acquire.crawl.scope import Scope, starting_points
from pipelines.acquire.crawl.state import LINK, ORIGIN, PLANNED, RESOURCE, STATE_VERSION, VISIT, WRITTEN, to_batch
from pipelines.acquire.crawl.survey import Surveys
from pipelines.acquire.crawl.turns import MAX_HOSTS_AT_ONCE
from pipelines.acquire.crawl.visits import Crawler
from pipelines.acquire.faults import AcquireError
from pipelines.acquire.transforms import FetchPages, SurveyHosts
from pipelines.acquire.urls import host_of, origin_of
from pipelines.runtime.filesystem import Folder
from pipelines.runtime.manifest import Manifest, Shard, fingerprint, read_manifest
from pipelines.runtime.parquet import ParquetFormat, read_table
from pipelines.runtime.runner import Runner
from pipelines.runtime.shards import Output
from pipelines.runtime.stage import Input, Job, Stage, whole
from schemas.recipe import CrawlSettings, ExtractSettings
from schemas.records import ALTERNATE

Row = TypeVar("Row")

# Extraction is slow: a small row group is a piece of work that workers can share.
_STATE_FORMAT = ParquetFormat(row_group_rows=250)
_ROWS_PER_SHARD = 20_000
# Links of a page, to expect; it decides the number of shards.
_LINKS_OF_PAGE = 100
_SHOWN_FAULTS = 5
_SURVEYED = (
    Output("origins", ORIGIN),
    Output("links", LINK),
    Output("alternates", ALTERNATE),
    Output("visits", VISIT),
    Output("resources", RESOURCE),
    Output("written", WRITTEN),
)


@dataclass(frozen=True)
class Sources:
    """Jobs of a crawl whose outputs of these names go into the corpus."""

    visits: tuple[Manifest, ...]
    alternates: tuple[Manifest, ...]


@dataclass
class Rounds:
    """A crawl under way.

    Attributes:
        crawler: how hosts are visited; each job gets one of its own with its folder.
        previous: what an earlier run has.
        manifests: of the jobs done, in their order.
    """

    settings: CrawlSettings
    snapshot: str
    folder: str
    runner: Runner
    crawler: Crawler
    previous: Previous = field(default_factory=Previous.none)
    manifests: list[Manifest] = field(default_factory=list)
    _again: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.known = Known(self.settings, self.previous.resources)

    def run(self, seeds: list[str], sitemaps: list[str]) -> Generator[Job, Manifest, None]:
        """Visit all that can be reached from some addresses in normal form."""
        self.known.find(seed_links(seeds), self.known.waiting)
        named = {origin_of(url) for url in sitemaps}
        number = 0
        while True:
            surveys = yield from self._survey_new(number, 0, named)
            if not self.known.waiting.num_rows:
                return
            yield from self._survey_aged(number, surveys)
            yield from self._fetch(number)
            named = set()
            number += 1

    def sources(self) -> Sources:
        """What the corpus is made of.

        A survey made once more, for the age of a robots.txt, says of its sitemaps what the first one said.
        """
        first = tuple(manifest for manifest in self.manifests if manifest.stage not in self._again)
        return Sources(first, tuple(manifest for manifest in first if "alternates" in manifest.outputs))

    def visits(self, columns: list[str]) -> pa.Table:
        """Some columns of all visits."""
        return read_table([url for manifest in self.manifests for url in manifest.urls("visits")], VISIT, columns)

    def _survey_new(self, number: int, surveys: int, named: set[str]) -> Generator[Job, Manifest, int]:
        """Survey origins until none is unknown; returns the number of the round's next survey."""
        unknown = named | self.known.unknown_origins()
        while unknown:
            yield from self._survey(f"{number:03d}-survey-{surveys}", unknown)
            surveys += 1
            unknown = self.known.unknown_origins()
        return surveys

    def _survey_aged(self, number: int, surveys: int) -> Generator[Job, Manifest, None]:
        """Survey again what the round would visit under a robots.txt that no longer counts."""
        asked = False
        while self._recorded_lateness(number) is None:
            name = f"{number:03d}-survey-{surveys}"
            aged = self._recorded_survey(name)
            if not aged and not asked and not self._out_of_time():
                aged = self.known.aged_origins(datetime.now(UTC) - timedelta(hours=self.settings.robots_hours))
                asked = True
            if not aged:
                return
            self._again.add(self._stage(name, (), {}).name)
            yield from self._survey(name, aged)
            surveys = yield from self._survey_new(number, surveys + 1, set())

    def _survey(self, name: str, origins: Iterable[str]) -> Generator[Job, Manifest, None]:
        """Read robots.txt and sitemaps of some origins."""
        dealt = self._dealt(sorted(origins), host_of)
        groups = tuple(
            Surveys(tuple(group), to_batch(self.known.resources_of(group).to_pylist(), RESOURCE)) for group in dealt
        )
        crawler = replace(self.crawler, keeping=self._keeping(name), not_before=dict(self.known.not_before))
        step = SurveyHosts(crawler, groups)
        manifest = yield self._job(name, _SURVEYED, _surveyed(origins), step)
        self.manifests.append(manifest)
        self.known.take_survey(manifest)

    def _fetch(self, number: int) -> Generator[Job, Manifest, None]:
        """Visit what the plan takes of the addresses that wait, and record what it refuses."""
        name = f"{number:03d}-pages"
        recorded = self._recorded_lateness(number)
        late = self._out_of_time() if recorded is None else recorded
        plan = self.known.plan(late=late)
        planned = self.previous.join(planned_rows(plan.planned))
        groups = tuple(
            to_batch(rows, PLANNED) for rows in self._dealt(planned.to_pylist(), lambda row: host_of(row["url"]))
        )
        origins = set(plan.planned.column("origin").to_pylist())
        missing = {origin: wording for origin, wording in self.known.missing.items() if origin in origins}
        crawler = replace(
            self.crawler, keeping=self._keeping(name), missing=missing, not_before=dict(self.known.not_before)
        )
        rows = plan.planned.num_rows + plan.decided.num_rows
        outputs = (
            Output("visits", VISIT, rows_per_shard=_ROWS_PER_SHARD, expected={"": rows}),
            Output("links", LINK, expected={"": plan.planned.num_rows * _LINKS_OF_PAGE}),
            Output("written", WRITTEN),
        )
        manifest = yield self._job(name, outputs, _lateness(late), FetchPages(crawler, groups, plan.decided))
        self.manifests.append(manifest)
        self.known.take_round(manifest, plan)

    def _out_of_time(self) -> bool:
        return time.time() >= self.crawler.deadline

    def _recorded_lateness(self, number: int) -> bool | None:
        """Whether time had run out when this round was done, where what it wrote still counts; else None."""
        name = f"{number:03d}-pages"
        recorded = (late for late in (False, True) if whole(self._stage(name, (), _lateness(late))) is not None)
        return next(recorded, None)

    def _recorded_survey(self, name: str) -> set[str]:
        """Origins that were surveyed here, where what that wrote still counts; else none."""
        manifest = read_manifest(f"{self.folder}/{name}")
        if manifest is None or "origins" not in manifest.outputs:
            return set()
        origins = set(read_table(manifest.urls("origins"), ORIGIN, ["origin"]).column("origin").to_pylist())
        return origins if whole(self._stage(name, (), _surveyed(origins))) is not None else set()

    def _dealt(self, rows: list[Row], host: Callable[[Row], str]) -> list[list[Row]]:
        """Rows dealt to workers, all of a host to one: it visits its hosts at once, each in turns; order is kept."""
        hosts = {name: place for place, name in enumerate(sorted(set(map(host, rows))))}
        hands = self.runner.local_workers(len(hosts), MAX_HOSTS_AT_ONCE)
        dealt: list[list[Row]] = [[] for _ in range(hands)]
        for row in rows:
            dealt[hosts[host(row)] % hands].append(row)
        return [group for group in dealt if group]

    def _keeping(self, name: str) -> Keeping:
        # Names of fields as in the WARC Implementation Guidelines of the IIPC.
        info = {
            "operator": self.settings.contact,
            "isPartOf": self.snapshot,
            "robots": "obey",
            "http-header-user-agent": f"{self.settings.user_agent} (+{self.settings.contact})",
        }
        return Keeping(f"{self.folder}/{name}", name, self.folder, info)

    def _stage(self, name: str, outputs: tuple[Output, ...], facts: Mapping[str, str]) -> Stage:
        """A job's stage. It depends on all jobs before: each on the one before it, and its rows on when they were made.

        With the recipe, the earlier run and these facts that is all that a plan follows from.
        """
        return Stage(
            name=f"crawl-{name}",
            folder=f"{self.folder}/{name}",
            packages=(),
            settings=self.settings,
            outputs=outputs,
            inputs={manifest.stage: Input(manifest, "visits", counted=False) for manifest in self.manifests[-1:]},
            kept=(),
            counts_in="counters",
            observes=STATE_VERSION,
            extra={"snapshot": self.snapshot, "previous_content": self.previous.content, **facts},
        )

    def _job(
        self, name: str, outputs: tuple[Output, ...], facts: Mapping[str, str], step: SurveyHosts | FetchPages
    ) -> Job:
        stage = self._stage(name, outputs, facts)

        def written(shards: tuple[Shard, ...]) -> list[str]:
            urls = [f"{stage.folder}/{shard.path}" for shard in shards if shard.output == "written"]
            files: list[str] = read_table(urls, WRITTEN, ["file"]).column("file").to_pylist()
            return files

        return Job(stage, lambda pipeline: pipeline | step, _STATE_FORMAT, written)


def crawl(settings: CrawlSettings, snapshot: str, folder: str, runner: Runner) -> Generator[Job, Manifest, Rounds]:
    """Crawl until nothing is left to visit or a budget is spent: yields a job a round, to be sent its manifest.

    `max_seconds` counts from here; a resumed crawl has it anew for what is left. In the end nothing lies in the folder
    of jobs of an earlier crawl with other settings.

    Raises:
        AcquireError: the settings name nothing that can be visited, or nothing that was named could be read.
    """
    scope = Scope.of(settings)
    seeds = starting_points(settings.seeds, "seeds", scope)
    sitemaps = starting_points(settings.sitemaps, "sitemaps", scope)
    previous = Previous.none() if settings.previous is None else Previous.open(settings.previous, but_not=folder)
    policy, deadline = AddressPolicy.of(settings.allow_private), time.time() + settings.max_seconds
    crawler = Crawler(settings, policy, deadline, Keeping(folder, "", folder, {}))
    rounds = Rounds(settings, snapshot, folder, runner, crawler, previous)
    yield from rounds.run(seeds, sitemaps)
    _refuse_unreadable(rounds)
    remove_leftovers(Folder(folder), (posixpath.basename(manifest.folder) for manifest in rounds.manifests))
    return rounds


def endless(rounds: Rounds) -> frozenset[str]:
    """Addresses of the crawl whose redirects never end."""
    visits = rounds.visits(["url", "target"]).drop_null()
    return endless_redirects(dict(zip(*(visits.column(name).to_pylist() for name in ("url", "target")), strict=True)))


def superseded(rounds: Rounds, extract: ExtractSettings) -> frozenset[str]:
    """Pages of the crawl in whose place the canonical page that they name is kept."""
    return superseded_pages(named_by_keepable(rounds.visits(KEEPABLE_BY), extract))


def _surveyed(origins: Iterable[str]) -> dict[str, str]:
    return {"origins": fingerprint(sorted(origins))}


def _lateness(late: bool) -> dict[str, str]:
    return {"out_of_time": "yes" if late else "no"}


def _refuse_unreadable(rounds: Rounds) -> None:
    """A crawl without any page is a mistake or a dead host, not an empty corpus.

    Its state is removed, so that the next run tries again.
    """
    if rounds.known.outcomes["page"]:
        return
    visits = rounds.visits(["url", "outcome", "reason", "detail", "target"]).to_pylist()
    Folder(rounds.folder).remove()
    findings = sorted(
        f"{visit['url']}: leads to {visit['target']}"
        if visit["reason"] is None
        else f"{visit['url']}: {visit['reason']} ({visit['detail']})"
        for visit in visits
    )
    shown = findings[:_SHOWN_FAULTS] or ["the sitemaps name no page within acquire.crawl.hosts"]
    more = [f"and {len(findings) - len(shown)} more"] if len(findings) > len(shown) else []
    raise AcquireError(
        "acquire.crawl: no page could be read from the seeds and sitemaps:\n  "
        + "\n  ".join([*shown, *more])
        + "\nCheck the addresses and that their hosts answer, then run again."
    )
