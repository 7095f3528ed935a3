"""README.md of exported text: which files hold what, counted in the index, with licences and provenance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
import pyarrow as pa

from pipelines.publish.exports.pairs import PairExport
from pipelines.publish.exports.records import EXPORTED_MEMBER, EXPORTED_PAIR
from pipelines.runtime.manifest import Manifest, Shard
from pipelines.runtime.parquet import read_shards
from schemas.languages import language, split_pair

CARD = "README.md"


def describe_pairs(folder: str, shards: Sequence[Shard], export: PairExport, lineage: Iterable[Manifest]) -> bytes:
    """The README of Moses or TMX files.

    Args:
        folder: of the stage.
        shards: what it wrote.
        lineage: the stages that made the pairs, first to last.
    """
    kept = _kept(shards)
    rows: Counter[str] = Counter()
    for shard in kept:
        rows[str(shard.partition)] += shard.rows
    return _written(
        "pairs.md.j2",
        name=export.naming.name,
        form=export.form,
        example=list(export.paths(min(rows), 1)) if rows else [],
        languages=[
            {
                "pair": pair,
                "names": _names(split_pair(pair)),
                "rows": count,
                "folder": export.naming.stem(pair, 0).partition("/")[0],
                "files": len(list(export.paths(pair, count))),
            }
            for pair, count in sorted(rows.items())
        ],
        licences=_licences(folder, kept, EXPORTED_PAIR),
        lineage=lineage,
    )


def describe_lines(
    folder: str,
    shards: Sequence[Shard],
    name: str,
    paths: Mapping[str, Sequence[str]],
    costs: Sequence[Mapping[str, Any]],
    lineage: Iterable[Manifest],
) -> bytes:
    """The README of lines in many languages.

    Args:
        paths: files of each language written, one a split.
        costs: rows of LANGUAGE_COST, in the order of `place`.
    """
    kept = _kept(shards)
    splits: Counter[str] = Counter()
    chosen = min(paths, default=None)
    for shard in kept:
        key, _, split = str(shard.partition).partition("/")
        splits[split] += shard.rows if key == chosen else 0
    return _written(
        "lines.md.j2",
        name=name,
        splits=dict(sorted(splits.items())),
        languages=[{"key": key, "name": language(key).name, "files": found} for key, found in sorted(paths.items())],
        costs=costs,
        licences=_licences(folder, kept, EXPORTED_MEMBER),
        lineage=lineage,
    )


def describe_shares(name: str, languages: Iterable[Mapping[str, Any]], pairs: Iterable[Mapping[str, Any]]) -> bytes:
    """The README of a share of the corpus.

    Args:
        languages: rows of LANGUAGE_SHARE; those that were searched are shown, most paired first.
        pairs: rows of PAIR_SHARE, likewise.
    """
    searched = [row for row in languages if row["searched"]]
    return _written(
        "shares.md.j2",
        name=name,
        languages=[{**row, "name": language(row["language"]).name} for row in sorted(searched, key=_by("paired"))],
        pairs=sorted(pairs, key=_by("pairs")),
    )


def _by(name: str) -> Callable[[Mapping[str, Any]], tuple[int, str]]:
    return lambda row: (-row[name], row["id"])


def cost_table(costs: Iterable[Mapping[str, Any]]) -> bytes:
    """Rows of LANGUAGE_COST for people and spreadsheets, tab-separated."""
    names = ("groups", "complete", "cost", "cells")
    rows = [("language", "written", *names)]
    rows += [(row["language"], "yes" if row["written"] else "no", *(str(row[name]) for name in names)) for row in costs]
    return "".join("\t".join(row) + "\n" for row in rows).encode()


def _kept(shards: Iterable[Shard]) -> list[Shard]:
    return [shard for shard in shards if shard.output == "kept"]


def _names(keys: Iterable[str]) -> str:
    return " – ".join(language(key).name for key in keys)


def _licences(folder: str, shards: Iterable[Shard], schema: pa.Schema) -> dict[str | None, int]:
    """Rows by licence, most first."""
    counts: Counter[str | None] = Counter()
    for batch in read_shards((f"{folder}/{shard.path}" for shard in shards), ("licence",)):
        for found in batch.column("licence").cast(schema.field("licence").type).value_counts().to_pylist():
            counts[found["values"]] += found["counts"]
    return dict(sorted(counts.items(), key=lambda item: (-item[1], str(item[0]))))


def _written(template: str, **facts: object) -> bytes:
    return _template(template).render(**facts).encode()


@cache
def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.FunctionLoader(
            lambda name: files("pipelines.publish.exports").joinpath(name).read_text(encoding="utf-8")
        ),
    )
    environment.filters["thousands"] = "{:,}".format
    environment.filters["percent"] = lambda share: "–" if share is None else f"{100 * share:.1f} %"
    return environment.get_template(name)
