"""Ways to mine the same vectors: each gives a graph and what it chooses, not yet cut by a threshold.

LASER's and stopes' ways are written here after their sources, on our exact search, as what is compared is how they
score and choose; so is the sentence-transformers example's, which is LASER's on vectors of fewer dimensions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from benchmarks.mine_material import Task
from pipelines.mine.align import MODES, Mode, choose, union
from pipelines.mine.centring import centre
from pipelines.mine.evaluate import LASER_NEIGHBOURS, laser_baseline
from pipelines.mine.filters.features import features
from pipelines.mine.graph import CandidateGraph, Flags, candidate_graph
from pipelines.mine.margin import MARGINS, MarginName
from pipelines.mine.neighbours.exact import neighbours
from pipelines.mine.neighbours.found import Neighbours
from pipelines.mine.scoring import best_edges, spread, with_evidence

NEIGHBOURS = 4
STOPES_NEIGHBOURS = 16
_DIMENSIONS = 128
_FITTED_ON = 20_000

Vectors = npt.NDArray[np.float16]
Mined = tuple[CandidateGraph, Flags]
Arm = Callable[["Given"], Mined]


@dataclass(frozen=True, eq=False)
class Given:
    """A task with its unit vectors, source (n, d) and target (m, d); equal to itself alone."""

    task: Task
    source: Vectors
    target: Vectors


def laser(given: Given) -> Mined:
    """LASER's mine_bitexts as it stands: k = 4, ratio, each direction's best, greedily each sentence once."""
    return laser_baseline(_found(given, False, LASER_NEIGHBOURS))


def sentence_transformers(given: Given) -> Mined:
    """Its bitext_mining.py: vectors by their first 128 principal components, which are fitted on 20,000 sentences but
    taken of vectors that are not centred, then as LASER; exact search where it takes an approximate one."""
    sides = [side.astype(np.float64) for side in (given.source, given.target)]
    known = np.concatenate(sides)[:_FITTED_ON]
    _, axes = np.linalg.eigh(np.cov(known, rowvar=False))
    short = [side @ axes[:, ::-1][:, :_DIMENSIONS] for side in sides]
    unit = [(side / np.linalg.norm(side, axis=1, keepdims=True)).astype(np.float32) for side in short]
    return laser_baseline(neighbours(unit[0], unit[1], LASER_NEIGHBOURS))


def stopes(given: Given) -> Mined:
    """Its global mining: k = 16, ratio, the union of each direction's best; a sentence may stand in several pairs."""
    graph = candidate_graph(neighbours(given.source, given.target, STOPES_NEIGHBOURS))
    return graph, union(graph)


def ours(margin: MarginName, mode: Mode, *, centred: bool, evidence: bool = False, k: int = NEIGHBOURS) -> Arm:
    def mined(given: Given) -> Mined:
        graph = candidate_graph(_found(given, centred, k), MARGINS[margin])
        if evidence:
            graph = _read(graph, given.task)
        return graph, choose(graph, mode)

    return mined


@lru_cache(maxsize=4)
def _found(given: Given, centred: bool, k: int) -> Neighbours:
    """Neighbours that several ways share."""
    sides = (centre(given.source), centre(given.target)) if centred else (given.source, given.target)
    return neighbours(sides[0], sides[1], k)


def _read(graph: CandidateGraph, task: Task) -> CandidateGraph:
    """The best edges with what their texts say."""
    best = graph.take(best_edges(graph))
    texts = [
        pa.array(side, pa.string()).take(pa.array(places))
        for side, places in ((task.source, best.source), (task.target, best.target))
    ]
    return with_evidence(best, features(texts[0], texts[1], *task.languages), spread(graph))


DEFAULT = "ours:evidence:one-to-one"


def arms() -> Iterator[tuple[str, Arm]]:
    """Name and way of each."""
    yield "laser", laser
    yield "sentence-transformers", sentence_transformers
    yield "stopes", stopes
    for margin in MARGINS:
        for centred in (False, True):
            yield (
                f"ours:{'centred-' if centred else ''}{margin}:one-to-one",
                ours(margin, "one-to-one", centred=centred),
            )
    for mode in MODES:
        yield f"ours:evidence:{mode}", ours("distance", mode, centred=True, evidence=True)
        if mode != "one-to-one":
            yield f"ours:centred-distance:{mode}", ours("distance", mode, centred=True)
