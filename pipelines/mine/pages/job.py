"""The stage pair-pages: which pages of two languages are translations of each other."""

from __future__ import annotations

import apache_beam as beam

from pipelines.mine.pages.rows import Languages
from pipelines.mine.pages.transforms import PairPages
from pipelines.runtime.manifest import Manifest
from pipelines.runtime.runner import Runner
from pipelines.runtime.shards import Output
from pipelines.runtime.stage import Input, Stage, run_stage
from schemas.languages import pair_key
from schemas.recipe import MineSettings, PagePairSettings, Settings
from schemas.records import DROPPED, PAGE_PAIR

PACKAGES = ("pipelines.mine.pages", "pipelines.mine.kernels")

_ROWS_PER_WORKER = 200_000
_ROWS_PER_RANGE = 1_000_000


class PairPagesSettings(Settings):
    """What decides which pages are paired."""

    pairs: tuple[tuple[str, str], ...]
    hreflang: bool
    patterns: bool


def pair_pages(corpus: Manifest, acquired: Manifest, folder: str, settings: MineSettings, runner: Runner) -> Manifest:
    """Find the pages that are translations of each other, for every language pair of the recipe.

    Args:
        corpus: documents kept, by language.
        acquired: the stage whose outputs `alternates` (ALTERNATE) and `moved` (MOVED) tell what sites say of their
            pages, and which addresses lead to others.
        folder: URL of the folder that the stage owns.
    Returns:
        Manifest with outputs kept (PAGE_PAIR, by pair) and dropped (claims and pairs that do not hold).
    """
    pages = settings.pages or PagePairSettings()
    pairs, labels = settings.language_pairs(), tuple(sorted(corpus.partitions("kept")))
    rows = {label: corpus.rows("kept", label) for label in labels}
    documents = Input(corpus, "kept", counted=False)
    claims, moved = (Input(acquired, output, counted=False) for output in ("alternates", "moved"))
    expected = {pair_key(*pair): min(rows.get(label, 0) for label in pair) for pair in pairs}
    stage = Stage(
        name="pair-pages",
        folder=folder,
        packages=PACKAGES,
        settings=PairPagesSettings(pairs=pairs, hreflang=pages.hreflang, patterns=pages.patterns),
        outputs=(
            Output("kept", PAGE_PAIR, partition=("pair",), expected=expected, language="pair"),
            Output("dropped", DROPPED, expected={"": claims.rows() if pages.hreflang else 0}),
        ),
        inputs={"documents": documents} | ({"claims": claims, "moved": moved} if pages.hreflang else {}),
        counts_in="counters",
        rows_per_worker=_ROWS_PER_WORKER,
    )
    step = PairPages(
        folder=folder,
        corpus=corpus,
        documents=documents.row_groups(),
        claims=claims.row_groups(),
        moved=moved.row_groups(),
        languages=Languages(labels, pairs),
        settings=pages,
        ranges=max(1, -(-max(documents.rows(), claims.rows()) // _ROWS_PER_RANGE)),
    )

    def build(pipeline: beam.Pipeline) -> tuple[beam.PCollection, ...]:
        built: tuple[beam.PCollection, ...] = pipeline | "Pair pages" >> step
        return built

    return run_stage(stage, build, runner)
