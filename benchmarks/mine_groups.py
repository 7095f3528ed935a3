"""What comparing the members of groups with each other finds: `python -m benchmarks.mine_groups --json`.

What each key of the JSON object means stands in README.md beside this file.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from benchmarks.command import answer, arguments_of
from benchmarks.machine import machine
from benchmarks.mine_material import PAIRS, Kind, aligned_sentences, task
from benchmarks.mine_vectors import Vectors
from benchmarks.pages import Size
from benchmarks.scores import rounded
from pipelines.mine.align import choose as choose_edges
from pipelines.mine.centring import centre
from pipelines.mine.filters.features import features
from pipelines.mine.graph import CandidateGraph, candidate_graph
from pipelines.mine.groups.checking import judge, led_cosines, usual_cosines
from pipelines.mine.groups.forming import choose, seat
from pipelines.mine.groups.records import CLAIM, EDGE, STANDING, as_column, as_ids, rows_of
from pipelines.mine.margin import MARGINS
from pipelines.mine.neighbours.exact import neighbours
from pipelines.mine.scoring import best_edges, spread, with_evidence
from schemas.identifiers import content_id
from schemas.languages import normalise
from schemas.recipe import GroupSettings

NEIGHBOURS = 4
PRECISIONS = (0.6, 0.8, 0.95)
AGREEMENTS = (0.3, 0.5, 0.7)
UNCHECKED = "unchecked"
LANGUAGES: Mapping[Kind, tuple[str, ...]] = {
    "help": ("en-us", "de", "tr", "vi", "om", "ko", "ja", "km", "dz"),
    "catalogues": tuple(dict.fromkeys(tag for pair in PAIRS["catalogues"] for tag in pair)),
}
SMALL = 5
"""Languages of each kind at size `small`."""

Pairs = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]
"""Places of both sentences, and the score, of each pair."""


@dataclass(frozen=True)
class Side:
    """Sentences of one language.

    Attributes:
        language: its key.
        texts: in an order that says nothing.
        meanings: what each says in English, in letters alone; two sentences with one meaning are translations.
        vectors: float32 (n, d), centred.
    """

    language: str
    texts: tuple[str, ...]
    meanings: tuple[str, ...]
    vectors: npt.NDArray[np.float32]


def main(arguments: list[str] | None = None) -> int:
    chosen = arguments_of("mine_groups", __doc__).parse_args(arguments)
    return answer(lambda: measure(chosen.size), summary, as_json=chosen.json)


def measure(size: Size) -> dict[str, object]:
    """Mine English with every language, make groups, and check them in every way."""
    vectors, kinds = Vectors(), {}
    for kind in LANGUAGES:
        sides = material(kind, size, vectors)
        kinds[kind] = {
            "languages": [side.language for side in sides],
            "sentences": [len(side.texts) for side in sides],
            "mined": {f"{wanted:g}": judged(sides, wanted) for wanted in PRECISIONS},
        }
    return rounded(
        {
            "benchmark": "mine_groups",
            "size": size,
            "date": datetime.now(UTC).date().isoformat(),
            "machine": machine(),
            "encoder": vectors.fingerprint,
            "default": name_of(GroupSettings().agreement),
            "kinds": kinds,
        }
    )


def material(kind: Kind, size: Size, vectors: Vectors) -> list[Side]:
    """English first. Sentences that are in no group differ from language to language, so that what leads one language
    astray does not lead the others to the same place."""
    left, *others = LANGUAGES[kind] if size == "full" else LANGUAGES[kind][:SMALL]
    tasks = {tag: task(kind, left, tag, size) for tag in others}
    english = tuple(sorted({text for one in tasks.values() for text in one.source}))
    known = {tag: {one.text: one.english for one in aligned_sentences(kind, tag)} for tag in (left, *others)}
    gold = {known[left][text] for text in english}
    texts = {left: english}
    for place, (tag, one) in enumerate(tasks.items()):
        dealt = (int(content_id(known[tag][text])[:8], 16) % len(others) == place for text in one.target)
        texts[tag] = tuple(text for text, own in zip(one.target, dealt, strict=True) if own or known[tag][text] in gold)
    return [
        Side(
            normalise(tag),
            said,
            tuple(known[tag][text] for text in said),
            centre(vectors.of(f"{kind}-{tag}", said).astype(np.float32)),
        )
        for tag, said in texts.items()
    ]


def judged(sides: Sequence[Side], wanted: float) -> dict[str, dict[str, float]]:
    """Groups of pairs that are right in so many cases, by way of checking."""
    found = {place: mined(sides[0], side, wanted) for place, side in enumerate(sides) if place}
    direct = {
        (one, other): mined(sides[one], sides[other], wanted) for one, other in combinations(range(1, len(sides)), 2)
    }
    seats = seated(sides, found)
    ways = {UNCHECKED: scored(sides, seats, None, {})}
    for agreement in AGREEMENTS:
        ways[name_of(agreement)] = scored(sides, seats, agreement, {})
    ways[f"{name_of(GroupSettings().agreement)}, pairs"] = scored(sides, seats, GroupSettings().agreement, direct)
    return ways


def name_of(agreement: float) -> str:
    return f"agreement {agreement:g}"


def mined(source: Side, target: Side, wanted: float) -> Pairs:
    """As many of the best pairs as are right in so many cases."""
    graph = candidate_graph(neighbours(source.vectors, target.vectors, NEIGHBOURS), MARGINS["distance"])
    best = graph.take(best_edges(graph))
    texts = (
        pa.array(side.texts, pa.string()).take(pa.array(places))
        for side, places in ((source, best.source), (target, best.target))
    )
    weighed = with_evidence(best, features(*texts, source.language, target.language), spread(graph))
    pairs: CandidateGraph = weighed.take(np.flatnonzero(choose_edges(weighed, "one-to-one")))
    ends = zip(pairs.source, pairs.target, strict=True)
    right = np.array([source.meanings[one] == target.meanings[other] for one, other in ends])
    shares = np.cumsum(right) / np.arange(1, len(right) + 1)
    taken = int(np.flatnonzero(shares >= wanted).max(initial=-1)) + 1
    return pairs.source[:taken], pairs.target[:taken], pairs.margin[:taken]


def seated(sides: Sequence[Side], found: Mapping[int, Pairs]) -> pa.RecordBatch:
    """Groups around the English sentences: SEAT."""
    batches = []
    for place, (source, target, score) in found.items():
        rows = np.full(len(source), place, np.int16), np.zeros(len(source), np.int16)
        ids = (as_column(ids_of(side)[places]) for side, places in ((sides[0], source), (sides[place], target)))
        columns = [*ids, pa.array(rows[0]), pa.array(score.astype(np.float32)), pa.array(rows[1])]
        batches.append(pa.RecordBatch.from_arrays(columns, schema=EDGE))
    edges = rows_of(batches, EDGE)
    chosen = choose(edges, np.empty(0, "S32"))
    return seat(as_ids(edges.column("pivot")), chosen, rows_of([], STANDING), 0)


def ids_of(side: Side) -> npt.NDArray[np.bytes_]:
    return np.array([content_id(side.language, text).encode() for text in side.texts], "S32")


def scored(
    sides: Sequence[Side], seats: pa.RecordBatch, agreement: float | None, direct: Mapping[tuple[int, int], Pairs]
) -> dict[str, float]:
    """Members and pairs of members that are right, and how many of all there are were found; unchecked where
    `agreement` is None."""
    places = {
        one: (place, number) for place, side in enumerate(sides) for number, one in enumerate(ids_of(side).tolist())
    }
    of_seats = [places[one] for one in as_ids(seats.column("sentence")).tolist()]
    vectors = np.stack([sides[place].vectors[number] for place, number in of_seats]).astype(np.float16)
    usual = usual_cosines(led_cosines(seats, vectors, len(sides)))
    claims = claims_of(sides, seats, direct)
    share, least = (1.0, np.full(len(sides), -1.0)) if agreement is None else (agreement, usual)
    rows = judge(seats, vectors, claims, least, agreement=share, min_languages=GroupSettings().min_languages)
    groups: dict[bytes, list[tuple[int, str]]] = {}
    for row in rows.select(["group", "sentence", "reason"]).to_pylist():
        if row["reason"] is None:
            place, number = places[row["sentence"]]
            groups.setdefault(row["group"], []).append((place, sides[place].meanings[number]))
    return figures(sides, groups)


def claims_of(sides: Sequence[Side], seats: pa.RecordBatch, direct: Mapping[tuple[int, int], Pairs]) -> pa.RecordBatch:
    """What pairs of two other languages say of the members: CLAIM."""
    sentences, groups = (as_ids(seats.column(name)).tolist() for name in ("sentence", "group"))
    group_of = dict(zip(sentences, groups, strict=True))
    ids = [ids_of(side).tolist() for side in sides]
    rows = []
    for (one, other), (source, target, _) in direct.items():
        for first, second in zip(source.tolist(), target.tolist(), strict=True):
            ends = ((one, ids[one][first]), (other, ids[other][second]))
            for (own, name), (partner, partner_name) in (ends, ends[::-1]):
                if name in group_of:
                    rows.append({"group": group_of[name], "own": own, "other": partner, "partner": partner_name})
    return pa.RecordBatch.from_pylist(rows, schema=CLAIM)


def figures(sides: Sequence[Side], groups: Mapping[bytes, Sequence[tuple[int, str]]]) -> dict[str, float]:
    meanings = [set(side.meanings) for side in sides]
    members = right_members = pairs = right_pairs = 0
    for group in groups.values():
        said = dict(group)
        others = [meaning for place, meaning in said.items() if place]
        members, right_members = members + len(others), right_members + others.count(said[0])
        pairs += len(others) * (len(others) - 1) // 2
        right_pairs += sum(one == other for one, other in combinations(others, 2))
    there = sum(len(meanings[0] & meanings[place]) for place in range(1, len(sides)))
    pairs_there = sum(
        len(meanings[0] & meanings[one] & meanings[other]) for one, other in combinations(range(1, len(sides)), 2)
    )
    return {
        "groups": len(groups),
        "members": members,
        "members_right": right_members / members if members else 0.0,
        "members_found": right_members / there,
        "pairs": pairs,
        "pairs_right": right_pairs / pairs if pairs else 0.0,
        "pairs_found": right_pairs / pairs_there,
    }


def summary(measured: Mapping[str, object]) -> str:
    """The figures as lines for a reader."""
    lines = [f"{'':44}groups  members  right  found    pairs  right  found"]
    kinds = cast(dict[str, dict[str, dict[str, dict[str, dict[str, float]]]]], measured["kinds"])
    for kind, of_kind in kinds.items():
        for wanted, ways in of_kind["mined"].items():
            lines.append(f"{kind}, pairs with English {wanted} right")
            for way, one in ways.items():
                lines.append(
                    f"  {way:42}{one['groups']:6}{one['members']:9}{one['members_right']:7.3f}"
                    f"{one['members_found']:7.3f}{one['pairs']:9}{one['pairs_right']:7.3f}{one['pairs_found']:7.3f}"
                )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
