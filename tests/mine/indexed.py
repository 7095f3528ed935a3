"""Indexes as the stage mine-index builds them, without a job."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from pipelines.mine import indexing
from pipelines.mine.indexing import index_name, place_shard, trained_index, write_index
from pipelines.mine.language import Choice, Language, load_language
from pipelines.mine.neighbours.designs import Design, IndexKind
from pipelines.mine.neighbours.index_files import FILES, open_index
from pipelines.mine.neighbours.indexes import Index
from pipelines.runtime.filesystem import Folder
from tests.mine.neighbours.sorting import unit
from tests.mine.stored import embedded, parts, sentences

KEY = "tha_Thai"
PLAIN, CENTRED = Choice(0, 17, centre=False), Choice(0, 17, centre=True)


def language_of(folder: Path, vectors: npt.NDArray[np.float16], *, shards: int = 3, choice: Choice = PLAIN) -> Language:
    """A language of so many sentences, spread over shards; positions are by id, not by row."""
    table = sentences(KEY, [f"ไฟล์ที่ {number}" for number in range(len(vectors))])
    split = parts((table, vectors), [number % shards for number in range(len(vectors))], shards)
    return load_language(embedded(folder, {KEY: split}, vectors.shape[1]), KEY, choice)


def build(language: Language, kind: IndexKind, folder: Path, seed: int = 17) -> dict[str, Path]:
    """The files of an index."""
    place = Folder(str(folder))
    spilled = [
        place_shard(language, kind, trained_index(language, kind, seed), shard, place, f"part-{shard}")
        for shard in range(len(language.vectors))
    ]
    write_index(language, kind, trained_index(language, kind, seed), spilled, place, place)
    return {name: folder / index_name(KEY, kind, name) for name in FILES}


def spread(rows: int, seed: int, width: int = 24) -> npt.NDArray[np.float16]:
    """Unit vectors around forty centres, the same ones for every seed."""
    generator = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(40, width))
    return unit(centres[generator.integers(0, 40, rows)] + 0.5 * generator.normal(size=(rows, width)))


def index_of(language: Language, kind: IndexKind, folder: Path, seed: int = 17) -> Index:
    """An index, opened."""
    return open_index(build(language, kind, folder, seed), lambda *_: indexing.design_of(language, kind))


def use(monkeypatch: pytest.MonkeyPatch, chosen: Design) -> None:
    """Build all indexes by one design, however small the side."""
    design: Callable[..., Design] = lambda *_: chosen  # noqa: E731
    monkeypatch.setattr(indexing, "design", design)
