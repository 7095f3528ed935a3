"""What each mode chooses of one graph, and what the filters say of it: texts are measured once for all modes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import get_args

import numpy as np
import pyarrow as pa

from pipelines.mine.align import choose
from pipelines.mine.filters.features import Measures, measure
from pipelines.mine.filters.findings import Toxic
from pipelines.mine.filters.verdicts import Verdicts, judged
from pipelines.mine.graph import CandidateGraph, Flags, Positions
from pipelines.mine.sentences import Side
from pipelines.runtime.words.lists import WordLists
from schemas.recipe import AlignmentMode, MineSettings


@dataclass(frozen=True)
class Selection:
    """Edges that one mode chooses, and what filters say of them.

    Attributes:
        mode: the mode.
        edges: int64 (c,), those chosen, best first.
        verdicts: of each of them.
        passed: bool (e,), chosen edges that pass all filters.
    """

    mode: AlignmentMode
    edges: Positions
    verdicts: Verdicts
    passed: Flags


@dataclass(frozen=True)
class Selecting:
    """What modes choose from, and filters judge by.

    Attributes:
        source, target: the sides.
        graph: their edges.
        settings: the recipe's.
        floor: as `align.choose` has it.
        toxic: lists of toxic words; None: toxicity is not judged.
    """

    source: Side
    target: Side
    graph: CandidateGraph
    settings: MineSettings
    floor: float
    toxic: WordLists | None

    @cached_property
    def _chosen(self) -> dict[AlignmentMode, Positions]:
        """Edges that each mode chooses, best first."""
        return {mode: np.flatnonzero(choose(self.graph, mode, self.floor)) for mode in get_args(AlignmentMode)}

    @cached_property
    def _any(self) -> Positions:
        """Edges that any mode chooses."""
        any_of: Positions = np.unique(np.concatenate(list(self._chosen.values())))
        return any_of

    @cached_property
    def _measured(self) -> Measures:
        """What filters look at, of all of these, since modes choose much the same."""
        return measure(*self._texts, self.source.language, self.target.language)

    @cached_property
    def _texts(self) -> tuple[pa.StringArray, pa.StringArray]:
        edges = self._any
        return self.source.at("text", self.graph.source[edges]), self.target.at("text", self.graph.target[edges])

    @cached_property
    def _toxic(self) -> Toxic | None:
        if self.toxic is None:
            return None
        keys = self.source.language, self.target.language
        first, second = (
            self.toxic.counts(texts, pa.repeat(pa.scalar(key), len(texts)))
            for texts, key in zip(self._texts, keys, strict=True)
        )
        return first, second

    def select(self, mode: AlignmentMode) -> Selection:
        """Let a mode choose, and the filters judge what it chose."""
        edges = self._chosen[mode]
        places = np.searchsorted(self._any, edges)
        toxic = None
        if self._toxic is not None:
            toxic = self._toxic[0][places], self._toxic[1][places]
        verdicts = judged(self._measured.take(places), self.settings.filters, toxic)
        passed = np.zeros(len(self.graph), np.bool_)
        passed[edges[verdicts.kept]] = True
        return Selection(mode, edges, verdicts, passed)
