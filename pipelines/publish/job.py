"""The job: master rows of one stage -> a Hugging Face data-set folder with its card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import apache_beam as beam
import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from pipelines.publish.card import CARD_NAME, write_card
from pipelines.publish.contents import read_contents
from pipelines.publish.llama_factory import FILE_NAME, describe_for_llama_factory
from pipelines.publish.projections import KINDS, Kind
from pipelines.runtime.manifest import Manifest, Shard, fingerprint
from pipelines.runtime.parquet import read_table
from pipelines.runtime.runner import Runner
from pipelines.runtime.shards import Named, Output
from pipelines.runtime.stage import Input, Stage, run_stage


class PublishSettings(BaseModel):
    """What a published set is called and is made of.

    Attributes:
        name: such as xllms100-instruct.
        kind: documents, pairs, groups, instructions or preferences.
        rows_per_shard: rows a shard aims at; keep shards below 500 MB.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: str
    rows_per_shard: int = 100_000


def publish(
    rows: Manifest, folder: str, settings: PublishSettings, runner: Runner, *, lineage: Sequence[Manifest] = ()
) -> Manifest:
    """Write `<config>/<split>-00000-of-00001.parquet` and README.md below the folder.

    Args:
        rows: the stage whose `kept` rows are published.
        lineage: the stages before it, first to last, for the card.
    Returns:
        Manifest with output kept: every row, and the card among its files.
    """
    kind = KINDS[settings.kind]
    taken = Input(rows, "kept")
    lineage = (*lineage, rows)
    stage = Stage(
        name=f"publish-{settings.name}",
        folder=folder,
        packages=("pipelines.publish",),
        settings=settings,
        outputs=(
            Output(
                "kept",
                kind.schema,
                partition=kind.partition,
                layout=kind.layout,
                rows_per_shard=settings.rows_per_shard,
                expected=_expected(rows, kind),
                language=kind.config,
            ),
        ),
        inputs={"rows": taken},
        extra={"lineage": fingerprint([[manifest.stage, manifest.fingerprint] for manifest in lineage])},
    )

    def build(pipeline: beam.Pipeline) -> beam.PCollection:
        return pipeline | "Read" >> taken.read() | "Project" >> beam.Map(_project, settings.kind)

    def finish(shards: tuple[Shard, ...]) -> dict[str, bytes]:
        contents = read_contents(folder, shards)
        written = {CARD_NAME: write_card(settings.name, kind, contents, lineage)}
        if settings.kind == "instructions":
            written[FILE_NAME] = describe_for_llama_factory(settings.name, contents)
        return written

    return run_stage(stage, build, runner, finish=finish)


def _project(rows: pa.RecordBatch, kind: str) -> Named:
    return "kept", KINDS[kind].project(rows)


def _expected(rows: Manifest, kind: Kind) -> dict[str, int]:
    """Rows by config and split, for the number of shards: splits are counted in one column of the input."""
    expected: Counter[str] = Counter()
    for config in rows.partitions("kept"):
        if kind.split is None:
            expected[kind.partition_name(config, "train")] = rows.rows("kept", config)
            continue
        splits = read_table(rows.urls("kept", config), pa.schema([kind.schema.field(kind.split)]), [kind.split])
        for counted in splits.column(kind.split).value_counts().to_pylist():
            expected[kind.partition_name(config, counted["values"])] += counted["counts"]
    return dict(expected)
