"""Making groups as Beam steps: ids and vectors travel, in files; texts are read last."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.mine.groups.checking import COSINE_STEPS, Counts, judge, led_cosines, usual_cosines
from pipelines.mine.groups.forming import choose, left_over, seat, standing_in
from pipelines.mine.groups.reading import Mined
from pipelines.mine.groups.records import (
    CLAIM,
    EDGE,
    LEFT,
    SEAT,
    STANDING,
    START,
    VERDICT,
    Ids,
    Keyed,
    as_column,
    as_ids,
    by_id,
    by_language,
    by_piece,
    rows_of,
    with_vectors,
)
from pipelines.mine.groups.rows import dropped_members, kept_rows, left_rows
from pipelines.runtime.filesystem import Folder
from pipelines.runtime.shards import Named
from pipelines.runtime.spill import Reference, Shuffle, read_spill
from pipelines.runtime.stage import count, count_in

Grouped = tuple[str, Iterable[Reference]]
"""A piece of the work, and where its rows wait."""


@dataclass
class GroupPairs(beam.PTransform):
    """Pipeline -> (`kept`, GROUP_MEMBER) and (`dropped`, reasons): every sentence in a pair with a pivot, once.

    The ledger's unit is that sentence, counted from the pairs themselves. The counters say how many groups there are
    of each number of languages.

    Attributes:
        folder: the stage's.
        mined: what it reads.
        pieces: parts that ids are dealt to, by row counts.
        group_pieces: the same for groups with their vectors.
        min_languages, agreement: the recipe's.
    """

    folder: str
    mined: Mined
    pieces: int
    group_pieces: int
    min_languages: int
    agreement: float

    def expand(self, pipeline: beam.Pipeline) -> tuple[beam.PCollection, ...]:
        edges = pipeline | "Pairs" >> _Each(self.mined.with_pivot) | "Edges" >> _rows(self.mined.edges)
        counted = pipeline | "Languages" >> _Each(self.mined.languages) | "Count" >> _named(self.count)
        choices: list[beam.PCollection] = []
        seats: list[beam.PCollection] = []
        for number in range(len(self.mined.pivots)):
            chosen, seated = self._round(number, edges, tuple(seats))
            choices.append(chosen)
            seats.append(seated)
        by_sentence = beam.FlatMap(by_piece, "sentence", self.pieces)
        left = self._shuffled("Left over", (*choices, *seats), by_sentence) | "Leave" >> _rows(self.leave)
        seated = self._shuffled("Seats by language", seats, beam.FlatMap(by_language))
        attached = (seated | "Vectors" >> _rows(self.vectors), seated | "Claims" >> _rows(self.claims))
        by_group = beam.FlatMap(by_piece, "group", self.group_pieces)
        groups = self._shuffled("Members by group", attached, by_group)
        counts = groups | "Near to pivots" >> beam.FlatMap(self.near) | "Of all" >> beam.CombineGlobally(self.add_up)
        judged = groups | "Check" >> _rows(self.check, beam.pvalue.AsSingleton(counts))
        verdicts = self._shuffled("Verdicts by language", (judged, left), beam.FlatMap(by_language))
        return verdicts | "Write" >> _named(self.write), counted

    def _round(
        self, number: int, edges: beam.PCollection, seats: tuple[beam.PCollection, ...]
    ) -> tuple[beam.PCollection, beam.PCollection]:
        """What sentences choose in a pivot language's round, and who is seated by it."""
        language = self.mined.languages.index(self.mined.pivots[number])
        own = edges | f"Edges of {number}" >> _rows(_of_round, number)
        by_sentence = beam.FlatMap(by_piece, "sentence", self.pieces)
        together = self._shuffled(f"Sentences {number}", (own, *seats), by_sentence)
        chosen = together | f"Choose {number}" >> _rows(self.choose)
        meeting = [(own | f"Starts {number}" >> _rows(_starts), "start"), (chosen, "pivot")]
        if seats:
            by_group = beam.FlatMap(by_piece, "group", self.pieces)
            grouped = self._shuffled(f"Groups {number}", seats, by_group)
            meeting.append((grouped | f"Stand {number}" >> _rows(self.stand, language), "standing"))
        keyed = tuple(
            rows | f"By {column} {number}" >> beam.FlatMap(by_piece, column, self.pieces).with_output_types(Keyed)
            for rows, column in meeting
        )
        pivots = keyed | f"Pivots {number}" >> Shuffle(self.folder)
        return chosen, pivots | f"Seat {number}" >> _rows(self.seat, language)

    def _shuffled(self, label: str, collections: Iterable[beam.PCollection], keyed: beam.ParDo) -> beam.PCollection:
        """Rows of several collections, those of one piece together."""
        parts = tuple(
            rows | f"{label}, {place}" >> keyed.with_output_types(Keyed) for place, rows in enumerate(collections)
        )
        return parts | label >> Shuffle(self.folder)

    def choose(self, grouped: Grouped) -> Iterator[pa.RecordBatch]:
        batches = self._read(grouped)
        yield choose(rows_of(batches, EDGE), _seated(batches))

    def stand(self, grouped: Grouped, language: int) -> Iterator[pa.RecordBatch]:
        yield standing_in(rows_of(self._read(grouped), SEAT), language)

    def seat(self, grouped: Grouped, language: int) -> Iterator[pa.RecordBatch]:
        batches = self._read(grouped)
        starts = as_ids(rows_of(batches, START).column("start"))
        yield seat(starts, rows_of(batches, EDGE), rows_of(batches, STANDING), language)

    def leave(self, grouped: Grouped) -> Iterator[pa.RecordBatch]:
        batches = self._read(grouped)
        yield left_over(rows_of(batches, EDGE), _seated(batches))

    def vectors(self, grouped: Grouped) -> Iterator[pa.RecordBatch]:
        yield from self.mined.vectors(self.mined.languages[int(grouped[0])], self._seats(grouped))

    def claims(self, grouped: Grouped) -> Iterator[pa.RecordBatch]:
        seats = self._seats(grouped)
        sentences, groups = (as_ids(seats.column(name)) for name in ("sentence", "group"))
        yield from self.mined.claims(self.mined.languages[int(grouped[0])], sentences, groups)

    def near(self, grouped: Grouped) -> Iterator[Counts]:
        seats, vectors = self._members(self._read(grouped))
        yield led_cosines(seats, vectors, len(self.mined.languages))

    def add_up(self, counts: Iterable[Counts]) -> Counts:
        return sum(counts, np.zeros((len(self.mined.languages), COSINE_STEPS), np.int64))

    def check(self, grouped: Grouped, counts: Counts) -> Iterator[pa.RecordBatch]:
        batches = self._read(grouped)
        verdicts = judge(
            *self._members(batches),
            rows_of(batches, CLAIM),
            usual_cosines(counts),
            agreement=self.agreement,
            min_languages=self.min_languages,
        )
        first = verdicts.filter(pc.is_null(verdicts.column("via")))
        whole = first.column("languages").filter(pc.is_null(first.column("reason")))
        for counted in pc.value_counts(whole).to_pylist():
            count(f"groups/{counted['values']:03}", counted["counts"])
        yield verdicts

    def write(self, grouped: Grouped) -> Iterator[Named]:
        batches, language = self._read(grouped), self.mined.languages[int(grouped[0])]
        verdicts, left = by_id(rows_of(batches, VERDICT), "sentence"), by_id(rows_of(batches, LEFT), "left")
        stays = pc.is_null(verdicts.column("reason"))
        kept, dropped = verdicts.filter(stays), verdicts.filter(pc.invert(stays))
        columns = ("id", "text", "source", "licence")
        for sentences, places in self.mined.sentences(language, as_ids(kept.column("sentence")), columns):
            yield "kept", kept_rows(sentences, kept.take(pa.array(places)), language)
        for sentences, places in self.mined.sentences(language, as_ids(dropped.column("sentence"))):
            yield "dropped", dropped_members(sentences, dropped.take(pa.array(places)), language, self.min_languages)
        for sentences, places in self.mined.sentences(language, as_ids(left.column("left"))):
            yield "dropped", left_rows(sentences, left.take(pa.array(places)), language)

    def count(self, language: str) -> Iterator[Named]:
        for source, rows in self.mined.sources(language).items():
            count_in(source, language, rows)
        yield from ()

    def _seats(self, grouped: Grouped) -> pa.RecordBatch:
        return by_id(rows_of(self._read(grouped), SEAT), "sentence")

    def _members(self, batches: list[pa.RecordBatch]) -> tuple[pa.RecordBatch, npt.NDArray[np.float16]]:
        """SEAT, and the vector of each."""
        members = rows_of(batches, with_vectors(self.mined.dimensions))
        values = members.column("vector").flatten().to_numpy(zero_copy_only=False)
        return members.select(SEAT.names), values.reshape(-1, self.mined.dimensions)

    def _read(self, grouped: Grouped) -> list[pa.RecordBatch]:
        return read_spill(Folder(self.folder), grouped[1])


@dataclass
class _Each(beam.PTransform):
    """Pipeline -> each of some items, spread over workers."""

    items: tuple[object, ...]

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        return pipeline | beam.Create(self.items, reshuffle=False) | beam.Reshuffle()


def _rows(function: Callable[..., Iterable[pa.RecordBatch]], *arguments: object) -> beam.ParDo:
    return beam.FlatMap(function, *arguments).with_output_types(pa.RecordBatch)


def _named(function: Callable[..., Iterable[Named]]) -> beam.ParDo:
    return beam.FlatMap(function).with_output_types(Named)


def _of_round(edges: pa.RecordBatch, number: int) -> Iterator[pa.RecordBatch]:
    yield edges.filter(pc.equal(edges.column("round"), number))


def _starts(edges: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    yield pa.RecordBatch.from_arrays([as_column(np.unique(as_ids(edges.column("pivot"))))], schema=START)


def _seated(batches: list[pa.RecordBatch]) -> Ids:
    return as_ids(rows_of(batches, SEAT).column("sentence"))
