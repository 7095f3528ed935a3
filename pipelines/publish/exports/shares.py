"""How much of the corpus stands in pairs, by language and by language pair, counted in the shards.

Sentences are told apart by id, so one that stands in many pairs counts once. Memory holds the ids of one language's
sentences.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.runtime.manifest import Manifest
from pipelines.runtime.parquet import read_shards
from schemas.identifiers import content_id
from schemas.languages import pair_key, split_pair

_SIDES = ("source", "target")
_DIRECTIONS = ("forward", "backward")
_PAIRED = pa.schema([pa.field("id", pa.string()), pa.field("characters", pa.int64())])


@dataclass(frozen=True)
class Stages:
    """What a share is counted in.

    Attributes:
        corpus: its `kept` rows are DOCUMENT by language.
        embedded: the stage embed.
        searched: the stage mine-search.
        mined: the stage mine.
    """

    corpus: Manifest
    embedded: Manifest
    searched: Manifest
    mined: Manifest

    def languages(self) -> tuple[str, ...]:
        """Keys of all languages of the corpus and of those that were mined."""
        mined = (key for pair in self.pairs() for key in split_pair(pair))
        return tuple(sorted({*self.corpus.partitions("kept"), *self.embedded.partitions("sentences"), *mined}))

    def pairs(self) -> tuple[str, ...]:
        """Language pairs that were searched, also those in which no pair was found."""
        known = (self.searched.partitions(direction) for direction in _DIRECTIONS)
        return tuple(sorted({*self.mined.partitions("kept"), *(pair for pairs in known for pair in pairs)}))


def dropped_sentences(stages: Stages) -> dict[str, int]:
    """Sentences that were dropped before they were encoded, by language."""
    rows: Counter[str] = Counter()
    for batch in read_shards(stages.embedded.urls("dropped"), ("language",)):
        rows.update(_counts(batch.column("language")))
    return dict(rows)


def language_share(stages: Stages, key: str, dropped: int) -> dict[str, Any]:
    """A row of LANGUAGE_SHARE.

    Args:
        dropped: sentences of the language that were dropped before they were encoded.
    """
    documents, document_characters = _texts(stages.corpus.urls("kept", key))
    encoded, encoded_characters = _texts(stages.embedded.urls("sentences", key))
    sides = [(pair, side) for pair in stages.pairs() for side in (0, 1) if split_pair(pair)[side] == key]
    searched = len(_distinct(_searched(stages, pair, side) for pair, side in sides))
    paired, paired_characters = _paired(_mined(stages, pair, side) for pair, side in sides)
    return {
        "id": content_id(key),
        "language": key,
        "documents": documents,
        "document_characters": document_characters,
        "sentences": encoded + dropped,
        "encoded": encoded,
        "encoded_characters": encoded_characters,
        "searched": searched,
        "paired": paired,
        "paired_characters": paired_characters,
        "share_of_searched": _share(paired, searched),
        "share_of_sentences": _share(paired, encoded + dropped),
        "share_of_characters": _share(paired_characters, encoded_characters),
    }


def pair_share(stages: Stages, pair: str) -> dict[str, Any]:
    """A row of PAIR_SHARE."""
    keys = split_pair(pair)
    row: dict[str, Any] = {
        "id": content_id(pair_key(*keys)),
        "pair": pair,
        "pairs": sum(batch.num_rows for batch in read_shards(stages.mined.urls("kept", pair), ("id",))),
    }
    for side, name in enumerate(_SIDES):
        searched = len(_distinct([_searched(stages, pair, side)]))
        paired, characters = _paired([_mined(stages, pair, side)])
        row |= {
            f"{name}_language": keys[side],
            f"{name}_searched": searched,
            f"{name}_paired": paired,
            f"{name}_characters": characters,
            f"{name}_share": _share(paired, searched),
        }
    return row


def as_csv(rows: Iterable[Mapping[str, Any]], schema: pa.Schema) -> bytes:
    """Rows as CSV, without ids, texts always in quotes: `no` and `nan` are languages."""
    names = [name for name in schema.names if name != "id"]
    lines = [names, *([row[name] for name in names] for row in rows)]
    return "".join(",".join(map(_cell, line)) + "\n" for line in lines).encode()


def _cell(value: object) -> str:
    """One value; the csv module would quote a missing one too, which makes it a text."""
    if value is None:
        return ""
    return '"' + value.replace('"', '""') + '"' if isinstance(value, str) else str(value)


def _texts(urls: tuple[str, ...]) -> tuple[int, int]:
    """Rows, and characters of their texts."""
    rows = characters = 0
    for batch in read_shards(urls, ("text",), batch_rows=8_192):
        rows += batch.num_rows
        characters += pc.sum(pc.utf8_length(batch.column("text"))).as_py() or 0
    return rows, characters


def _searched(stages: Stages, pair: str, side: int) -> Iterator[pa.Array]:
    for batch in read_shards(stages.searched.urls(_DIRECTIONS[side], pair), ("id",)):
        yield batch.column("id")


def _mined(stages: Stages, pair: str, side: int) -> Iterator[pa.RecordBatch]:
    """Ids of one side of a pair's rows, and the characters of their texts; without transcript none."""
    columns = (f"{_SIDES[side]}_id", f"{_SIDES[side]}_text")
    for batch in read_shards(stages.mined.urls("kept", pair), columns, batch_rows=8_192):
        lengths = pc.fill_null(pc.utf8_length(batch.column(columns[1])), 0).cast(pa.int64())
        yield pa.RecordBatch.from_arrays([batch.column(columns[0]), lengths], schema=_PAIRED)


def _distinct(parts: Iterable[Iterable[pa.Array]]) -> pa.Array:
    """Different ids of some parts, each of arrays, one part at a time."""
    found = pa.array([], pa.string())
    for arrays in parts:
        found = pc.unique(pa.chunked_array([found, *arrays], pa.string()))
    return found


def _paired(parts: Iterable[Iterable[pa.RecordBatch]]) -> tuple[int, int]:
    """Different sentences of some parts, and their characters, one part at a time."""
    sentences = _PAIRED.empty_table()
    for batches in parts:
        table = pa.concat_tables([sentences, pa.Table.from_batches(list(batches), schema=_PAIRED)])
        sentences = table.group_by("id").aggregate([("characters", "max")]).rename_columns(_PAIRED.names)
    return sentences.num_rows, pc.sum(sentences.column("characters")).as_py() or 0


def _counts(values: pa.Array) -> dict[str, int]:
    return {row["values"]: row["counts"] for row in values.value_counts().to_pylist()}


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
