"""The export stages: mined pairs as Moses text or TMX, groups as lines, shares of the corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import apache_beam as beam

from pipelines.publish.exports.card import CARD, cost_table, describe_lines, describe_pairs
from pipelines.publish.exports.files import ending
from pipelines.publish.exports.lines import metadata_path, path_of
from pipelines.publish.exports.naming import Naming
from pipelines.publish.exports.pairs import PairExport
from pipelines.publish.exports.places import SPLITS
from pipelines.publish.exports.records import EXPORTED_MEMBER, EXPORTED_PAIR, LANGUAGE_COST
from pipelines.publish.exports.transforms import WriteLines, WritePairs
from pipelines.runtime.manifest import Manifest, Shard, fingerprint
from pipelines.runtime.parquet import read_table
from pipelines.runtime.runner import Runner
from pipelines.runtime.shards import Output
from pipelines.runtime.stage import Input, Stage, run_stage
from schemas.recipe import Codes, Compression, ExportSettings, LinesLayout, PairFormat, Settings
from schemas.records import DROPPED

PACKAGES = ("pipelines.publish.exports",)
COSTS = "languages.tsv"


class PairExportSettings(Settings):
    """What decides the text files of pairs."""

    name: str
    form: PairFormat
    codes: Codes
    min_score: float | None
    compression: Compression
    max_rows: int | None

    def export(self) -> PairExport:
        naming = Naming(self.name, self.codes, numbered=self.max_rows is not None, compression=self.compression)
        return PairExport(self.form, naming, self.min_score, self.max_rows)


def export_pairs(
    pairs: Manifest,
    folder: str,
    name: str,
    form: PairFormat,
    settings: ExportSettings,
    runner: Runner,
    *,
    lineage: Sequence[Manifest] = (),
) -> Manifest:
    """Write mined pairs as Moses text or TMX, files by language pair.

    Args:
        pairs: the stage mine.
        folder: URL of the folder that the stage owns.
        name: of the set, such as demo-pairs; it begins the files' names.
        lineage: the stages before mine, first to last, for the README.
    Returns:
        Manifest with outputs kept (EXPORTED_PAIR, by pair: where each stands) and dropped. The text files and
        README.md are among its files. Its counters have the texts that were `texts-cleaned`, if any.
    """
    chosen = PairExportSettings(
        name=name,
        form=form,
        codes=settings.codes,
        min_score=settings.min_score,
        compression=settings.compression,
        max_rows=settings.max_rows,
    )
    lineage = (*lineage, pairs)
    taken = Input(pairs, "kept")
    stage = Stage(
        name=f"publish-{name}-{form}",
        folder=folder,
        packages=PACKAGES,
        settings=chosen,
        outputs=(
            Output(
                "kept",
                EXPORTED_PAIR,
                partition=("pair",),
                layout="index/{partition}/part",
                expected={pair: pairs.rows("kept", pair) for pair in pairs.partitions("kept")},
                language="pair",
            ),
            Output("dropped", DROPPED),
        ),
        inputs={"pairs": taken},
        extra={"lineage": _fingerprints(lineage)},
    )
    export = chosen.export()
    step = WritePairs(folder=folder, pairs=pairs, export=export)

    def build(pipeline: beam.Pipeline) -> beam.PCollection:
        return pipeline | "Write pairs" >> step

    def written(shards: tuple[Shard, ...]) -> Iterator[str]:
        for pair, rows in kept_rows(shards).items():
            yield from export.paths(pair, rows)

    def finish(shards: tuple[Shard, ...]) -> dict[str, bytes]:
        return {CARD: describe_pairs(folder, shards, export, lineage)}

    return run_stage(stage, build, runner, written=written, finish=finish)


def kept_rows(shards: Iterable[Shard]) -> dict[str, int]:
    """Rows written by language pair, or language."""
    rows: Counter[str] = Counter()
    for shard in shards:
        for count in shard.counts if shard.output == "kept" else ():
            rows[count.language] += count.rows
    return dict(sorted(rows.items()))


def _fingerprints(lineage: Sequence[Manifest]) -> str:
    return fingerprint([[manifest.stage, manifest.fingerprint] for manifest in lineage])


class LinesExportSettings(Settings):
    """What decides lines in many languages."""

    name: str
    languages: tuple[str, ...]
    layout: LinesLayout
    devtest_percent: float
    min_score: float | None
    compression: Compression


def export_lines(
    groups: Manifest,
    folder: str,
    name: str,
    settings: ExportSettings,
    seed: int,
    runner: Runner,
    *,
    lineage: Sequence[Manifest] = (),
) -> Manifest:
    """Write groups as text whose lines mean the same in all files.

    Args:
        groups: the stage group-pairs, whose `kept` rows are GROUP_MEMBER by language.
        folder: URL of the folder that the stage owns.
        name: of the set, such as demo-lines.
        seed: the recipe's; it decides which lines are `devtest`.
        lineage: the stages before, first to last, for the README.
    Returns:
        Manifest with outputs kept (EXPORTED_MEMBER, by language and set), dropped, and languages (LANGUAGE_COST). The
        text files, metadata, languages.tsv and README.md are among its files.
    Raises:
        LinesError: groups are broken: one has two members in a language, or one without text.
    """
    chosen = LinesExportSettings(
        name=name,
        **settings.lines.model_dump(),
        min_score=settings.min_score,
        compression=settings.compression,
    )
    lineage = (*lineage, groups)
    taken = Input(groups, "kept")
    splits = SPLITS[chosen.layout]
    stage = Stage(
        name=f"publish-{name}",
        folder=folder,
        packages=PACKAGES,
        settings=chosen,
        outputs=(
            Output(
                "kept",
                EXPORTED_MEMBER,
                partition=("language", "split"),
                layout="index/{partition}/part",
                expected={
                    f"{key}/{split}": groups.rows("kept", key) for key in groups.partitions("kept") for split in splits
                },
            ),
            Output("dropped", DROPPED),
            Output("languages", LANGUAGE_COST),
        ),
        inputs={"groups": taken},
        extra={"lineage": _fingerprints(lineage), "seed": str(seed)},
    )
    step = WriteLines(
        folder=folder,
        groups=groups,
        languages=chosen.languages,
        layout=chosen.layout,
        devtest_percent=chosen.devtest_percent,
        min_score=chosen.min_score,
        compression=chosen.compression,
        seed=seed,
    )

    def build(pipeline: beam.Pipeline) -> tuple[beam.PCollection, ...]:
        return pipeline | "Write lines" >> step

    def paths(shards: tuple[Shard, ...]) -> dict[str, list[str]]:
        """Files by language."""
        found: dict[str, list[str]] = {}
        for label in sorted({str(shard.partition) for shard in shards if shard.output == "kept"}):
            key, _, split = label.partition("/")
            found.setdefault(key, []).append(f"{path_of(key, split)}{ending(chosen.compression)}")
        return found

    def written(shards: tuple[Shard, ...]) -> Iterator[str]:
        for files in paths(shards).values():
            yield from files
        for split in {str(shard.partition).partition("/")[2] for shard in shards if shard.output == "kept"}:
            yield f"{metadata_path(split)}{ending(chosen.compression)}"

    def finish(shards: tuple[Shard, ...]) -> dict[str, bytes]:
        urls = [f"{folder}/{shard.path}" for shard in shards if shard.output == "languages"]
        costs = read_table(urls, LANGUAGE_COST).sort_by("place").to_pylist()
        return {
            CARD: describe_lines(folder, shards, name, paths(shards), costs, lineage),
            COSTS: cost_table(costs),
        }

    return run_stage(stage, build, runner, written=written, finish=finish)
