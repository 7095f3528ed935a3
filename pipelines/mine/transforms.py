"""Mining as a Beam step; its element is a language pair."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import apache_beam as beam
import numpy as np

from pipelines.mine.calibrate import Calibration
from pipelines.mine.context.local import local_edges
from pipelines.mine.evaluate import LASER_NEIGHBOURS
from pipelines.mine.graph import Edges
from pipelines.mine.language import Choice, load_language
from pipelines.mine.nearest import by_position, nearest_schema
from pipelines.mine.neighbours import exact
from pipelines.mine.neighbours.found import Best, Neighbours
from pipelines.mine.pairs import mine_pair
from pipelines.mine.sentences import Side
from pipelines.mine.shown import pool_name
from pipelines.runtime.manifest import Manifest
from pipelines.runtime.parquet import read_table
from pipelines.runtime.shards import Named
from pipelines.runtime.stage import count_in
from pipelines.runtime.words.lists import WordLists
from schemas.languages import pair_key
from schemas.recipe import MineSettings
from schemas.records import PAGE_PAIR

PLAIN_ROWS = 20_000
"""Sentences of a side up to which plain LASER mining is set beside ours: it wants a search of its own."""


@dataclass
class MinePairs(beam.PTransform):
    """Language pairs -> (`kept` | `rejected`, PAIR), (`dropped`, reasons), and what was measured.

    That is (`evaluation`, a row a mode) and (`calibration`, precision and recall by threshold).

    One worker holds the texts of both sides of a pair. The ledger's unit is the source sentence, each in one pair or
    dropped with a reason; where a mode gives one several pairs, each further pair counts as another.

    Attributes:
        embedded: the stage whose output `sentences` is partitioned by language.
        searched: the stage whose outputs `forward` and `backward` are partitioned by pair.
        encoder: name and fingerprint.
        settings: the recipe's.
        choice: which sentences took part.
        toxic: lists of toxic words; None: toxicity is not judged.
        earlier: calibrations of an earlier run, by pair.
        paired: the stage whose output `kept` is PAGE_PAIR rows by pair; None: no page pairs are known.
        local: the stage search-pages; None: page pairs were not searched.
    """

    embedded: Manifest
    searched: Manifest
    encoder: str
    settings: MineSettings
    choice: Choice
    toxic: WordLists | None
    earlier: Mapping[str, Calibration]
    paired: Manifest | None = None
    local: Manifest | None = None

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        pairs = list(self.settings.language_pairs())
        return (
            pipeline
            | "List pairs" >> beam.Create(pairs, reshuffle=False).with_output_types(tuple[str, str])
            | "Spread" >> beam.Reshuffle()
            | "Mine" >> beam.FlatMap(self.mine).with_output_types(Named)
        )

    def mine(self, pair: tuple[str, str]) -> Iterator[Named]:
        source, target = (Side.read(self.embedded, language, self.choice) for language in pair)
        found = Neighbours.of(
            self._nearest("forward", pair, source, target), self._nearest("backward", pair, target, source)
        )
        mined = mine_pair(
            source,
            target,
            found,
            self.settings,
            encoder=self.encoder,
            toxic=self.toxic,
            plain=self._plain(source, target),
            pages=None if self.paired is None else read_table(self.paired.urls("kept", pair_key(*pair)), PAGE_PAIR),
            local=None if self.local is None else self._found_on_pages(self.local, source, target),
            earlier=self.earlier.get(pair_key(*pair)),
        )
        further = mined.pairs.num_rows - len(mined.pairs.column("source_id").unique())
        count_in(pool_name(source, target), pair_key(*pair), source.rows.num_rows + further)
        yield "kept", mined.pairs
        yield "rejected", mined.rejected
        yield "dropped", mined.dropped
        yield "evaluation", mined.evaluation
        yield "calibration", mined.calibration

    def _nearest(self, direction: str, pair: tuple[str, str], side: Side, other: Side) -> Best:
        k, urls = self.settings.neighbours, self.searched.urls(direction, pair_key(*pair))
        rows = read_table(urls, nearest_schema(k))
        ids = side.at("id", np.arange(len(side.searched)))
        what = f"{self.searched.folder}: {direction} of {pair_key(*pair)}"
        return by_position(rows, ids, k, what, others=len(other.searched))

    def _found_on_pages(self, local: Manifest, source: Side, target: Side) -> Edges:
        pair, schema = pair_key(source.language, target.language), nearest_schema(self.settings.candidates)
        rows = [read_table(local.urls(direction, pair), schema) for direction in ("forward", "backward")]
        ids = [side.at("id", np.arange(len(side.searched))) for side in (source, target)]
        return local_edges(rows[0], rows[1], ids[0], ids[1], f"{local.folder}: {pair}")

    def _plain(self, source: Side, target: Side) -> Neighbours | None:
        """Neighbours of vectors as they came from the encoder, of a pair small enough."""
        if max(len(source.searched), len(target.searched)) > PLAIN_ROWS:
            return None
        plain = Choice(self.choice.holdout_percent, self.choice.seed, centre=False)
        first, second = (load_language(self.embedded, side.language, plain) for side in (source, target))
        return exact.neighbours(first.all_vectors(), second.all_vectors(), LASER_NEIGHBOURS)
