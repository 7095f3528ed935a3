"""What mining writes beside its pairs: each pair of languages measured against gold, and its calibration."""

from __future__ import annotations

import pyarrow as pa

from schemas.records.fields import field

EVALUATION = pa.schema(
    [
        field("id", pa.string(), "XXH3-128 in hex of pair and mode."),
        field("pair", pa.string(), "Language pair, source-target."),
        field("source_language", pa.string(), "Language key of the source side."),
        field("target_language", pa.string(), "Language key of the target side."),
        field("mode", pa.string(), "Alignment mode."),
        field("used", pa.bool_(), "Whether the recipe keeps this mode's pairs."),
        field(
            "threshold",
            pa.float64(),
            "Smallest margin of its pairs, or score where a precision is wanted; null where none keeps it.",
            nullable=True,
        ),
        field("source_sentences", pa.int64(), "Sentences searched on the source side."),
        field("target_sentences", pa.int64(), "Sentences searched on the target side."),
        field("pairs", pa.int64(), "Pairs at the threshold."),
        field("gold", pa.int64(), "Pairs of sentences that the source itself aligns."),
        field("found", pa.int64(), "Pairs at the threshold that gold can judge."),
        field("correct", pa.int64(), "Those of them that are right."),
        field("precision", pa.float64(), "correct / found; null without gold.", nullable=True),
        field("recall", pa.float64(), "correct / gold; null without gold.", nullable=True),
        field("f1", pa.float64(), "2 correct / (gold + found); null without gold.", nullable=True),
        field("fitted_f1", pa.float64(), "F1 with thresholds fitted two-fold on gold.", nullable=True),
        field(
            "baseline_f1",
            pa.float64(),
            "F1 of plain LASER mining on the same vectors, its thresholds fitted in the same two folds.",
            nullable=True,
        ),
    ],
    metadata={"record": "evaluation"},
)

CALIBRATION = pa.schema(
    [
        field("id", pa.string(), "XXH3-128 in hex of what was calibrated, how, and the threshold."),
        field("pair", pa.string(), "Language pair, source-target."),
        field("mode", pa.string(), "Alignment mode."),
        field("margin_kind", pa.string(), "Kind of margin: ratio, distance or absolute."),
        field("neighbours", pa.int64(), "k of the margin's means."),
        field("source_sentences", pa.int64(), "Sentences searched on the source side."),
        field("target_sentences", pa.int64(), "Sentences searched on the target side."),
        field("encoder", pa.string(), "Name and fingerprint of what made the vectors."),
        field(
            "evidence",
            pa.string(),
            "What told right from wrong: gold, or decoys where there is none; earlier: gold of an earlier run.",
        ),
        field("wanted", pa.float64(), "Precision wanted."),
        field("confidence", pa.float64(), "Of each bound by itself."),
        field("threshold", pa.float64(), "A margin or score; the row tells of pairs at or above it."),
        field("used", pa.bool_(), "Whether this is the calibrated threshold; no row's where the promise fails."),
        field("found", pa.int64(), "Judged pairs at or above the threshold."),
        field("correct", pa.float64(), "Those of them that are right; estimated, with decoys."),
        field("gold", pa.float64(), "Pairs to be found; with decoys, what the mode finds at any threshold."),
        field("precision", pa.float64(), "correct / found."),
        field("precision_low", pa.float64(), "Lower bound of precision."),
        field("precision_high", pa.float64(), "Upper bound of precision."),
        field("recall", pa.float64(), "correct / gold; null without gold.", nullable=True),
        field("recall_low", pa.float64(), "Lower bound of recall; null without gold.", nullable=True),
        field("recall_high", pa.float64(), "Upper bound of recall; null without gold.", nullable=True),
    ],
    metadata={"record": "calibration"},
)
