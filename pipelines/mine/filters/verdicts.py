"""Which pairs of two languages stay, and of each other one the first filter that it fails, and what was found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.mine.filters.features import Measured, Measures, measure
from pipelines.mine.filters.findings import Candidates, Finding, Toxic, findings_of, near_duplicates_of
from pipelines.mine.filters.lengths import LengthModel
from schemas.recipe.pair_filters import PairFilterSettings

ABSENT = -1
_KEPT = -1


@dataclass(frozen=True)
class Verdicts:
    """What all filters say of n pairs; the first that a pair fails decides.

    Attributes:
        kept: booleans.
        reasons: of each pair that is not kept; null for the others.
        scores: float64, what the filter compared with its limit; NaN for kept pairs.
        matched: int64, the pair that a near duplicate is dropped for; ABSENT elsewhere.
        details: what was found, in words; null for kept pairs.
        failed: booleans by reason, in order: the pairs that fail each filter, whichever came first. Near duplicates
            are looked for among the pairs that pass all others.
        columns: what was measured, see `features`.
        lengths: the model that lengths were compared with.
    """

    kept: npt.NDArray[np.bool_]
    reasons: pa.StringArray
    scores: npt.NDArray[np.float64]
    matched: npt.NDArray[np.int64]
    details: pa.StringArray
    failed: dict[str, npt.NDArray[np.bool_]]
    columns: Measured
    lengths: LengthModel


def filter_pairs(candidates: Candidates, settings: PairFilterSettings) -> Verdicts:
    """Judge all candidate pairs of two languages at once.

    What is usual of lengths, how close the languages are and what is boilerplate is told by the candidates themselves,
    so that a part of them may be judged otherwise. Equal candidates in an equal order have equal verdicts.

    Raises:
        ValueError: a text is null, or there are more texts on one side.
    """
    measures = measure(
        candidates.source_texts,
        candidates.target_texts,
        candidates.source_language,
        candidates.target_language,
        candidates.lengths,
    )
    return judged(measures, settings, candidates.toxic)


def judged(measures: Measures, settings: PairFilterSettings, toxic: Toxic | None = None) -> Verdicts:
    """The verdicts of `filter_pairs` on pairs that are measured already, best first.

    Args:
        toxic: as `Candidates` has it.
    """
    findings = list(findings_of(measures, settings, toxic))
    passed = np.ones(measures.pairs, dtype=bool)
    for finding in findings:
        passed &= ~finding.failed
    if settings.max_pair_similarity is not None:
        findings.append(near_duplicates_of(measures, passed, settings.max_pair_similarity))
    deciding = _first_failed(findings, measures.pairs)
    return Verdicts(
        deciding == _KEPT,
        *_told(findings, deciding),
        {finding.reason: finding.failed for finding in findings},
        measures.columns,
        measures.lengths,
    )


def _first_failed(findings: list[Finding], pairs: int) -> npt.NDArray[np.int64]:
    """Place of the first filter that each pair fails, or _KEPT."""
    first = np.full(pairs, _KEPT, dtype=np.int64)
    for place, finding in enumerate(findings):
        first[(first == _KEPT) & finding.failed] = place
    return first


def _told(
    findings: list[Finding], deciding: npt.NDArray[np.int64]
) -> tuple[pa.StringArray, npt.NDArray[np.float64], npt.NDArray[np.int64], pa.StringArray]:
    """Reasons, scores, kept pairs and details, by the filter that decides."""
    scores = np.full(len(deciding), np.nan)
    matched = np.full(len(deciding), ABSENT, dtype=np.int64)
    details = np.full(len(deciding), None, dtype=object)
    for place, finding in enumerate(findings):
        rows = np.flatnonzero(deciding == place)
        scores[rows] = finding.scores[rows]
        details[rows] = finding.describe(rows)
        if finding.kept is not None:
            matched[rows] = finding.kept[rows]
    names = pa.array([finding.reason for finding in findings], pa.string())
    reasons = names.take(pa.array(deciding, mask=deciding == _KEPT))
    return reasons, scores, matched, pa.array(details, pa.string())
