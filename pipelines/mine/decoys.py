"""Precision without gold: how often a sentence finds a partner though its own is taken away.

After the target–decoy search of proteomics (Elias and Gygi 2007, https://doi.org/10.1038/nmeth1019) and the share of
true nulls of Storey (2002): take the surest pairs out of the graph, their cosines out of their sentences' means,
and align again. What a sentence of such a pair is then given is wrong, and wrong as the choice for a sentence without
a partner is. Where margins are low, all that was chosen is taken to be wrong, which tells how many sentences have
no partner; the decoys tell how many of these lie above a threshold.

What it cannot do. Sentences with a second translation on the other side, such as near-copies, make it say too
little. Sure pairs that are wrong make it say too much, since their sentences look for decoys with their best wrong
choice gone: it wants a fair share of the sentences to have partners. It knows no error that right pairs do not
leave room for, such as two texts that differ in one number. And it cannot see rates below one in as many
sentences as are sure: where many times as many have no partner, it promises nothing.

Measured with e5-small on catalogues in nine languages beside English, in six modes, for precisions of .9 and .95 with
confidence .9: where 56 to 83 % of the sentences had partners, 87 of 108 promises could be made and gold upheld each of
them; where one of three or fewer had, none could. Plant gold where there is any.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from pipelines.mine.align import Mode, choose, mutual
from pipelines.mine.curve import CONFIDENCE, Curve, bounds
from pipelines.mine.graph import CandidateGraph, Positions
from pipelines.mine.margin import Floats, Margin

FEWEST_SURE: Final = 50
"""Sure pairs below which nothing is estimated."""

_FIRST_SHARE = 0.1
_SURE_PRECISION = 0.95
_ROUNDS = 4


def decoy_curve(
    graph: CandidateGraph,
    mode: Mode,
    margin: Margin,
    floor: float | None = None,
    confidence: float = CONFIDENCE,
) -> Curve:
    """The curve of what a mode chooses, by decoys.

    Begins with the tenth of the mutual choices that has the highest margins as sure, and takes as sure, some times
    over, what it then estimates to be right at 95 %.

    Args:
        margin: the kind that the graph's margins are of; what they have beyond it, an edge keeps.
        floor: as `align.choose` has it.
        confidence: of each bound by itself, the number of sentences without partner taken as estimated.
    Returns:
        A curve with estimates of what is right; its gold, the pairs to be found, are those of them that the
        mode finds at any threshold. Without a point where fewer than FEWEST_SURE pairs are sure.
    """
    chosen = choose(graph, mode, floor)
    both = np.flatnonzero(chosen & mutual(graph))
    sure = both[: max(FEWEST_SURE, int(_FIRST_SHARE * len(both)))]
    margins = graph.margin[chosen]
    thresholds, first = np.unique(-margins, return_index=True)
    found = np.append(first[1:], len(margins)) if len(first) else first
    empty = np.empty(0)
    measured = Curve(empty, np.empty(0, np.int64), empty, 0.0, empty, empty)
    for _ in range(_ROUNDS):
        if len(sure) < FEWEST_SURE:
            break
        decoys = np.sort(_decoys(graph, sure, mode, margin, floor))
        measured = _estimated(-thresholds, found, margins, decoys, len(sure), confidence)
        high = np.flatnonzero(measured.precision >= _SURE_PRECISION)
        if len(high):
            sure = both[graph.margin[both] >= measured.threshold[high[-1]]]
    return measured


def _decoys(graph: CandidateGraph, sure: Positions, mode: Mode, margin: Margin, floor: float | None) -> Floats:
    """Margins of what the mode chooses for sources of sure pairs once these are gone."""
    left = np.ones(len(graph), np.bool_)
    left[sure] = False
    added = graph.margin - graph.margins(margin)
    source, target, cosine = graph.source[sure], graph.target[sure], graph.cosine[sure].astype(np.float64)
    without = replace(
        graph.take(left),
        source_mean=_without(graph.source_mean, source, cosine, min(graph.neighbours, graph.targets)),
        target_mean=_without(graph.target_mean, target, cosine, min(graph.neighbours, graph.sources)),
    )
    # Taking sure pairs away moves margins; what an edge has for its documents stays.
    without = without.ordered(without.margins(margin) + added[left])
    of_sure = np.zeros(graph.sources, np.bool_)
    of_sure[source] = True
    decoys: Floats = without.margin[choose(without, mode, floor) & of_sure[without.source]]
    return decoys


def _without(means: Floats, sentences: Positions, cosine: Floats, neighbours: int) -> Floats:
    """Means without one neighbour of each of some sentences, as it was one of its neighbours."""
    means = means.copy()
    if neighbours > 1:
        means[sentences] = (neighbours * means[sentences] - cosine) / (neighbours - 1)
    return means


def _estimated(
    thresholds: Floats, found: Positions, margins: Floats, decoys: Floats, sure: int, confidence: float
) -> Curve:
    """The curve by decoys.

    Args:
        thresholds: float64 (p,), descending.
        found: int64 (p,), pairs chosen at or above each.
        margins: float64 (n,), of all pairs chosen.
        decoys: float64 (d,), ascending.
        sure: sentences that looked for decoys.
    """
    low = float(np.median(decoys)) if len(decoys) else -np.inf
    below = int((decoys < low).sum())
    alone = int((margins < low).sum()) * sure / below if below else 0.0
    above = len(decoys) - np.searchsorted(decoys, thresholds, side="left")
    rates = above / sure, *bounds(above.astype(np.float64), np.maximum(above, sure), confidence)
    right, fewest, most = (np.clip(1 - alone * rate / found, 0, 1) for rate in (rates[0], rates[2], rates[1]))
    correct = np.maximum.accumulate(right * found)
    return Curve(thresholds, found, correct, float(correct[-1]), fewest, np.maximum(most, correct / found))
