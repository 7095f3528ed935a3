"""What the steps that make groups read from shards: pairs, vectors, and the sentences that pairs are of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.mine.groups.forming import edges
from pipelines.mine.groups.records import CLAIM, Ids, as_column, as_ids, with_vectors
from pipelines.mine.language import Choice, load_language
from pipelines.runtime.lookup import places_among
from pipelines.runtime.manifest import Manifest
from pipelines.runtime.parquet import BATCH_ROWS, read_shards
from schemas.errors import GlotmillError
from schemas.languages import pair_key

_ID_COLUMNS = ("source_id", "target_id")


class LostSentenceError(GlotmillError):
    """Pairs of sentences that the stage embed does not have."""


@dataclass(frozen=True)
class Mined:
    """Where pairs, sentences and vectors lie.

    Attributes:
        pairs: the stage mine.
        embedded: the stage embed.
        mined: language pairs, source and target.
        pivots: languages that groups are built around, first to last.
        choice: which sentences were mined; their vectors come centred.
    """

    pairs: Manifest
    embedded: Manifest
    mined: tuple[tuple[str, str], ...]
    pivots: tuple[str, ...]
    choice: Choice

    @property
    def with_pivot(self) -> tuple[tuple[str, str], ...]:
        """Language pairs that groups are made of."""
        return tuple(pair for pair in self.mined if set(pair) & set(self.pivots))

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages of those, sorted."""
        return tuple(sorted({language for pair in self.with_pivot for language in pair}))

    @property
    def dimensions(self) -> int:
        """Values a vector."""
        return int(str(self.embedded.settings["dimensions"]))

    def urls(self, pair: tuple[str, str]) -> tuple[str, ...]:
        """Shards of a language pair."""
        return tuple(self.pairs.urls("kept", pair_key(*pair)))

    def edges(self, pair: tuple[str, str]) -> Iterator[pa.RecordBatch]:
        """EDGE of a language pair with a pivot."""
        for batch in read_shards(self.urls(pair), (*_ID_COLUMNS, "score")):
            yield edges(batch, self.pivots, self.languages, pair)

    def claims(self, language: str, seated: Ids, groups: Ids) -> Iterator[pa.RecordBatch]:
        """CLAIM of the sentences of a language, of all pairs but those with the first pivot.

        Args:
            seated: sentences of the language that are in groups, sorted.
            groups: of each.
        """
        for pair in self.mined:
            (other,) = set(pair) - {language} if language in pair else {""}
            if self.pivots[0] in pair or other not in self.languages:
                continue
            own, partner = _ID_COLUMNS if pair[0] == language else _ID_COLUMNS[::-1]
            for batch in read_shards(self.urls(pair), _ID_COLUMNS):
                places = places_among(as_ids(batch.column(own)), seated)
                there = np.flatnonzero(places >= 0)
                codes = [np.full(len(there), self.languages.index(key), np.int16) for key in (language, other)]
                partners = as_ids(batch.column(partner))[there]
                columns = [as_column(groups[places[there]]), *map(pa.array, codes), as_column(partners)]
                yield pa.RecordBatch.from_arrays(columns, schema=CLAIM)

    def vectors(self, language: str, seats: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """Seats with vectors.

        Args:
            seats: SEAT of the language, sorted by sentence.
        Raises:
            LostSentenceError: a sentence has none.
        """
        seated, found = as_ids(seats.column("sentence")), 0
        encoded = load_language(self.embedded, language, self.choice)
        for positions, vectors in encoded.blocks():
            places = places_among(as_ids(encoded.ids.take(pa.array(positions))), seated)
            there = places >= 0
            rows = seats.take(pa.array(places[there]))
            values = pa.array(vectors[there].astype(np.float16).ravel())
            schema, found = with_vectors(encoded.dimensions), found + rows.num_rows
            column = pa.FixedSizeListArray.from_arrays(values, type=schema.field("vector").type)
            yield pa.RecordBatch.from_arrays([*rows.columns, column], schema=schema)
        self._require(language, len(seated), found, "vectors")

    def sentences(
        self, language: str, wanted: Ids, columns: tuple[str, ...] = ("id", "source")
    ) -> Iterator[tuple[pa.RecordBatch, npt.NDArray[np.int64]]]:
        """Rows of SENTENCE with the place of each in `wanted`.

        Args:
            wanted: ids, sorted.
            columns: of the record, id among them.
        Raises:
            LostSentenceError: one is not there.
        """
        if not len(wanted):
            return
        found = 0
        for batch in read_shards(self.embedded.urls("sentences", language), columns, batch_rows=10 * BATCH_ROWS):
            places = places_among(as_ids(batch.column("id")), wanted)
            there = places >= 0
            found += int(there.sum())
            yield batch.filter(pa.array(there)), places[there]
        self._require(language, len(wanted), found, "sentences")

    def sources(self, language: str) -> dict[str, int]:
        """Sentences of a language that stand in a pair with a pivot, by their source."""
        sides = [
            as_ids(batch.column(column))
            for pair in self.with_pivot
            if language in pair
            for column in (_ID_COLUMNS[pair.index(language)],)
            for batch in read_shards(self.urls(pair), (column,))
        ]
        wanted = np.unique(np.concatenate([np.empty(0, "S32"), *sides]))
        sources: Counter[str] = Counter()
        for batch, _ in self.sentences(language, wanted):
            for counted in pc.value_counts(batch.column("source")).to_pylist():
                sources[counted["values"]] += counted["counts"]
        return dict(sources)

    def _require(self, language: str, wanted: int, found: int, what: str) -> None:
        if found != wanted:
            raise LostSentenceError(
                f"{self.pairs.folder}: {language}: pairs name {wanted} sentences, of which {self.embedded.folder} has "
                f"{found} {what}; remove both folders and run `glotmill mine` again"
            )
