"""One language as a search sees it: which of its sentences take part, at which position, with which vectors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.mine.centring import centred, mean_of
from pipelines.mine.neighbours.found import ABSENT, Ids
from pipelines.mine.neighbours.sides import Vectors
from pipelines.runtime.draws import below, draws
from pipelines.runtime.manifest import Manifest
from pipelines.runtime.parquet import read_shards, read_table
from schemas.errors import GlotmillError
from schemas.identifiers import content_id
from schemas.records import SENTENCE, vector_schema

# Vectors of a batch of 1,024 dimensions take 8 MiB as they are stored.
_VECTOR_ROWS = 4096


class UnmatchedVectorsError(GlotmillError):
    """Sentences and vectors of one language that do not name the same rows."""


@dataclass(frozen=True)
class Choice:
    """What decides which sentences of a language take part, and how their vectors are prepared.

    Attributes:
        holdout_percent: of sentences with an alignment, those hidden.
        seed: of the recipe.
        centre: whether the mean of a language's vectors is taken from each.
    """

    holdout_percent: float
    seed: int
    centre: bool


@dataclass(frozen=True)
class Language:
    """Sentences of one language, from the shards of a stage embed, each sorted by id.

    Positions count the sentences that take part by their ids, so that a smaller position is a smaller id. A sentence
    that is held out takes no part, nor does one whose text another, with a smaller id, has that takes part.

    Attributes:
        key: of the language.
        ids: of the sentences that take part, by position.
        positions: of each shard, int64 (rows,): the position of each row; ABSENT where it takes no part.
        vectors: URLs of the shards of vectors, in the order of `positions`.
        dimensions: values a vector.
        mean: float64 (d,), taken from each vector before it is brought back to unit length; None: vectors stay.
    """

    key: str
    ids: pa.StringArray
    positions: tuple[Ids, ...]
    vectors: tuple[str, ...]
    dimensions: int
    mean: npt.NDArray[np.float64] | None

    def __len__(self) -> int:
        return len(self.ids)

    def block(self, shard: int) -> tuple[Ids, Vectors]:
        """Positions, ascending, and prepared vectors (b, d) of a shard's sentences that take part."""
        positions = self.positions[shard][self.positions[shard] != ABSENT]
        vectors = np.empty((len(positions), self.dimensions), np.float32)
        top = 0
        for _, piece in self._pieces(shard):
            vectors[top : top + len(piece)] = piece
            top += len(piece)
        return positions, vectors

    def stored(self, shard: int) -> Iterator[tuple[Ids, npt.NDArray[np.float16]]]:
        """Positions, ascending, and vectors (b, d) as they were encoded, of a shard's sentences that take part: some
        thousand at a time."""
        top = 0
        for vectors in _read_vectors(self.vectors[shard], self.dimensions):
            positions = self.positions[shard][top : top + len(vectors)]
            there = positions != ABSENT
            yield positions[there], vectors[there]
            top += len(vectors)

    def _pieces(self, shard: int) -> Iterator[tuple[Ids, Vectors]]:
        for positions, stored in self.stored(shard):
            vectors = stored.astype(np.float32)
            yield positions, vectors if self.mean is None else centred(vectors, self.mean)

    def blocks(self) -> Iterator[tuple[Ids, Vectors]]:
        """Each shard's; those without a sentence that takes part as well."""
        return (self.block(shard) for shard in range(len(self.vectors)))

    def all_vectors(self) -> Vectors:
        """Prepared vectors of all that take part, by position: (n, d)."""
        return self.vectors_at(np.arange(len(self)))

    def taking_part(self, shard: int) -> int:
        """How many of a shard's sentences take part."""
        return int((self.positions[shard] != ABSENT).sum())

    def vectors_at(self, positions: Ids) -> Vectors:
        """Prepared vectors (b, d) at some positions, ascending; some thousand others are held beside them."""
        wanted = np.full(len(self), ABSENT, np.int64)
        wanted[positions] = np.arange(len(positions))
        vectors = np.empty((len(positions), self.dimensions), np.float32)
        for shard in range(len(self.vectors)):
            for there, piece in self._pieces(shard):
                places = wanted[there]
                vectors[places[places != ABSENT]] = piece[places != ABSENT]
        return vectors


def load_language(embedded: Manifest, key: str, choice: Choice) -> Language:
    """Read which sentences of a language take part; vectors are read where their mean is wanted, and let go.

    Raises:
        UnmatchedVectorsError: a sentence has no vector, or a vector no sentence.
    """
    sentences, vectors = (embedded.urls(output, key) for output in ("sentences", "vectors"))
    stored = _Stored(
        embedded.folder, embedded.content, key, sentences, vectors, int(str(embedded.settings["dimensions"]))
    )
    return _loaded(stored, choice)


@dataclass(frozen=True)
class _Stored:
    """Shards of one language in a stage embed of some content."""

    folder: str
    content: str
    key: str
    sentences: tuple[str, ...]
    vectors: tuple[str, ...]
    dimensions: int


@lru_cache(maxsize=4)
def _loaded(stored: _Stored, choice: Choice) -> Language:
    schema = pa.schema([SENTENCE.field(name) for name in ("id", "text", "alignment_id")])
    tables = [read_table([url], SENTENCE, schema.names) for url in stored.sentences]
    _require_vectors(stored, [table.column("id") for table in tables])
    sentences = pa.concat_tables([schema.empty_table(), *(table.cast(schema) for table in tables)]).combine_chunks()
    rows = _taking_part(sentences, held_out(sentences.column("alignment_id"), stored.key, choice))
    positions = np.full(sentences.num_rows, ABSENT, np.int64)
    positions[rows] = np.arange(len(rows))
    bounds = np.cumsum([table.num_rows for table in tables])
    language = Language(
        stored.key,
        sentences.column("id").take(pa.array(rows)).combine_chunks(),
        tuple(np.split(positions, bounds[:-1])) if tables else (),
        stored.vectors,
        stored.dimensions,
        None,
    )
    if choice.centre:
        language = _with_mean(language)
    # Texts of a whole language went through Arrow's memory, which it would keep.
    del tables, sentences
    pa.default_memory_pool().release_unused()
    return language


def held_out(alignments: pa.ChunkedArray, key: str, choice: Choice) -> npt.NDArray[np.bool_]:
    """Aligned sentences that a language hides, so that some on the other side have no partner.

    Each language hides others: what stays has a partner in (100 - percent) of 100 cases.
    """
    hidden: npt.NDArray[np.bool_] = pc.is_valid(alignments).to_numpy().copy()
    ids = pa.array([content_id(value) for value in alignments.drop_null().to_pylist()], pa.string())
    hidden[hidden] = below(draws(ids, choice.seed, f"holdout {key}"), choice.holdout_percent)
    return hidden


def first_with_text(sentences: pa.Table, taking_part: npt.NDArray[np.bool_]) -> Ids:
    """For each sentence the one whose place it leaves to: the row with the smallest id of its text that may take part.

    Args:
        sentences: columns id and text.
        taking_part: bool (n,).
    Returns:
        int64 (n,), a row; its own where it takes part; ABSENT where no sentence with its text does.
    """
    texts = sentences.column("text").combine_chunks().dictionary_encode()
    order = pc.sort_indices(sentences.column("id")).to_numpy()
    order = order[taking_part[order]]
    codes = texts.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    first = np.full(len(texts.dictionary), ABSENT, np.int64)
    first[codes[order[::-1]]] = order[::-1]
    return first[codes]


def _taking_part(sentences: pa.Table, hidden: npt.NDArray[np.bool_]) -> Ids:
    """Rows of the sentences that take part, by id."""
    first = first_with_text(sentences, ~hidden)
    order = pc.sort_indices(sentences.column("id")).to_numpy().astype(np.int64)
    taking = (first == np.arange(len(first))) & ~hidden
    return order[taking[order]]


def _with_mean(language: Language) -> Language:
    shards = range(len(language.vectors))
    blocks = (vectors.astype(np.float32) for shard in shards for _, vectors in language.stored(shard))
    return replace(language, mean=mean_of(blocks, language.dimensions))


def _require_vectors(stored: _Stored, sentences: list[pa.ChunkedArray]) -> None:
    schema = vector_schema(stored.dimensions)
    found = [read_table([url], schema, ("id",)).column("id") for url in stored.vectors]
    if len(sentences) == len(found) and all(map(pa.ChunkedArray.equals, sentences, found)):
        return
    texts, vectors = (
        pa.concat_arrays([pa.array([], pa.string()), *(chunk for ids in side for chunk in ids.chunks)])
        for side in (sentences, found)
    )
    alone = [
        len(one) - (pc.sum(pc.is_in(one, value_set=other)).as_py() or 0)
        for one, other in ((texts, vectors), (vectors, texts))
    ]
    raise UnmatchedVectorsError(
        f"{stored.folder}: {stored.key}: {alone[0]} of {len(texts)} sentences have no vector, {alone[1]} of "
        f"{len(vectors)} vectors no sentence, or they lie in another order; remove the folder and run the stage embed "
        "again"
    )


def _read_vectors(url: str, dimensions: int) -> Iterator[npt.NDArray[np.float16]]:
    wanted = vector_schema(dimensions).field("vector").type
    for batch in read_shards([url], ("vector",), batch_rows=_VECTOR_ROWS):
        values: npt.NDArray[np.float16] = batch.column("vector").cast(wanted).flatten().to_numpy(zero_copy_only=False)
        yield values.reshape(batch.num_rows, dimensions)
