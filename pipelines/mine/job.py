"""The mine stages: the nearest neighbours of every sentence, both ways, and out of them pairs of translations."""

from __future__ import annotations

from collections.abc import Mapping

import apache_beam as beam

from pipelines.mine.calibrations import earlier_calibrations
from pipelines.mine.engines import APPROXIMATE
from pipelines.mine.index_job import wanted_indexes
from pipelines.mine.index_transforms import Wanted
from pipelines.mine.indexing import index_name, index_places
from pipelines.mine.language import Choice
from pipelines.mine.nearest import nearest_schema
from pipelines.mine.neighbours.choice import Plan, choose, hardware
from pipelines.mine.neighbours.index_files import FILES
from pipelines.mine.neighbours.recall import Recall
from pipelines.mine.records import CALIBRATION, EVALUATION
from pipelines.mine.search_transforms import RECALL_FOUND, RECALL_QUERIES, RECALL_WANTED, SearchPairs
from pipelines.mine.transforms import MinePairs
from pipelines.runtime.manifest import Manifest, fingerprint
from pipelines.runtime.runner import Runner, default_workers
from pipelines.runtime.shards import Output
from pipelines.runtime.stage import Input, Stage, run_stage
from pipelines.runtime.words.lists import WordLists
from schemas.errors import GlotmillError
from schemas.languages import pair_key
from schemas.recipe import MineSettings, Settings
from schemas.records import DROPPED, PAIR

PACKAGES = ("pipelines.mine",)

_DIRECTIONS = ("forward", "backward")
_ROWS_PER_WORKER = 20_000
"""Sentences of all pairs that make a further process worth its start."""


class MissingIndexError(GlotmillError):
    """A search by an index that no stage has built."""


class SearchSettings(Settings):
    """Of the recipe's settings those that decide what a search finds."""

    pairs: tuple[tuple[str, str], ...]
    neighbours: int
    centre: bool
    holdout_percent: float
    approximate: tuple[str, ...]


def search_plans(embedded: Manifest, settings: MineSettings) -> dict[str, Plan]:
    """The engine of each language pair on this machine, with what it is expected to take.

    Raises:
        EngineError: the recipe asks for an engine that the machine cannot run.
    """
    machine, dimensions = hardware(), int(str(embedded.settings["dimensions"]))
    return {
        pair_key(source, target): choose(
            embedded.rows("vectors", source),
            embedded.rows("vectors", target),
            dimensions,
            settings.neighbours,
            machine,
            settings.engine,
        )
        for source, target in settings.language_pairs()
    }


def search_pairs(
    embedded: Manifest,
    folder: str,
    settings: MineSettings,
    seed: int,
    runner: Runner,
    plans: Mapping[str, Plan],
    *,
    indexed: Manifest | None = None,
) -> Manifest:
    """Find the nearest neighbours of every sentence of every language pair, both ways.

    All exact engines find the same, so only the others, which may miss neighbours, are part of what decides the result.

    Args:
        embedded: the stage embed, whose settings name dimensions.
        folder: URL of the folder that the stage owns.
        plans: engine of each pair (`search_plans`).
        seed: the recipe's; it decides what `holdout_percent` hides.
        indexed: the stage mine-index, where a plan names an index.
    Returns:
        Manifest with outputs forward and backward, rows of `nearest_schema` by pair. Its counters have the recall of
        indexes on a sample.
    Raises:
        MissingIndexError: a plan names an index that `indexed` does not have.
    """
    pairs = settings.language_pairs()
    engines = tuple(plans[pair_key(*pair)].engine for pair in pairs)
    languages = tuple(sorted({language for pair in pairs for language in pair}))
    record = nearest_schema(settings.neighbours)
    rows = {language: embedded.rows("vectors", language) for language in languages}
    indexes = {} if indexed is None else index_places(indexed)
    _require_indexes(wanted_indexes(settings, plans), indexes, folder)
    stage = Stage(
        name="mine-search",
        folder=folder,
        packages=PACKAGES,
        settings=SearchSettings(
            pairs=pairs,
            neighbours=settings.neighbours,
            centre=settings.centre,
            holdout_percent=settings.holdout_percent,
            approximate=tuple(engine if engine in APPROXIMATE else "" for engine in engines),
        ),
        outputs=(
            Output("forward", record, partition=("pair",), expected={pair_key(*pair): rows[pair[0]] for pair in pairs}),
            Output(
                "backward", record, partition=("pair",), expected={pair_key(*pair): rows[pair[1]] for pair in pairs}
            ),
        ),
        inputs=_inputs(embedded, languages),
        kept=(),
        extra={"seed": str(seed)} | ({} if indexed is None else {"indexes": fingerprint(_digests(indexed))}),
        rows_per_worker=_ROWS_PER_WORKER,
    )
    workers = runner.local_workers(sum(source.rows() for source in stage.inputs.values()), _ROWS_PER_WORKER)
    step = SearchPairs(
        folder=folder,
        embedded=embedded,
        pairs=pairs,
        choice=choice_of(settings, seed),
        engines=engines,
        neighbours=settings.neighbours,
        seed=seed,
        threads=max(1, default_workers() // workers),
        indexes=indexes,
    )
    return run_stage(stage, lambda pipeline: pipeline | "Search pairs" >> step, runner)


def search_recall(searched: Manifest, k: int) -> dict[str, Recall]:
    """Of each pair that an index was searched for, what it found of the exact neighbours of a sample, both ways."""
    counters = searched.counters
    return {
        pair: Recall(k, counters[f"{RECALL_QUERIES}{pair}"], wanted, counters[f"{RECALL_FOUND}{pair}"])
        for name, wanted in counters.items()
        if name.startswith(RECALL_WANTED) and (pair := name.removeprefix(RECALL_WANTED))
    }


def mine_pairs(
    embedded: Manifest,
    searched: Manifest,
    folder: str,
    settings: MineSettings,
    seed: int,
    runner: Runner,
    *,
    paired: Manifest | None = None,
    local: Manifest | None = None,
) -> Manifest:
    """Mine every language pair of the recipe.

    The ledger counts source sentences, under the pair's key: each is in one pair or dropped.

    Args:
        embedded: the stage embed, whose settings name encoder and dimensions.
        searched: what `search_pairs` wrote of it.
        folder: URL of the folder that the stage owns.
        seed: the recipe's; it decides what `holdout_percent` hides.
        paired: the stage whose output `kept` is PAGE_PAIR rows by pair, where page pairs are known.
        local: what `search_pages` wrote of it.
    Returns:
        Manifest with outputs kept and rejected (PAIR, by pair), dropped (by pair), evaluation and calibration.
    Raises:
        CalibrationMismatchError, ManifestError: as `earlier_calibrations`.
    """
    languages = tuple(sorted({language for pair in settings.language_pairs() for language in pair}))
    expected = _expected(embedded, settings)
    lists = settings.filters.toxic_words
    toxic = WordLists.load(lists) if lists else None
    calibrated = earlier_calibrations(settings, folder)
    stage = Stage(
        name="mine",
        folder=folder,
        packages=PACKAGES,
        # What is made of the pairs later decides none of them.
        settings=settings.model_copy(update={"groups": None, "exports": None}),
        outputs=(
            Output("kept", PAIR, partition=("pair",), layout="{partition}/part", expected=expected, language="pair"),
            Output("rejected", PAIR, partition=("pair",), expected=expected, language="pair"),
            Output("dropped", DROPPED, partition=("language",), expected=expected),
            Output("evaluation", EVALUATION),
            Output("calibration", CALIBRATION),
        ),
        inputs=_inputs(embedded, languages)
        | {name: Input(searched, name, counted=False) for name in _DIRECTIONS}
        | ({} if paired is None else {"pages": Input(paired, "kept", counted=False)})
        | ({} if local is None else {f"pages-{name}": Input(local, name, counted=False) for name in _DIRECTIONS}),
        counts_in="counters",
        extra={"seed": str(seed)}
        | ({} if toxic is None else {"toxic_words": toxic.fingerprint})
        | ({} if calibrated is None else {"calibrated": calibrated[0].content}),
        rows_per_worker=_ROWS_PER_WORKER,
    )
    step = MinePairs(
        embedded=embedded,
        searched=searched,
        encoder=str(embedded.settings["encoder_fingerprint"]),
        settings=settings,
        choice=choice_of(settings, seed),
        toxic=toxic,
        paired=paired,
        local=local,
        earlier={} if calibrated is None else calibrated[1],
    )

    def build(pipeline: beam.Pipeline) -> beam.PCollection:
        return pipeline | "Mine pairs" >> step

    return run_stage(stage, build, runner)


def choice_of(settings: MineSettings, seed: int) -> Choice:
    """Which sentences of a language take part."""
    return Choice(settings.holdout_percent, seed, settings.centre)


def _inputs(embedded: Manifest, languages: tuple[str, ...]) -> dict[str, Input]:
    return {name: Input(embedded, name, partitions=languages, counted=False) for name in ("sentences", "vectors")}


def _require_indexes(wanted: tuple[Wanted, ...], there: Mapping[str, str], folder: str) -> None:
    missing = [
        f"{language} ({kind})"
        for language, kind in wanted
        if any(index_name(language, kind, file) not in there for file in FILES)
    ]
    if missing:
        raise MissingIndexError(
            f"{folder}: the search wants indexes that are not there: {', '.join(missing)}; build them with "
            'index_languages (stage mine-index) and give its manifest as indexed, or set engine = "exact" under [mine]'
        )


def _digests(indexed: Manifest) -> list[list[str]]:
    return [[file.path, file.sha256] for file in indexed.files]


def _expected(embedded: Manifest, settings: MineSettings) -> Mapping[str, int]:
    """Source sentences by pair."""
    pairs = settings.language_pairs()
    return {pair_key(source, target): embedded.rows("sentences", source) for source, target in pairs}
