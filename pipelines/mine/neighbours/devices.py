"""Exact neighbours by `tiles` on one device or several: sides larger than a card streamed, shards spread.

Source rows are split into shards, one at a time on a device; all target rows pass by each shard in blocks, the next
one copied while the last one is searched. What is found is what `exact` finds, whatever the sizes and the devices.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from threading import Lock

import numpy as np
import numpy.typing as npt
import torch

from pipelines.mine.neighbours import tiles
from pipelines.mine.neighbours.distinct import distinct, positions_of
from pipelines.mine.neighbours.found import Best, Neighbours, merged
from pipelines.mine.neighbours.products import multiplying
from pipelines.mine.neighbours.sides import Vectors, checked_sides
from pipelines.mine.neighbours.tiles import GROUP, Precision, Tile
from schemas.errors import GlotmillError

_ITEM_BYTES = {"float32": 4, "float16": 2, "bfloat16": 2}
# Longer edges hide more of the work between products; a tile of 16 bits has 2 GiB then.
_LONGEST_EDGE = 32_768
_PROCESSOR_BYTES = 2**30


class DeviceError(GlotmillError):
    """A device that is not there: names it and the remedy."""


@dataclass(frozen=True)
class Sizes:
    """How the work is cut; it changes nothing that is found.

    Attributes:
        rows: of a source shard and of a target block.
        tile: scores held at once.
    """

    rows: int
    tile: Tile


def sizes(free_bytes: int, dimensions: int, k: int, precision: Precision) -> Sizes:
    """The sizes for a device's free memory.

    A quarter goes to a tile with its maxima, a half to a shard, a block and the next block with their candidates;
    the rest is left to what looks into groups and to the allocator.
    """
    item = _ITEM_BYTES[precision]
    edge = int((free_bytes / 4 / (2 * item)) ** 0.5)
    edge = min(_LONGEST_EDGE, max(GROUP, edge // GROUP * GROUP))
    row = (4 + item) * dimensions + 32 * kept(k, precision) + 64
    return Sizes(max(GROUP, int(free_bytes / 2 / (3 * row))), Tile(edge, edge))


def kept(k: int, precision: Precision) -> int:
    """Candidates for k neighbours: the more of them, the fewer rows are in doubt after rounding to 16 bits."""
    return k + 8 if precision == "float32" else k + max(16, k)


def cuda_devices() -> tuple[str, ...]:
    """All GPUs that torch sees.

    Raises:
        DeviceError: it sees none.
    """
    if not torch.cuda.is_available():
        raise DeviceError(
            f"torch {torch.__version__} sees no GPU; install its CUDA build and check nvidia-smi, "
            'or set engine = "exact" under [mine]'
        )
    return tuple(f"cuda:{number}" for number in range(torch.cuda.device_count()))


def neighbours(
    source: npt.NDArray[np.floating],
    target: npt.NDArray[np.floating],
    k: int,
    *,
    devices: Sequence[str],
    precision: Precision = "float16",
    cut: Sizes | None = None,
    certain: bool = True,
) -> Neighbours:
    """The k nearest of each side on the other.

    Args:
        source: (n, d) unit vectors, float32 or float16, in the host's memory; n may be 0.
        target: (m, d) unit vectors; m may be 0.
        k: neighbours wanted, 1 or more.
        devices: as torch names them, such as `cuda:0` or `cpu`; each takes its share of the source shards.
        precision: of the tiles. float16 errs eight times less than bfloat16, at the same speed: fewer rows are
            searched again.
        cut: by each device's free memory where not given.
        certain: search again rows that rounding leaves in doubt; without that some neighbours may be missed.
    Raises:
        VectorError: a vector is not finite, the widths differ, or k is less than 1.
        DeviceError: a device is not there.
    """
    source, target = checked_sides(source, target, k)
    queries, base = distinct(source), distinct(target)
    cuts = {device: cut or _sizes_of(device, source.shape[1], k, precision) for device in devices}
    rows = max(1, min(-(-len(queries.vectors) // len(devices)), *(one.rows for one in cuts.values())))
    backward = Best.none(len(base.vectors), k)
    forward = Best.none(len(queries.vectors), k)
    one_at_a_time = Lock()

    def search_shards(number: int) -> None:
        device = devices[number]
        for top in range(number * rows, len(queries.vectors), len(devices) * rows):
            shard = queries.vectors[top : top + rows]
            best = Best(forward.ids[top : top + rows], forward.scores[top : top + rows])
            engine = _Engine(device, k, precision, cuts[device].tile, certain)
            blocks = _blocks(base.vectors, cuts[device].rows)
            for first, found in engine.search(shard, blocks, best):
                found.ids[found.ids >= 0] += top
                with one_at_a_time:
                    _merge(found, backward, first)

    with multiplying(len(devices)) as pool:
        for _ in pool.map(search_shards, range(len(devices))):
            pass
    return Neighbours.of(positions_of(forward, queries, base, 0), positions_of(backward, base, queries, 0))


@dataclass(frozen=True)
class _Engine:
    """One device with its settings."""

    device: str
    k: int
    precision: Precision
    tile: Tile
    certain: bool

    def search(
        self, shard: Vectors, blocks: Iterator[tuple[int, Vectors]], forward: Best
    ) -> Iterator[tuple[int, Best]]:
        """Search a shard on blocks of the other side.

        Args:
            blocks: number of its first row and (b, d) vectors each.
            forward: (n, k), the best of the shard's rows so far, merged into in place; ids are rows of all blocks.
        Yields:
            Number of a block's first row, and the best of its rows among the shard's; ids are rows of the shard.
        """
        taken: float | None = None
        queries: tiles.Resident | None = None
        with _on(self.device):
            here = torch.from_numpy(shard).to(self.device)
            for number, block in _uploaded(blocks, self.device):
                if queries is None or taken is None:
                    taken = tiles.constant(here, block, self.precision)
                    queries = tiles.resident(here, self.precision, 1.0)
                base = tiles.resident(block, self.precision, -taken)
                rows, columns = tiles.search(
                    queries,
                    base,
                    self.k,
                    keep=kept(self.k, self.precision),
                    tile=self.tile,
                    taken=taken,
                    floor=torch.from_numpy(forward.scores[:, -1].copy()).to(self.device),
                    certain=self.certain,
                )
                best = _fetched(rows)
                best.ids[best.ids >= 0] += number
                _merge(best, forward, 0)
                yield number, _fetched(columns)


def _sizes_of(device: str, dimensions: int, k: int, precision: Precision) -> Sizes:
    if torch.device(device).type == "cpu":
        return sizes(_PROCESSOR_BYTES, dimensions, k, precision)
    if torch.device(device).type != "cuda" or device not in cuda_devices():
        raise DeviceError(f"{device}: no such device for torch {torch.__version__}; name one of {list(cuda_devices())}")
    return sizes(torch.cuda.mem_get_info(device)[0], dimensions, k, precision)


def _blocks(vectors: Vectors, rows: int) -> Iterator[tuple[int, Vectors]]:
    for top in range(0, len(vectors), rows):
        yield top, vectors[top : top + rows]


def _uploaded(blocks: Iterator[tuple[int, Vectors]], device: str) -> Iterator[tuple[int, torch.Tensor]]:
    """The blocks on the device; while one is in use, the next is read, pinned and copied on a stream of its own."""
    if torch.device(device).type != "cuda":
        for number, block in blocks:
            yield number, torch.from_numpy(block).to(device)
        return
    copying = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def upload() -> tuple[int, torch.Tensor] | None:
        following = next(blocks, None)
        if following is None:
            return None
        number, block = following
        with torch.cuda.device(device), torch.cuda.stream(copying):
            return number, torch.from_numpy(block).pin_memory().to(device, non_blocking=True)

    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(upload)
        while (uploaded := ahead.result()) is not None:
            ahead = pool.submit(upload)
            using = torch.cuda.current_stream(device)
            using.wait_stream(copying)
            uploaded[1].record_stream(using)
            yield uploaded


def _on(device: str) -> torch.cuda.device | nullcontext[None]:
    return torch.cuda.device(device) if torch.device(device).type == "cuda" else nullcontext()


def _fetched(found: tiles.Found) -> Best:
    return Best(found.ids.cpu().numpy(), found.scores.cpu().numpy())


def _merge(part: Best, whole: Best, first: int) -> None:
    """Put what was found for some rows into the lists of all, in place, from the row `first` on."""
    rows = slice(first, first + len(part.ids))
    better = merged([Best(whole.ids[rows], whole.scores[rows]), part], whole.ids.shape[1])
    whole.ids[rows], whole.scores[rows] = better.ids, better.scores
