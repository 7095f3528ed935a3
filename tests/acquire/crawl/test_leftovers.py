"""A crawl after one with other settings: of that nothing is left once the new one is whole."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from pipelines.acquire.crawl import plan
from pipelines.acquire.crawl.leftovers import remove_leftovers
from pipelines.acquire.crawl.previous import Previous, crawl_manifests
from pipelines.acquire.crawl.rounds import crawl
from pipelines.runtime.filesystem import Folder
from pipelines.runtime.runner import Runner
from pipelines.runtime.stage import run_jobs
from schemas.recipe import CrawlSettings
from tests.acquire.crawl.living_site import LivingSite, living_site, page

RUNNER = Runner(workers=1)
SITE = {
    "/": page("Kila mtu ana haki ya elimu", "/a", "/b"),
    **{f"/{name}": page(f"Ukurasa wa {name * 5} una maneno mengi") for name in "ab"},
}


@pytest.fixture(autouse=True)
def small_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "MAX_PAGES_OF_HOST", 1)


def settings(site: LivingSite, depth: int) -> CrawlSettings:
    return CrawlSettings(
        seeds=(site.origin,),
        hosts=("127.0.0.1",),
        allow_private=("127.0.0.1",),
        contact="https://glotmill.invalid",
        delay_seconds=0,
        max_depth=depth,
    )


def jobs_in(folder: str) -> set[str]:
    return {name.partition("/")[0] for name in Folder(folder).files()}


def test_a_shorter_crawl_leaves_no_round_of_the_longer_one_before_it(tmp_path: Path) -> None:
    folder = str(tmp_path / "crawl")
    with living_site(SITE.get) as site:
        run_jobs(crawl(settings(site, 1), "one", folder, RUNNER), lambda job: job.run(RUNNER))
        before = jobs_in(folder)
        short = crawl(settings(site, 0), "one", folder, RUNNER)
        first = next(short).run(RUNNER)
        assert jobs_in(folder) == before
        rounds = run_jobs(crawl(settings(site, 0), "one", folder, RUNNER), lambda job: job.run(RUNNER))
    assert before > jobs_in(folder) == {"000-survey-0", "000-pages", "001-pages"}
    assert rounds.manifests[0] == first
    found = crawl_manifests(Folder(folder))
    assert {manifest.content for manifest in found} == {manifest.content for manifest in rounds.manifests}
    assert Previous.open(str(tmp_path)).pages.column("url").to_pylist() == [f"{site.origin}/"]


@pytest.mark.parametrize("place", ["{local}", "memory://{unique}"])
def test_only_jobs_that_the_crawl_did_not_make_are_removed(tmp_path: Path, place: str) -> None:
    folder = Folder(f"{place.format(local=tmp_path, unique=uuid.uuid4().hex)}/crawl")
    made = ["000-survey-1/origins.parquet", "001-pages/warc/pages-0.warc.gz"]
    others = ["notes.txt", "000-pages", "1-pages/a", "002-pages-kept/a", "mine/002-pages/a", "002-survey/a"]
    left = ["000-survey-10/origins.parquet", "001-survey-1/a", "002-pages/warc/a.warc.gz", "1000-pages/a"]
    for name in (*made, *others, *left):
        folder.write(name, b"x")
    remove_leftovers(folder, ["000-survey-1", "001-pages"])
    assert folder.files() == sorted([*made, *others])


def test_a_folder_without_a_crawl_is_left_alone(tmp_path: Path) -> None:
    remove_leftovers(Folder(str(tmp_path / "none")), [])
    assert not (tmp_path / "none").exists()
