"""FAISS on GPUs: what needs no GPU to be seen, which is the cutting, the merging and the refusals."""

from collections.abc import Sequence

import faiss
import numpy as np
import pytest

from pipelines.mine.neighbours import cuda
from pipelines.mine.neighbours.cuda import NoGpuError
from pipelines.mine.neighbours.found import Ids
from pipelines.mine.neighbours.sides import Vectors
from tests.mine.neighbours.sorting import check_sorted, random_side

without_gpu = pytest.mark.skipif(faiss.get_num_gpus() > 0, reason="there is a GPU")


def on_processor(device: int, queries: Vectors, base: Vectors, k: int) -> Ids:
    _, ids = faiss.knn(queries, base, k, metric=faiss.METRIC_INNER_PRODUCT)
    return np.asarray(ids)


@pytest.mark.parametrize("devices", [[0], [0, 1, 2], list(range(9))])
@pytest.mark.parametrize(("sources", "targets", "k"), [(40, 100, 5), (3, 7, 7), (4, 2, 3), (0, 3, 2), (3, 0, 2)])
def test_parts_of_a_side_on_several_gpus_make_one_search(
    devices: Sequence[int], sources: int, targets: int, k: int
) -> None:
    source, target = random_side(max(1, sources), 1)[:sources], random_side(max(1, targets), 2)[:targets]
    check_sorted(cuda.neighbours(source, target, k, devices=devices, knn=on_processor), source, target, k)


def test_each_gpu_gets_rows_of_its_own() -> None:
    seen: list[tuple[int, int]] = []

    def noting(device: int, queries: Vectors, base: Vectors, k: int) -> Ids:
        seen.append((device, len(base)))
        return on_processor(device, queries, base, k)

    cuda.neighbours(random_side(50, 1), random_side(100, 2), 4, devices=[0, 3], knn=noting)
    assert sorted(seen) == [(0, 25), (0, 50), (3, 25), (3, 50)]


@without_gpu
def test_without_a_gpu_nothing_is_silently_searched_on_processors() -> None:
    with pytest.raises(NoGpuError, match=r'engine = "faiss-gpu".*set engine = "exact"'):
        cuda.neighbours(random_side(4, 1), random_side(4, 2), 2)


def test_faiss_gpu_without_a_gpu_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faiss, "StandardGpuResources", object, raising=False)
    monkeypatch.setattr(faiss, "get_num_gpus", lambda: 0)
    with pytest.raises(NoGpuError, match="faiss-gpu is installed, but sees no GPU; check nvidia-smi"):
        cuda.gpus()


def test_more_neighbours_than_a_gpu_selects_are_refused() -> None:
    with pytest.raises(NoGpuError, match="neighbours = 2000: FAISS selects at most 1984 in bfloat16"):
        cuda.neighbours(random_side(4, 1), random_side(4, 2), 2000, devices=[0], knn=on_processor)
