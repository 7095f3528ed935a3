"""Which hidden translations are found beside LASER's way and others': `python -m benchmarks.mine_quality --json`.

What each key of the JSON object means stands in README.md beside this file.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import cast

import numpy as np
import pyarrow as pa

from benchmarks.command import answer, arguments_of
from benchmarks.machine import machine
from benchmarks.mine_arms import DEFAULT, Given, Mined, arms
from benchmarks.mine_material import PAIRS, SMALL_PAIRS, Kind, Task, task
from benchmarks.mine_promises import JUDGED, LADDER, Promise, promise, summed, told
from benchmarks.mine_vectors import Vectors
from benchmarks.pages import Size
from benchmarks.scores import rounded
from pipelines.mine.curve import gold_curve
from pipelines.mine.evaluate import two_fold
from pipelines.mine.gold import Gold, gold_of
from schemas.recipe import Dtype

WANTED = 0.9
LEAST_GAIN = 0.02
PROMISES_KEPT = 0.9
PEERS = ("laser", "sentence-transformers", "stopes")
DTYPE: Dtype = "bfloat16"
"""Vectors are nearly those of float32 (cosines of .99994 and more), in half of the time."""


def main(arguments: list[str] | None = None) -> int:
    parser = arguments_of("mine_quality", __doc__)
    parser.add_argument("--wanted", type=float, default=WANTED, help="precision that calibrated thresholds promise")
    chosen = parser.parse_args(arguments)
    return answer(lambda: measure(chosen.size, chosen.wanted), summary, as_json=chosen.json)


def measure(size: Size, wanted: float) -> dict[str, object]:
    """Mine every task in every way, on the same vectors."""
    vectors = Vectors(dtype=DTYPE)
    pairs: dict[str, object] = {}
    ladder = sorted({*LADDER, wanted}, reverse=True)
    promises: dict[str, dict[float, list[Promise]]] = {name: {each: [] for each in ladder} for name in JUDGED}
    for kind in PAIRS:
        for left, right in PAIRS[kind] if size == "full" else SMALL_PAIRS[kind]:
            one = task(kind, left, right, size)
            given = Given(one, vectors.of(f"{kind}-{left}", one.source), vectors.of(f"{kind}-{right}", one.target))
            found = {name: mined(given) for name, mined in arms()}
            gold = gold_of_task(one)
            for name, (measured, tried) in JUDGED.items():
                for each, of_pairs in promises[name].items():
                    what = one, found[DEFAULT], gold, each, vectors.fingerprint
                    of_pairs.append(promise(*what, measured_on=measured, tried_on=tried))
            pairs[one.name] = {
                "source_sentences": len(one.source),
                "target_sentences": len(one.target),
                "gold": len(one.gold),
                "arms": {name: judged(one, mined, wanted, vectors.fingerprint) for name, mined in found.items()},
            }
    figures = cast(dict[str, dict[str, dict[str, dict[str, float | None]]]], pairs)
    means = _means([pair["arms"] for pair in figures.values()])
    kinds: dict[Kind, dict[str, dict[str, float | None]]] = {
        kind: _means([pair["arms"] for name, pair in figures.items() if name.startswith(f"{kind}:")]) for kind in PAIRS
    }
    gain = {peer: cast(float, means[DEFAULT]["f1"]) - cast(float, means[peer]["f1"]) for peer in PEERS}
    of_wanted = {
        name: {each: summed(of_pairs) for each, of_pairs in by_wanted.items()} for name, by_wanted in promises.items()
    }
    return rounded(
        {
            "benchmark": "mine_quality",
            "size": size,
            "date": datetime.now(UTC).date().isoformat(),
            "machine": machine(),
            "encoder": vectors.fingerprint,
            "dtype": vectors.dtype,
            "wanted": wanted,
            "default": DEFAULT,
            "gain": gain,
            "promises": {
                name: {f"{each:g}": figures_of for each, figures_of in by_wanted.items()}
                for name, by_wanted in of_wanted.items()
            },
            "goals": {f"gain/{peer}": _goal(LEAST_GAIN, gain[peer]) for peer in PEERS[:2]}
            | {
                f"promises/{share}": _goal(PROMISES_KEPT, of_wanted["all"][wanted][share])
                for share in ("kept", "not_refuted")
            },
            "means": means,
            "means_by_kind": kinds,
            "pairs": pairs,
        }
    )


def _goal(least: float, measured: float | None) -> dict[str, object]:
    return {"at_least": least, "measured": measured, "met": measured is not None and measured >= least}


def judged(one: Task, mined: Mined, wanted: float, encoder: str) -> dict[str, float | None]:
    """What was found, thresholds fitted on one half of gold and tried on the other; every pair that is not gold is
    wrong, as in BUCC."""
    graph, chosen = mined
    gold = gold_of_task(one)
    score = two_fold(graph, chosen, gold, "all")
    curve = gold_curve(graph, chosen, gold, "all")
    f1 = 2 * curve.correct / (curve.found + len(gold))
    return {
        "precision": score.precision,
        "recall": score.recall,
        "f1": score.f1,
        "best_f1": float(f1.max(initial=0)),
        **told(promise(one, mined, gold, wanted, encoder)),
    }


def gold_of_task(one: Task) -> Gold:
    sides = pa.array(one.source, pa.string()), pa.array(one.target, pa.string())
    aligned = {
        name: side.take(pa.array(one.gold[:, column]))
        for column, (name, side) in enumerate(zip(("source_text", "target_text"), sides, strict=True))
    }
    return gold_of(*sides, pa.table(aligned))


def _means(of_pairs: Sequence[Mapping[str, Mapping[str, float | None]]]) -> dict[str, dict[str, float | None]]:
    """Mean of pairs by arm; of calibrated figures, of those pairs for which a promise was made."""
    names = of_pairs[0] if of_pairs else {}
    means: dict[str, dict[str, float | None]] = {}
    for name in names:
        columns = {key: [pair[name][key] for pair in of_pairs] for key in of_pairs[0][name]}
        known = {key: [value for value in values if value is not None] for key, values in columns.items()}
        means[name] = {key: float(np.mean(values)) if values else None for key, values in known.items()}
        means[name]["promises_made"] = float(len(known["promise_kept"]))
    return means


def summary(measured: Mapping[str, object]) -> str:
    """The figures as lines for a reader."""
    means = cast(dict[str, dict[str, float]], measured["means"])
    pairs = cast(dict[str, dict[str, dict[str, dict[str, float]]]], measured["pairs"])
    promises = cast(dict[str, dict[str, dict[str, float | None]]], measured["promises"])
    lines = [f"{len(pairs)} pairs, thresholds by two folds", f"{'':36}precision  recall     F1  best F1"]
    lines += [
        f"{name:36}{mean['precision']:9.3f}{mean['recall']:8.3f}{mean['f1']:7.3f}{mean['best_f1']:9.3f}"
        for name, mean in means.items()
    ]
    shown = (*PEERS, cast(str, measured["default"]))
    lines.append(f"{'F1':36}" + "".join(f"{name:>26}" for name in shown))
    for name, pair in pairs.items():
        lines.append(f"{name:36}" + "".join(f"{pair['arms'][peer]['f1']:26.3f}" for peer in shown))
    for name, by_wanted in promises.items():
        lines.append(f"promises, {name}: made by half of gold, by all; on the other half kept, not refuted; recall")
        lines += [
            f"{wanted:>8}{of_wanted['made']:8} of {of_wanted['pairs']}{of_wanted['made_on_all_gold']:8}"
            f"{_share(of_wanted['kept']):>8}{_share(of_wanted['not_refuted']):>8}{_share(of_wanted['recall']):>8}"
            for wanted, of_wanted in by_wanted.items()
        ]
    return "\n".join(lines)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


if __name__ == "__main__":
    sys.exit(main())
