"""What the flow mine writes besides Parquet: pairs as Moses text and TMX, groups as lines, shares of the corpus."""

from __future__ import annotations

from flows.jobs import beam_job
from flows.layout import CORPUS, DATASETS, GROUPS, finished, lineage
from flows.progress import current_reporter
from pipelines.publish.exports import job as export_job
from pipelines.publish.exports import share_job
from pipelines.publish.exports.shares import Stages
from pipelines.runtime.manifest import Manifest
from pipelines.runtime.runner import Runner
from schemas.recipe import ExportSettings, PairFormat, Recipe


def export(
    sentences: Manifest, searched: Manifest, pairs: Manifest, settings: ExportSettings, recipe: Recipe, runner: Runner
) -> None:
    """Write every format that the recipe asks for, and the share of the corpus.

    Args:
        sentences: the stage embed.
        searched: the stage mine-search.
        pairs: the stage mine.
    Raises:
        ManifestError: lines are asked for, and the stage group-pairs has not run.
    """
    if "moses" in settings.formats:
        export_moses(pairs, settings, recipe, runner)
    if "tmx" in settings.formats:
        export_tmx(pairs, settings, recipe, runner)
    if "lines" in settings.formats:
        lines = export_lines(finished(recipe, GROUPS), pairs, settings, recipe, runner)
        if not lines.rows("kept"):
            current_reporter().warn(
                f"recipe {recipe.name}: mine.exports.lines: no group has a sentence in every language of the lines, so "
                f"none are written; {lines.folder}/languages.tsv says how many groups each language has"
            )
    count_shares(Stages(finished(recipe, CORPUS), sentences, searched, pairs), recipe, runner)


def _export_pairs(
    pairs: Manifest, form: PairFormat, settings: ExportSettings, recipe: Recipe, runner: Runner
) -> Manifest:
    name = f"{recipe.name}-pairs"
    folder = recipe.folder(DATASETS, f"{name}-{form}")
    return export_job.export_pairs(pairs, folder, name, form, settings, runner, lineage=lineage(recipe, pairs))


@beam_job
def export_moses(pairs: Manifest, settings: ExportSettings, recipe: Recipe, runner: Runner) -> Manifest:
    """Write the mined pairs as Moses text, two files of lines a language pair."""
    return _export_pairs(pairs, "moses", settings, recipe, runner)


@beam_job
def export_tmx(pairs: Manifest, settings: ExportSettings, recipe: Recipe, runner: Runner) -> Manifest:
    """Write the mined pairs as TMX, a translation memory a language pair."""
    return _export_pairs(pairs, "tmx", settings, recipe, runner)


@beam_job
def export_lines(
    groups: Manifest, pairs: Manifest, settings: ExportSettings, recipe: Recipe, runner: Runner
) -> Manifest:
    """Write groups of translations as text whose lines mean the same in all files."""
    name = f"{recipe.name}-lines"
    return export_job.export_lines(
        groups,
        recipe.folder(DATASETS, name),
        name,
        settings,
        recipe.seed,
        runner,
        lineage=(*lineage(recipe, pairs), pairs),
    )


@beam_job
def count_shares(stages: Stages, recipe: Recipe, runner: Runner) -> Manifest:
    """Count how much of the corpus stands in pairs."""
    name = f"{recipe.name}-share"
    return share_job.count_shares(stages, recipe.folder(DATASETS, name), name, runner)
