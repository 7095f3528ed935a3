"""Pairing pages as Beam steps: hashes of addresses wait on disk between them; addresses are read again at the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import apache_beam as beam
import numpy as np
import pyarrow as pa

from pipelines.mine.pages.addresses import address_keys
from pipelines.mine.pages.alike import alike, marked_pages
from pipelines.mine.pages.choice import Addresses, choose, page_pairs
from pipelines.mine.pages.hreflang import dropped_claims, find_pages, find_targets, moved_pages, read_claims, read_moved
from pipelines.mine.pages.rows import MARKED, Ids, Keyed, Languages, by_range, edges, from_hex, pages
from pipelines.runtime.batches import RowGroup, split_rows
from pipelines.runtime.filesystem import Folder
from pipelines.runtime.lookup import places_among
from pipelines.runtime.manifest import Manifest
from pipelines.runtime.parquet import NARROW_ROWS, read_batches, read_shards
from pipelines.runtime.shards import Named
from pipelines.runtime.spill import Reference, Shuffle, read_spill
from pipelines.runtime.stage import count_in
from schemas.recipe import PagePairSettings

Grouped = tuple[str, Iterable[Reference]]
Piece = tuple[int, RowGroup]
"""A row group and its number."""

_VERDICTS = "verdicts"


@dataclass
class PairPages(beam.PTransform):
    """Pipeline -> (`kept`, PAGE_PAIR) and (`dropped`, claims and pairs that do not hold). Deterministic.

    The ledger's unit is a pair of pages that something says are one, under its language pair, and a claim that leads
    to none, under the language claimed. One worker holds the ids of all such pages of a language pair.

    Attributes:
        folder: the stage's.
        corpus: the stage whose output `kept` is partitioned by language.
        documents: its row groups.
        claims: row groups of ALTERNATE.
        moved: row groups of MOVED.
        languages: labels of the corpus and the pairs mined.
        settings: the recipe's.
        ranges: pieces of the work; from row counts, never from workers.
    """

    folder: str
    corpus: Manifest
    documents: tuple[RowGroup, ...]
    claims: tuple[RowGroup, ...]
    moved: tuple[RowGroup, ...]
    languages: Languages
    settings: PagePairSettings
    ranges: int

    def expand(self, pipeline: beam.Pipeline) -> tuple[beam.PCollection, ...]:
        found, dropped = [], []
        if self.settings.hreflang:
            said, dropped_claims = pipeline | "Hreflang" >> FollowClaims(self)
            found.append(said)
            dropped.append(dropped_claims)
        if self.settings.patterns:
            found.append(pipeline | "Addresses" >> MatchAddresses(self))
        chosen = (
            tuple(found)
            | "Pairs together" >> Shuffle(self.folder)
            | "Choose" >> beam.FlatMap(chosen_pairs, self).with_output_types(Named)
        )
        return chosen, *dropped


@dataclass
class FollowClaims(beam.PTransform):
    """Pipeline -> EDGE by language pair, and DROPPED of the claims that lead to none."""

    step: PairPages

    def expand(self, pipeline: beam.Pipeline) -> tuple[beam.PCollection, beam.PCollection]:
        step, tag = self.step, _VERDICTS
        documents = (
            pipeline
            | "Documents" >> ListPieces(step.documents)
            | "By address" >> beam.FlatMap(keyed_pages, step).with_output_types(Keyed)
        )
        leading = (
            pipeline
            | "Moved" >> ListPieces(step.moved)
            | "By what it leads to" >> beam.FlatMap(keyed_leading, step).with_output_types(Keyed)
        )
        moved = (
            (documents, leading)
            | "Ends together" >> Shuffle(step.folder)
            | "Find ends" >> beam.FlatMap(found_ends, step).with_output_types(Keyed)
        )
        claims = (
            pipeline
            | "Claims" >> ListPieces(step.claims)
            | "By target" >> beam.FlatMap(keyed_claims, step).with_outputs(tag, main="claims")
        )
        meant = (
            (documents, moved, claims.claims)
            | "Targets together" >> Shuffle(step.folder)
            | "Find targets" >> beam.FlatMap(found_targets, step).with_outputs(tag, main="claims")
        )
        agreed = (
            (documents, moved, meant.claims)
            | "Pages together" >> Shuffle(step.folder)
            | "Find pages" >> beam.FlatMap(found_pages, step).with_outputs(tag, main="edges")
        )
        dropped = (
            (claims[tag], meant[tag], agreed[tag])
            | "Verdicts together" >> Shuffle(step.folder)
            | "Drop" >> beam.FlatMap(dropped_of_piece, step).with_output_types(Named)
        )
        return agreed.edges, dropped


@dataclass
class MatchAddresses(beam.PTransform):
    """Pipeline -> EDGE by language pair, of pages whose addresses differ in nothing but a language."""

    step: PairPages

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        return (
            pipeline
            | "Documents" >> ListPieces(self.step.documents)
            | "By marked address" >> beam.FlatMap(keyed_marked, self.step).with_output_types(Keyed)
            | "Alike together" >> Shuffle(self.step.folder)
            | "Pair alike" >> beam.FlatMap(alike_pages, self.step).with_output_types(Keyed)
        )


@dataclass
class ListPieces(beam.PTransform):
    """Pipeline -> row groups with their numbers."""

    pieces: tuple[RowGroup, ...]

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        return (
            pipeline
            | "List" >> beam.Create(list(enumerate(self.pieces)), reshuffle=False).with_output_types(Piece)
            | "Spread" >> beam.Reshuffle()
        )


def keyed_pages(piece: Piece, step: PairPages) -> Iterator[Keyed]:
    """PAGE of a row group of documents, by range of the keys of their addresses."""
    for label, documents in _documents(piece):
        keys = address_keys(documents.column("url"))
        rows = pages(documents, step.languages.number(label), np.arange(len(keys)), keys)
        yield from by_range(rows, "key", step.ranges)


def keyed_marked(piece: Piece, step: PairPages) -> Iterator[Keyed]:
    """MARKED of a row group of documents of mined languages, by range of their keys."""
    for label, documents in _documents(piece):
        if label in step.languages.mined:
            yield from by_range(marked_pages(documents, step.languages, label), "key", step.ranges)


def _documents(piece: Piece) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Documents of a row group by their label."""
    for batch in _read(piece, ("id", "url", "language")):
        encoded = batch.column("language").dictionary_encode()
        for label, documents in split_rows(batch, encoded.indices.to_numpy().astype(np.int64)):
            yield encoded.dictionary[label].as_py(), documents


def _read(piece: Piece, columns: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
    folder, name, row_group = piece[1]
    return read_batches(Folder(folder), name, columns=columns, row_groups=[row_group], batch_rows=NARROW_ROWS)


def keyed_leading(piece: Piece, step: PairPages) -> Iterator[Keyed]:
    """LEADING of a row group, by range of the key of the address that is led to."""
    for batch in _read(piece, ("url", "target")):
        yield from by_range(read_moved(batch), "target", step.ranges)


def found_ends(group: Grouped, step: PairPages) -> Iterator[Keyed]:
    """PAGE by range of the key of an address that leads to it."""
    yield from by_range(moved_pages(read_spill(Folder(step.folder), group[1])), "key", step.ranges)


def keyed_claims(piece: Piece, step: PairPages) -> Iterator[object]:
    """CLAIM of a row group, by range of the key of the page named; tagged, verdicts by row group."""
    for batch in _read(piece, ("id", "url", "target", "hreflang", "source")):
        claims, verdicts, counts = read_claims(batch, piece[0])
        for source, language, number in counts:
            count_in(source, language, number)
        yield from _by_piece(verdicts)
        yield from by_range(claims, "target", step.ranges)


def found_targets(group: Grouped, step: PairPages) -> Iterator[object]:
    """MEANT by range of the key of the page that names; tagged, verdicts by row group."""
    meant, verdicts = find_targets(read_spill(Folder(step.folder), group[1]), step.languages)
    yield from _by_piece(verdicts)
    yield from by_range(meant, "page", step.ranges)


def found_pages(group: Grouped, step: PairPages) -> Iterator[object]:
    """EDGE by language pair; tagged, verdicts by row group."""
    judged = find_pages(read_spill(Folder(step.folder), group[1]), step.languages)
    # What leads to a pair is counted as that pair; what is lost on the way stays in the ledger, which then fails.
    for source, language, number in judged.counts:
        count_in(source, language, -number)
    yield from _by_piece(judged.verdicts)
    yield from edges(step.languages, judged.left, judged.right, judged.says)


def _by_piece(verdicts: pa.RecordBatch) -> Iterator[beam.pvalue.TaggedOutput]:
    for piece, part in split_rows(verdicts, verdicts.column("piece").to_numpy().astype(np.int64)):
        yield beam.pvalue.TaggedOutput(_VERDICTS, (str(piece), part))


def dropped_of_piece(group: Grouped, step: PairPages) -> Iterator[Named]:
    """DROPPED of the claims of a row group."""
    piece, verdicts = int(group[0]), pa.concat_batches(read_spill(Folder(step.folder), group[1]))
    for batch in _read((piece, step.claims[piece]), ("id", "url", "target", "hreflang", "source")):
        yield "dropped", dropped_claims(batch, verdicts, step.languages)


def alike_pages(group: Grouped, step: PairPages) -> Iterator[Keyed]:
    """EDGE by language pair, of one range of keys."""
    batches = read_spill(Folder(step.folder), group[1])
    yield from alike(pa.concat_batches(batches) if batches else MARKED.empty_table(), step.languages)


def chosen_pairs(group: Grouped, step: PairPages) -> Iterator[Named]:
    """Pairs of pages of a language pair, and those that gave way to better ones."""
    number = int(group[0])
    chosen = choose(pa.concat_batches(read_spill(Folder(step.folder), group[1])))
    pair = step.languages.name(number)
    sides = zip(step.languages.pairs[number], (chosen.source, chosen.target), strict=True)
    kept, dropped = page_pairs(chosen, pair, *(_addresses(step.corpus, label, np.unique(ids)) for label, ids in sides))
    for source, rows in _counts(kept, dropped):
        count_in(source, pair, rows)
    yield "kept", kept
    yield "dropped", dropped


def _addresses(corpus: Manifest, label: str, wanted: Ids) -> Addresses:
    """Addresses of some documents with one label; ids sorted, each once."""
    ids, rows = [np.empty(0, "S16")], []
    for batch in read_shards(corpus.urls("kept", label), ("id", "url", "source")):
        own = from_hex(batch.column("id"))
        there = places_among(own, wanted) >= 0
        ids.append(own[there])
        rows.append(batch.select(["url", "source"]).filter(pa.array(there)))
    found = np.concatenate(ids)
    order = np.argsort(found, kind="stable")
    return Addresses(found[order], pa.Table.from_batches(rows).take(pa.array(order)))


def _counts(*rows: pa.RecordBatch) -> Iterator[tuple[str, int]]:
    sources = pa.concat_arrays([batch.column("source") for batch in rows])
    for counted in sources.value_counts().to_pylist():
        yield counted["values"], counted["counts"]
