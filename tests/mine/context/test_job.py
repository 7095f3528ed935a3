"""Page pairs from a stage of their own to pairs of sentences."""

from collections.abc import Sequence
from pathlib import Path

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pytest

from pipelines.mine.context.job import search_pages
from pipelines.mine.job import mine_pairs, search_pairs, search_plans
from pipelines.runtime.manifest import Manifest
from pipelines.runtime.parquet import read_table
from pipelines.runtime.runner import Runner
from pipelines.runtime.shards import Output
from pipelines.runtime.stage import Stage, count_in, run_stage
from schemas.recipe import MineSettings, PagePairSettings, Settings
from schemas.records import PAGE_PAIR
from schemas.records import PAIR as PAIR_ROWS
from tests.mine.context.paged import PAIR, SOURCE, TARGET, Row, on_pages, page_pairs
from tests.mine.stored import embedded, parts
from tests.mine.test_pairs import UNFILTERED

PAGES, SENTENCES = 12, 6
TWINS = 3
"""Pages further on each side that say just what the first says, in other words."""


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """Pages of two languages in their order, each sentence near its own translation and those of many pages alike."""
    generator = np.random.default_rng(3)
    about = generator.normal(size=(PAGES * SENTENCES, 16))
    languages = {}
    for language, seed in ((SOURCE, 4), (TARGET, 5)):
        own = np.random.default_rng(seed)
        rows: list[Row] = []
        vectors = []
        for page in range(PAGES):
            for number in range(SENTENCES):
                meaning = about[(page % (PAGES // TWINS)) * SENTENCES + number]
                rows.append((page, f"{language} {page}.{number}"))
                vectors.append(meaning + 0.25 * own.normal(size=16))
        unit = np.array(vectors) / np.linalg.norm(vectors, axis=1, keepdims=True)
        table = on_pages(language, rows)
        languages[language] = parts((table, unit.astype(np.float16)), [number % 3 for number in range(len(rows))], 3)
    return embedded(tmp_path_factory.mktemp("sites"), languages, 16)


def paired(folder: Path, pairs: Sequence[tuple[int, int]]) -> Manifest:
    """A stage that has found page pairs."""
    output = Output("kept", PAGE_PAIR, partition=("pair",), language="pair")

    def give(batch: pa.RecordBatch) -> list[tuple[str, pa.RecordBatch]]:
        count_in("crawl", PAIR, batch.num_rows)
        return [("kept", batch)]

    stage = Stage("pair-pages", str(folder), (), Settings(), (output,), counts_in="counters")
    batches = page_pairs(pairs).to_batches()

    def build(root: beam.Pipeline) -> beam.PCollection:
        return root | beam.Create([None]) | beam.FlatMap(lambda _: [rows for one in batches for rows in give(one)])

    return run_stage(stage, build, Runner(workers=1))


def settings_of(**changes: object) -> MineSettings:
    values = {"pairs": [(SOURCE, TARGET)], "neighbours": 2, "candidates": 2, "threshold": 0.5, "margin": "distance"}
    given = {"filters": UNFILTERED, "pages": PagePairSettings(), "mode": "one-to-one", **changes}
    return MineSettings.model_validate({**values, **given})


def mined(sites: Manifest, folder: Path, pages: Manifest | None, settings: MineSettings, workers: int = 1) -> Manifest:
    runner = Runner(workers=workers)
    found = search_pairs(sites, str(folder / "search"), settings, 17, runner, search_plans(sites, settings))
    local = None
    if pages is not None:
        local = search_pages(sites, pages, str(folder / "search-pages"), settings, 17, runner)
    return mine_pairs(sites, found, str(folder / "mine"), settings, 17, runner, paired=pages, local=local)


def rows(manifest: Manifest, output: str) -> list[dict[str, object]]:
    return read_table(manifest.urls(output), PAIR_ROWS).to_pylist()


def right(pairs: list[dict[str, object]]) -> int:
    return sum(str(row["source_text"]).split()[1] == str(row["target_text"]).split()[1] for row in pairs)


def test_two_workers_find_the_same_bytes_on_pages(sites: Manifest, tmp_path: Path) -> None:
    pages = paired(tmp_path / "pages", [(page, page) for page in range(PAGES)])
    one, two = (
        search_pages(sites, pages, str(tmp_path / f"of-{workers}"), settings_of(), 17, Runner(workers=workers))
        for workers in (1, 2)
    )
    assert one.content == two.content
    assert one.rows("forward") == one.rows("backward") == PAGES * SENTENCES
    assert one.counters[f"page-pairs/{PAIR}"] == PAGES


def test_large_pages_are_counted_and_left_to_the_search_of_all(sites: Manifest, tmp_path: Path) -> None:
    pages = paired(tmp_path / "pages", [(0, 0)])
    settings = settings_of(pages=PagePairSettings(max_products=SENTENCES**2 - 1))
    found = search_pages(sites, pages, str(tmp_path / "found"), settings, 17, Runner(workers=1))
    assert found.counters[f"page-pairs-too-large/{PAIR}"] == 1
    assert found.rows("forward") == 0


def test_translations_that_the_search_of_all_missed_are_found_on_their_pages(sites: Manifest, tmp_path: Path) -> None:
    pages = paired(tmp_path / "pages", [(page, page) for page in range(PAGES)])
    settings = settings_of(precision=0.5, confidence=0.5, evidence=False)
    manifest = mined(sites, tmp_path / "found", pages, settings)
    (line,) = manifest.ledger
    assert line.rows_in == line.kept + sum(line.dropped.values())
    further = [row for row in rows(manifest, "kept") if row["forward_rank"] is None and row["backward_rank"] is None]
    assert right(further) > 0.9 * len(further) > 0


def test_page_pairs_tell_which_of_pages_alike_are_translations(sites: Manifest, tmp_path: Path) -> None:
    pages = paired(tmp_path / "pages", [(page, page) for page in range(PAGES)])
    settings = settings_of(precision=0.5, confidence=0.5, evidence=False)
    alone = mined(sites, tmp_path / "alone", None, settings.model_copy(update={"pages": None}))
    with_pages = mined(sites, tmp_path / "with-pages", pages, settings)
    found = [rows(manifest, "kept") or rows(manifest, "rejected") for manifest in (alone, with_pages)]
    assert right(found[0]) < 0.4 * len(found[0])
    assert right(found[1]) > 0.6 * len(found[1])
