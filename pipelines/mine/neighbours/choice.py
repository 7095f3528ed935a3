"""Which engine searches a pair: by the number of products, the machine, and what a recipe says."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from math import log2
from typing import Final, Literal, get_args

from pipelines.mine.neighbours.designs import CODE_BYTES, HNSW_LINKS, IndexKind, design
from schemas.errors import GlotmillError
from schemas.recipe import Engine as EngineSetting

Engine = Literal["exact", "faiss-flat", "ivf", "ivfpq", "hnsw", "torch", "faiss-gpu"]

EXACT_SECONDS = 4 * 3600
"""Exact on processors is chosen up to this estimate; a pair is searched once, so hours cost less than lost pairs."""
GPU_ROWS = 50_000_000
"""Exact on GPUs is chosen up to so many rows on the larger side: tens of millions."""

# Multiplications and additions a second and core that reached results, of 384 dimensions on an AVX-512 processor;
# the flat index does the work twice.
_EXACT_RATE, _FLAT_RATE = 1.5e11, 0.8e11
# One pass in 16 bits on an H100 is to reach 60 % of 790 TFLOP/s; not measured, and other cards differ.
_TORCH_RATE, _FAISS_GPU_RATE = 4e14, 4e13
# Inverted lists of whole vectors, of 384 dimensions on the same processor, up to 300,000 rows a side: products on one
# core while lists are learnt, while rows and queries are given theirs, and while lists are scanned, which is more
# gathering and choosing than multiplying.
_TRAIN_RATE, _ASSIGN_RATE, _SCAN_RATE = 1.1e11, 0.85e11, 0.5e11
# Seconds on one core: to score a candidate exactly; to prepare a row of a list, or of what recall is measured on, for a
# shard of queries; to search a row for the recall's sample; and to read a row's vector from a shard, which is done for
# the mean (twice), the sample, the lists and the files, and for its own search.
_SCORE_SECONDS, _READ_SECONDS, _RECALL_SECONDS, _SHARD_SECONDS = 1e-6, 3e-6, 2e-5, 6e-5
_QUERY_SHARD_ROWS = 100_000
# Compressed vectors, 60,000 rows: codes scanned a second and core, seconds to compress a row. Learning codes took more
# than 100 seconds, how much more was not measured.
_CODE_RATE, _ENCODE_SECONDS, _CODEBOOK_SECONDS = 2.1e7, 7e-5, 150.0
# A graph of 20,000 rows: seconds to link a row, on one core, and to search it for a query.
_LINK_SECONDS, _WALK_SECONDS, _GRAPH_ROWS = 1.6e-4, 2.2e-4, 20_000
_ROUNDS = 10
_STREAMED_BYTES = 2 * 2**30

_INDEXES: Final[tuple[tuple[Engine, str], ...]] = (
    ("ivf", "whole vectors in lists"),
    ("ivfpq", "compressed vectors in lists"),
)


class EngineError(GlotmillError):
    """An engine that this machine cannot run: names the setting and the remedy."""


@dataclass(frozen=True)
class Hardware:
    """What a search may use.

    Attributes:
        cores: of processors, for this search alone.
        memory_bytes: of the host.
        gpus: memory of each GPU that torch sees, in bytes.
        faiss_gpus: GPUs that FAISS can use.
    """

    cores: int
    memory_bytes: int
    gpus: tuple[int, ...] = ()
    faiss_gpus: int = 0


@dataclass(frozen=True)
class Plan:
    """An engine with what it is expected to take.

    Attributes:
        engine: its name in a recipe.
        why: one line.
        seconds: estimate for both directions, training and filling included.
        memory_bytes: estimate for the host, vectors included where the engine holds them.
    """

    engine: Engine
    why: str
    seconds: float
    memory_bytes: int

    def __str__(self) -> str:
        return f"{self.engine}: {self.why}; {_about(self.seconds)} and {self.memory_bytes / 2**30:.1f} GiB"


def hardware() -> Hardware:
    """This process's machine."""
    import faiss
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return Hardware(
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory_bytes=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        gpus=tuple(int(torch.cuda.get_device_properties(number).total_memory) for number in range(count)),
        faiss_gpus=faiss.get_num_gpus() if hasattr(faiss, "StandardGpuResources") else 0,
    )


def choose(
    source_rows: int,
    target_rows: int,
    dimensions: int,
    k: int,
    machine: Hardware,
    setting: EngineSetting = "auto",
) -> Plan:
    """The engine for a pair.

    Exact before approximate: on GPUs up to tens of millions of rows a side, on processors while the estimate stays
    below EXACT_SECONDS. Beyond, inverted lists of whole vectors, or of compressed ones, where they are faster and fit
    in half the memory.

    Args:
        source_rows, target_rows: vectors a side.
        dimensions: values a vector.
        k: neighbours wanted.
        machine: what there is (`hardware`).
        setting: the recipe's `engine`; any but `auto` is taken, if it can run.
    Raises:
        EngineError: the recipe asks for an engine that the machine cannot run.
    """
    sizes = (source_rows, target_rows, dimensions, k, machine)
    if setting != "auto":
        if setting not in get_args(Engine):
            raise EngineError(
                f'engine = "{setting}" under [mine]: no such engine; name one of {get_args(EngineSetting)}'
            )
        _require(setting, machine)
        return _plan(setting, "as the recipe says", *sizes)
    exact: Engine = "torch" if machine.gpus else "exact"
    name = "GPU" if machine.gpus else "core"
    number = len(machine.gpus) or machine.cores
    plan = _plan(exact, f"exact in one pass on {number} {name}{'s'[: number > 1]}", *sizes)
    if max(source_rows, target_rows) <= GPU_ROWS if machine.gpus else plan.seconds <= EXACT_SECONDS:
        return plan
    late = f"exact would take {_about(plan.seconds)}"
    for index, what in _INDEXES:
        approximate = _plan(index, f"{late}; {what} are faster", *sizes)
        if approximate.seconds < plan.seconds and approximate.memory_bytes <= machine.memory_bytes / 2:
            return approximate
    return replace(plan, why=f"{plan.why}; no index is faster and fits in half the memory")


def _require(engine: Engine, machine: Hardware) -> None:
    if engine == "torch" and not machine.gpus:
        raise EngineError(
            'engine = "torch" under [mine]: torch sees no GPU here; install its CUDA build and check nvidia-smi, '
            'or set engine = "exact"'
        )
    if engine == "faiss-gpu" and not machine.faiss_gpus:
        raise EngineError(
            'engine = "faiss-gpu" under [mine]: FAISS sees no GPU here; install Glotmill with [gpu] in place of [cpu] '
            'and check nvidia-smi, or set engine = "exact"'
        )


def _plan(
    engine: Engine, why: str, source_rows: int, target_rows: int, dimensions: int, k: int, machine: Hardware
) -> Plan:
    rows = source_rows + target_rows
    one_pass = 2.0 * source_rows * target_rows * dimensions
    vectors = 4 * rows * dimensions
    lists = 12 * k * rows
    cores = max(1, machine.cores)
    if engine == "exact":
        return Plan(engine, why, one_pass / (_EXACT_RATE * cores), _STREAMED_BYTES + 3 * lists)
    if engine == "faiss-flat":
        return Plan(engine, why, 2 * one_pass / (_FLAT_RATE * cores), 2 * vectors + lists)
    if engine == "torch":
        return Plan(engine, why, one_pass / (_TORCH_RATE * len(machine.gpus)), vectors + 3 * lists)
    if engine == "faiss-gpu":
        return Plan(engine, why, 2 * one_pass / (_FAISS_GPU_RATE * machine.faiss_gpus), 2 * vectors + lists)
    directions = ((target_rows, source_rows), (source_rows, target_rows))
    seconds = sum(_index_seconds(engine, base, queries, dimensions, k, cores) for base, queries in directions)
    larger, item = max(source_rows, target_rows), 2 * dimensions
    # Whole lists are read from files that all workers map; codes and graphs are held by each of them.
    held = {
        "ivf": item * rows,
        "ivfpq": cores * (CODE_BYTES + 8) * larger,
        "hnsw": cores * (2 * item + 8 * HNSW_LINKS + 16) * larger,
    }
    return Plan(engine, why, seconds, held[engine] + _STREAMED_BYTES)


def _index_seconds(engine: Engine, base_rows: int, queries: int, dimensions: int, k: int, cores: int) -> float:
    """Of one direction, in which one side is indexed and the other one searched."""
    kind: IndexKind = "hnsw" if engine == "hnsw" else "ivfpq" if engine == "ivfpq" else "ivf"
    chosen = design(kind, base_rows, dimensions)
    scored = _SCORE_SECONDS * chosen.candidates(k) * queries
    if chosen.graph:
        deeper = log2(base_rows) / log2(_GRAPH_ROWS) * dimensions / 384
        return deeper * (_LINK_SECONDS * base_rows + _WALK_SECONDS * queries / cores) + scored / cores
    lists, probes = max(1, chosen.lists), max(1, chosen.probes)
    of_lists = 2.0 * lists * dimensions
    # Both sides' lists are learnt at once, where there are two cores.
    trained = of_lists * chosen.training_rows * _ROUNDS / _TRAIN_RATE / min(2, cores)
    assigned = of_lists * (base_rows + queries) / _ASSIGN_RATE if chosen.lists else 0.0
    read = min(1.0, probes / lists) * base_rows * queries
    stored = _SHARD_SECONDS * base_rows + _RECALL_SECONDS * base_rows * (queries > 0)
    prepared = _READ_SECONDS * base_rows * -(-queries // _QUERY_SHARD_ROWS)
    if chosen.compressed:
        scanned = _ENCODE_SECONDS * base_rows + read / _CODE_RATE
        trained += _CODEBOOK_SECONDS / min(2, cores)
    else:
        scanned = 2.0 * dimensions * read / _SCAN_RATE + prepared
    return trained + (stored + prepared + assigned + scanned + scored) / cores


def _about(seconds: float) -> str:
    if seconds < 1:
        return "less than a second"
    for unit, length in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"about {seconds / length:,.0f} {unit}"
    return f"about {seconds:,.0f} seconds"
