"""The search of vectors as Beam steps; an element is a shard of one side of a language pair."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import apache_beam as beam
import pyarrow as pa

from pipelines.mine.engines import INDEXES, block_engine
from pipelines.mine.indexing import index_mean, load_index
from pipelines.mine.language import Choice, load_language
from pipelines.mine.neighbours.choice import Engine
from pipelines.mine.search import search_block, search_shard, united
from pipelines.runtime.filesystem import Folder
from pipelines.runtime.manifest import Manifest
from pipelines.runtime.shards import Named
from pipelines.runtime.spill import Reference, Shuffle, read_spill
from pipelines.runtime.stage import count
from schemas.languages import pair_key

Pairs = tuple[tuple[str, str], ...]
Keyed = tuple[str, pa.RecordBatch]

RECALL_QUERIES, RECALL_WANTED, RECALL_FOUND = "recall-queries/", "recall-wanted/", "recall-found/"
"""Beginnings of counters by pair: queries of the sample, exact neighbours of theirs, and those that were found."""

Block = tuple[int, bool, int]
"""Number of a language pair, whether its target is searched for the neighbours of, and number of a shard."""


@dataclass
class SearchPairs(beam.PTransform):
    """Language pairs -> (`forward`, the nearest of each source sentence) and (`backward`, of each target sentence).

    With an exact engine a worker holds one shard of the source, one of the target, and the lists of neighbours of both
    sides; what is found is the same for any number of workers and shards. With an index it holds one shard, and what is
    found is the same for any number of workers.

    Attributes:
        folder: the stage's.
        embedded: the stage embed.
        pairs: language pairs.
        choice: which sentences take part.
        engines: of each pair.
        neighbours: k.
        seed: of the sample that recall is measured on.
        threads: of each worker.
        indexes: files of the indexes that are searched (`index_places`).
    """

    folder: str
    embedded: Manifest
    pairs: Pairs
    choice: Choice
    engines: tuple[Engine, ...]
    neighbours: int
    seed: int
    threads: int
    indexes: Mapping[str, str]

    def expand(self, pipeline: beam.Pipeline) -> tuple[beam.PCollection, ...]:
        blocks = [
            (number, backward, shard)
            for number, pair in enumerate(self.pairs)
            for backward in ((False, True) if self.engines[number] in INDEXES else (False,))
            for shard in range(len(self.embedded.urls("vectors", pair[backward])))
        ]
        found = (
            pipeline
            | "List blocks" >> beam.Create(blocks, reshuffle=False).with_output_types(Block)
            | "Spread" >> beam.Reshuffle()
            | "Search" >> beam.FlatMap(self.search).with_outputs("backward", main="forward")
        )
        backward = (
            found.backward
            | "Blocks together" >> Shuffle(self.folder)
            | "Unite" >> beam.FlatMap(self.unite).with_output_types(Named)
        )
        return found.forward, backward

    def search(self, block: Block) -> Iterator[object]:
        place, backward, shard = block
        key, engine = pair_key(*self.pairs[place]), self.engines[place]
        if engine == "ivf" or engine == "ivfpq" or engine == "hnsw":
            of, among = self.pairs[place][:: -1 if backward else 1]
            # Both languages have an index, which keeps the mean of all their vectors: it need not be found again.
            queries = replace(
                load_language(self.embedded, of, replace(self.choice, centre=False)),
                mean=index_mean(self.indexes, of, engine),
            )
            index = load_index(self.indexes, among, engine)
            rows, recall = search_shard(queries, index, key, shard, self.neighbours, self.seed, self.threads)
            for name, number in (
                (RECALL_QUERIES, recall.queries),
                (RECALL_WANTED, recall.wanted),
                (RECALL_FOUND, recall.found),
            ):
                count(f"{name}{key}", number)
            yield "backward" if backward else "forward", rows
            return
        source, target = (load_language(self.embedded, language, self.choice) for language in self.pairs[place])
        exact = block_engine(engine, self.threads)
        forward, parts = search_block(source, target, key, shard, self.neighbours, exact)
        yield "forward", forward
        for target_shard, rows in parts:
            yield beam.pvalue.TaggedOutput("backward", (f"{place}\t{target_shard}", rows))

    def unite(self, group: tuple[str, Iterable[Reference]]) -> Iterator[Named]:
        number = int(group[0].partition("\t")[0])
        rows = read_spill(Folder(self.folder), group[1])
        yield "backward", united(rows, pair_key(*self.pairs[number]), self.neighbours)
