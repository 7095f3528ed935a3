"""Mining: sentences of the corpus and of catalogues to aligned pairs, and what is made of them."""

from __future__ import annotations

from prefect import flow

from flows.encoder_scores import mined_languages
from flows.exports import export
from flows.jobs import (
    embed,
    find_neighbours,
    group_pairs,
    mine_pairs,
    pair_pages,
    publish_groups,
    publish_pairs,
    search_pages,
)
from flows.layout import ACQUIRE, CORPUS, PAIRS, finished
from flows.mining_told import tell_embedded, tell_thresholds
from pipelines.mine.calibrations import earlier_calibrations
from pipelines.runtime.manifest import Manifest
from pipelines.runtime.runner import Runner
from schemas.recipe import Recipe


@flow(name="mine", flow_run_name="mine {recipe.name}")
def mine(recipe: Recipe, runner: Runner) -> Manifest:
    """Pair pages, embed, search, mine, publish, make groups, export: what the recipe asks for. Returns the pairs.

    Raises:
        RecipeError: the recipe names no pairs.
    """
    settings, _ = mined_languages(recipe)
    earlier_calibrations(settings, recipe.folder(PAIRS))  # before hours of work: a mistake in it shows at once
    corpus, acquired = finished(recipe, CORPUS), finished(recipe, ACQUIRE)
    paired = None if settings.pages is None else pair_pages(corpus, acquired, settings, recipe, runner)
    sentences = embed(corpus, acquired, settings, recipe, runner)
    tell_embedded(recipe, settings, sentences)
    searched = find_neighbours(sentences, settings, recipe, runner)
    local = None
    if paired is not None and settings.pages is not None and settings.pages.local:
        local = search_pages(sentences, paired, settings, recipe, runner)
    pairs = mine_pairs(sentences, searched, paired, local, settings, recipe, runner)
    tell_thresholds(recipe, settings, pairs)
    publish_pairs(pairs, recipe, runner)
    if settings.groups is not None:
        publish_groups(group_pairs(sentences, pairs, settings, recipe, runner), recipe, runner)
    if settings.exports is not None:
        export(sentences, searched, pairs, settings.exports, recipe, runner)
    return pairs


@flow(name="encode", flow_run_name="encode {recipe.name}")
def encode(recipe: Recipe, runner: Runner) -> Manifest:
    """The first part of mining: embed what would be mined. Returns the sentences with their vectors.

    Raises:
        RecipeError: the recipe names no pairs.
    """
    settings, _ = mined_languages(recipe)
    return embed(finished(recipe, CORPUS), finished(recipe, ACQUIRE), settings, recipe, runner)
