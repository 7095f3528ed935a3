"""An index engine by the number of sentences a side: `python -m benchmarks.mine_growth --json`.

What each key of the JSON object means stands in README.md beside this file.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from benchmarks.command import answer, arguments_of
from benchmarks.machine import machine
from benchmarks.mine_growth_arms import ARMS as ARMS_BY_NAME
from benchmarks.mine_growth_arms import NEIGHBOURS
from benchmarks.mine_growth_sides import write_embedded
from benchmarks.pages import Size
from benchmarks.processes import run
from benchmarks.scores import rounded

ARMS: Mapping[Size, Mapping[int, tuple[str, ...]]] = {
    "small": {2_000: ("exact", "ivf"), 12_000: ("exact", "ivf")},
    "full": {
        10_000: ("exact", "ivf"),
        30_000: ("exact", "ivf", "stopes"),
        100_000: ("exact", "ivf", "stopes"),
        300_000: ("ivf",),
        1_000_000: ("ivf",),
    },
}
"""By rows a side what is run; the others take longer there than is worth it."""

MOST_MEMORY = 4 * 2**30


def main(arguments: list[str] | None = None) -> int:
    parser = arguments_of("mine_growth", __doc__)
    parser.add_argument("--rows", type=int, nargs="+", help="of all sizes those with so many rows a side")
    parser.add_argument("--arms", choices=sorted(ARMS_BY_NAME), nargs="+", help="of all arms these")
    chosen = parser.parse_args(arguments)
    wanted = {
        rows: tuple(arm for arm in arms if not chosen.arms or arm in chosen.arms)
        for rows, arms in ARMS[chosen.size].items()
        if not chosen.rows or rows in chosen.rows
    }
    return answer(lambda: measure(chosen.size, wanted), summary, as_json=chosen.json)


def measure(size: Size, wanted: Mapping[int, tuple[str, ...]]) -> dict[str, object]:
    """Run arms by rows a side, one after the other; what is done is told on standard error."""
    curve = []
    began = machine()
    for rows, arms in wanted.items():
        scratch = Path(tempfile.mkdtemp(prefix="glotmill-benchmark-"))
        try:
            run([sys.executable, "-m", "benchmarks.mine_growth", "--write", str(scratch), str(rows)])
            for arm in arms:
                done = run([sys.executable, "-m", "benchmarks.mine_growth_arms", arm, scratch, scratch / arm])
                shutil.rmtree(scratch / arm, ignore_errors=True)
                used = {"processor_seconds": done.processor_seconds, "peak_memory_bytes": done.peak_memory_bytes}
                figures = {**done.report, **used}
                curve.append({"rows": rows, "arm": arm, **figures})
                print(_line(curve[-1]), file=sys.stderr, flush=True)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    peaks = [cast(int, row["peak_memory_bytes"]) for row in curve if row["arm"] != "stopes"]
    return rounded(
        {
            "benchmark": "mine_growth",
            "size": size,
            "date": datetime.now(UTC).date().isoformat(),
            "machine": began,
            "versions": curve[0]["versions"],
            "material": {"rows": list(wanted), "neighbours": NEIGHBOURS},
            "goals": {
                "peak_memory_bytes": {"at_most": MOST_MEMORY, "measured": max(peaks), "met": max(peaks) <= MOST_MEMORY}
            },
            "curve": [{name: value for name, value in row.items() if name != "versions"} for row in curve],
        }
    )


def summary(measured: Mapping[str, object]) -> str:
    """The figures as lines for a reader."""
    return "\n".join(map(_line, cast(list[dict[str, object]], measured["curve"])))


def _line(row: Mapping[str, object]) -> str:
    memory = cast(int, row["peak_memory_bytes"]) / 2**30
    return (
        f"{row['rows']:>10,} a side  {row['arm']:8}{row['seconds']:10.1f} s"
        f"{row['processor_seconds']:10.1f} s of processors{memory:8.2f} GiB  recall {row['recall']:.3f}"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        write_embedded(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        sys.exit(main())
