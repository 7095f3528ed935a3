"""One partner a page: the best of what says that two pages are one, in an order that leaves no ties."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.mine.pages.rows import (
    BACKWARD,
    FORWARD,
    IN_BARE,
    IN_BOTH_BARE,
    IN_SLOT,
    LOOSELY,
    Ids,
    Numbers,
    of_arrow,
    to_hex,
)
from pipelines.runtime.dropped import dropped_rows
from pipelines.runtime.lookup import places_among
from schemas.identifiers import content_id
from schemas.records import PAGE_PAIR

PARTNER_TAKEN = "partner-taken"
HREFLANG, URL = "hreflang", "url"

_SAYING = (
    (FORWARD | BACKWARD, "both pages say so"),
    (FORWARD, "the source page says so"),
    (BACKWARD, "the target page says so"),
)
_ALIKE = (
    (IN_SLOT, "addresses differ in the language"),
    (IN_BARE, "one address lacks the language"),
    (IN_BOTH_BARE, "addresses name the language in different places"),
)


@dataclass(frozen=True)
class Chosen:
    """Pairs of pages of one language pair, the best first.

    Attributes:
        source, target: ids of both sides, each pair once.
        says: uint8, all that says so.
        taken: bool, whether the pair is kept.
        instead: int64, for a pair that is not kept, the better one that has one of its pages.
    """

    source: Ids
    target: Ids
    says: npt.NDArray[np.uint8]
    taken: npt.NDArray[np.bool_]
    instead: Numbers


def choose(edges: pa.RecordBatch) -> Chosen:
    """Take pairs from the best down, each page once.

    What sites say goes before addresses; then what both pages say before what one does, a language before its
    macrolanguage, and addresses that differ in the language before those of which one lacks it, those that name it in
    different places, and others. Then pages whose addresses are alike in depth and length, which a site's first page
    and the many that name it for want of a better are not; and then ids decide.

    Args:
        edges: EDGE of one language pair; a pair may come several times.
    """
    from pipelines.mine.kernels.edges import take_free  # compiles at its import

    (sources, source), (targets, target) = (
        np.unique(of_arrow(edges.column(side)), return_inverse=True) for side in ("source", "target")
    )
    pairs, inverse = np.unique(source.astype(np.int64) * len(targets) + target, return_inverse=True)
    says, first = np.zeros(len(pairs), np.uint8), np.zeros(len(pairs), np.int64)
    np.bitwise_or.at(says, inverse, edges.column("says").to_numpy())
    first[inverse] = np.arange(len(inverse))
    apart = [edges.column(name).to_numpy()[first] for name in ("lengths", "depths")]
    source, target = pairs // max(1, len(targets)), pairs % max(1, len(targets))
    order = np.lexsort((target, source, *apart, *_grades(says)[::-1]))
    source, target, says = source[order], target[order], says[order]
    taken = np.zeros(len(order), np.bool_)
    take_free(source, target, np.zeros(len(sources), np.bool_), np.zeros(len(targets), np.bool_), taken)
    return Chosen(sources[source], targets[target], says, taken, _instead(source, target, taken))


def _grades(says: npt.NDArray[np.uint8]) -> list[npt.NDArray[np.int64]]:
    """What decides between pairs, the weightiest first; less is better."""
    named = np.select([says & (FORWARD | BACKWARD) == FORWARD | BACKWARD, says & (FORWARD | BACKWARD) > 0], [0, 1], 2)
    written = np.select([says & bit > 0 for bit, _ in _ALIKE], range(len(_ALIKE)), len(_ALIKE))
    return [named, (says & LOOSELY > 0).astype(np.int64), written]


def _instead(source: Numbers, target: Numbers, taken: npt.NDArray[np.bool_]) -> Numbers:
    kept = np.flatnonzero(taken)
    holders = []
    for side in (source, target):
        holder = np.full(int(side.max(initial=-1)) + 1, len(taken), np.int64)
        holder[side[kept]] = kept
        holders.append(holder[side])
    return np.minimum(*holders)


@dataclass(frozen=True)
class Addresses:
    """Addresses of documents.

    Attributes:
        ids: sorted.
        rows: columns url and source, of each id.
    """

    ids: Ids
    rows: pa.Table

    def at(self, ids: Ids, column: str) -> list[str]:
        found: list[str] = self.rows.column(column).take(pa.array(places_among(ids, self.ids))).to_pylist()
        return found


def page_pairs(chosen: Chosen, pair: str, sources: Addresses, targets: Addresses) -> tuple[pa.RecordBatch, ...]:
    """PAGE_PAIR of the pairs that are taken, and DROPPED of the others."""
    hexes = [to_hex(ids).to_pylist() for ids in (chosen.source, chosen.target)]
    ids = pa.array([content_id(*both) for both in zip(*hexes, strict=True)], pa.string())
    urls = [known.at(side, "url") for known, side in ((sources, chosen.source), (targets, chosen.target))]
    named = [known.at(side, "source") for known, side in ((sources, chosen.source), (targets, chosen.target))]
    joined = ["+".join(sorted({*both})) for both in zip(*named, strict=True)]
    said = chosen.says & (FORWARD | BACKWARD) > 0
    columns = {
        "id": ids,
        "pair": pa.repeat(pa.scalar(pair), len(ids)),
        "source_document": pa.array(hexes[0], pa.string()),
        "target_document": pa.array(hexes[1], pa.string()),
        "source_url": pa.array(urls[0], pa.string()),
        "target_url": pa.array(urls[1], pa.string()),
        "evidence": pa.array(np.where(said, HREFLANG, URL), pa.string()),
        "source": pa.array(joined, pa.string()),
    }
    rows = pa.RecordBatch.from_arrays([columns[field.name] for field in PAGE_PAIR], schema=PAGE_PAIR)
    lost = pa.array(~chosen.taken)
    dropped = rows.filter(lost)
    instead = ids.take(pa.array(chosen.instead[~chosen.taken]))
    detail = [
        f"{url}: {_in_words(int(says))}"
        for url, says in zip(dropped.column("target_url").to_pylist(), chosen.says[~chosen.taken], strict=True)
    ]
    return rows.filter(pa.array(chosen.taken)), dropped_rows(
        dropped,
        PARTNER_TAKEN,
        url=dropped.column("source_url"),
        language=pair,
        matched_id=instead,
        detail=pa.array(detail, pa.string()),
    )


def _in_words(says: int) -> str:
    words = (next((words for bits, words in kind if says & bits == bits), None) for kind in (_SAYING, _ALIKE))
    return "; ".join(word for word in words if word)
