"""An index as files: FAISS's own, and beside it the vectors, positions, bounds of lists and mean as NumPy tables."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import faiss
import numpy as np
import numpy.typing as npt

from pipelines.mine.neighbours.designs import Design
from pipelines.mine.neighbours.indexes import Index
from pipelines.mine.neighbours.mapped import let_go
from pipelines.runtime.filesystem import Folder
from schemas.errors import GlotmillError

TRAINED, VECTORS, POSITIONS, BOUNDS, MEAN = "index.faiss", "vectors.npy", "positions.npy", "bounds.npy", "mean.npy"
FILES: Final[tuple[str, ...]] = (TRAINED, VECTORS, POSITIONS, BOUNDS, MEAN)

_HEADER_BYTES = 128


class IndexFileError(GlotmillError):
    """A file that holds no index: names it and the remedy."""


def open_index(places: Mapping[str, Path], design: Callable[[int, int], Design]) -> Index:
    """An index with its vectors mapped into memory.

    Args:
        places: a local path of each of FILES.
        design: by rows and dimensions, as it was built.
    Raises:
        IndexFileError: a file is missing, cut short or something else.
    """
    for path in places.values():
        if not path.is_file():
            raise IndexFileError(f"{path}: no such file; remove the folder of the stage mine-index and run it again")
    vectors, positions, bounds, mean = (
        _table(places[name], mapped=name == VECTORS) for name in (VECTORS, POSITIONS, BOUNDS, MEAN)
    )
    folder = Folder(str(places[TRAINED].parent))
    if len(positions) != len(vectors) or bounds[-1] != len(vectors):
        raise IndexFileError(
            f"{places[POSITIONS]}: {len(positions)} positions for {len(vectors)} vectors; remove the folder of the "
            "stage mine-index and run it again"
        )
    trained = read(folder, places[TRAINED].name)
    return Index(design(*vectors.shape), trained, vectors, positions, bounds, mean if mean.size else None)


def _table(path: Path, *, mapped: bool) -> npt.NDArray[Any]:
    try:
        # A table without rows has nothing to map.
        mode: Literal["r"] | None = "r" if mapped and path.stat().st_size > _HEADER_BYTES else None
        return np.load(path, mmap_mode=mode, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise IndexFileError(
            f"{path}: not a table that NumPy can read ({error}); remove the folder of the stage mine-index and run it "
            "again"
        ) from error


def write(index: faiss.Index, folder: Folder, name: str) -> None:
    """Write a FAISS index whole or not at all: under a temporary name, then moved. Bytes are streamed, not gathered."""
    with _whole(folder, name) as temporary, folder.open(temporary, "wb") as file:
        faiss.write_index(index, faiss.PyCallbackIOWriter(file.write))  # type: ignore[attr-defined]


def read(folder: Folder, name: str) -> faiss.Index:
    """A FAISS index as `write` wrote it.

    Raises:
        IndexFileError: the file is missing, cut short or no index.
    """
    place = os.path.join(folder.url, name)
    if not folder.exists(name):
        raise IndexFileError(f"{place}: no such index; run the stage that trains and fills it again")
    try:
        with folder.open(name) as file:
            return faiss.read_index(faiss.PyCallbackIOReader(file.read))  # type: ignore[attr-defined]
    except RuntimeError as error:
        raise IndexFileError(
            f"{place}: not an index that FAISS can read; remove the file and run the stage again"
        ) from error


def write_table(table: npt.NDArray[Any], folder: Folder, name: str) -> None:
    """Write a NumPy table whole or not at all."""
    with _whole(folder, name) as temporary, folder.open(temporary, "wb") as file:
        np.save(file, table, allow_pickle=False)


def read_table(folder: Folder, name: str) -> npt.NDArray[Any]:
    """A NumPy table as `write_table` wrote it."""
    with folder.open(name) as file:
        return np.load(file, allow_pickle=False)


@contextmanager
def filling(folder: Folder, name: str, rows: int, dimensions: int) -> Iterator[Path]:
    """A file of float16 vectors (rows, dimensions) to be filled (`put_rows`); the named one when all went well.

    It is filled beside its place where that is a local folder, and else in a temporary one.
    """
    with _whole(folder, name) as temporary:
        if folder.is_local:
            path = Path(folder.path(temporary))
            path.parent.mkdir(parents=True, exist_ok=True)
            _empty_table(path, rows, dimensions)
            yield path
            return
        with tempfile.TemporaryDirectory(prefix="glotmill-index-") as scratch:
            path = Path(scratch) / VECTORS
            _empty_table(path, rows, dimensions)
            yield path
            with path.open("rb") as local, folder.open(temporary, "wb") as file:
                shutil.copyfileobj(local, file, 2**20)


def put_rows(path: Path, pieces: Iterable[tuple[npt.NDArray[np.int64], npt.NDArray[np.float16]]]) -> None:
    """Write vectors to their rows, in place; of the file a piece's pages are held at a time."""
    if path.stat().st_size <= _HEADER_BYTES:
        return
    table = np.load(path, mmap_mode="r+")
    for rows, vectors in pieces:
        table[rows] = vectors
        let_go(table)
    table.flush()


def _empty_table(path: Path, rows: int, dimensions: int) -> None:
    if rows:
        np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=(rows, dimensions)).flush()
    else:
        with path.open("wb") as file:
            np.save(file, np.empty((0, dimensions), np.float16))


@contextmanager
def _whole(folder: Folder, name: str) -> Iterator[str]:
    """A temporary name, whose file has the name that is wanted when all went well and is gone when not."""
    temporary = f"{name}.{uuid.uuid4().hex}.tmp"
    try:
        yield temporary
        folder.move(temporary, name)
    finally:
        folder.remove(temporary)
