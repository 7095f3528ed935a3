"""The stage mine-index: an index of each language that is searched by one, kept for all its language pairs."""

from __future__ import annotations

from collections.abc import Mapping

import apache_beam as beam

from pipelines.mine.engines import INDEXES
from pipelines.mine.index_transforms import IndexLanguages, Wanted
from pipelines.mine.indexing import index_name
from pipelines.mine.language import Choice
from pipelines.mine.neighbours.choice import Plan
from pipelines.mine.neighbours.index_files import FILES
from pipelines.runtime.manifest import Manifest
from pipelines.runtime.runner import Runner
from pipelines.runtime.stage import Input, Stage, run_stage
from schemas.languages import pair_key
from schemas.recipe import MineSettings, Settings

PACKAGES = ("pipelines.mine",)

_ROWS_PER_WORKER = 20_000


class IndexSettings(Settings):
    """Of the recipe's settings those that decide what an index holds."""

    indexes: tuple[tuple[str, str], ...]
    centre: bool
    holdout_percent: float


def wanted_indexes(settings: MineSettings, plans: Mapping[str, Plan]) -> tuple[Wanted, ...]:
    """Languages of the pairs that an index is searched for, each with the kinds of its indexes."""
    found: set[Wanted] = set()
    for pair in settings.language_pairs():
        engine = plans[pair_key(*pair)].engine
        for kind in INDEXES:
            if kind == engine:
                found.update((language, kind) for language in pair)
    return tuple(sorted(found))


def index_languages(
    embedded: Manifest, folder: str, settings: MineSettings, seed: int, runner: Runner, wanted: tuple[Wanted, ...]
) -> Manifest:
    """Train and fill the indexes that a search wants.

    Args:
        embedded: the stage embed, whose settings name dimensions.
        folder: URL of the folder that the stage owns.
        seed: the recipe's; it decides what `holdout_percent` hides and what indexes are trained on.
        wanted: languages and kinds (`wanted_indexes`).
    Returns:
        Manifest without shards; its files are the indexes', in folders by language and kind.
    """
    languages = tuple(sorted({language for language, _ in wanted}))
    stage = Stage(
        name="mine-index",
        folder=folder,
        packages=PACKAGES,
        settings=IndexSettings(indexes=wanted, centre=settings.centre, holdout_percent=settings.holdout_percent),
        outputs=(),
        inputs={name: Input(embedded, name, partitions=languages, counted=False) for name in ("sentences", "vectors")},
        kept=(),
        extra={"seed": str(seed)},
        rows_per_worker=_ROWS_PER_WORKER,
    )
    step = IndexLanguages(folder, embedded, wanted, Choice(settings.holdout_percent, seed, settings.centre), seed)

    def build(pipeline: beam.Pipeline) -> beam.PCollection:
        return pipeline | "Index languages" >> step

    names = [index_name(language, kind, file) for language, kind in wanted for file in FILES]
    return run_stage(stage, build, runner, written=lambda _: names)
