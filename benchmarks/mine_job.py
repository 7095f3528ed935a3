"""Whole mining jobs, from vectors in files to pairs in a file, beside others': `python -m benchmarks.mine_job --json`.

What each key of the JSON object means stands in README.md beside this file.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from benchmarks.mine_sides import write_sides
from benchmarks.pages import Size
from benchmarks.processes import Finished, run
from benchmarks.turns import Arm, Turns, command, ratio_lines
from pipelines.mine.evaluate import LASER_NEIGHBOURS

ROWS: Mapping[Size, int] = {"small": 20_000, "full": 200_000}
RUNS: Mapping[Size, int] = {"small": 3, "full": 1}

WAYS = ("ours", "stages", "laser", "sentence-transformers-exact", "ours-by-index", "sentence-transformers")

# Ratio -> (ours, theirs); of sentences a second, so their time over ours.
RATIOS: Mapping[str, tuple[str, str]] = {
    "laser/ours": ("ours", "laser"),
    "sentence-transformers-exact/ours": ("ours", "sentence-transformers-exact"),
    "laser/stages": ("stages", "laser"),
    "sentence-transformers-exact/stages": ("stages", "sentence-transformers-exact"),
    "sentence-transformers/ours-by-index": ("ours-by-index", "sentence-transformers"),
    "sentence-transformers/ours": ("ours", "sentence-transformers"),
}
LEAST = dict.fromkeys(("laser/ours", "sentence-transformers-exact/ours"), 2.0)


def main(arguments: list[str] | None = None) -> int:
    turns = Turns(
        name="mine_job",
        runs=RUNS,
        write=_write,
        arms=arms_on,
        describe=describe,
        ratios=RATIOS,
        least=LEAST,
        summary=summary,
    )
    return command(turns, __doc__, arguments)


def arms_on(given: Path) -> dict[str, Arm]:
    """Ways to mine the sides of a folder, in processes of their own, on all cores that this one may use."""
    threads = str(len(os.sched_getaffinity(0)))

    def arm(way: str) -> Arm:
        module = "benchmarks.mine_stages" if way == "stages" else "benchmarks.mine_ways"
        return lambda output: run([sys.executable, "-m", module, way, given, output, threads])

    return {way: arm(way) for way in WAYS}


def describe(finished: Sequence[Finished]) -> dict[str, object]:
    """One arm: its best run."""
    reports = [run_of.report for run_of in finished]
    seconds = [cast(float, report["seconds"]) for report in reports]
    return {
        "documents_per_second": cast(int, reports[0]["documents"]) / min(seconds),
        "seconds": seconds,
        "processor_seconds": [report["processor_seconds"] for report in reports],
        "peak_memory_bytes": max(run_of.peak_memory_bytes for run_of in finished),
        **{name: reports[0][name] for name in ("pairs", "partners_found", "bytes")},
    }


def summary(measured: Mapping[str, object]) -> str:
    """The figures as lines for a reader."""
    arms = cast(dict[str, dict[str, float]], measured["arms"])
    lines = [
        f"{name:32}{arm['documents_per_second']:10.0f} sentences/s{arm['peak_memory_bytes'] / 2**20:8.0f} MiB"
        f"{arm['pairs']:10.0f} pairs, {arm['partners_found']:6.1%} of partners"
        for name, arm in arms.items()
    ]
    return "\n".join([*lines, *ratio_lines(measured)])


def _write(size: Size, folder: Path) -> dict[str, object]:
    return write_sides(folder, ROWS[size]) | {"neighbours": LASER_NEIGHBOURS}


if __name__ == "__main__":
    sys.exit(main())
