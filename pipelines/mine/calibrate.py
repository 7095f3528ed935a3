"""The threshold of one language pair for a wanted precision, measured on gold.

A margin's size depends on encoder, k, centring and the sizes of both sides
(https://github.com/facebookresearch/LASER/issues/198), so a threshold is measured for what is mined, by mining it
with gold among it.

Measured with e5-small on catalogues in nine languages beside English, in six modes, on one half of the gold and
tried on the other, with 100 to 400 gold pairs among 80 to 850 sentences a side without partner: of the promises made
at confidence .95, 90 to 100 % were kept, at .9 fewer (82 to 96 %). The fewer the partners, the fewer can be made.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
import pyarrow as pa

from pipelines.mine.align import Mode
from pipelines.mine.curve import CONFIDENCE, Counts, Curve, bounds
from pipelines.mine.margin import MarginName
from pipelines.mine.records import CALIBRATION
from schemas.errors import GlotmillError
from schemas.identifiers import content_id

Evidence: TypeAlias = Literal["gold", "decoys", "earlier"]
"""What told right from wrong; `earlier`: gold of an earlier run."""

_BY: Final[Mapping[Evidence, str]] = {
    "gold": "",
    "decoys": ", estimated by decoys",
    "earlier": ", measured in an earlier run",
}

MOST_GROWTH: Final = 1.1
"""How much larger or smaller a side may be than the one that a threshold was measured on.

Measured on catalogues in nine languages beside English, 300 sentences a side, a third of them with partners: with
both sides 1.25 times as large, the ratio margin from which 90 % are right fell by .04 on average, with both half as
large it rose by .27.
"""

_STEP = 1.1


class CalibrationMismatchError(GlotmillError):
    """A threshold put to something other than what it was measured on."""


@dataclass(frozen=True)
class Subject:
    """What a threshold holds for.

    Attributes:
        pair: language pair, source-target.
        mode: alignment mode.
        margin: kind of margin.
        neighbours: k of its means.
        source_sentences: sentences searched on the source side.
        target_sentences: likewise.
        encoder: name and fingerprint of what made the vectors, and what was done to them since.
    """

    pair: str
    mode: Mode
    margin: MarginName
    neighbours: int
    source_sentences: int
    target_sentences: int
    encoder: str


@dataclass(frozen=True)
class Interval:
    """A share with its bounds.

    Attributes:
        value: the share seen.
        low: the true one is below with probability (1 - confidence) at most.
        high: the true one is above with probability (1 - confidence) at most.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Calibration:
    """The threshold for a wanted precision.

    Attributes:
        subject: what it holds for.
        evidence: what told right from wrong.
        wanted: precision wanted.
        confidence: with which the true precision is no lower.
        threshold: smallest one tried that keeps the promise; None where none does.
        at: point of the curve with that threshold, or, where there is none, of the best promise that can be kept; None
            where no pair was judged.
        curve: precision and recall at every threshold.
    """

    subject: Subject
    evidence: Evidence
    wanted: float
    confidence: float
    threshold: float | None
    at: int | None
    curve: Curve

    @property
    def precision(self) -> Interval | None:
        """At the threshold, or the best that can be reached."""
        if self.at is None:
            return None
        return Interval(*(float(side[self.at]) for side in (self.curve.precision, self.curve.low, self.curve.high)))

    @property
    def recall(self) -> Interval | None:
        """At the same place: of the pairs to be found, those kept."""
        if self.at is None or not self.curve.gold:
            return None
        gold = max(round(self.curve.gold), 1)
        correct = min(float(self.curve.correct[self.at]), gold)
        low, high = bounds(np.array([correct]), np.array([gold]), self.confidence)
        return Interval(correct / gold, float(low[0]), float(high[0]))

    def told(self) -> str:
        """One line for a user."""
        pair, wanted = self.subject.pair, f"precision {self.wanted:.0%} with confidence {self.confidence:.0%}"
        precision, recall = self.precision, self.recall
        if precision is None or self.at is None:
            return (
                f"{pair}: {wanted} cannot be promised: no pair could be judged; plant gold, or set a threshold by hand"
            )
        shown = f"precision {_shown(precision)}" + (f", recall {_shown(recall)}" if recall else "")
        by = _BY[self.evidence]
        if self.threshold is None:
            best = self.curve.threshold[self.at]
            return (
                f"{pair}: {wanted} cannot be reached; best at {best:.4f}: {shown}{by}; "
                "want less, plant more gold, or take an encoder that knows both languages"
            )
        return f"{pair}: threshold {self.threshold:.4f} for {wanted}: {shown}{by}"


def _shown(share: Interval) -> str:
    return f"{share.value:.3f} ({share.low:.3f} to {share.high:.3f})"


def calibrated(
    measured: Curve, subject: Subject, wanted: float, confidence: float = CONFIDENCE, evidence: Evidence = "gold"
) -> Calibration:
    """The smallest threshold whose precision is at least the wanted one.

    Thresholds are tried at numbers of pairs fixed beforehand, each a tenth more than the one before, from the
    fewest with which the promise could be kept at all, and at all pairs. Of many thresholds tried, each with its
    own small chance to look better than it is, the lowest is the luckiest: in simulations, trying every one kept
    its promise on held-out pairs in 90 of 100 cases, and trying these in 95, for a twentieth of the recall. Isotonic
    smoothing of the curve kept it in 87.

    Args:
        wanted: precision, above 0 and below 1.
        confidence: of the lower bound that is held against it, as `measured` was made with.
    Raises:
        ValueError: wanted or confidence is no probability between 0 and 1.
    """
    for name, value in (("wanted precision", wanted), ("confidence", confidence)):
        if not 0 < value < 1:
            raise ValueError(f"{name} is {value:g}; it must be above 0 and below 1")
    tried = _tried(measured, wanted, confidence)
    kept = tried[measured.low[tried] >= wanted]
    if len(kept):
        at = int(kept[-1])
        return Calibration(subject, evidence, wanted, confidence, float(measured.threshold[at]), at, measured)
    best = int(np.argmax(measured.low)) if len(measured) else None
    return Calibration(subject, evidence, wanted, confidence, None, best, measured)


def _tried(measured: Curve, wanted: float, confidence: float) -> Counts:
    """Points with the numbers of pairs that are tried, or the next larger ones where margins tie."""
    fewest = math.ceil(math.log(1 - confidence) / math.log(wanted))
    most = int(measured.found[-1]) if len(measured) else 0
    if most < fewest:
        return np.empty(0, np.int64)
    steps = int(math.log(most / fewest) / math.log(_STEP)) + 1
    wanted_counts = np.floor(fewest * _STEP ** np.arange(steps))
    return np.unique(np.searchsorted(measured.found, np.append(wanted_counts, most)))


def calibration_rows(calibration: Calibration, points: int = 200) -> pa.RecordBatch:
    """Rows of CALIBRATION: the curve at some of its points, the calibrated one among them, thresholds descending."""
    curve, subject = calibration.curve, calibration.subject
    places = curve.places(points)
    if calibration.at is not None:
        places = np.union1d(places, [calibration.at])
    count = len(places)
    gold = np.full(count, curve.gold)
    known = curve.gold > 0
    correct = np.minimum(curve.correct[places], curve.gold)
    low, high = bounds(correct, np.maximum(gold, 1), calibration.confidence)
    same = {
        "pair": subject.pair,
        "mode": subject.mode,
        "margin_kind": subject.margin,
        "neighbours": subject.neighbours,
        "source_sentences": subject.source_sentences,
        "target_sentences": subject.target_sentences,
        "encoder": subject.encoder,
        "evidence": calibration.evidence,
        "wanted": calibration.wanted,
        "confidence": calibration.confidence,
    }
    each = {
        "id": [content_id("calibration", *map(str, same.values()), float(t).hex()) for t in curve.threshold[places]],
        "threshold": curve.threshold[places],
        "used": (places == calibration.at) & (calibration.threshold is not None),
        "found": curve.found[places],
        "correct": curve.correct[places],
        "gold": gold,
        "precision": curve.precision[places],
        "precision_low": curve.low[places],
        "precision_high": curve.high[places],
        "recall": pa.array(curve.recall[places], mask=np.full(count, not known)),
        "recall_low": pa.array(low, mask=np.full(count, not known)),
        "recall_high": pa.array(high, mask=np.full(count, not known)),
    }
    columns = {
        **{name: pa.repeat(pa.scalar(value, CALIBRATION.field(name).type), count) for name, value in same.items()},
        **{name: pa.array(values, CALIBRATION.field(name).type) for name, values in each.items()},
    }
    return pa.RecordBatch.from_arrays([columns[name] for name in CALIBRATION.names], schema=CALIBRATION)


def check_subject(calibration: Calibration, subject: Subject, most_growth: float = MOST_GROWTH) -> None:
    """Refuse a threshold for anything but what it was measured on.

    Raises:
        CalibrationMismatchError: another pair, mode, kind of margin, k or encoder, or a side larger or smaller than the
            one measured by more than the factor given.
    """
    measured = calibration.subject
    for name in ("pair", "mode", "margin", "neighbours", "encoder"):
        was, now = getattr(measured, name), getattr(subject, name)
        if was != now:
            raise CalibrationMismatchError(
                f"calibration of {measured.pair}: {name} was {was}, is {now}; calibrate again for {now}"
            )
    for name in ("source_sentences", "target_sentences"):
        was, now = getattr(measured, name), getattr(subject, name)
        if max(was, now) > most_growth * min(was, now):
            raise CalibrationMismatchError(
                f"calibration of {measured.pair}: {name} was {was:,}, is {now:,}; margins of corpora of other sizes "
                "cannot be compared: calibrate again on these"
            )
