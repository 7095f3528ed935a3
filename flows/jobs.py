"""Every Beam job as a Prefect task: its inputs and outputs named, its ledger left as an artifact."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from rich.markup import escape

from flows.layout import (
    CORPUS,
    DATASETS,
    EMBED,
    FILTER,
    GROUPS,
    IDENTIFY,
    INDEXES,
    INSTRUCT,
    LEARN,
    MEASURE,
    PAGES,
    PAIRS,
    PREFER,
    REPEATS,
    SEARCH,
    SEARCH_PAGES,
    THRESHOLDS,
    Place,
    learnt_files,
    lineage,
)
from flows.progress import current_reporter, stage_line, text_line
from pipelines.acquire import job as acquire_job
from pipelines.acquire.job import Gathered
from pipelines.audit import job as audit_job
from pipelines.audit.result import AuditResult
from pipelines.dedupe import job as dedupe_job
from pipelines.dedupe.clustering import job as clustering_job
from pipelines.dedupe.store import SIGNED, TOMBSTONES
from pipelines.dedupe.substrings import job as substrings_job
from pipelines.embed import job as embed_job
from pipelines.filter import job as filter_job
from pipelines.filter.thresholds import FILE as THRESHOLDS_FILE
from pipelines.filter.thresholds import Thresholds
from pipelines.identify import job as identify_job
from pipelines.instruct import job as instruct_job
from pipelines.measure import job as measure_job
from pipelines.mine import index_job
from pipelines.mine import job as mine_job
from pipelines.mine.context import job as context_job
from pipelines.mine.groups import job as groups_job
from pipelines.mine.index_transforms import Wanted
from pipelines.mine.neighbours.choice import Plan
from pipelines.mine.pages import job as pages_job
from pipelines.prefer import job as prefer_job
from pipelines.publish import job as publish_job
from pipelines.runtime.manifest import Manifest
from pipelines.runtime.runner import Runner
from pipelines.runtime.stage import Input, Job, run_jobs
from schemas.recipe import MineSettings, Recipe, StoreSettings, SubstringSettings


def beam_job(function: Callable[..., Manifest]) -> Any:
    """Make a Prefect task of a function that runs one stage."""
    title = function.__name__.replace("_", " ")

    @wraps(function)
    def run(*arguments: Any, **named: Any) -> Manifest:
        return _reported(title, lambda: function(*arguments, **named))

    # Manifests decide what is skipped, over any restart; Prefect's own cache would only hide that.
    return task(name=title, task_run_name=title, description=inspect.getdoc(function), cache_policy=NO_CACHE)(run)


def _reported(title: str, run: Callable[[], Manifest]) -> Manifest:
    with stage_line(title) as done:
        manifest = run()
        done.append(manifest)
    _leave_ledger(title, manifest)
    return manifest


def _leave_ledger(title: str, manifest: Manifest) -> None:
    lines = [
        {
            "source": line.source,
            "language": line.language or "any",
            "in": line.rows_in,
            "kept": line.kept,
            "dropped": ", ".join(f"{reason} {rows}" for reason, rows in line.dropped.items()),
            "errors": line.errors,
        }
        for line in manifest.ledger
    ]
    create_table_artifact(
        lines or [{"rows written": sum(shard.rows for shard in manifest.shards)}],
        key=f"ledger-{title.replace(' ', '-')}",
        description=f"Ledger of the stage {manifest.stage}; its shards lie in {manifest.folder}",
    )


def gather(recipe: Recipe, runner: Runner) -> Gathered:
    """Crawl the recipe's hosts and fetch what it selects from Common Crawl, each round a task."""

    def run(job: Job) -> Manifest:
        title = job.stage.name.replace("-", " ", 1)
        manifest: Manifest = gather_round.with_options(task_run_name=title)(title, job, runner)
        return manifest

    return run_jobs(acquire_job.gather(recipe, runner), run)


@task(name="gather round", cache_policy=NO_CACHE)
def gather_round(title: str, job: Job, runner: Runner) -> Manifest:
    """Read what new hosts say of themselves, visit the addresses of one round, or fetch records of an archive."""
    return _reported(title, lambda: job.run(runner))


@beam_job
def acquire(gathered: Gathered, recipe: Recipe, runner: Runner) -> Manifest:
    """Turn pages, archives and catalogues into documents and sentences."""
    return acquire_job.acquire_records(gathered, recipe, runner)


@beam_job
def learn_languages(training: str, recipe: Recipe, runner: Runner) -> Manifest:
    """Train a language model, and second opinions on confusable languages, from texts of known language."""
    return identify_job.learn_languages(
        training,
        recipe.folder(LEARN),
        runner,
        models=recipe.identify.models,
        confusables=recipe.identify.confusables,
    )


@beam_job
def identify(acquired: Manifest, learnt: Manifest | None, recipe: Recipe, runner: Runner) -> Manifest:
    """Give each document its language and script."""
    files = {} if learnt is None else learnt_files(learnt)
    return identify_job.identify(
        Input(acquired, "kept"),
        recipe.identify,
        recipe.folder(IDENTIFY),
        runner,
        learnt=files.get(identify_job.MODEL),
        second_opinions=files.get(identify_job.SECOND_OPINIONS),
    )


@beam_job
def measure(identified: Manifest, recipe: Recipe, runner: Runner) -> Manifest:
    """Compute every document's quality signals, and find its personal data."""
    return measure_job.measure(identified, recipe.measure, recipe.folder(MEASURE), runner)


@beam_job
def decide_limits(measured: Manifest, recipe: Recipe, runner: Runner) -> Manifest:
    """Fit the limits of the quality rules on each language's documents, or take those of the recipe."""
    manifest = filter_job.fit_limits(measured, recipe.filter, recipe.folder(THRESHOLDS), runner)
    for (name, value), languages in Thresholds.load(f"{manifest.folder}/{THRESHOLDS_FILE}").idle().items():
        some = ", ".join(languages[:3]) + (f" and {len(languages) - 3} more" if len(languages) > 3 else "")
        current_reporter().warn(f"{name} = {value:g} can never fire ({some})")
    return manifest


@beam_job
def filter_documents(measured: Manifest, limits: Manifest, recipe: Recipe, runner: Runner) -> Manifest:
    """Drop, with a reason, documents that break a quality rule."""
    return filter_job.filter_documents(measured, limits, recipe.filter, recipe.folder(FILTER), runner)


@beam_job
def sign_documents(filtered: Manifest, place: Place, recipe: Recipe, runner: Runner) -> Manifest:
    """Write what documents are compared by: digests, MinHash signatures, shingles."""
    stored = recipe.store is not None
    return dedupe_job.sign_documents(filtered, recipe.dedupe, f"{place.folder}/{SIGNED}", runner, in_store=stored)


@beam_job
def take_down(signed: Manifest, place: Place, settings: StoreSettings, runner: Runner) -> Manifest:
    """Find the documents, of this snapshot and of earlier ones, whose addresses were taken down."""
    return dedupe_job.take_down(signed, settings, f"{place.folder}/{TOMBSTONES}", runner, old=place.older)


@beam_job
def link_duplicates(signed: Manifest, place: Place, recipe: Recipe, runner: Runner) -> Manifest:
    """Find exact and near duplicates by bands of their signatures, verified on their shingles."""
    old = tuple(generation.signed for generation in place.older)
    return dedupe_job.link_duplicates(signed, recipe.dedupe, f"{place.folder}/links", runner, old=old)


def cluster_duplicates(
    signed: Manifest, links: Manifest, tombstones: Manifest | None, place: Place, recipe: Recipe, runner: Runner
) -> Manifest:
    """Find the clusters of links and which document of each is kept; in rounds, each a task, where links are many."""

    def run(job: Job) -> Manifest:
        title = {"dedupe-cluster": "cluster duplicates"}.get(job.stage.name, job.stage.name.replace("-", " "))
        manifest: Manifest = cluster_round.with_options(task_run_name=title)(title, job, runner)
        return manifest

    jobs = clustering_job.cluster_duplicates(
        signed, links, recipe.dedupe, place.folder, old=place.older, tombstones=tombstones
    )
    return run_jobs(jobs, run)


@task(name="cluster round", cache_policy=NO_CACHE)
def cluster_round(title: str, job: Job, runner: Runner) -> Manifest:
    """Bring linked documents closer to the smallest of their cluster, or choose the one of each that is kept."""
    return _reported(title, lambda: job.run(runner))


@beam_job
def find_repeats(
    filtered: Manifest,
    matches: Manifest,
    tombstones: Manifest | None,
    settings: SubstringSettings,
    recipe: Recipe,
    runner: Runner,
) -> Manifest:
    """Find passages that stand a second time in the documents that are kept."""
    return substrings_job.find_repeats(
        filtered, matches, settings, recipe.folder(REPEATS), runner, tombstones=tombstones
    )


@beam_job
def drop_duplicates(
    filtered: Manifest,
    matches: Manifest,
    tombstones: Manifest | None,
    repeats: Manifest | None,
    recipe: Recipe,
    runner: Runner,
) -> Manifest:
    """Keep one document of each cluster: the corpus, by language."""
    return dedupe_job.drop_duplicates(
        filtered, matches, recipe.dedupe, recipe.folder(CORPUS), runner, tombstones=tombstones, repeats=repeats
    )


@beam_job
def pair_pages(
    corpus: Manifest, acquired: Manifest, settings: MineSettings, recipe: Recipe, runner: Runner
) -> Manifest:
    """Find pages that are translations of each other, by what sites say of them and by their addresses."""
    return pages_job.pair_pages(corpus, acquired, recipe.folder(PAGES), settings, runner)


def find_neighbours(embedded: Manifest, settings: MineSettings, recipe: Recipe, runner: Runner) -> Manifest:
    """Say which engine searches each pair, index the languages that want it, search, and say what an index missed."""
    plans = mine_job.search_plans(embedded, settings)
    for engine in sorted({plan.engine for plan in plans.values()}):
        named = [plan for plan in plans.values() if plan.engine == engine]
        slowest = max(named, key=lambda plan: plan.seconds)
        pairs = "1 pair" if len(named) == 1 else f"{len(named)} pairs, the slowest:"
        current_reporter().line(f"  [dim]search of {pairs} {escape(str(slowest))}[/]")
    wanted = index_job.wanted_indexes(settings, plans)
    indexed: Manifest | None = index_languages(embedded, wanted, settings, recipe, runner) if wanted else None
    searched: Manifest = search_pairs(embedded, indexed, plans, settings, recipe, runner)
    for pair, recall in mine_job.search_recall(searched, settings.neighbours).items():
        current_reporter().line(f"  [dim]{pair}: {escape(str(recall))}[/]")
    return searched


@beam_job
def index_languages(
    embedded: Manifest, wanted: tuple[Wanted, ...], settings: MineSettings, recipe: Recipe, runner: Runner
) -> Manifest:
    """Train and fill an index of each language that is searched by one, once for all its pairs."""
    return index_job.index_languages(embedded, recipe.folder(INDEXES), settings, recipe.seed, runner, wanted)


@beam_job
def search_pairs(
    embedded: Manifest,
    indexed: Manifest | None,
    plans: dict[str, Plan],
    settings: MineSettings,
    recipe: Recipe,
    runner: Runner,
) -> Manifest:
    """Find the nearest neighbours of every sentence of every language pair, both ways."""
    return mine_job.search_pairs(embedded, recipe.folder(SEARCH), settings, recipe.seed, runner, plans, indexed=indexed)


@beam_job
def search_pages(
    embedded: Manifest, paired: Manifest, settings: MineSettings, recipe: Recipe, runner: Runner
) -> Manifest:
    """Compare the sentences of pages that are translations of each other, all with all."""
    return context_job.search_pages(embedded, paired, recipe.folder(SEARCH_PAGES), settings, recipe.seed, runner)


@beam_job
def mine_pairs(
    embedded: Manifest,
    searched: Manifest,
    paired: Manifest | None,
    local: Manifest | None,
    settings: MineSettings,
    recipe: Recipe,
    runner: Runner,
) -> Manifest:
    """Choose pairs by margin over the neighbours of both directions, and filter them."""
    return mine_job.mine_pairs(
        embedded, searched, recipe.folder(PAIRS), settings, recipe.seed, runner, paired=paired, local=local
    )


@beam_job
def group_pairs(
    embedded: Manifest, pairs: Manifest, settings: MineSettings, recipe: Recipe, runner: Runner
) -> Manifest:
    """Make groups of translations in many languages around pivots, members checked against each other."""
    pivots = ", ".join(settings.group_pivots())
    current_reporter().line(f"  [dim]groups around {escape(pivots)}[/]")
    return groups_job.group_pairs(embedded, pairs, recipe.folder(GROUPS), settings, recipe.seed, runner)


@beam_job
def write_instructions(pairs: Manifest, corpus: Manifest, recipe: Recipe, runner: Runner) -> Manifest:
    """Write translation instructions from pairs and native-text instructions from the corpus."""
    return instruct_job.instruct(pairs, corpus, recipe.folder(INSTRUCT), recipe.instruct, recipe.seed, runner)


@beam_job
def write_preferences(instructions: Manifest, pairs: Manifest, recipe: Recipe, runner: Runner) -> Manifest:
    """Set each right answer against one in the wrong language, or a misaligned one."""
    rejected = Input(pairs, "rejected")
    return prefer_job.prefer(instructions, recipe.folder(PREFER), recipe.prefer, recipe.seed, runner, rejected=rejected)


@beam_job
def embed(corpus: Manifest, acquired: Manifest, settings: MineSettings, recipe: Recipe, runner: Runner) -> Manifest:
    """Split documents into sentences and encode those of the languages that are mined."""
    languages = {language for pair in settings.language_pairs() for language in pair}
    return embed_job.embed(corpus, acquired, recipe.folder(EMBED), recipe.embed, languages, runner)


def _publish(rows: Manifest, kind: str, name: str, recipe: Recipe, runner: Runner) -> Manifest:
    name = f"{recipe.name}-{name}"
    settings = publish_job.PublishSettings(name=name, kind=kind)
    return publish_job.publish(rows, recipe.folder(DATASETS, name), settings, runner, lineage=lineage(recipe, rows))


@beam_job
def publish_corpus(corpus: Manifest, recipe: Recipe, runner: Runner) -> Manifest:
    """Write the corpus as a Hugging Face data set, a config a language."""
    return _publish(corpus, "documents", "corpus", recipe, runner)


@beam_job
def publish_pairs(pairs: Manifest, recipe: Recipe, runner: Runner) -> Manifest:
    """Write the mined pairs as a Hugging Face data set, a config a language pair."""
    return _publish(pairs, "pairs", "pairs", recipe, runner)


@beam_job
def publish_groups(groups: Manifest, recipe: Recipe, runner: Runner) -> Manifest:
    """Write groups of translations as a Hugging Face data set, a config a language."""
    return _publish(groups, "groups", "groups", recipe, runner)


@beam_job
def publish_instructions(instructions: Manifest, recipe: Recipe, runner: Runner) -> Manifest:
    """Write the instructions as a Hugging Face data set, a config a language of the answer."""
    return _publish(instructions, "instructions", recipe.instruct.name, recipe, runner)


@beam_job
def publish_preferences(preferences: Manifest, recipe: Recipe, runner: Runner) -> Manifest:
    """Write the preferences as a Hugging Face data set, a config a language of the chosen answer."""
    return _publish(preferences, "preferences", recipe.prefer.name, recipe, runner)


@task(name="audit", task_run_name="audit", cache_policy=NO_CACHE)
def audit_shards(recipe: Recipe, runner: Runner) -> tuple[AuditResult, str]:
    """Read every shard of the run again, check it against manifests, ledgers and cards, and draw the report.

    Returns:
        What was found, and the URL of the report.
    """
    # Drawing takes long to import, and no other flow draws.
    from pipelines.audit.report import write_report

    with text_line("audit") as done:
        result = audit_job.audit(recipe.output, recipe.audit, runner, recipe.name)
        report = write_report(result)
        done.append(f"{sum(len(stage.shards) for stage in result.stages):>8,} shards, {len(result.findings)} findings")
    findings = "\n".join(f"- {finding}" for finding in result.findings) or "No findings: every count agrees."
    create_markdown_artifact(findings, key="audit", description=f"Audit of {recipe.output}")
    return result, report
