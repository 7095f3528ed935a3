"""The search within page pairs as Beam steps; an element is a language pair and a shard of its source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import apache_beam as beam
import pyarrow as pa

from pipelines.mine.context.local import Pages, search_local
from pipelines.mine.context.occurrences import Occurrences, numbered
from pipelines.mine.language import Choice, load_language
from pipelines.mine.search import united
from pipelines.mine.sentences import Side
from pipelines.runtime.filesystem import Folder
from pipelines.runtime.manifest import Manifest
from pipelines.runtime.parquet import read_table
from pipelines.runtime.shards import Named
from pipelines.runtime.spill import Reference, Shuffle, read_spill
from pipelines.runtime.stage import count
from schemas.languages import pair_key
from schemas.records import PAGE_PAIR, SENTENCE

_COLUMNS = ("id", "document_id", "position", "text", "alignment_id")
_DOCUMENTS = ("source_document", "target_document")


@dataclass
class SearchPages(beam.PTransform):
    """Page pairs -> (`forward`, nearest of each source sentence on the partner page), (`backward`, of each target's).

    A worker holds one shard of the source's vectors, one of the target's, and where the sentences of both stand. What
    is found is the same for any number of workers and shards.

    Attributes:
        folder: the stage's.
        embedded: the stage embed.
        paired: the stage whose output `kept` is PAGE_PAIR rows by language pair.
        pairs: language pairs.
        choice: which sentences take part.
        candidates: nearest kept of each sentence.
        max_products: of the sentences of two pages that are compared.
    """

    folder: str
    embedded: Manifest
    paired: Manifest
    pairs: tuple[tuple[str, str], ...]
    choice: Choice
    candidates: int
    max_products: int

    def expand(self, pipeline: beam.Pipeline) -> tuple[beam.PCollection, ...]:
        blocks = [
            (number, shard)
            for number, (source, target) in enumerate(self.pairs)
            if self.paired.rows("kept", pair_key(source, target))
            for shard in range(len(self.embedded.urls("vectors", source)))
        ]
        found = (
            pipeline
            | "List blocks" >> beam.Create(blocks, reshuffle=False).with_output_types(tuple[int, int])
            | "Spread" >> beam.Reshuffle()
            | "Search" >> beam.FlatMap(self.search).with_outputs("backward", main="forward")
        )
        backward = (
            found.backward
            | "Blocks together" >> Shuffle(self.folder)
            | "Unite" >> beam.FlatMap(self.unite).with_output_types(Named)
        )
        return found.forward, backward

    def search(self, block: tuple[int, int]) -> Iterator[object]:
        number, shard = block
        languages = self.pairs[number]
        pair = pair_key(*languages)
        source, target = (load_language(self.embedded, key, self.choice) for key in languages)
        occurrences = [occurrences_of(self.embedded, key, self.choice) for key in languages]
        table = read_table(self.paired.urls("kept", pair), PAGE_PAIR, _DOCUMENTS)
        pages = Pages.of(occurrences[0], occurrences[1], numbered(table, *occurrences), self.max_products)
        if shard == 0:
            count(f"page-pairs/{pair}", len(pages.pairs))
            count(f"page-pairs-too-large/{pair}", pages.left_out)
        forward, parts = search_local(source, target, pages, pair, shard, self.candidates)
        yield "forward", forward
        for target_shard, rows in parts:
            yield beam.pvalue.TaggedOutput("backward", (f"{number}\t{target_shard}", rows))

    def unite(self, group: tuple[str, Iterable[Reference]]) -> Iterator[Named]:
        number = int(group[0].partition("\t")[0])
        rows: list[pa.RecordBatch] = read_spill(Folder(self.folder), group[1])
        yield "backward", united(rows, pair_key(*self.pairs[number]), self.candidates)


def occurrences_of(embedded: Manifest, language: str, choice: Choice) -> Occurrences:
    """In which documents the sentences of a language stand that take part; read once for all pairs in turn."""
    return _read(embedded.folder, embedded.content, embedded.urls("sentences", language), language, choice)


@lru_cache(maxsize=4)
def _read(folder: str, content: str, urls: tuple[str, ...], language: str, choice: Choice) -> Occurrences:
    return Side.of(language, read_table(urls, SENTENCE, _COLUMNS), choice, _COLUMNS).occurrences()
