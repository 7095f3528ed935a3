"""A whole mining job in a process of its own: `python -m benchmarks.mine_ways WAY FOLDER OUTPUT THREADS`.

FOLDER holds what `mine_sides.write_sides` writes. The clock runs from vectors and texts in files to pairs with their
texts in a file; what a way compiles or loads at its first call is done on 100 rows before. Prints one JSON object.

LASER's miner and the sentence-transformers example arrive in no package, so their ways are written here after their
steps: `faiss` searches, then scores candidate by candidate in Python, and takes pairs in a loop. Where they call a
library, so does this; where they do not, neither does this.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.mine.align import one_to_one
from pipelines.mine.engines import index_engine
from pipelines.mine.evaluate import LASER_NEIGHBOURS
from pipelines.mine.graph import candidate_graph
from pipelines.mine.neighbours import exact
from pipelines.mine.neighbours.found import Neighbours

Vectors = npt.NDArray[np.float32]
Positions = npt.NDArray[np.int64]
Found = tuple[Vectors, Positions]
"""Cosines and positions of each row's nearest, (n, k) each."""

_SEED = 6
_WARM_ROWS = 100
_DIMENSIONS, _FITTED_ON = 128, 20_000
_ROWS_A_LIST, _PROBES = 1_000, 3


@dataclass(frozen=True)
class Given:
    """Where a job reads and writes.

    Attributes:
        folder: of vectors and texts.
        rows: of each side to take; None: all.
        output: file of pairs.
        threads: that a search may use.
    """

    folder: Path
    rows: int | None
    output: Path
    threads: int

    def vectors(self) -> tuple[Vectors, Vectors]:
        source, target = (np.load(self.folder / f"{side}.npy") for side in ("source", "target"))
        return source[: self.rows], target[: self.rows]

    def texts(self) -> tuple[list[str], list[str]]:
        source, target = (
            (self.folder / f"{side}.txt").read_text(encoding="utf-8").splitlines()[: self.rows]
            for side in ("source", "target")
        )
        return source, target


Way = Callable[[Given], tuple[Positions, Positions]]
"""Writes the pairs of a job; tells their positions on both sides."""


def ours(given: Given) -> tuple[Positions, Positions]:
    """Our exact engine, graph, ratio margin and greedy alignment, as Parquet."""
    source, target = given.vectors()
    return _written_by_us(given, exact.neighbours(source, target, LASER_NEIGHBOURS, threads=given.threads))


def ours_by_index(given: Given) -> tuple[Positions, Positions]:
    """The same with inverted lists of whole vectors, which miss some neighbours."""
    search = index_engine("ivf", _SEED, given.threads)
    return _written_by_us(given, search(*given.vectors(), LASER_NEIGHBOURS))


def _written_by_us(given: Given, found: Neighbours) -> tuple[Positions, Positions]:
    graph = candidate_graph(found)
    pairs = graph.take(one_to_one(graph))
    source, target = (
        pa.array(side, pa.string()).take(pa.array(places))
        for side, places in zip(given.texts(), (pairs.source, pairs.target), strict=True)
    )
    pq.write_table(pa.table({"score": pairs.margin, "source": source, "target": target}), given.output)
    return pairs.source, pairs.target


def laser(given: Given) -> tuple[Positions, Positions]:
    """Steps of LASER's mine_bitexts, mode mine, retrieval max: a flat index a direction, ratio, k = 4."""
    source, target = given.vectors()
    for side in (source, target):
        faiss.normalize_L2(side)
    forward, backward = (_flat(*sides) for sides in ((source, target), (target, source)))
    with given.output.open("w", encoding="utf-8") as file:
        return _written(_greedy(source, target, forward, backward), *given.texts(), file.write, str)


def example(given: Given) -> tuple[Positions, Positions]:
    """Steps of sentence-transformers' bitext_mining.py with what it sets: 128 principal components, inverted lists."""
    return _example(given, _shortened(*given.vectors()), _listed)


def example_exact(given: Given) -> tuple[Positions, Positions]:
    """The same with both of these options off: all dimensions, exact search."""
    return _example(given, given.vectors(), _flat)


def _example(
    given: Given, sides: tuple[Vectors, Vectors], search: Callable[[Vectors, Vectors], Found]
) -> tuple[Positions, Positions]:
    source, target = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in sides)
    forward, backward = search(source, target), search(target, source)
    with gzip.open(given.output, "wt", encoding="utf-8") as file:
        pairs = _greedy(source, target, forward, backward)
        return _written(pairs, *given.texts(), file.write, lambda score: f"{score:.4f}")


def _shortened(source: Vectors, target: Vectors) -> tuple[Vectors, Vectors]:
    """Vectors on the axes of their principal components, fitted on rows of both sides in turn; not centred, since the
    example turns the axes into a layer without bias."""
    from sklearn.decomposition import PCA

    half = _FITTED_ON // 2
    known = np.stack([source[:half], target[:half]], axis=1).reshape(-1, source.shape[1])
    axes = PCA(n_components=min(_DIMENSIONS, len(known))).fit(known).components_.T.astype(np.float32)
    return source @ axes, target @ axes


def _flat(queries: Vectors, base: Vectors) -> Found:
    index = faiss.IndexFlatIP(base.shape[1])
    index.add(base)
    cosines, positions = index.search(queries, LASER_NEIGHBOURS)
    return cosines, positions


def _listed(queries: Vectors, base: Vectors) -> Found:
    """Inverted lists of a thousand rows each, three of them read for a query."""
    lists = max(1, len(base) // _ROWS_A_LIST)
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(base.shape[1]), base.shape[1], lists, faiss.METRIC_INNER_PRODUCT)
    index.nprobe = _PROBES
    index.train(base)
    index.add(base)
    cosines, positions = index.search(queries, LASER_NEIGHBOURS)
    return cosines, positions


def _scores(
    queries: Vectors, base: Vectors, positions: Positions, means: Vectors, others: Vectors
) -> npt.NDArray[np.float64]:
    """Ratio margins, one candidate at a time as both of them score: float64, in the shape of `positions`."""
    scores = np.zeros(positions.shape, np.float64)
    for row, candidates in enumerate(positions):
        for place, other in enumerate(candidates):
            scores[row, place] = queries[row].dot(base[other]) / ((means[row] + others[other]) / 2)
    return scores


def _greedy(source: Vectors, target: Vectors, forward: Found, backward: Found) -> Iterator[tuple[float, int, int]]:
    """Score, source and target of the best of each row of either side, best first, each row once."""
    means = forward[0].mean(axis=1), backward[0].mean(axis=1)
    scored = (
        _scores(source, target, forward[1], means[0], means[1]),
        _scores(target, source, backward[1], means[1], means[0]),
    )
    best = [
        found[1][np.arange(len(scores)), scores.argmax(axis=1)]
        for found, scores in zip((forward, backward), scored, strict=True)
    ]
    margins = np.concatenate([scores.max(axis=1) for scores in scored])
    sources = np.concatenate([np.arange(len(source)), best[1]])
    targets = np.concatenate([best[0], np.arange(len(target))])
    seen: tuple[set[int], set[int]] = set(), set()
    for place in np.argsort(-margins):
        first, second = int(sources[place]), int(targets[place])
        if first not in seen[0] and second not in seen[1]:
            seen[0].add(first)
            seen[1].add(second)
            yield float(margins[place]), first, second


def _written(
    pairs: Iterable[tuple[float, int, int]],
    sources: Sequence[str],
    targets: Sequence[str],
    write: Callable[[str], object],
    shown: Callable[[float], str],
) -> tuple[Positions, Positions]:
    kept = []
    for score, first, second in pairs:
        write(f"{shown(score)}\t{sources[first]}\t{targets[second]}\n")
        kept.append((first, second))
    places = np.array(kept, np.int64).reshape(-1, 2)
    return places[:, 0], places[:, 1]


_WAYS: Mapping[str, tuple[Way, tuple[str, ...]]] = {
    "ours": (ours, ("torch", "numba", "numpy", "pyarrow")),
    "laser": (laser, ("faiss-cpu", "numpy")),
    "sentence-transformers-exact": (example_exact, ("faiss-cpu", "numpy")),
    "ours-by-index": (ours_by_index, ("faiss-cpu", "numba", "numpy", "pyarrow")),
    "sentence-transformers": (example, ("faiss-cpu", "numpy", "scikit-learn")),
}


def measure(name: str, folder: Path, output: Path, threads: int) -> dict[str, object]:
    """Time of one job, and how many of the partners that there are it found."""
    way, packages = _WAYS[name]
    faiss.omp_set_num_threads(threads)
    output.mkdir(parents=True, exist_ok=True)
    way(Given(folder, _WARM_ROWS, output / "warm", threads))
    wall, processor = time.perf_counter(), time.process_time()
    source, target = way(Given(folder, None, output / "pairs", threads))
    seconds, used = time.perf_counter() - wall, time.process_time() - processor
    partners = np.load(folder / "partners.npy")
    return {
        "documents": 2 * len(np.load(folder / "source.npy", mmap_mode="r")),
        "pairs": len(source),
        "partners_found": float((np.isin(source, partners) & (source == target)).sum() / len(partners)),
        "seconds": seconds,
        "processor_seconds": used,
        "bytes": os.path.getsize(output / "pairs"),
        "versions": {package: version(package) for package in packages},
    }


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))))
