"""The stage that counts how much of the corpus stands in pairs."""

from __future__ import annotations

import apache_beam as beam
import pyarrow as pa

from pipelines.publish.exports.card import CARD, describe_shares
from pipelines.publish.exports.records import LANGUAGE_SHARE, PAIR_SHARE
from pipelines.publish.exports.shares import Stages, as_csv
from pipelines.publish.exports.transforms import CountShares
from pipelines.runtime.manifest import Manifest, Shard
from pipelines.runtime.parquet import read_table
from pipelines.runtime.runner import Runner
from pipelines.runtime.shards import Output
from pipelines.runtime.stage import Input, Stage, run_stage
from schemas.recipe import Settings

TABLES = {"languages": LANGUAGE_SHARE, "pairs": PAIR_SHARE}


class ShareSettings(Settings):
    """A share of the corpus has no settings but its name."""

    name: str


def count_shares(stages: Stages, folder: str, name: str, runner: Runner) -> Manifest:
    """Count documents, sentences and pairs by language, and pairs by language pair.

    Args:
        stages: those that are counted.
        folder: URL of the folder that the stage owns.
        name: of the set, such as demo-share.
    Returns:
        Manifest with outputs languages (LANGUAGE_SHARE) and pairs (PAIR_SHARE); both stand as CSV among its files.
    """
    inputs = {
        "documents": Input(stages.corpus, "kept", counted=False),
        "sentences": Input(stages.embedded, "sentences", counted=False),
        "left_out": Input(stages.embedded, "dropped", counted=False),
        "forward": Input(stages.searched, "forward", counted=False),
        "backward": Input(stages.searched, "backward", counted=False),
        "pairs": Input(stages.mined, "kept", counted=False),
    }
    stage = Stage(
        name=f"publish-{name}",
        folder=folder,
        packages=("pipelines.publish.exports",),
        settings=ShareSettings(name=name),
        outputs=tuple(Output(table, schema) for table, schema in TABLES.items()),
        inputs=inputs,
        kept=(),
        counts_in="counters",
    )

    def build(pipeline: beam.Pipeline) -> tuple[beam.PCollection, ...]:
        return pipeline | "Count shares" >> CountShares(stages)

    def finish(shards: tuple[Shard, ...]) -> dict[str, bytes]:
        rows = {table: _rows(folder, shards, table, schema) for table, schema in TABLES.items()}
        written = {f"{table}.csv": as_csv(rows[table], schema) for table, schema in TABLES.items()}
        return {**written, CARD: describe_shares(name, rows["languages"], rows["pairs"])}

    return run_stage(stage, build, runner, finish=finish)


def _rows(folder: str, shards: tuple[Shard, ...], table: str, schema: pa.Schema) -> list[dict[str, object]]:
    urls = [f"{folder}/{shard.path}" for shard in shards if shard.output == table]
    rows: list[dict[str, object]] = (
        read_table(urls, schema).sort_by("language" if table == "languages" else "pair").to_pylist()
    )
    return rows
