"""A search of both sides in a process of its own: `python -m benchmarks.mine_growth_arms ARM FOLDER OUTPUT`.

FOLDER holds a stage embed of two languages (`mine_growth_sides`). Prints one JSON object.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt

from benchmarks.mine_growth_sides import SIDES
from pipelines.mine.index_job import index_languages, wanted_indexes
from pipelines.mine.job import search_pairs, search_plans, search_recall
from pipelines.mine.language import Choice, load_language
from pipelines.mine.neighbours.designs import design
from pipelines.mine.neighbours.found import Best, rescore
from pipelines.mine.neighbours.recall import measured_recall
from pipelines.runtime.manifest import Manifest, need_manifest
from pipelines.runtime.runner import Runner
from schemas.recipe import Engine, MineSettings

NEIGHBOURS = 4
_SEED = 17
_SAMPLE = 1000


def by_stages(embedded: Manifest, output: Path, engine: Engine) -> dict[str, object]:
    """Our stages mine-index and mine-search as a user runs them, k = 4, vectors centred."""
    settings = MineSettings(pairs=(tuple(SIDES),), neighbours=NEIGHBOURS, engine=engine)  # type: ignore[arg-type]
    runner, plans = Runner(), search_plans(embedded, settings)
    wanted = wanted_indexes(settings, plans)
    clock = [time.perf_counter()]
    indexed = None
    if wanted:
        indexed = index_languages(embedded, str(output / "indexes"), settings, _SEED, runner, wanted)
    clock.append(time.perf_counter())
    searched = search_pairs(embedded, str(output / "search"), settings, _SEED, runner, plans, indexed=indexed)
    clock.append(time.perf_counter())
    (plan,) = plans.values()
    recall = {pair: measured.share for pair, measured in search_recall(searched, NEIGHBOURS).items()}
    return {
        "parts": {"index": clock[1] - clock[0], "search": clock[2] - clock[1]},
        "expected_seconds": plan.seconds,
        "recall": next(iter(recall.values()), 1.0),
    }


def by_stopes(embedded: Manifest, _output: Path) -> dict[str, object]:
    """stopes' steps: its index by its size table, trained as FAISS does by default, 128 lists read, 4 nearest by
    FAISS's own scores, both ways; vectors as they come, all in memory, all threads."""
    faiss.omp_set_num_threads(len(os.sched_getaffinity(0)))
    source, target = (load_language(embedded, key, Choice(0, _SEED, centre=False)).all_vectors() for key in SIDES)
    shares, errors = [], []
    for queries, base in ((source, target), (target, source)):
        chosen = design("ivfpq", len(base), base.shape[1])
        index = faiss.index_factory(base.shape[1], chosen.factory.removesuffix("np"), faiss.METRIC_INNER_PRODUCT)
        index.train(base)
        index.add(base)
        if (lists := faiss.try_extract_index_ivf(index)) is not None:
            lists.nprobe = chosen.probes
        told, found = index.search(queries, NEIGHBOURS)
        drawn = np.sort(np.random.default_rng(_SEED).choice(len(queries), min(_SAMPLE, len(queries)), replace=False))
        scores = rescore(queries[drawn], base, found[drawn])
        shares.append(measured_recall(queries[drawn], Best(found[drawn], scores), [(0, base)]).share)
        errors.append(_error(told[drawn], scores))
    return {"recall": float(np.mean(shares)), "cosine_error": float(np.mean(errors))}


def _error(told: npt.NDArray[np.float32], exact: npt.NDArray[np.float32]) -> float:
    """How far FAISS's scores are from the exact ones, on average."""
    there = np.isfinite(exact)
    return float(np.abs(told[there] - exact[there]).mean())


ARMS: Mapping[str, Callable[[Manifest, Path], dict[str, object]]] = {
    "exact": lambda embedded, output: by_stages(embedded, output, "exact"),
    "ivf": lambda embedded, output: by_stages(embedded, output, "ivf"),
    "ivfpq": lambda embedded, output: by_stages(embedded, output, "ivfpq"),
    "stopes": by_stopes,
}


def measure(arm: str, folder: Path, output: Path) -> dict[str, object]:
    """Wall time of one arm, from the stage embed to what it found."""
    embedded = need_manifest(str(folder), "embed")
    began = time.perf_counter()
    told = ARMS[arm](embedded, output)
    return {
        "seconds": time.perf_counter() - began,
        **told,
        "versions": {name: version(name) for name in ("apache-beam", "faiss-cpu", "numba", "numpy", "torch")},
    }


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))))
