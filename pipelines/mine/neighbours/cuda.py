"""FAISS on GPUs: exhaustive search in float32, float16 or bfloat16.

faiss-cpu and faiss-gpu install one module, so every entry asks for a GPU first. float16 there is added up without
tensor cores, bfloat16 with them. A search is one search a direction, in reduced precision with more candidates; what it
finds is scored again exactly, but nothing is searched again: of nearly equal scores some may be missed, which `recall`
measures. `devices` has no such doubt.

Written against faiss-gpu 1.15.1 and never run on a GPU: tested are the cutting, the merging and the refusals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import faiss
import numpy as np
import numpy.typing as npt
import torch

from pipelines.mine.neighbours.found import Best, Ids, Neighbours, merged, rescore
from pipelines.mine.neighbours.sides import Vectors, checked_sides
from pipelines.mine.neighbours.tiles import Precision
from schemas.errors import GlotmillError

Knn = Callable[[int, Vectors, Vectors, int], Ids]
"""Rows of the base nearest to each query, by inner product: device, queries, base, how many."""

# The most that FAISS selects on a GPU.
_MOST_SELECTED = 2048
_SPARE = {"float32": 8, "float16": 16, "bfloat16": 64}
# Of a card, what base and queries may each take; the rest is FAISS's own.
_SHARE = 4


class NoGpuError(GlotmillError):
    """FAISS has no GPU: says what is missing and the remedy."""


def gpus() -> tuple[int, ...]:
    """Numbers of the GPUs that FAISS can use.

    Raises:
        NoGpuError: FAISS was built without GPUs, or sees none.
    """
    if not hasattr(faiss, "StandardGpuResources"):
        raise NoGpuError(
            f'engine = "faiss-gpu": the FAISS installed here ({faiss.__version__}) is built for processors; '
            'install Glotmill with [gpu] in place of [cpu], or set engine = "exact" under [mine]'
        )
    if not faiss.get_num_gpus():
        raise NoGpuError(
            'engine = "faiss-gpu": faiss-gpu is installed, but sees no GPU; check nvidia-smi and the CUDA driver, '
            'or set engine = "exact" under [mine]'
        )
    return tuple(range(faiss.get_num_gpus()))


def neighbours(
    source: npt.NDArray[np.floating],
    target: npt.NDArray[np.floating],
    k: int,
    *,
    precision: Precision = "bfloat16",
    devices: Sequence[int] | None = None,
    knn: Knn | None = None,
) -> Neighbours:
    """Search both directions exhaustively.

    Args:
        source: (n, d) unit vectors, float32 or float16; n may be 0.
        target: (m, d) unit vectors; m may be 0. Each GPU takes a part of the side that is searched.
        k: neighbours wanted, 1 to 1,984.
        precision: of the products.
        devices: numbers of GPUs; all where not given.
        knn: searches one part on one device; FAISS's where not given.
    Raises:
        VectorError: a vector is not finite, the widths differ, or k is less than 1.
        NoGpuError: there is no GPU, or k is more than one selects.
    """
    source, target = checked_sides(source, target, k)
    if k + _SPARE[precision] > _MOST_SELECTED:
        raise NoGpuError(
            f"neighbours = {k}: FAISS selects at most {_MOST_SELECTED - _SPARE[precision]} in {precision} on a GPU; "
            'ask for fewer, or set engine = "torch" or "exact" under [mine]'
        )
    chosen = tuple(devices) if devices is not None else gpus()
    search = knn or _on_gpu(precision)
    forward, backward = (
        _one_direction(queries, base, k, k + _SPARE[precision], chosen, search)
        for queries, base in ((source, target), (target, source))
    )
    return Neighbours.of(forward, backward)


def _one_direction(queries: Vectors, base: Vectors, k: int, fetched: int, devices: Sequence[int], knn: Knn) -> Best:
    if not len(queries) or not len(base):
        return Best.none(len(queries), k)
    bounds = [len(base) * number // len(devices) for number in range(len(devices) + 1)]

    def searched(number: int) -> Best:
        first, part = bounds[number], base[bounds[number] : bounds[number + 1]]
        if not len(part):
            return Best.none(len(queries), k)
        ids = knn(devices[number], queries, part, min(fetched, len(part)))
        scores = rescore(queries, part, ids)
        order = np.lexsort((ids, -scores), axis=1)
        ids = np.take_along_axis(ids, order, 1)
        return Best(np.where(ids >= 0, ids + first, ids), np.take_along_axis(scores, order, 1))

    with ThreadPoolExecutor(len(devices)) as pool:
        return merged(pool.map(searched, range(len(devices))), k)


def _on_gpu(precision: Precision) -> Knn:
    kind = {
        "float32": (torch.float32, "DistanceDataType_F32"),
        "float16": (torch.float16, "DistanceDataType_F16"),
        "bfloat16": (torch.bfloat16, "DistanceDataType_BF16"),
    }[precision]

    def knn(device: int, queries: Vectors, base: Vectors, k: int) -> Ids:
        """In pieces that fit, both sides from the host's memory."""
        type_, name = kind
        rounded = [torch.from_numpy(side).to(type_).contiguous() for side in (queries, base)]
        scores, ids = np.empty((len(queries), k), np.float32), np.empty((len(queries), k), np.int64)
        wanted = faiss.GpuDistanceParams()
        wanted.metric, wanted.k, wanted.dims, wanted.device = faiss.METRIC_INNER_PRODUCT, k, base.shape[1], device
        wanted.queries, wanted.vectors = (faiss.cast_integer_to_void_ptr(side.data_ptr()) for side in rounded)
        wanted.queryType = wanted.vectorType = getattr(faiss, name)
        wanted.queriesRowMajor = wanted.vectorsRowMajor = True
        wanted.numQueries, wanted.numVectors = len(queries), len(base)
        wanted.outDistances, wanted.outIndices = faiss.swig_ptr(scores), faiss.swig_ptr(ids)
        wanted.outIndicesType = faiss.IndicesDataType_I64
        limit = torch.cuda.mem_get_info(device)[0] // _SHARE if torch.cuda.is_available() else 2**32
        faiss.bfKnn_tiling(faiss.StandardGpuResources(), wanted, limit, limit)
        return ids

    return knn
