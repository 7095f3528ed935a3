"""What pages say of their sentences, measured on pages whose translations are known:
`python -m benchmarks.mine_context --json`.

What each key of the JSON object means stands in README.md beside this file.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import cast

import numpy as np

from benchmarks.command import answer, arguments_of
from benchmarks.machine import machine
from benchmarks.mine_pages import PAIRS, PageTask, Part, page_task
from benchmarks.mine_vectors import Vectors
from benchmarks.pages import Size
from benchmarks.scores import rounded
from pipelines.mine.align import Mode, choose
from pipelines.mine.calibrate import Subject, calibrated
from pipelines.mine.centring import centre
from pipelines.mine.context.local import Pages, local_neighbours
from pipelines.mine.context.occurrences import Occurrences, numbered
from pipelines.mine.context.support import Bonus, Support, support
from pipelines.mine.curve import gold_curve
from pipelines.mine.decoys import decoy_curve
from pipelines.mine.evaluate import two_fold
from pipelines.mine.gold import Gold, gold_of
from pipelines.mine.graph import CandidateGraph, Edges, Flags, candidate_graph
from pipelines.mine.language import Choice
from pipelines.mine.margin import MARGINS
from pipelines.mine.neighbours.exact import neighbours
from pipelines.mine.neighbours.found import ABSENT, Ids, Neighbours
from pipelines.mine.pairs import weighed
from pipelines.mine.scoring import spread
from pipelines.mine.sentences import Side
from schemas.languages import pair_key
from schemas.recipe import PagePairSettings

NEIGHBOURS = 4
MODE: Mode = "one-to-one"
WANTED, LEAST_GAIN, PROMISES_KEPT = 0.9, 0.02, 0.9
_SEED = 17

KNOWN: Mapping[str, tuple[float, float]] = {
    "all": (1.0, 0.0),
    "half": (0.5, 0.0),
    "none": (0.0, 0.0),
    "fifth-wrong": (1.0, 0.2),
}
"""Share of the page pairs that are known, and of these that name another pair's page."""

_ALONE = Bonus(0, 0, 0, 0)
PARTS_OF_BONUS: Mapping[str, Bonus] = {
    "alone": _ALONE,
    "page": replace(_ALONE, page=Bonus().page),
    "votes": replace(Bonus(), page=0.0, order=0.0),
    "order": replace(_ALONE, order=Bonus().order),
    "context": Bonus(),
}


@dataclass(frozen=True)
class Searched:
    """A task with what was found of all its sentences."""

    task: PageTask
    sides: tuple[Side, Side]
    vectors: tuple[np.ndarray, np.ndarray]
    occurrences: tuple[Occurrences, Occurrences]
    pages: Ids
    found: Neighbours
    gold: Gold


@dataclass(frozen=True)
class Known:
    """A graph of candidates with what its documents say, as some page pairs are known."""

    searched: Searched
    graph: CandidateGraph
    support: Support
    within: Flags


def main(arguments: list[str] | None = None) -> int:
    chosen = arguments_of("mine_context", __doc__).parse_args(arguments)
    return answer(lambda: measure(chosen.size), summary, as_json=chosen.json)


def measure(size: Size) -> dict[str, object]:
    """Mine every task with each part of the context, on the same vectors."""
    part: Part = "small" if size == "small" else "held-out"
    vectors = Vectors()
    pairs = {}
    for left, right in PAIRS[part]:
        given = searched(left, right, part, vectors)
        pairs[given.task.name] = {
            "source_sentences": len(given.sides[0].searched),
            "target_sentences": len(given.sides[1].searched),
            "gold": len(given.gold),
            "page_pairs": len(given.pages),
            "reached": {"all": reached(given, None), "with_pages": reached(given, local_edges(given, given.pages))},
            "arms": dict(arms(given)),
            "promises": promises(given, vectors.fingerprint),
        }
    figures = cast(dict[str, dict[str, dict[str, float]]], pairs)
    names = next(iter(figures.values()))["arms"]
    means = {name: float(np.mean([pair["arms"][name] for pair in figures.values()])) for name in names}
    gain = means["all/context"] - means["all/alone"]
    told = [cast(dict[str, float | None], pair["promises"]) for pair in pairs.values()]
    kept = [value[f"{name}_kept"] for value in told for name in ("gold", "decoys")]
    made = [value for value in kept if value is not None]
    share = float(np.mean(made)) if made else None
    return rounded(
        {
            "benchmark": "mine_context",
            "size": size,
            "date": datetime.now(UTC).date().isoformat(),
            "machine": machine(),
            "encoder": vectors.fingerprint,
            "wanted": WANTED,
            "promises": {"made": len(made), "of": len(kept), "kept": share},
            "goals": {
                "gain": {"at_least": LEAST_GAIN, "measured": gain, "met": gain >= LEAST_GAIN},
                "promises": {
                    "at_least": PROMISES_KEPT,
                    "measured": share,
                    "met": share is not None and share >= PROMISES_KEPT,
                },
            },
            "means": means,
            "pairs": pairs,
        }
    )


def searched(left: str, right: str, part: Part, vectors: Vectors) -> Searched:
    """A task searched as a whole."""
    task = page_task(left, right, part)
    choice = Choice(0, _SEED, centre=True)
    sides = Side.of(task.languages[0], task.source, choice), Side.of(task.languages[1], task.target, choice)
    texts = sides[0].texts(), sides[1].texts()
    ready = (
        centre(vectors.of(f"pages-{left}", texts[0].to_pylist())),
        centre(vectors.of(f"pages-{right}", texts[1].to_pylist())),
    )
    occurrences = sides[0].occurrences(), sides[1].occurrences()
    pages = numbered(task.pages, *occurrences)
    gold = gold_of(*texts, task.aligned)
    return Searched(task, sides, ready, occurrences, pages, neighbours(*ready, NEIGHBOURS), gold)


def pages_known(pages: Ids, known: str) -> Ids:
    """Some of the page pairs, drawn; of these that are wrong each has the page of the next."""
    share, wrong = KNOWN[known]
    drawn = np.random.default_rng(_SEED).permutation(len(pages))[: round(share * len(pages))]
    some = pages[drawn]
    swapped = slice(round(wrong * len(some)))
    some[swapped, 1] = np.roll(some[swapped, 1], 1)
    return some


def local_edges(given: Searched, pages: Ids) -> Edges:
    """What comparing the sentences of page pairs finds."""
    known = Pages.of(*given.occurrences, pages, PagePairSettings().max_products)
    blocks = [(np.arange(len(side)), side) for side in given.vectors]
    forward, backward = local_neighbours(known, blocks[0], blocks[1], NEIGHBOURS)
    one, rank = np.nonzero(forward.ids != ABSENT)
    other, back = np.nonzero(backward.ids != ABSENT)
    return Edges(
        np.concatenate([one, backward.ids[other, back]]),
        np.concatenate([forward.ids[one, rank], other]),
        np.concatenate([forward.scores[one, rank], backward.scores[other, back]]),
    )


def known_as(given: Searched, known: str, *, local: bool = True) -> Known:
    pages = pages_known(given.pages, known)
    further = local_edges(given, pages) if local else None
    graph = candidate_graph(given.found, MARGINS["distance"], NEIGHBOURS, further)
    said = support(graph, *given.occurrences, pages)
    return Known(given, graph, said, said.within)


def reached(given: Searched, further: Edges | None) -> int:
    """Gold pairs that are candidates at all."""
    graph = candidate_graph(given.found, MARGINS["distance"], NEIGHBOURS, further)
    return given.gold.score(graph, np.ones(len(graph), np.bool_)).correct


def scored(known: Known, bonus: Bonus) -> CandidateGraph:
    """The graph by margin, evidence and bonus, as mining has it."""
    unit = spread(known.graph)
    every = known.graph.ordered(known.graph.margin + unit * bonus.of(known.support))
    return weighed(*known.searched.sides, every, unit)


def pages_first(known: Known) -> tuple[CandidateGraph, Flags]:
    """Edges within page pairs chosen before all others, whatever their scores."""
    graph = scored(known, Bonus())
    count = known.graph.targets
    within = np.isin(
        graph.source * count + graph.target,
        (known.graph.source * count + known.graph.target)[known.within],
    )
    first = graph.take(np.argsort(~within, kind="stable"))
    return first, choose(first, MODE)


def arms(given: Searched) -> Iterator[tuple[str, float]]:
    """F1 by what is known of pages, and what is made of it; thresholds fitted two-fold."""
    for name in KNOWN:
        known = known_as(given, name)
        for part, bonus in PARTS_OF_BONUS.items():
            # Votes by themselves: as if no page pair were known.
            none = replace(known.support, within=np.zeros_like(known.within))
            graph = scored(replace(known, support=none) if part == "votes" else known, bonus)
            yield f"{name}/{part}", f1(given, graph, choose(graph, MODE))
        yield f"{name}/pages-first", f1(given, *pages_first(known))
    without = scored(known_as(given, "all", local=False), Bonus())
    yield "all/context-without-local", f1(given, without, choose(without, MODE))


def f1(given: Searched, graph: CandidateGraph, chosen: Flags) -> float:
    return cast(float, two_fold(graph, chosen, given.gold, "all").f1)


def promises(given: Searched, encoder: str) -> dict[str, float | None]:
    """Precision at thresholds that promise `WANTED`, by one half of gold tried on the other, and by decoys tried on
    all of it."""
    known = known_as(given, "half")
    graph, gold = scored(known, Bonus()), given.gold
    chosen = choose(graph, MODE)
    sizes = graph.sources, graph.targets
    subject = Subject(pair_key(*given.task.languages), MODE, "distance", NEIGHBOURS, *sizes, encoder)
    edges = graph.take(chosen)
    right, half = gold.right(edges), gold.half_of(edges)
    found = correct = 0
    for fitted, tested in ((0, 1), (1, 0)):
        threshold = calibrated(gold_curve(graph, chosen, gold, "all", fitted), subject, WANTED).threshold
        if threshold is not None:
            taken = (half == tested) & (edges.margin >= threshold)
            found, correct = found + int(taken.sum()), correct + int(right[taken].sum())
    unit = spread(known.graph)
    every = known.graph.ordered(known.graph.margin + unit * Bonus().of(known.support))
    threshold = calibrated(decoy_curve(every, MODE, MARGINS["distance"]), subject, WANTED, evidence="decoys").threshold
    above = edges.margin >= (np.inf if threshold is None else threshold)
    return {
        "gold": correct / found if found else None,
        "gold_kept": float(correct >= WANTED * found) if found else None,
        "decoys": float(right[above].mean()) if above.any() else None,
        "decoys_kept": float(right[above].mean() >= WANTED) if above.any() else None,
    }


def summary(measured: Mapping[str, object]) -> str:
    """The figures as lines for a reader."""
    means = cast(dict[str, float], measured["means"])
    pairs = cast(dict[str, dict[str, dict[str, float]]], measured["pairs"])
    told = cast(dict[str, float | None], measured["promises"])
    columns = [*PARTS_OF_BONUS, "pages-first"]
    lines = [
        f"{len(pairs)} pairs, F1, thresholds by two folds",
        f"{'page pairs known':18}" + "".join(f"{c:>13}" for c in columns),
    ]
    lines += [f"{name:18}" + "".join(f"{means[f'{name}/{c}']:13.3f}" for c in columns) for name in KNOWN]
    lines.append(f"context of all page pairs without a search of their own: {means['all/context-without-local']:.3f}")
    for name, pair in pairs.items():
        lines.append(
            f"{name:24} gold {pair['gold']}, candidates {pair['reached']['all']}, "
            f"with pages {pair['reached']['with_pages']}; F1 {pair['arms']['all/alone']:.3f}, "
            f"with context {pair['arms']['all/context']:.3f}"
        )
    kept = told["kept"]
    lines.append(
        f"precision {measured['wanted']} promised {told['made']} of {told['of']} times, kept in "
        f"{'–' if kept is None else format(kept, '.0%')}"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
