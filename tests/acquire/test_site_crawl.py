"""Real pages on a real nginx, crawled politely: judged by the server's own access log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from pipelines.acquire.job import acquire
from pipelines.mine.pages.job import pair_pages
from pipelines.runtime.manifest import Manifest
from pipelines.runtime.parquet import read_table
from pipelines.runtime.runner import Runner
from schemas.recipe import MineSettings
from schemas.records import PAGE_PAIR
from tests.acquire.site.nginx import Nginx, Request, serve
from tests.acquire.site.quirks import (
    BROKEN,
    BUSY,
    BUSY_PAGES,
    CRAWL_DELAY,
    EXPECTED,
    KOREAN,
    LATIN1,
    LEAVE,
    LEAVE_PAGES,
    MAX_BYTES,
    QUIRKS,
    SLOW,
    SLOW_PAGES,
    SOFT,
    UNASKED,
    build_quirks,
    quirk_hosts,
    quirk_maps,
)
from tests.acquire.site.small import Site, documents, kept, reasons, recipe, rows, small_site
from tests.mine.pages.stored import corpus
from tests.portable import free_port

# The log tells times to the millisecond, and of when an answer was sent, not of when it had arrived.
CLOCK = 0.002
MAX_CHAIN, MAX_SAME_TEXT = 8, 20


@dataclass(frozen=True)
class Crawled:
    site: Site
    manifest: Manifest
    folder: Path


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawled]:
    """The documentation, crawled by one worker."""
    folder = tmp_path_factory.mktemp("crawl")
    with small_site(folder / "site") as site:
        yield Crawled(site, acquire(site.recipe(folder / "run"), Runner(workers=1)), folder)


@dataclass(frozen=True)
class Quirky:
    nginx: Nginx
    requests: list[Request]
    manifest: Manifest

    def by_host(self) -> dict[str, list[Request]]:
        found: dict[str, list[Request]] = defaultdict(list)
        for request in self.requests:
            found[request.host].append(request)
        return found

    def became(self, host: str) -> dict[str, str]:
        """Reason, or `kept`, by path, of every address of a host that has a row."""
        root = self.nginx.url(host, "")
        found = {**reasons(self.manifest), **dict.fromkeys(kept(self.manifest), "kept")}
        return {url.removeprefix(root): reason for url, reason in found.items() if url.startswith(f"{root}/")}


@pytest.fixture(scope="module")
def quirky(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quirky]:
    """Hosts that behave as the web does, crawled at once by one worker."""
    folder, port = tmp_path_factory.mktemp("quirks"), free_port()
    build_quirks(folder / "pages")
    with serve(folder / "nginx", port, quirk_hosts(folder / "pages", port), maps=quirk_maps()) as nginx:
        seeds = [nginx.url(host, "/") for host in (QUIRKS, SOFT, BROKEN)]
        for host, paths in ((SLOW, SLOW_PAGES), (BUSY, BUSY_PAGES), (LEAVE, LEAVE_PAGES)):
            seeds += [nginx.url(host, path) for path in paths]
        chosen = recipe(
            nginx,
            folder / "run",
            [QUIRKS, SLOW, SOFT, BROKEN, BUSY, LEAVE],
            seeds=seeds,
            max_bytes=MAX_BYTES,
            max_depth=3 * MAX_CHAIN,
            max_chain=MAX_CHAIN,
            max_same_text=MAX_SAME_TEXT,
        )
        manifest = acquire(chosen, Runner(workers=1))
        yield Quirky(nginx, nginx.requests(), manifest)


def test_every_allowed_page_is_asked_for_once_and_no_forbidden_one(crawled: Crawled) -> None:
    asked = crawled.site.asked()
    assert {url for url, statuses in asked.items() if url.endswith(".html") and 200 in statuses} == (
        crawled.site.allowed()
    )
    assert {url: statuses for url, statuses in asked.items() if len(statuses) > 1} == {}
    assert not crawled.site.forbidden() & asked.keys()


def test_every_address_of_the_documentation_is_accounted_for(crawled: Crawled) -> None:
    read, why = kept(crawled.manifest), reasons(crawled.manifest)
    assert not read & why.keys()
    assert read | why.keys() >= crawled.site.allowed() | crawled.site.forbidden()
    assert {why[url] for url in crawled.site.forbidden()} == {"robots-disallowed"}
    assert {why[url] for url in crawled.site.allowed() - read} <= {"no-text"}
    assert len(read) >= 0.95 * len(crawled.site.allowed())


def test_real_pages_in_euc_kr_are_read_as_they_were_written(crawled: Crawled) -> None:
    texts = {url: str(text) for url, (text,) in documents(crawled.manifest, ("text",)).items()}
    korean = [text for url, text in texts.items() if "/manual/ko/vhosts/" in url]
    assert len(korean) == 7
    assert all("가상호스트" in text or "가상 호스트" in text for text in korean)
    assert not [url for url, text in texts.items() if "\N{REPLACEMENT CHARACTER}" in text]


def test_the_languages_that_a_sitemap_names_come_out_as_alternates(crawled: Crawled) -> None:
    host = crawled.site.help
    table = rows(crawled.manifest, "alternates")
    named = set(zip(*(table.column(name).to_pylist() for name in ("url", "target", "hreflang")), strict=True))
    page = min(host.allowed).partition("/text/")[2]
    urls = {
        language: crawled.site.nginx.url(host.host, f"/{language}/text/{page}") for language in ("de", "dz", "ja", "km")
    }
    assert set(urls.values()) <= crawled.site.allowed()
    assert {(urls[own], urls[other], other) for own in urls for other in urls if own != other} <= named


def test_the_languages_that_a_sitemap_names_pair_the_pages_that_were_read(crawled: Crawled, tmp_path: Path) -> None:
    labels = {"de": "deu_Latn", "dz": "dzo_Tibt", "ja": "jpn_Jpan", "km": "khm_Khmr"}
    root = crawled.site.nginx.url(crawled.site.help.host, "")
    paths = {url: url.removeprefix(root).split("/", 2)[1:] for url in kept(crawled.manifest) if url.startswith(root)}
    pages = {url: labels[language] for url, (language, _) in paths.items()}
    settings = MineSettings.model_validate({"pairs": [["de", "dz"], ["km", "ja"]], "pages": {"patterns": False}})
    paired = pair_pages(corpus(tmp_path, pages), crawled.manifest, str(tmp_path / "pages"), settings, Runner(workers=1))
    found = read_table(paired.urls("kept"), PAGE_PAIR, ["source_url", "target_url"])
    by_path = {(language, path): url for url, (language, path) in paths.items()}
    expected = {
        (by_path[source, path], by_path[target, path])
        for source, target in (("de", "dz"), ("km", "ja"))
        for language, path in by_path
        if language == source and (target, path) in by_path
    }
    assert len(expected) > 50
    assert set(zip(*(found.column(side).to_pylist() for side in found.column_names), strict=True)) == expected


def test_two_workers_write_the_same_bytes_as_one(crawled: Crawled) -> None:
    both = acquire(crawled.site.recipe(crawled.folder / "two"), Runner(workers=2))
    assert both.content == crawled.manifest.content


def test_every_quirk_ends_as_it_must(quirky: Quirky) -> None:
    became = quirky.became(QUIRKS)
    assert {path: became.get(path) for path in EXPECTED} == EXPECTED
    statuses = {request.path: request.status for request in quirky.requests if request.host == QUIRKS}
    assert not set(UNASKED) & statuses.keys()
    assert statuses.keys() >= EXPECTED.keys() - set(UNASKED)


def test_charsets_of_the_head_and_of_the_page_are_followed(quirky: Quirky) -> None:
    texts = documents(quirky.manifest, ("text",))
    assert texts[quirky.nginx.url(QUIRKS, "/latin1.html")] == (LATIN1,)
    assert texts[quirky.nginx.url(QUIRKS, "/euckr.html")] == (KOREAN,)


def test_an_endless_calendar_is_left_as_a_chain(quirky: Quirky) -> None:
    months = [request.path for request in quirky.by_host()[QUIRKS] if request.path.startswith("/calendar/")]
    assert MAX_CHAIN <= len(months) <= MAX_CHAIN + 1
    assert "trap-chain" in {reason for path, reason in quirky.became(QUIRKS).items() if path.startswith("/calendar/")}


def test_endless_branches_of_one_text_are_left(quirky: Quirky) -> None:
    # The rule is applied between rounds: a round may have planned one more level of the tree.
    events = [request.path for request in quirky.by_host()[QUIRKS] if request.path.startswith("/events/")]
    assert MAX_SAME_TEXT <= len(events) <= 1 + 10 + 100
    assert "trap-same-text" in {reason for path, reason in quirky.became(QUIRKS).items() if path.startswith("/events/")}


def test_pages_that_say_with_status_200_that_they_are_missing_are_known(quirky: Quirky) -> None:
    assert quirky.became(SOFT) == {"/": "kept", "/real.html": "kept", "/gone.html": "soft-404"}


def test_a_host_whose_robots_txt_fails_is_asked_for_nothing_else(quirky: Quirky) -> None:
    assert {request.path for request in quirky.by_host()[BROKEN]} == {"/robots.txt"}
    assert quirky.became(BROKEN) == {"/": "robots-unavailable"}


def test_the_crawl_delay_is_kept_and_requests_to_a_host_never_overlap(quirky: Quirky) -> None:
    slow = quirky.by_host()[SLOW]
    assert {request.path for request in slow if request.status == 200} >= set(SLOW_PAGES)
    assert max(request.ended - request.started for request in slow) > 0.1, "no answer took its time"
    # The delay is known once robots.txt has been read.
    pauses = [later.started - earlier.ended for earlier, later in pairwise(sorted(slow, key=lambda one: one.started))]
    assert min(pauses) >= CRAWL_DELAY - CLOCK
    for requests in quirky.by_host().values():
        requests.sort(key=lambda one: one.started)
        assert all(later.started >= earlier.ended - CLOCK for earlier, later in pairwise(requests))


def test_a_host_that_asks_to_wait_is_waited_for(quirky: Quirky) -> None:
    busy = [request for request in quirky.by_host()[BUSY] if request.path != "/robots.txt"]
    refused = [place for place, request in enumerate(busy) if request.status == 429]
    assert refused, "the host was never busy"
    for place in refused:
        assert busy[place + 1].started - busy[place].ended >= 1 - CLOCK
    assert {path: quirky.became(BUSY)[path] for path in BUSY_PAGES} == dict.fromkeys(BUSY_PAGES, "kept")


def test_a_host_that_asks_for_a_day_is_left_alone(quirky: Quirky) -> None:
    asked = [request.status for request in quirky.by_host()[LEAVE]]
    assert asked.count(503) == 1
    assert asked[-1] == 503, "the host was asked again after it had asked for a day"
    assert quirky.became(LEAVE) == dict.fromkeys(LEAVE_PAGES, "host-asks-to-wait")


def test_each_request_names_the_crawler_and_its_contact(quirky: Quirky) -> None:
    assert all("glotmill" in one.agent and "https://glotmill.invalid" in one.agent for one in quirky.requests)
