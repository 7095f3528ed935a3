"""Files of an index are whole or not there, and what is wrong with one is said with the remedy."""

from pathlib import Path

import faiss
import numpy as np
import pytest

from pipelines.mine.neighbours import index_files
from pipelines.mine.neighbours.designs import Design
from pipelines.mine.neighbours.index_files import (
    FILES,
    POSITIONS,
    TRAINED,
    VECTORS,
    IndexFileError,
    filling,
    open_index,
    put_rows,
)
from pipelines.mine.neighbours.training import train
from pipelines.runtime.filesystem import Folder
from tests.mine.indexed import build, index_of, language_of, spread

FLAT = train(spread(4, 1).astype(np.float32), Design("Flat"))


def test_a_write_that_fails_leaves_the_last_index_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Folder(str(tmp_path))
    folder.write("0.faiss", b"before")

    def full(index: faiss.Index, writer: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(faiss, "write_index", full)
    with pytest.raises(OSError, match="no space"):
        index_files.write(FLAT, folder, "0.faiss")
    assert folder.files() == ["0.faiss"]
    assert folder.read("0.faiss") == b"before"


@pytest.mark.parametrize("url", ["{local}", "memory://filled"])
def test_vectors_are_filled_in_any_order_in_any_kind_of_folder(tmp_path: Path, url: str) -> None:
    folder, rows = Folder(url.format(local=tmp_path)), spread(10, 3)
    with filling(folder, "deep/vectors.npy", 10, 24) as file:
        for part in (slice(7, 10), slice(0, 7)):
            put_rows(file, [(np.arange(10)[part], rows[part])])
        assert not folder.exists("deep/vectors.npy")
    with folder.open("deep/vectors.npy") as written:
        np.testing.assert_array_equal(np.load(written), rows)
    assert [name for name in folder.files() if name.endswith(".tmp")] == []


def test_a_filling_that_fails_leaves_no_file(tmp_path: Path) -> None:
    folder = Folder(str(tmp_path))

    def fail() -> None:
        with filling(folder, "vectors.npy", 4, 2):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert folder.files() == []


def test_vectors_are_mapped_and_never_read_whole(tmp_path: Path) -> None:
    index = index_of(language_of(tmp_path, spread(50, 2)), "ivf", tmp_path)
    assert isinstance(index.vectors, np.memmap)


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_short_or_missing_is_named_with_the_remedy(tmp_path: Path, name: str) -> None:
    places = build(language_of(tmp_path, spread(50, 2)), "ivf", tmp_path)
    places[name].write_bytes(places[name].read_bytes()[:20])
    with pytest.raises(IndexFileError, match=f"{name}: not a.* run"):
        open_index(places, lambda *_: Design("Flat"))
    places[name].unlink()
    with pytest.raises(IndexFileError, match=f"{name}: no such file; remove the folder of the stage mine-index"):
        open_index(places, lambda *_: Design("Flat"))


def test_positions_of_another_index_are_refused(tmp_path: Path) -> None:
    places = build(language_of(tmp_path, spread(50, 2)), "ivf", tmp_path)
    np.save(places[POSITIONS], np.arange(7, dtype=np.int32))
    with pytest.raises(IndexFileError, match="7 positions for 50 vectors"):
        open_index(places, lambda *_: Design("Flat"))
    assert places[TRAINED].exists()
    assert places[VECTORS].exists()
