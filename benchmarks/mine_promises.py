"""Whether a threshold that promises a precision keeps it on gold that it was not measured on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

from benchmarks.mine_arms import Mined
from benchmarks.mine_material import Task
from pipelines.mine.calibrate import Subject, calibrated
from pipelines.mine.curve import gold_curve
from pipelines.mine.gold import Gold, Judging
from schemas.languages import pair_key

LADDER = (0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5)
"""Precisions that are wanted in turn."""

JUDGED: Mapping[str, tuple[Judging, Judging]] = {
    "all": ("all", "all"),
    "gold": ("either-aligned", "either-aligned"),
    "gold-for-all": ("either-aligned", "all"),
}
"""By name, the pairs that a threshold is measured on, and those that it is tried on."""

REFUTED_BELOW = 0.05
"""A promise is refuted where so few right pairs, or fewer, were less likely than this had it been kept just so."""


@dataclass(frozen=True)
class Promise:
    """What became of one wanted precision for one language pair.

    Attributes:
        wanted: precision.
        halves: halves of gold, of two, that gave a threshold; each was tried on the other.
        found: pairs at or above the thresholds, in the halves that these were tried on.
        correct: those of them that are gold.
        gold: gold pairs of these halves.
        on_all: whether all gold together gives a threshold, as a user of it would measure.
    """

    wanted: float
    halves: int
    found: int
    correct: int
    gold: int
    on_all: bool

    @property
    def made(self) -> bool:
        """Whether there was a promise, and any pair to try it on."""
        return self.found > 0

    @property
    def precision(self) -> float:
        return self.correct / self.found

    @property
    def recall(self) -> float:
        return self.correct / self.gold

    @property
    def kept(self) -> bool:
        """Whether the held-out precision is no lower than the wanted one."""
        return self.correct >= self.wanted * self.found

    @property
    def refuted(self) -> bool:
        """Whether the true precision is lower, by a one-sided exact binomial test at `REFUTED_BELOW`."""
        return bool(binom.cdf(self.correct, self.found, self.wanted) < REFUTED_BELOW)


def promise(
    one: Task,
    mined: Mined,
    gold: Gold,
    wanted: float,
    encoder: str,
    *,
    measured_on: Judging = "all",
    tried_on: Judging = "all",
) -> Promise:
    """Calibrate on each half of gold and try on the other.

    Args:
        measured_on: pairs that the threshold is measured on; with `all`, every pair that is not gold is wrong, as in
            BUCC; the stage mine knows of `either-aligned` alone.
        tried_on: pairs that it is tried on.
    """
    graph, chosen = mined
    subject = Subject(pair_key(*one.languages), "one-to-one", "distance", 1, graph.sources, graph.targets, encoder)
    edges = graph.take(chosen)
    edges = edges.take(gold.judged(edges, tried_on))
    right, half = gold.right(edges), gold.half_of(edges)

    def threshold(fitted: int | None) -> float | None:
        return calibrated(gold_curve(graph, chosen, gold, measured_on, fitted), subject, wanted).threshold

    halves = found = correct = wished = 0
    for fitted, tested in ((0, 1), (1, 0)):
        least = threshold(fitted)
        if least is None:
            continue
        taken = (half == tested) & (edges.margin >= least)
        halves += 1
        found, correct = found + int(taken.sum()), correct + int(right[taken].sum())
        wished += int((gold.halves == tested).sum())
    return Promise(wanted, halves, found, correct, wished, threshold(None) is not None)


def told(one: Promise) -> dict[str, float | None]:
    """Figures of one pair; null where there was no promise."""
    if not one.made:
        return dict.fromkeys(("calibrated_precision", "calibrated_recall", "promise_kept", "promise_refuted"))
    return {
        "calibrated_precision": one.precision,
        "calibrated_recall": one.recall,
        "promise_kept": float(one.kept),
        "promise_refuted": float(one.refuted),
    }


def summed(promises: Sequence[Promise]) -> Mapping[str, float | None]:
    """Figures of many pairs for one wanted precision."""
    made = [one for one in promises if one.made]
    share: dict[str, list[float]] = {
        "kept": [float(one.kept) for one in made],
        "not_refuted": [float(not one.refuted) for one in made],
        "precision": [one.precision for one in made],
        "recall": [one.recall for one in made],
    }
    return {
        "pairs": len(promises),
        "made": len(made),
        "made_on_all_gold": sum(one.on_all for one in promises),
        **{name: float(np.mean(values)) if values else None for name, values in share.items()},
        "found": sum(one.found for one in made),
        "correct": sum(one.correct for one in made),
    }
