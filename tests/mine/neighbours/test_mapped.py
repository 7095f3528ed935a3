"""Pages of a mapped file are let go, and what was read or written stays."""

import sys
from pathlib import Path

import numpy as np
import pytest

from pipelines.mine.neighbours.mapped import let_go


def held(file: Path) -> int:
    """KiB of a mapped file that this process holds, as Linux tells."""
    lines = Path("/proc/self/smaps").read_text().splitlines()
    place = next(number for number, line in enumerate(lines) if line.endswith(str(file)))
    return next(int(line.split()[1]) for line in lines[place:] if line.startswith("Rss:"))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell what is held of a file")
def test_a_table_that_was_read_whole_holds_no_pages_once_they_are_let_go(tmp_path: Path) -> None:
    file = tmp_path / "vectors.npy"
    np.save(file, np.arange(2**20, dtype=np.float32))
    table = np.load(file, mmap_mode="r")
    whole = table.sum()
    assert held(file) > 3000
    let_go(table)
    assert held(file) == 0
    assert table.sum() == whole


def test_what_was_written_is_in_the_file_though_its_pages_were_let_go(tmp_path: Path) -> None:
    file = tmp_path / "vectors.npy"
    np.save(file, np.zeros(100_000, np.float32))
    table = np.load(file, mmap_mode="r+")
    table[:] = np.arange(100_000)
    let_go(table)
    table.flush()
    np.testing.assert_array_equal(np.load(file), np.arange(100_000))


def test_a_table_in_memory_stays() -> None:
    table = np.arange(10)
    let_go(table)
    assert table.tolist() == list(range(10))
