"""Sentences of a finished embed stage that their source aligns across languages, with their vectors."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.embed.alignment import Side
from pipelines.runtime.filesystem import Folder
from pipelines.runtime.manifest import Manifest, Shard
from pipelines.runtime.parquet import read_batches

MOST_SENTENCES = 2_000
"""Sentences of a language that are scored: the share is then known to a percent or two."""


def parallel_sides(
    embedded: Manifest, languages: Collection[str] | None = None, most: int = MOST_SENTENCES
) -> dict[str, Side]:
    """The aligned sentences of each language; languages without any are left out.

    Args:
        embedded: the stage embed, finished.
        languages: keys; all of the stage when None.
        most: sentences of a language; those of the smallest alignment ids, which are hashes, so that languages of one
            source keep the same messages.
    """
    wanted = embedded.partitions("sentences") if languages is None else sorted(languages)
    sides = {language: _side(embedded, language, most) for language in wanted}
    return {language: side for language, side in sides.items() if len(side.ids)}


def _side(embedded: Manifest, language: str, most: int) -> Side:
    dimensions = int(str(embedded.settings["dimensions"]))
    schema = pa.schema(
        [("alignment_id", pa.string()), ("text", pa.string()), ("vector", pa.list_(pa.float16(), dimensions))]
    )
    aligned = schema.empty_table()
    place = Folder(embedded.folder)
    shards = zip(embedded.of("sentences", language), embedded.of("vectors", language), strict=True)
    for sentences, vectors in shards:
        # The shards of both outputs hold the same ids in the same order; most of a crawl has no vector worth reading.
        groups = _with_aligned(place, sentences)
        read = (
            read_batches(place, sentences.path, columns=("alignment_id", "text"), row_groups=groups),
            read_batches(place, vectors.path, columns=("vector",), row_groups=groups),
        )
        for rows, values in zip(*read, strict=True):
            both = pa.RecordBatch.from_arrays([*rows.columns, values.column("vector")], schema=schema)
            some = pa.Table.from_batches([both.filter(pc.is_valid(rows.column("alignment_id")))])
            aligned = pa.concat_tables([aligned, some])
        aligned = aligned.sort_by([("alignment_id", "ascending"), ("text", "ascending")]).slice(0, most)
    table = aligned.combine_chunks()
    vectors_of = table["vector"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    ids, texts = (table[name].combine_chunks() for name in ("alignment_id", "text"))
    return Side(ids, texts, vectors_of.reshape(-1, dimensions).astype(np.float32))


def _with_aligned(place: Folder, sentences: Shard) -> list[int]:
    """Row groups of a shard that hold an aligned sentence."""
    groups = range(sentences.row_groups)
    columns = ("alignment_id",)
    return [
        group
        for group in groups
        if any(
            rows.column(0).null_count < rows.num_rows
            for rows in read_batches(place, sentences.path, columns=columns, row_groups=[group])
        )
    ]
