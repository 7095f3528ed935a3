"""Which languages and groups are written as lines: groups by language as bits, languages added one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.publish.exports.records import LANGUAGE_COST
from pipelines.runtime.lookup import places_among
from schemas.identifiers import content_id

Bits = npt.NDArray[np.uint8]
GroupIds = npt.NDArray[np.bytes_]
"""Ids of groups as 32 bytes each, sorted."""

_ID = 32


@dataclass(frozen=True)
class Presence:
    """In which languages groups have a member.

    Attributes:
        groups: (g,).
        bits: by language, its groups as packed bits: uint8 (ceil(g / 8),).
    """

    groups: GroupIds
    bits: Mapping[str, Bits]

    @classmethod
    def of(cls, groups: Mapping[str, pa.Array]) -> Presence:
        """Set up from the group ids of each language's members, without repeats; memory holds each group's id once."""
        every = np.empty(0, f"S{_ID}")
        # The largest language has nearly all of them, so that few are added after it.
        for ids in sorted(groups.values(), key=len, reverse=True):
            own = as_bytes(ids)
            further = own[places_among(own, every) < 0]
            if len(further):
                every = np.sort(np.concatenate([every, further]))
        bits = {}
        for key, ids in groups.items():
            there = np.zeros(len(every), np.bool_)
            there[places_among(as_bytes(ids), every)] = True
            bits[key] = np.packbits(there)
        return cls(every, bits)

    def complete(self, languages: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Which groups have a member in all of some languages; none where no language is given. (g,)."""
        if not languages:
            return np.zeros(len(self.groups), np.bool_)
        common = np.bitwise_and.reduce([self.bits[key] for key in languages])
        return np.unpackbits(common, count=len(self.groups)).astype(np.bool_)


@dataclass(frozen=True)
class Added:
    """A language added to those before it.

    Attributes:
        language: key.
        groups: those that have it.
        complete: those that have it and all before it.
        cost: those complete before and not now; for the first language none.
    """

    language: str
    groups: int
    complete: int
    cost: int


def as_bytes(ids: pa.Array) -> GroupIds:
    """Ids of 32 digits as bytes, in their order."""
    return np.frombuffer(ids.cast(pa.binary(_ID)).buffers()[1], f"S{_ID}", count=len(ids), offset=ids.offset * _ID)


def language_order(presence: Presence, wanted: Sequence[str] = ()) -> tuple[Added, ...]:
    """Languages in the order in which they cost least: the largest first, then always the one that loses fewest groups.

    Ties go to the smaller key. To find the very best set is as hard as the largest complete bipartite subgraph, so the
    order is a good one, not the best.

    Args:
        wanted: languages in a given order, also such as have no group; empty: all, ordered.
    """
    common = np.full((len(presence.groups) + 7) // 8, 0xFF, np.uint8)
    none = np.zeros_like(common)
    waiting = list(wanted) or sorted(presence.bits)
    order: list[Added] = []
    while waiting:
        counts = [_ones(common & presence.bits.get(key, none)) for key in (waiting[:1] if wanted else waiting)]
        key = waiting.pop(int(np.argmax(counts)))
        own = presence.bits.get(key, none)
        complete = max(counts)
        order.append(Added(key, _ones(own), complete, order[-1].complete - complete if order else 0))
        common &= own
    return tuple(order)


def chosen_languages(order: Sequence[Added]) -> int:
    """How many of the languages, in order, give the most texts: complete groups times languages, two at least.

    Of equal ones the most languages. 0 where no two languages have a group in common.
    """
    texts = [added.complete * place if place > 1 else 0 for place, added in enumerate(order, start=1)]
    most = max(texts, default=0)
    return 0 if not most else len(texts) - texts[::-1].index(most)


def planned(
    groups: Mapping[str, pa.Array], wanted: Sequence[str] = ()
) -> tuple[tuple[Added, ...], tuple[str, ...], GroupIds]:
    """Decide what is written.

    Args:
        groups: distinct ids of the groups of each language.
        wanted: languages that the lines are to have; empty: chosen.
    Returns:
        All languages in order; those written, none where no group is complete in them; and the groups that are, sorted.
    """
    presence = Presence.of(groups)
    order = language_order(presence, wanted)
    written = order if wanted else order[: chosen_languages(order)]
    keys = tuple(added.language for added in written if written[-1].complete)
    return order, keys, presence.groups[presence.complete(keys)]


def cost_rows(order: Sequence[Added], written: int) -> pa.RecordBatch:
    """LANGUAGE_COST rows of languages in order, of which the first `written` are written."""
    rows = [
        {
            "id": content_id(added.language),
            "language": added.language,
            "place": place,
            "groups": added.groups,
            "complete": added.complete,
            "cost": added.cost,
            "cells": added.complete * place,
            "written": place <= written,
        }
        for place, added in enumerate(order, start=1)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=LANGUAGE_COST)


def _ones(bits: Bits) -> int:
    return int(np.bitwise_count(bits).sum(dtype=np.int64))
