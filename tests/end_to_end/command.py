"""The command as a user runs it, in a process of its own."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
GLOTMILL = Path(sys.executable).with_name("glotmill")


def start(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(GLOTMILL), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )


def glotmill(*arguments: object, exit_code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run to the end; an exit code other than expected fails with what the command said."""
    process = start(*arguments)
    output, errors = process.communicate()
    assert process.returncode == exit_code, f"{arguments} ended with {process.returncode}:\n{output}\n{errors}"
    return subprocess.CompletedProcess(arguments, process.returncode, output, errors)


def summary_of(finished: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What a command with `--json` printed."""
    summary: dict[str, Any] = json.loads(finished.stdout)
    return summary


def shard_hashes(run: Path) -> dict[str, str]:
    """SHA-256 of every Parquet file and exported text below a run's folder, by relative path; the audit's own left out.

    So are the crawl's tables: they say when and in which WARC file each page was stored.
    """
    return {
        file.relative_to(run).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted({*run.rglob("*.parquet"), *run.glob("datasets/*/*-*/*.*")})
        if file.relative_to(run).parts[0] not in ("audit", "crawl")
    }
