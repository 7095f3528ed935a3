"""Comparing the members of groups with each other: what a pivot led astray does not agree with the others.

Two members whose languages were mined with each other agree if they are a pair there; if one of them has another
partner there they do not. Of others, and where neither has a partner, their cosine decides: it is to be a share of
the cosine that members of both languages have with the sentence they were found through, by the median. Vectors are
centred, so that sentences that have nothing to do with each other have a cosine near zero.

Vectors are float16 and products are added up in float64, where that is exact (multiples of 2**-48 below 2), so cosines
depend on no order and no library.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.mine.groups.records import VERDICT, as_ids, first_of_each
from pipelines.mine.neighbours.found import ABSENT
from pipelines.runtime.lookup import places_among

INCONSISTENT = "inconsistent"
TOO_FEW_LANGUAGES = "too-few-languages"

COSINE_STEPS = 2001

_VALUES_AT_ONCE = 2**22
"""float64 values of a block of groups: 32 MiB."""

Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Members:
    """Members of whole groups, sorted by group, then language.

    Attributes:
        group: int64 (m,), the place of the group.
        language: int16 (m,).
        via: int64 (m,), the row that each was found through; ABSENT for a group's first sentence.
        preferred: int64 (m,), place by score, then by smaller id: of two alike the lower one is dropped.
        vectors: float16 (m, d).
    """

    group: Rows
    language: npt.NDArray[np.int16]
    via: Rows
    preferred: Rows
    vectors: npt.NDArray[np.float16]

    @property
    def bounds(self) -> Rows:
        """First row of each group, and the row after the last: int64 (g + 1,)."""
        return np.append(np.flatnonzero(first_of_each(self.group)), len(self.group))


@dataclass(frozen=True)
class Judged:
    """What became of members, in their order.

    Attributes:
        kept: bool (m,), members that agree with most of those that they were compared with.
        checked: int32 (m,), members that each was compared with: for one that is kept those kept, for one that is not
            those that were there when it was dropped.
        agreed: int32 (m,), those of them that it agrees with.
    """

    kept: Flags
    checked: npt.NDArray[np.int32]
    agreed: npt.NDArray[np.int32]


def led_cosines(seats: pa.RecordBatch, vectors: npt.NDArray[np.float16], languages: int) -> Counts:
    """How near members are to the sentences that they were found through.

    Args:
        seats: SEAT, whole groups, in any order.
        vectors: float16 (m, d), centred, of each seat's sentence.
        languages: all that are grouped.
    Returns:
        int64 (languages, COSINE_STEPS), members by language and by cosine from -1 in steps of a thousandth. Counts of
        several parts add up.
    """
    via = _via(seats)
    found = np.flatnonzero(via != ABSENT)
    counts = np.zeros((languages, COSINE_STEPS), np.int64)
    step = max(1, _VALUES_AT_ONCE // max(1, vectors.shape[1]))
    for start in range(0, len(found), step):
        rows = found[start : start + step]
        cosines = np.einsum("md,md->m", *(vectors[side].astype(np.float64) for side in (rows, via[rows])))
        steps = np.clip((cosines + 1) * 1000, 0, COSINE_STEPS - 1).astype(np.int64)
        np.add.at(counts, (seats.column("language").to_numpy()[rows], steps), 1)
    return counts


def usual_cosines(counts: Counts) -> Floats:
    """Median of each language's counts (`led_cosines`), to a thousandth; 0 for a language without any: float64 (l,)."""
    below = np.cumsum(counts, axis=1)
    members = below[:, -1:]
    steps = np.argmax(below >= (members + 1) // 2, axis=1)
    return np.where(members[:, 0] > 0, steps / 1000 - 1, 0.0)


def judge(
    seats: pa.RecordBatch,
    vectors: npt.NDArray[np.float16],
    claims: pa.RecordBatch,
    usual: Floats,
    *,
    agreement: float,
    min_languages: int,
) -> pa.RecordBatch:
    """Compare the members of each group; drop those that most others speak against, and groups that become too small.

    Args:
        seats: SEAT, whole groups, in any order.
        vectors: float16 (m, d), centred, of each seat's sentence.
        claims: CLAIM of these groups.
        usual: float64 (l,), `usual_cosines` of all members there are.
        agreement: share of the usual cosine with a pivot from which two members agree.
        min_languages: of a group, its first sentence's among them.
    Returns:
        VERDICT of each seat, sorted by group and language.
    """
    order = np.lexsort((seats.column("language").to_numpy(), as_ids(seats.column("group"))))
    seats = seats.take(pa.array(order))
    members = _members(seats, vectors[order])
    judged = compare(members, *_partners(seats, members, claims), agreement * usual)
    languages = np.bincount(members.group, weights=judged.kept, minlength=len(members.bounds) - 1).astype(np.int32)
    small = languages[members.group] < min_languages
    reasons = np.full(len(order), None, object)
    reasons[small] = TOO_FEW_LANGUAGES
    reasons[~judged.kept] = INCONSISTENT
    columns = [
        *seats.columns,
        pa.array(judged.checked),
        pa.array(judged.agreed),
        pa.array(languages[members.group]),
        pa.array(reasons, pa.string()),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=VERDICT)


def _members(seats: pa.RecordBatch, vectors: npt.NDArray[np.float16]) -> Members:
    sentences, groups = as_ids(seats.column("sentence")), as_ids(seats.column("group"))
    scores = seats.column("score").fill_null(np.inf).to_numpy()
    preferred = np.empty(len(sentences), np.int64)
    preferred[np.lexsort((sentences, -scores))[::-1]] = np.arange(len(sentences))
    places = np.cumsum(first_of_each(groups)) - 1 if len(groups) else np.empty(0, np.int64)
    return Members(places, seats.column("language").to_numpy(), _via(seats), preferred, vectors)


def _via(seats: pa.RecordBatch) -> Rows:
    """The row that each seat was found through; ABSENT for a group's first sentence."""
    sentences = as_ids(seats.column("sentence"))
    found = np.flatnonzero(seats.column("via").is_valid().to_numpy(zero_copy_only=False))
    by_id = np.argsort(sentences)
    via = np.full(len(sentences), ABSENT, np.int64)
    via[found] = by_id[places_among(as_ids(seats.column("via").take(pa.array(found))), sentences[by_id])]
    return via


def _partners(seats: pa.RecordBatch, members: Members, claims: pa.RecordBatch) -> tuple[Rows, Rows, Flags]:
    """Pairs of rows of which mining them directly says something: both rows (p,), and whether they are a pair there."""
    groups, sentences = as_ids(seats.column("group")), as_ids(seats.column("sentence"))
    firsts = members.bounds[:-1]
    places = places_among(as_ids(claims.column("group")), groups[firsts])
    cells = members.group << 16 | members.language
    own, other = (
        places_among(places << 16 | claims.column(name).to_numpy().astype(np.int64), cells) for name in ("own", "other")
    )
    there = (places >= 0) & (own >= 0) & (other >= 0)
    same = as_ids(claims.column("partner"))[there] == sentences[other[there]]
    return own[there], other[there], same


def compare(members: Members, left: Rows, right: Rows, same: Flags, wanted: Floats) -> Judged:
    """Drop, group by group, the member that the largest share of others speaks against, until each agrees with half.

    Of members alike in that the one with the lower score goes, then the one with the larger id. A group's first
    sentence is compared with nobody, and neither are two of which one was found through the other. A member found
    through another that is dropped stays only where it agrees with somebody else.

    Args:
        left, right: int64 (p,), rows of members mined with each other directly, of which one at least has a partner.
        same: bool (p,), whether they are a pair there.
        wanted: float64 (l,), by language the cosine from which two members agree; of two languages the mean.
    """
    kept = np.ones(len(members.group), np.bool_)
    checked, agreed = np.zeros((2, len(kept)), np.int32)
    for rows in _blocks(members):
        compared, agrees = _by_cosine(members, rows, wanted)
        _by_pairs(members, rows, left, right, same, agrees)
        kept[rows], checked[rows], agreed[rows] = _drop(members, rows, compared, compared & agrees)
    return Judged(kept, checked, agreed)


def _blocks(members: Members) -> Iterator[Rows]:
    """Rows of groups of one size, some groups at a time: int64 (g, s)."""
    firsts, sizes = members.bounds[:-1], np.diff(members.bounds)
    for size in np.unique(sizes):
        groups = firsts[sizes == size]
        step = max(1, _VALUES_AT_ONCE // int(size * max(size, members.vectors.shape[1])))
        for start in range(0, len(groups), step):
            yield groups[start : start + step, None] + np.arange(size)


def _by_cosine(members: Members, rows: Rows, wanted: Floats) -> tuple[Flags, Flags]:
    """Which members are compared, and which agree by their cosine: bool (g, s, s) both."""
    vectors = members.vectors[rows].astype(np.float64)
    cosines = vectors @ vectors.transpose(0, 2, 1)
    least, via = wanted[members.language[rows]], members.via[rows]
    led = via[:, :, None] == rows[:, None]
    compared = (via != ABSENT)[:, :, None] & (via != ABSENT)[:, None] & ~led & ~led.transpose(0, 2, 1)
    compared &= ~np.eye(rows.shape[1], dtype=np.bool_)
    return compared, cosines >= (least[:, :, None] + least[:, None]) / 2


def _by_pairs(members: Members, rows: Rows, left: Rows, right: Rows, same: Flags, agrees: Flags) -> None:
    """Put what mining two languages directly says in place of what the cosine says."""
    firsts = members.bounds[:-1]
    groups = places_among(firsts[members.group[left]], rows[:, 0])
    there = np.flatnonzero(groups >= 0)
    block = groups[there]
    one, other = left[there] - rows[block, 0], right[there] - rows[block, 0]
    agrees[block, one, other] = agrees[block, other, one] = False
    block, one, other = block[same[there]], one[same[there]], other[same[there]]
    agrees[block, one, other] = agrees[block, other, one] = True


def _drop(
    members: Members, rows: Rows, compared: Flags, agrees: Flags
) -> tuple[Flags, npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Who stays, with how many others each was compared and agreed: (g, s) each."""
    kept = np.ones(rows.shape, np.bool_)
    checked, agreed = np.zeros((2, *rows.shape), np.int32)
    via, preferred = members.via[rows], members.preferred[rows]
    through = np.maximum(via - rows[:, :1], 0)
    open_ = np.arange(len(rows))
    while len(open_):
        there = kept[open_]
        both = there[:, :, None] & there[:, None]
        found, said = (np.sum(flags[open_] & both, axis=2, dtype=np.int32) for flags in (compared, agrees))
        checked[open_], agreed[open_] = np.where(there, (found, said), (checked[open_], agreed[open_]))
        orphaned = (via[open_] != ABSENT) & ~np.take_along_axis(there, through[open_], axis=1) & (said == 0)
        bad = there & ((2 * said < found) | orphaned)
        some = bad.any(axis=1)
        share = np.where(bad, said / np.maximum(found, 1), np.inf)[some]
        lowest = share == share.min(axis=1, keepdims=True)
        worst = np.where(lowest, preferred[open_][some], len(members.group)).argmin(axis=1)
        open_ = open_[some]
        kept[open_, worst] = False
    return kept, checked, agreed
