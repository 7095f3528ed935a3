"""Thresholds of all language pairs with their intervals: on one screen after mining, and in full beside the run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pipelines.mine.calibrate import Calibration

MOST_SHOWN = 16
"""Pairs that are shown one by one; of more, those with the least recall."""


def calibration_lines(pairs: Iterable[str], found: Mapping[str, Calibration], applied: bool) -> Iterator[str]:
    """A heading and a line a pair, or of many pairs the counts and the worst.

    Args:
        pairs: all that were mined; those without a calibration had no judged pair.
        found: calibrations by pair.
        applied: whether pairs were cut by the thresholds; else the recipe's own threshold cut them.
    """
    every = sorted(pairs)
    if not every:
        return
    yield _heading(every, found, applied)
    shown = sorted(every, key=lambda pair: _recall(found.get(pair)))[:MOST_SHOWN]
    width = max(map(len, shown))
    for pair in sorted(shown) if len(every) <= MOST_SHOWN else shown:
        yield f"{pair:<{width}}  {_told(found.get(pair))}"
    if len(every) > len(shown):
        yield f"and {len(every) - len(shown)} pairs with more recall"


def calibration_notes(pairs: Iterable[str], found: Mapping[str, Calibration]) -> str:
    """All pairs in whole sentences, as Markdown."""
    return "\n".join(
        f"- {found[pair].told() if pair in found else f'{pair}: no pair could be judged'}" for pair in sorted(pairs)
    )


def unpromised(pairs: Iterable[str], found: Mapping[str, Calibration]) -> list[str]:
    """Language pairs for which no threshold keeps the precision wanted."""
    return sorted(pair for pair in pairs if pair not in found or found[pair].threshold is None)


def _heading(pairs: list[str], found: Mapping[str, Calibration], applied: bool) -> str:
    first = next(iter(found.values()), None)
    wanted = "" if first is None else f" for precision {first.wanted:.0%} with confidence {first.confidence:.0%}"
    reached = sum(pair in found and found[pair].threshold is not None for pair in pairs)
    use = "" if applied else ", to compare: the recipe sets its own"
    return f"thresholds{wanted}: {reached} of {len(pairs)} pairs{use}"


def _recall(one: Calibration | None) -> tuple[int, float]:
    """Pairs without a threshold come first, then those that find least."""
    if one is None:
        return 0, 0.0
    return int(one.threshold is not None) + 1, one.recall.value if one.recall else 0.0


def _told(one: Calibration | None) -> str:
    precision = one.precision if one else None
    if one is None or precision is None:
        return "no pair could be judged"
    by = {"gold": "", "decoys": ", estimated by decoys", "earlier": ", of an earlier run"}[one.evidence]
    recall = one.recall
    # Decoys know nothing of what the mode never finds.
    known = recall is not None and one.evidence != "decoys"
    found = f", recall {recall.value:.2f} ({recall.low:.2f} to {recall.high:.2f})" if recall and known else ""
    shares = f"precision {precision.value:.2f} ({precision.low:.2f} to {precision.high:.2f}){found}{by}"
    if one.threshold is None:
        return f"none     best {shares}"
    return f"{one.threshold:7.4f}  {shares}"
