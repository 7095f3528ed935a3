"""A corpus and alternates as their stages leave them, written by a job of two lines, and pages paired out of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import apache_beam as beam
import pyarrow as pa
from pydantic import BaseModel

from pipelines.mine.pages.job import pair_pages
from pipelines.runtime.manifest import Manifest
from pipelines.runtime.parquet import read_table
from pipelines.runtime.runner import Runner
from pipelines.runtime.shards import Output
from pipelines.runtime.stage import Stage, run_stage
from schemas.identifiers import content_id
from schemas.recipe import MineSettings
from schemas.records import ALTERNATE, DOCUMENT, DROPPED, MOVED, PAGE_PAIR
from tests.rows import document_row

SITE = "https://example.org"
IN_PROCESS = Runner(workers=1)
Claim = tuple[str, str, str]
"""A page, a page it names, and the language it names it for."""


class _NoSettings(BaseModel):
    pass


def address(path: str) -> str:
    """The address of a path of the site; whole addresses stay."""
    return path if "://" in path else f"{SITE}{path}"


def corpus(folder: Path, pages: Mapping[str, str]) -> Manifest:
    """Documents by path, with the labels given."""
    rows = [
        document_row(address(path), f"text of {path}", label, script=label[4:] or "Zyyy")
        for path, label in pages.items()
    ]
    table = pa.Table.from_pylist(rows, schema=DOCUMENT)
    return _written(folder / "corpus", "dedupe", {"kept": table}, ("language",))


def acquired(folder: Path, claims: Iterable[Claim], moved: Mapping[str, str] = MappingProxyType({})) -> Manifest:
    """What pages say of each other, and where addresses lead."""
    rows = [
        {
            "id": content_id(page, target, hreflang),
            "url": address(page),
            "target": address(target),
            "hreflang": hreflang,
            "referrer": address(page),
            "source": "crawl",
        }
        for page, target, hreflang in claims
    ]
    table = pa.Table.from_pylist(rows, schema=ALTERNATE)
    leading = [
        {"id": content_id(url, target), "url": address(url), "target": address(target), "source": "crawl"}
        for url, target in moved.items()
    ]
    tables = {"alternates": table, "moved": pa.Table.from_pylist(leading, schema=MOVED)}
    return _written(folder / "acquire", "acquire", tables)


def _written(folder: Path, name: str, tables: Mapping[str, pa.Table], partition: tuple[str, ...] = ()) -> Manifest:
    outputs = tuple(Output(output, table.schema, partition) for output, table in tables.items())
    stage = Stage(name, str(folder), (), _NoSettings(), outputs, kept=(), counts_in="counters")
    rows = [(output, batch) for output, table in tables.items() for batch in table.to_batches()]
    return run_stage(stage, lambda pipeline: pipeline | beam.Create(rows), IN_PROCESS)


def paired(
    folder: Path,
    pages: Mapping[str, str],
    claims: Sequence[Claim] = (),
    pairs: Sequence[tuple[str, str]] = (("eng_Latn", "deu_Latn"),),
    moved: Mapping[str, str] = MappingProxyType({}),
    **settings: bool,
) -> Manifest:
    """The stage pair-pages of a site."""
    recipe = MineSettings.model_validate({"pairs": pairs, "pages": settings})
    return pair_pages(corpus(folder, pages), acquired(folder, claims, moved), str(folder / "pages"), recipe, IN_PROCESS)


def kept(manifest: Manifest) -> dict[tuple[str, str], str]:
    """What says so, by the paths of both pages."""
    rows = read_table(manifest.urls("kept"), PAGE_PAIR).to_pylist()
    return {
        (row["source_url"].removeprefix(SITE), row["target_url"].removeprefix(SITE)): row["evidence"] for row in rows
    }


def dropped(manifest: Manifest) -> dict[tuple[str, str], str]:
    """Why a claim, or a pair of pages, came to nothing, by the path and what the row says of it."""
    rows = read_table(manifest.urls("dropped"), DROPPED).to_pylist()
    return {(row["url"].removeprefix(SITE), row["detail"].replace(SITE, "")): row["reason"] for row in rows}
