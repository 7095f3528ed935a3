"""Two languages of any size as a stage embed leaves them, written a shard at a time: mixtures of real vectors."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from benchmarks import mine_sides
from pipelines.runtime.filesystem import Folder
from pipelines.runtime.manifest import Manifest, OutputFacts, Shard, write_manifest
from pipelines.runtime.parquet import ParquetFormat
from schemas.identifiers import content_id
from schemas.records import SENTENCE, vector_schema

SIDES: Final = {"deu_Latn": mine_sides.SOURCES, "arb_Arab": mine_sides.TARGETS}
"""Keys under which the sides go, with the languages whose messages are mixed; nothing here asks which they are."""

SHARD_ROWS = 100_000

_NOISE, _SEED, _AT_ONCE = 0.25, 6, 8192


def write_embedded(folder: Path, rows: int) -> Manifest:
    """Write sentences and vectors of both sides, so many rows each.

    A row mixes the vectors of two of Django's messages in one language, the first of which weighs 0.5 to 1, and adds
    noise of a quarter of its length. Of the target's rows half are the source's mixtures in another language, so that
    they have a partner. A shard's ids are random; its sentences are their numbers.

    Raises:
        BenchmarkError: Django is not installed.
    """
    shards: list[Shard] = []
    draw = np.random.default_rng(_SEED)
    drawn: tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]] | None = None
    dimensions = 0
    for language, tags in SIDES.items():
        table = np.stack([mine_sides.real_vectors(tag) for tag in tags]).astype(np.float32)
        dimensions = table.shape[2]
        pairs, weights = draw.integers(table.shape[1], size=(rows, 2)), draw.uniform(0.5, 1, rows)
        if drawn is not None:
            partnered = draw.permutation(rows)[: rows // 2]
            pairs[partnered], weights[partnered] = drawn[0][partnered], drawn[1][partnered]
        drawn = pairs, weights
        for number, top in enumerate(range(0, rows, SHARD_ROWS)):
            part = slice(top, top + SHARD_ROWS)
            vectors = np.concatenate(list(_mixed(table, draw, pairs[part], weights[part].astype(np.float32))))
            sentences = _sentences(language, top, len(vectors))
            for name, given in (("sentences", sentences), ("vectors", _vectors(sentences, vectors))):
                shards.append(_written(folder, name, language, number, given))
    manifest = Manifest(
        stage="embed",
        folder=str(folder),
        fingerprint="0",
        code="0",
        settings={"dimensions": dimensions, "encoder_fingerprint": "e5-small"},
        inputs={},
        outputs=dict.fromkeys(("sentences", "vectors"), OutputFacts(role="kept", language="language")),
        by_language=True,
        counts_in="inputs",
        shards=tuple(shards),
        ledger=(),
        counters={},
        created="2026-11-23T00:00:00Z",
    )
    write_manifest(manifest)
    return manifest


def _mixed(
    table: npt.NDArray[np.float32],
    draw: np.random.Generator,
    pairs: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float32],
) -> Iterator[npt.NDArray[np.float16]]:
    """Unit vectors, each a mixture within one language; table is (languages, messages, d)."""
    for start in range(0, len(pairs), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        languages = draw.integers(len(table), size=len(pairs[part]))
        first, second = (table[languages, pairs[part, place]] for place in (0, 1))
        weight = weights[part, np.newaxis]
        rows = weight * first + (1 - weight) * second
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        rows += draw.normal(0, _NOISE / rows.shape[1] ** 0.5, rows.shape).astype(np.float32)
        yield (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)


def _sentences(language: str, first: int, rows: int) -> pa.Table:
    names = sorted(content_id(language, str(row)) for row in range(first, first + rows))
    same = {"document_id": content_id(language), "language": language, "source": "messages", "licence": "BSD-3-Clause"}
    columns = {
        "id": pa.array(names),
        "position": pa.array(np.arange(first, first + rows), pa.int32()),
        "text": pa.array(names),
        "alignment_id": pa.nulls(rows, pa.string()),
        **{name: pa.repeat(pa.scalar(value), rows) for name, value in same.items()},
    }
    return pa.table([columns[name] for name in SENTENCE.names], schema=SENTENCE)


def _vectors(sentences: pa.Table, vectors: npt.NDArray[np.float16]) -> pa.Table:
    schema = vector_schema(vectors.shape[1])
    lists = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), type=schema.field("vector").type)
    return pa.table([*(sentences.column(name) for name in ("id", "language", "source")), lists], schema=schema)


def _written(folder: Path, output: str, language: str, number: int, rows: pa.Table) -> Shard:
    path = f"{output}/language={language}/{number:05}.parquet"
    parquet = ParquetFormat(compression_level=1)
    parquet.write(rows, Folder(str(folder)), path)
    with (folder / path).open("rb") as file:
        content = file.read()
    return Shard(
        path=path,
        output=output,
        partition=language,
        rows=rows.num_rows,
        row_groups=-(-rows.num_rows // parquet.row_group_rows),
        bytes=len(content),
        sha256=sha256(content).hexdigest(),
        counts=(),
    )
