"""The stage search-pages: of every sentence on a page pair its nearest on the partner page, both ways."""

from __future__ import annotations

import apache_beam as beam

from pipelines.mine.context.transforms import SearchPages
from pipelines.mine.language import Choice
from pipelines.mine.nearest import nearest_schema
from pipelines.runtime.manifest import Manifest
from pipelines.runtime.runner import Runner
from pipelines.runtime.shards import Output
from pipelines.runtime.stage import Input, Stage, run_stage
from schemas.languages import pair_key
from schemas.recipe import MineSettings, PagePairSettings, Settings

PACKAGES = ("pipelines.mine",)

_ROWS_PER_WORKER = 50_000


class LocalSettings(Settings):
    """Of the recipe's settings those that decide what is found within page pairs."""

    pairs: tuple[tuple[str, str], ...]
    candidates: int
    centre: bool
    holdout_percent: float
    max_products: int


def search_pages(
    embedded: Manifest, paired: Manifest, folder: str, settings: MineSettings, seed: int, runner: Runner
) -> Manifest:
    """Compare the sentences of each page pair, all with all.

    Args:
        embedded: the stage embed, whose settings name dimensions.
        paired: the stage whose output `kept` is PAGE_PAIR rows by language pair.
        folder: URL of the folder that the stage owns.
        seed: the recipe's; it decides what `holdout_percent` hides.
    Returns:
        Manifest with outputs forward and backward, rows of `nearest_schema` by pair, of sentences on page pairs alone.
        Its counters have, by language pair, the page pairs searched and those that are too large.
    """
    pairs = settings.language_pairs()
    languages = tuple(sorted({language for pair in pairs for language in pair}))
    record = nearest_schema(settings.candidates)
    pages = settings.pages or PagePairSettings()
    expected = tuple({pair_key(*pair): embedded.rows("vectors", pair[side]) for pair in pairs} for side in (0, 1))
    stage = Stage(
        name="search-pages",
        folder=folder,
        packages=PACKAGES,
        settings=LocalSettings(
            pairs=pairs,
            candidates=settings.candidates,
            centre=settings.centre,
            holdout_percent=settings.holdout_percent,
            max_products=pages.max_products,
        ),
        outputs=(
            Output("forward", record, partition=("pair",), expected=expected[0]),
            Output("backward", record, partition=("pair",), expected=expected[1]),
        ),
        inputs={
            **{name: Input(embedded, name, partitions=languages, counted=False) for name in ("sentences", "vectors")},
            "pages": Input(paired, "kept", counted=False),
        },
        kept=(),
        extra={"seed": str(seed)},
        rows_per_worker=_ROWS_PER_WORKER,
    )
    step = SearchPages(
        folder=folder,
        embedded=embedded,
        paired=paired,
        pairs=pairs,
        choice=Choice(settings.holdout_percent, seed, settings.centre),
        candidates=settings.candidates,
        max_products=pages.max_products,
    )

    def build(pipeline: beam.Pipeline) -> tuple[beam.PCollection, ...]:
        found: tuple[beam.PCollection, ...] = pipeline | "Search pages" >> step
        return found

    return run_stage(stage, build, runner)
