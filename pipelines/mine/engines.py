"""The engines of a search by the names that a recipe knows them by."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, TypeAlias

from pipelines.mine.neighbours import cuda, devices, exact, flat, indexes
from pipelines.mine.neighbours.choice import Engine
from pipelines.mine.neighbours.designs import IndexKind
from pipelines.mine.neighbours.found import Neighbours
from pipelines.mine.neighbours.sides import Vectors

Search: TypeAlias = Callable[[Vectors, Vectors, int], Neighbours]

INDEXES: Final[tuple[IndexKind, ...]] = ("ivf", "ivfpq", "hnsw")
"""Engines that search an index of each side, which is built before, and may miss neighbours."""

APPROXIMATE: Final[frozenset[Engine]] = frozenset({*INDEXES, "faiss-gpu"})
"""Engines that may miss neighbours; all others find the same."""


def block_engine(name: Engine, threads: int) -> Search:
    """An engine for blocks of both sides.

    Raises:
        DeviceError: there is no GPU for it.
        NoGpuError: likewise, of FAISS.
    """
    match name:
        case "exact":
            return partial(exact.neighbours, threads=threads)
        case "faiss-flat":
            return partial(flat.neighbours, threads=threads)
        case "torch":
            return partial(devices.neighbours, devices=devices.cuda_devices())
        case "faiss-gpu":
            return cuda.neighbours
    raise ValueError(f"{name} is no engine for blocks")


def index_engine(kind: IndexKind, seed: int, threads: int) -> Search:
    """An index of each side for sides that are in memory; a job builds them before and keeps them (`indexing`)."""
    return partial(indexes.neighbours, kind=kind, seed=seed, threads=threads)
