"""Our stages `mine-search` and `mine` on two sides, in a process of its own:
`python -m benchmarks.mine_stages stages FOLDER OUTPUT THREADS`.

The sides of FOLDER (`mine_sides.write_sides`) are first laid out as the stage `embed` leaves them. The clock runs from
there to the last manifest; Beam, checksums, filters of pairs, reasons of all that is dropped and the table of modes are
on it. Prints one JSON object.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.mine.evaluate import LASER_NEIGHBOURS
from pipelines.mine.job import mine_pairs, search_pairs, search_plans
from pipelines.runtime.filesystem import Folder
from pipelines.runtime.manifest import Manifest, OutputFacts, Shard
from pipelines.runtime.parquet import ParquetFormat, read_table
from pipelines.runtime.runner import Runner
from schemas.identifiers import content_id
from schemas.languages import pair_key
from schemas.recipe import MineSettings
from schemas.records import PAIR, SENTENCE, vector_schema

LANGUAGES = ("deu_Latn", "arb_Arab")
"""Keys under which the sides go; a side's sentences are of four languages, and nothing here asks which."""

_WARM_ROWS = 100
_ROWS_A_SHARD = 50_000
_SEED = 17


def settings() -> MineSettings:
    """Of LASER's steps: k = 4, ratio of vectors as they come, each sentence once, every pair kept."""
    return MineSettings(
        pairs=(LANGUAGES,),
        mode="one-to-one",
        margin="ratio",
        neighbours=LASER_NEIGHBOURS,
        candidates=LASER_NEIGHBOURS,
        engine="exact",
        centre=False,
        threshold=0,
    )


def measure(folder: Path, output: Path) -> dict[str, object]:
    """Time of both stages, and how many of the partners that there are they found."""
    mine(embedded(folder, output / "warm", _WARM_ROWS), output / "warm")
    given = embedded(folder, output)
    wall, processor = time.perf_counter(), time.process_time()
    mined = mine(given, output)
    seconds, used = time.perf_counter() - wall, time.process_time() - processor
    pairs = read_table(mined.urls("kept", pair_key(*LANGUAGES)), PAIR, ("source_id", "target_id"))
    rows = len(np.load(folder / "source.npy", mmap_mode="r"))
    source, target = (
        pc.index_in(pairs.column(name), value_set=pa.array(_ids(language, rows))).to_numpy()
        for name, language in zip(("source_id", "target_id"), LANGUAGES, strict=True)
    )
    partners = np.load(folder / "partners.npy")
    return {
        "documents": 2 * rows,
        "pairs": pairs.num_rows,
        "partners_found": float((np.isin(source, partners) & (source == target)).sum() / len(partners)),
        "seconds": seconds,
        "processor_seconds": used,
        "bytes": sum(shard.bytes for shard in mined.shards),
        "versions": {package: version(package) for package in ("apache-beam", "numba", "numpy", "pyarrow", "torch")},
    }


def mine(given: Manifest, output: Path) -> Manifest:
    """Both stages, in this process."""
    runner = Runner(workers=1)
    plans = search_plans(given, settings())
    searched = search_pairs(given, str(output / "search"), settings(), _SEED, runner, plans)
    return mine_pairs(given, searched, str(output / "mine"), settings(), _SEED, runner)


def embedded(folder: Path, output: Path, rows: int | None = None) -> Manifest:
    """Sentences and vectors of both sides, or of their first rows, and the manifest that a stage embed has."""
    shards: list[Shard] = []
    dimensions = 0
    for side, language in zip(("source", "target"), LANGUAGES, strict=True):
        vectors = np.load(folder / f"{side}.npy")[:rows].astype(np.float16)
        texts = (folder / f"{side}.txt").read_text(encoding="utf-8").splitlines()[:rows]
        dimensions = vectors.shape[1]
        ids = _ids(language, len(texts))
        order = np.argsort(np.array(ids))
        for number, start in enumerate(range(0, len(order), _ROWS_A_SHARD)):
            part = order[start : start + _ROWS_A_SHARD]
            sentences = _sentences(language, [ids[row] for row in part], part, [texts[row] for row in part])
            for name, table in (("sentences", sentences), ("vectors", _vectors(sentences, vectors[part]))):
                shards.append(_written(output / "embed", name, language, number, table))
    return Manifest(
        stage="embed",
        folder=str(output / "embed"),
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
        created="2026-11-20T00:00:00Z",
    )


def _ids(language: str, rows: int) -> list[str]:
    return [content_id(language, str(row)) for row in range(rows)]


def _sentences(language: str, ids: Sequence[str], positions: npt.NDArray[np.int64], texts: Sequence[str]) -> pa.Table:
    same = {"document_id": content_id(language), "language": language, "source": "messages", "licence": "BSD-3-Clause"}
    columns = {
        "id": pa.array(ids),
        "position": pa.array(positions, pa.int32()),
        "text": pa.array(texts),
        "alignment_id": pa.nulls(len(ids), pa.string()),
        **{name: pa.repeat(pa.scalar(value), len(ids)) for name, value in same.items()},
    }
    return pa.table([columns[name] for name in SENTENCE.names], schema=SENTENCE)


def _vectors(sentences: pa.Table, vectors: npt.NDArray[np.float16]) -> pa.Table:
    schema = vector_schema(vectors.shape[1])
    lists = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), type=schema.field("vector").type)
    return pa.table([*(sentences.column(name) for name in ("id", "language", "source")), lists], schema=schema)


def _written(folder: Path, output: str, language: str, number: int, rows: pa.Table) -> Shard:
    path = f"{output}/language={language}/{number:05}.parquet"
    ParquetFormat().write(rows, Folder(str(folder)), path)
    content = (folder / path).read_bytes()
    digest = sha256(content).hexdigest()
    return Shard(
        path=path,
        output=output,
        partition=language,
        rows=rows.num_rows,
        row_groups=1,
        bytes=len(content),
        sha256=digest,
        counts=(),
    )


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[2]), Path(sys.argv[3]))))
