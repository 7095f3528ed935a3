"""The indexing of languages as Beam steps: one trains, one for each shard places its rows, one writes the files."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import apache_beam as beam

from pipelines.mine.indexing import place_shard, trained_index, write_index
from pipelines.mine.language import Choice, Language, load_language
from pipelines.mine.neighbours.designs import IndexKind
from pipelines.mine.neighbours.index_files import read, write
from pipelines.runtime.filesystem import Folder
from pipelines.runtime.manifest import Manifest
from pipelines.runtime.shards import Named
from pipelines.runtime.spill import SPILL

Wanted = tuple[str, IndexKind]
"""A language, and the kind of its index."""

Shard = tuple[str, IndexKind, str, int]
"""Of an index the file of what was trained, and the number of a shard."""

Placed = tuple[Wanted, tuple[str, int, str]]
"""Of an index the file of what was trained, a shard's number and the file of what it adds."""


@dataclass
class IndexLanguages(beam.PTransform):
    """Languages -> the files of their indexes; no rows. The same bytes for any number of workers.

    A worker holds a sample of one language, or one shard of it.

    Attributes:
        folder: the stage's.
        embedded: the stage embed.
        wanted: indexes to build.
        choice: which sentences take part.
        seed: of what indexes are trained on.
    """

    folder: str
    embedded: Manifest
    wanted: tuple[Wanted, ...]
    choice: Choice
    seed: int

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        return (
            pipeline
            | "List languages" >> beam.Create(self.wanted, reshuffle=False)
            | "Spread" >> beam.Reshuffle()
            | "Train" >> beam.FlatMap(self.train)
            | "Spread shards" >> beam.Reshuffle()
            | "Place" >> beam.Map(self.place)
            | "Shards together" >> beam.GroupByKey()
            | "Write" >> beam.FlatMap(self.write).with_output_types(Named)
        )

    def train(self, wanted: Wanted) -> Iterator[Shard]:
        language, name = self._language(wanted[0]), self._spilled("faiss")
        write(trained_index(language, wanted[1], self.seed), Folder(self.folder), name)
        # A language without sentences has an index too, which no shard fills.
        for shard in range(max(1, len(language.vectors))):
            yield *wanted, name, shard

    def place(self, shard: Shard) -> Placed:
        key, kind, trained, number = shard
        folder = Folder(self.folder)
        name = self._spilled("part")
        part = place_shard(self._language(key), kind, read(folder, trained), number, folder, name)
        return (key, kind), (trained, number, part)

    def write(self, group: tuple[Wanted, Iterable[tuple[str, int, str]]]) -> Iterator[Named]:
        (key, kind), placed = group
        shards = sorted(placed, key=lambda one: one[1])
        folder = Folder(self.folder)
        trained = read(folder, shards[0][0])
        write_index(self._language(key), kind, trained, [part for _, _, part in shards], folder, folder)
        yield from ()

    def _language(self, key: str) -> Language:
        return load_language(self.embedded, key, self.choice)

    def _spilled(self, kind: str) -> str:
        # A step that the runner repeats cannot meet its own leavings.
        return f"{SPILL}/{uuid.uuid4().hex}.{kind}"
