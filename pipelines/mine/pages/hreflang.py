"""What sites say of a page's other languages (`hreflang`), held against the labels of the pages named.

A claim counts where both pages are in the corpus and the text of the page named has the language claimed; `x-default`
claims none. Google takes a claim only where the page named says the same of the page that names it
(https://developers.google.com/search/docs/specialty/international/localized-versions). Sites forget that, so here a
claim of one side is evidence as well, and one of both sides is better.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.mine.pages.addresses import address_keys
from pipelines.mine.pages.labels import DEFAULT, fits, fits_closely
from pipelines.mine.pages.rows import (
    FORWARD,
    ID,
    LOOSELY,
    PAGE,
    Languages,
    first_of_key,
    from_hex,
    of_arrow,
    of_schema,
    to_arrow,
)
from pipelines.runtime.dropped import dropped_rows
from pipelines.runtime.lookup import places_among
from schemas.languages import UNDETERMINED, key_of

_WHOSE = [("id", ID), ("tag", pa.string()), ("source", pa.string()), ("piece", pa.int32())]
LEADING = pa.schema([("target", pa.uint64()), ("key", pa.uint64())])
"""An address that leads to another, by the keys of both."""
CLAIM = pa.schema([("target", pa.uint64()), ("page", pa.uint64()), *_WHOSE])
"""A claim by the keys of both addresses. `piece` is the row group it was read from."""
MEANT = pa.schema(
    [
        ("page", pa.uint64()),
        *_WHOSE,
        ("target_id", ID),
        ("target_label", pa.int16()),
        ("target_depth", pa.int16()),
        ("target_length", pa.int16()),
        ("loosely", pa.bool_()),
    ]
)
"""A claim whose target is known and has the language claimed."""
VERDICT = pa.schema([("id", ID), ("reason", pa.uint8()), ("label", pa.int16()), ("piece", pa.int32())])
"""Why a claim leads to no pair, and the label of the page named, -1 where there is none."""

REASONS = (
    "names-itself",
    "unknown-language",
    "target-not-in-corpus",
    "wrong-language",
    "page-not-in-corpus",
    "same-language",
    "pair-not-mined",
)
"""By number; the first that holds is a claim's."""
_ITSELF, _UNKNOWN, _NO_TARGET, _WRONG, _NO_PAGE, _SAME, _NOT_MINED = range(len(REASONS))

Count = tuple[str, str, int]
"""Source, language claimed, and a number of claims."""


@dataclass(frozen=True)
class Judged:
    """What became of claims in one step.

    Attributes:
        verdicts: VERDICT of claims that lead to no pair.
        left, right: PAGE of the page that names and of the page named, of claims that lead to one.
        says: uint8, what each of these says.
        counts: of claims that lead to one.
    """

    verdicts: pa.RecordBatch
    left: pa.RecordBatch
    right: pa.RecordBatch
    says: npt.NDArray[np.uint8]
    counts: tuple[Count, ...]


@lru_cache(maxsize=4_096)
def claimed_language(tag: str) -> str:
    """Language key of a tag; und where it names none."""
    return (None if tag == DEFAULT else key_of(tag)) or UNDETERMINED


def read_claims(alternates: pa.RecordBatch, piece: int) -> tuple[pa.RecordBatch, pa.RecordBatch, tuple[Count, ...]]:
    """Claims out of rows of ALTERNATE.

    Args:
        alternates: columns id, url, target, hreflang and source.
        piece: number of the row group they stand in.
    Returns:
        CLAIM, verdicts on those that can be judged by themselves, and how many there are of all.
    """
    tags = _tags(alternates)
    page, target = (address_keys(alternates.column(name)) for name in ("url", "target"))
    known = _are_known(tags)
    ids = to_arrow(from_hex(alternates.column("id")))
    pieces = pa.array(np.full(len(ids), piece, np.int32))
    columns = [pa.array(target), pa.array(page), ids, tags, alternates.column("source"), pieces]
    claims = pa.RecordBatch.from_arrays(columns, schema=CLAIM)
    reasons = np.where(page == target, _ITSELF, _UNKNOWN)
    judged = (page == target) | ~known
    verdicts = _verdicts(claims, judged, reasons, np.full(len(ids), -1))
    return claims.filter(pa.array(~judged)), verdicts, counts(claims)


def read_moved(moved: pa.RecordBatch) -> pa.RecordBatch:
    """LEADING out of columns url and target of rows of MOVED; two spellings of one address lead nowhere."""
    key, target = (address_keys(moved.column(name)) for name in ("url", "target"))
    rows = pa.RecordBatch.from_arrays([pa.array(target), pa.array(key)], schema=LEADING)
    return rows.filter(pa.array(key != target))


def moved_pages(batches: Iterable[pa.RecordBatch]) -> pa.RecordBatch:
    """PAGE by the keys of addresses that lead to pages, out of LEADING and the pages of one range of keys."""
    batches = list(batches)
    leading, pages = of_schema(batches, LEADING), first_of_key(of_schema(batches, PAGE))
    found = places_among(leading.column("target").to_numpy(), pages.column("key").to_numpy())
    there = found >= 0
    reached = pages.take(pa.array(found[there]))
    ends = [leading.column("key").filter(pa.array(there)), *reached.columns[1:5], pa.array(np.ones(there.sum(), bool))]
    return pa.RecordBatch.from_arrays(ends, schema=PAGE)


def find_targets(batches: Iterable[pa.RecordBatch], languages: Languages) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """MEANT out of claims and the pages of one range of keys, and verdicts on the other claims."""
    batches = list(batches)
    claims, pages = of_schema(batches, CLAIM), first_of_key(of_schema(batches, PAGE))
    found = places_among(claims.column("target").to_numpy(), pages.column("key").to_numpy())
    there = found >= 0
    named = pages.take(pa.array(found[there]))
    labels = np.full(len(found), -1)
    labels[there] = named.column("label").to_numpy()
    fitting, loosely = _fit(claims.column("tag"), labels, languages)
    verdicts = _verdicts(claims, ~fitting, np.where(there, _WRONG, _NO_TARGET), labels)
    chosen = pa.array(fitting)
    meant = pa.RecordBatch.from_arrays(
        [
            *(claims.column(name).filter(chosen) for name in ("page", "id", "tag", "source", "piece")),
            *(named.column(name).filter(pa.array(fitting[there])) for name in ("id", "label", "depth", "length")),
            pa.array(loosely[fitting]),
        ],
        schema=MEANT,
    )
    return meant, verdicts


def find_pages(batches: Iterable[pa.RecordBatch], languages: Languages) -> Judged:
    """Pairs out of MEANT and the pages of one range of keys."""
    batches = list(batches)
    claims, pages = of_schema(batches, MEANT), first_of_key(of_schema(batches, PAGE))
    found = places_among(claims.column("page").to_numpy(), pages.column("key").to_numpy())
    there = found >= 0
    labels = np.full(len(found), -1)
    labels[there] = pages.column("label").to_numpy()[found[there]]
    targets = claims.column("target_label").to_numpy().astype(np.int64)
    same = labels == targets
    planned = there & ((languages.plan[labels, targets] >= 0) | (languages.plan[targets, labels] >= 0))
    reasons = np.select([~there, same], [_NO_PAGE, _SAME], _NOT_MINED)
    verdicts = _verdicts(claims, ~planned, reasons, targets)
    agreed = claims.filter(pa.array(planned))
    right = pa.RecordBatch.from_arrays(
        [*(agreed.column(name) for name in MEANT.names if name.startswith("target_"))], names=PAGE.names[1:5]
    )
    says = FORWARD + LOOSELY * agreed.column("loosely").to_numpy(zero_copy_only=False).astype(np.uint8)
    left = pages.take(pa.array(found[planned]))
    return Judged(verdicts, left, right, says.astype(np.uint8), counts(agreed))


def dropped_claims(alternates: pa.RecordBatch, verdicts: pa.RecordBatch, languages: Languages) -> pa.RecordBatch:
    """DROPPED of the claims among some rows of ALTERNATE that have a verdict."""
    order = np.argsort(of_arrow(verdicts.column("id")), kind="stable")
    verdicts = verdicts.take(pa.array(order))
    found = places_among(from_hex(alternates.column("id")), of_arrow(verdicts.column("id")))
    rows, verdicts = alternates.filter(pa.array(found >= 0)), verdicts.take(pa.array(found[found >= 0]))
    claimed = pa.array(list(map(claimed_language, _tags(rows).to_pylist())), pa.string())
    names = pa.array(["", *languages.labels]).take(pa.array(verdicts.column("label").to_numpy().astype(np.int64) + 1))
    labelled = pc.if_else(pc.equal(names, ""), "", pc.binary_join_element_wise(", labelled ", names, ""))
    detail = pc.binary_join_element_wise(rows.column("hreflang"), ": ", rows.column("target"), labelled, "")
    reasons = pa.array(REASONS).take(verdicts.column("reason").cast(pa.int64()))
    return dropped_rows(rows, reasons, language=claimed, detail=detail)


def counts(claims: pa.RecordBatch) -> tuple[Count, ...]:
    """Claims by source and language claimed; columns source and tag."""
    table = pa.Table.from_batches([claims.select(["source", "tag"])])
    grouped = table.group_by(["source", "tag"]).aggregate([([], "count_all")]).to_pylist()
    return tuple((row["source"], claimed_language(row["tag"]), row["count_all"]) for row in grouped)


def _tags(alternates: pa.RecordBatch) -> pa.StringArray:
    return pc.utf8_lower(pc.utf8_trim_whitespace(alternates.column("hreflang")))


def _are_known(tags: pa.StringArray) -> npt.NDArray[np.bool_]:
    encoded = tags.dictionary_encode()
    known = [tag == DEFAULT or claimed_language(tag) != UNDETERMINED for tag in encoded.dictionary.to_pylist()]
    return np.array(known, np.bool_)[encoded.indices.to_numpy()]


def _fit(
    tags: pa.StringArray, labels: npt.NDArray[np.int64], languages: Languages
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Whether each tag fits its label, -1 standing for none, and whether only its macrolanguage does."""
    encoded = tags.dictionary_encode()
    width = len(languages.labels) + 1
    numbers = encoded.indices.to_numpy().astype(np.int64) * width + labels + 1
    distinct, inverse = np.unique(numbers, return_inverse=True)
    fitting, loosely = np.zeros(len(distinct), np.bool_), np.zeros(len(distinct), np.bool_)
    for place, number in enumerate(distinct):
        tag, label = encoded.dictionary[int(number) // width].as_py(), int(number) % width - 1
        if label >= 0:
            fitting[place] = tag == DEFAULT or fits(tag, languages.labels[label])
            loosely[place] = fitting[place] and tag != DEFAULT and not fits_closely(tag, languages.labels[label])
    return fitting[inverse], loosely[inverse]


def _verdicts(
    claims: pa.RecordBatch,
    judged: npt.NDArray[np.bool_],
    reasons: npt.NDArray[np.int64],
    labels: npt.NDArray[np.int64],
) -> pa.RecordBatch:
    columns = [
        claims.column("id"),
        pa.array(reasons.astype(np.uint8)),
        pa.array(labels.astype(np.int16)),
        claims.column("piece"),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=VERDICT).filter(pa.array(judged))
