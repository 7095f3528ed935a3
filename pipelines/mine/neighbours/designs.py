"""How an index of one side is built and searched: FAISS's factory strings by kind and size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

IndexKind = Literal["ivf", "ivfpq", "hnsw"]

FLAT_ROWS = 10_000
"""Up to so many rows a side is one list, and searched whole."""

# stopes (bitext global mining): inverted lists by the rows that a side has more than.
_STOPES_LISTS = (
    (500_000_000, 262_144),
    (100_000_000, 131_072),
    (10_000_000, 65_536),
    (4_000_000, 32_768),
    (700_000, 16_384),
    (250_000, 8_192),
    (160_000, 4_096),
    (80_000, 2_048),
    (0, 1_024),
)
_PROBES = 128
_LISTS_A_PROBE, _FEWEST_PROBES = 32, 16
CODE_BYTES = 64
# FAISS warns below 39 rows a list and takes no more than 256.
_TRAINING_ROWS_A_LIST = 40
_CODEBOOK_ROWS = 65_536
HNSW_LINKS, HNSW_BUILD, HNSW_SEARCH = 32, 128, 128
"""Links a row, and candidates held while a row is linked and while a query walks the graph."""

_SPARE = 8
_COMPRESSED_FACTOR, _COMPRESSED_SPARE = 4, 48


@dataclass(frozen=True)
class Design:
    """How an index is built and searched.

    Attributes:
        factory: FAISS's factory string; every index is by inner product.
        probes: inverted lists read for a query, or candidates held while HNSW's graph is walked; of no account
            for a side of one list.
        training_rows: the sample that training takes, 0 where there is nothing to train.
    """

    factory: str
    probes: int = 0
    training_rows: int = 0

    @property
    def lists(self) -> int:
        """Inverted lists; 0 where there are none."""
        return next((int(part[3:]) for part in self.factory.split(",") if part.startswith("IVF")), 0)

    @property
    def compressed(self) -> bool:
        """Whether an index holds codes in place of vectors."""
        return "PQ" in self.factory

    @property
    def graph(self) -> bool:
        """Whether an index is a graph of neighbours."""
        return "HNSW" in self.factory

    @property
    def listed(self) -> bool:
        """Whether whole vectors are scanned list by list (`lists`), not by FAISS."""
        return not self.compressed and not self.graph

    def candidates(self, k: int) -> int:
        """How many to fetch, so that the k best of them are the k best that the index can find.

        A compressed vector's score is an estimate, so its order is doubtful far beyond k.
        """
        return max(_COMPRESSED_FACTOR * k, k + _COMPRESSED_SPARE) if self.compressed else k + _SPARE


def design(kind: IndexKind, rows: int, dimensions: int) -> Design:
    """The design for a side.

    `ivfpq` has the sizes of stopes' global mining, its `OPQ64,IVFn,PQ64` and 128 probes. `np` leaves out FAISS's
    polysemous codes, which no search here uses and which take minutes to train. `ivf` keeps whole vectors in four
    times the root of the rows of lists (FAISS's guidelines) and reads a 32nd of them, sixteen at least: on stopes'
    lists, training would cost more than the exact search of a million rows.

    Args:
        kind: `ivf` inverted lists of whole vectors; `ivfpq` of compressed ones, 64 bytes a vector; `hnsw` a graph.
        rows: vectors of the side.
        dimensions: values a vector.
    """
    if rows <= FLAT_ROWS:
        return Design("Flat")
    if kind == "hnsw":
        return Design(f"HNSW{HNSW_LINKS},Flat", probes=HNSW_SEARCH)
    if kind == "ivf":
        lists = 2 ** round(np.log2(4 * rows**0.5))
        return Design(
            f"IVF{lists},Flat", max(_FEWEST_PROBES, lists // _LISTS_A_PROBE), min(rows, lists * _TRAINING_ROWS_A_LIST)
        )
    lists = next(lists for more_than, lists in _STOPES_LISTS if rows > more_than)
    parts = min(CODE_BYTES, dimensions)
    width = dimensions - dimensions % parts
    rotation = f"OPQ{parts}" if width == dimensions else f"OPQ{parts}_{width}"
    wanted = max(lists * _TRAINING_ROWS_A_LIST, _CODEBOOK_ROWS)
    return Design(f"{rotation},IVF{lists},PQ{parts}np", _PROBES, min(rows, wanted))


def smallest(draws: npt.NDArray[np.uint64], wanted: int) -> npt.NDArray[np.int64]:
    """Places of the smallest draws, ascending: a sample that depends on the rows and on no order of theirs.

    Args:
        draws: uint64 (n,), a number a row (`pipelines.runtime.draws`).
        wanted: rows of the sample; equal draws at its edge stand by place.
    """
    if wanted >= len(draws):
        return np.arange(len(draws))
    order = np.argsort(draws, kind="stable")[:wanted]
    return np.sort(order).astype(np.int64)
