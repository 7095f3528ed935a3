"""Building an index of one language out of its shards: train on a sample, place each shard's rows, write the files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial

import faiss
import numpy as np
import numpy.typing as npt

from pipelines.mine.language import Language
from pipelines.mine.neighbours.designs import Design, IndexKind, design, smallest
from pipelines.mine.neighbours.found import ABSENT, Ids
from pipelines.mine.neighbours.index_files import (
    BOUNDS,
    FILES,
    MEAN,
    POSITIONS,
    TRAINED,
    VECTORS,
    filling,
    open_index,
    put_rows,
    read,
    read_table,
    write,
    write_table,
)
from pipelines.mine.neighbours.indexes import Index, list_by_list
from pipelines.mine.neighbours.sides import checked
from pipelines.mine.neighbours.training import add, merge, nearest_lists, train
from pipelines.runtime.draws import draws
from pipelines.runtime.filesystem import Folder
from pipelines.runtime.manifest import Manifest
from pipelines.runtime.models import PINNED, find_model


def index_name(language: str, kind: IndexKind, file: str) -> str:
    """Path of a file of an index below the stage's folder."""
    return f"{language}/{kind}/{file}"


def design_of(language: Language, kind: IndexKind) -> Design:
    """The design for the sentences of a language that take part."""
    return design(kind, len(language), language.dimensions)


def trained_index(language: Language, kind: IndexKind, seed: int) -> faiss.Index:
    """An index without rows, trained on sentences drawn by their ids.

    Raises:
        VectorError: a vector of the sample is not finite.
    """
    chosen = design_of(language, kind)
    rows = smallest(draws(language.ids, seed, f"index {language.key}"), chosen.training_rows)
    return train(checked(language.vectors_at(rows), language.key), chosen)


def place_shard(
    language: Language, kind: IndexKind, trained: faiss.Index, shard: int, folder: Folder, name: str
) -> str:
    """Write what a shard adds to an index: which list each row is of, or an index of the compressed rows alone.

    Args:
        trained: of its own, which is filled.
        folder, name: of the file to write.
    Returns:
        The name; empty where a shard adds nothing by itself.
    Raises:
        VectorError: a vector is not finite.
    """
    chosen = design_of(language, kind)
    if shard >= len(language.vectors):
        return ""
    vectors = checked(language.block(shard)[1], language.key)
    if chosen.graph:
        return ""
    if chosen.listed:
        write_table(nearest_lists(trained, vectors, 1)[:, 0], folder, name)
        return name
    first = sum(language.taking_part(number) for number in range(shard))
    add(trained, [vectors], first)
    write(trained, folder, name)
    return name


def write_index(
    language: Language, kind: IndexKind, trained: faiss.Index, parts: Sequence[str], spilled: Folder, folder: Folder
) -> None:
    """Write the files of an index.

    Args:
        trained: of its own, which is filled.
        parts: what `place_shard` wrote, by shard.
        spilled: folder of the parts.
        folder: the stage's.
    """
    chosen = design_of(language, kind)
    positions = np.concatenate([np.empty(0, np.int64), *(row[row != ABSENT] for row in language.positions)])
    order, bounds = np.arange(len(positions)), np.array([0, len(positions)])
    if chosen.listed:
        lists = np.concatenate([np.empty(0, np.int32), *(read_table(spilled, part) for part in parts if part)])
        order, bounds = list_by_list(lists, positions, max(1, chosen.lists))
    elif chosen.graph:
        add(trained, (vectors for _, vectors in language.blocks()))
    else:
        for part in filter(None, parts):
            merge(trained, read(spilled, part))
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    with filling(folder, index_name(language.key, kind, VECTORS), len(positions), language.dimensions) as file:
        put_rows(file, _ranked(language, ranks))
    mean = np.empty(0) if language.mean is None else language.mean
    for name, table in ((POSITIONS, positions[order].astype(np.int32)), (BOUNDS, bounds), (MEAN, mean)):
        write_table(table, folder, index_name(language.key, kind, name))
    write(trained, folder, index_name(language.key, kind, TRAINED))


def _ranked(language: Language, ranks: Ids) -> Iterator[tuple[Ids, npt.NDArray[np.float16]]]:
    """Vectors as they were encoded, some thousand at a time, each with its row in the index."""
    first = 0
    for shard in range(len(language.vectors)):
        for _, vectors in language.stored(shard):
            yield ranks[first : first + len(vectors)], vectors
            first += len(vectors)


def index_places(indexed: Manifest) -> Mapping[str, str]:
    """Where any worker finds the files of the stage mine-index, by their names, as `load_index` takes them."""
    folder = Folder(indexed.folder)
    return {
        file.path: folder.path(file.path) if folder.is_local else f"{folder.url}/{file.path}{PINNED}{file.sha256}"
        for file in indexed.files
    }


def load_index(places: Mapping[str, str], language: str, kind: IndexKind) -> Index:
    """The index of a language, one instance a process for as long as it is searched.

    Raises:
        IndexFileError: a file is missing or damaged.
        ModelError: a file cannot be fetched from its store.
    """
    return _opened(tuple(places[index_name(language, kind, file)] for file in FILES), kind)


def index_mean(places: Mapping[str, str], language: str, kind: IndexKind) -> npt.NDArray[np.float64] | None:
    """Mean of a language's vectors as its index keeps it; None where vectors are not centred."""
    path = find_model(places[index_name(language, kind, MEAN)])
    mean: npt.NDArray[np.float64] = read_table(Folder(str(path.parent)), path.name)
    return mean if mean.size else None


@lru_cache(maxsize=2)
def _opened(places: tuple[str, ...], kind: IndexKind) -> Index:
    found = {file: find_model(place) for file, place in zip(FILES, places, strict=True)}
    return open_index(found, partial(design, kind))
