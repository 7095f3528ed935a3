"""Mining one language pair: from what a search found to pairs, dropped sentences and measurements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

import numpy as np
import pyarrow as pa

from pipelines.mine.align import Alignment, align
from pipelines.mine.calibrate import Calibration, Evidence, Subject, calibrated, calibration_rows
from pipelines.mine.calibrations import carried
from pipelines.mine.context.occurrences import numbered
from pipelines.mine.context.support import Bonus, support
from pipelines.mine.curve import Curve, gold_curve
from pipelines.mine.decoys import decoy_curve
from pipelines.mine.evaluate import laser_baseline, two_fold
from pipelines.mine.filters.features import features
from pipelines.mine.gold import Gold, aligned_texts, gold_of
from pipelines.mine.graph import CandidateGraph, Edges, Positions, at, candidate_graph, first_of
from pipelines.mine.margin import MARGINS
from pipelines.mine.neighbours.found import ABSENT, Neighbours
from pipelines.mine.records import EVALUATION
from pipelines.mine.scoring import best_edges, spread, with_evidence
from pipelines.mine.selecting import Selecting, Selection
from pipelines.mine.sentences import Side
from pipelines.mine.shown import Shown
from pipelines.runtime.words.lists import WordLists
from schemas.identifiers import content_id
from schemas.languages import pair_key
from schemas.recipe import AlignmentMode, MineSettings
from schemas.records import PAGE_PAIR

HELD_OUT = "held-out"
REPEATED = "repeated-sentence"
PRECISION_NOT_REACHED = "precision-not-reached"

SHOWN_PRECISION = 0.95
"""Precision that a curve is marked for where the recipe wants none."""


@dataclass(frozen=True)
class Mined:
    """What one language pair gives.

    Every source sentence is in `pairs` or in `dropped`; in several pairs where the mode allows it.

    Attributes:
        pairs: PAIR rows of the recipe's mode at its threshold.
        rejected: PAIR rows, the best candidate below the threshold of each source sentence, paired or not.
        dropped: DROPPED rows, source sentences without a pair; their language is the pair.
        evaluation: EVALUATION rows, one a mode.
        calibration: CALIBRATION rows.
    """

    pairs: pa.RecordBatch
    rejected: pa.RecordBatch
    dropped: pa.RecordBatch
    evaluation: pa.RecordBatch
    calibration: pa.RecordBatch


def mine_pair(
    source: Side,
    target: Side,
    found: Neighbours,
    settings: MineSettings,
    *,
    encoder: str,
    toxic: WordLists | None = None,
    plain: Neighbours | None = None,
    pages: pa.Table | None = None,
    local: Edges | None = None,
    earlier: Calibration | None = None,
) -> Mined:
    """Mine one language pair.

    Args:
        found: neighbours of the sentences searched.
        encoder: name and fingerprint of what made the vectors.
        toxic: lists of toxic words; None: toxicity is not judged.
        plain: LASER_NEIGHBOURS neighbours of the vectors as they came, to set plain LASER mining beside; None: not.
        pages: PAGE_PAIR rows of the languages, where any are known.
        local: edges found within these page pairs.
        earlier: of an earlier run, whose threshold is taken where no source aligns the sides.
    Raises:
        CalibrationMismatchError: the earlier calibration is of something else.
    """
    margin = MARGINS[settings.margin]
    every = candidate_graph(found, margin, settings.candidates, local)
    unit = spread(every)
    if joins(settings):
        every = joined(source, target, every, PAGE_PAIR.empty_table() if pages is None else pages, unit)
    graph = weighed(source, target, every, unit) if weighs(settings) else every
    gold = gold_of(source.texts(), target.texts(), aligned_texts(source.rows, target.rows))
    # A threshold that is yet to be found leaves out nothing beforehand: what is chosen must not change with it.
    floor = settings.threshold if settings.precision is None else -np.inf
    selecting = Selecting(source, target, graph, settings, floor, toxic)
    selection = selecting.select(settings.mode)
    subject = Subject(
        pair_key(source.language, target.language),
        settings.mode,
        settings.margin,
        settings.neighbours,
        graph.sources,
        graph.targets,
        _prepared(encoder, settings),
    )
    if earlier is not None and not len(gold):
        calibration = carried(earlier, subject)
    else:
        curve, evidence = _curve(every, graph, selection, gold, settings, floor)
        wanted = settings.precision or SHOWN_PRECISION
        calibration = calibrated(curve, subject, wanted, settings.confidence, evidence)
    threshold = settings.threshold if settings.precision is None else calibration.threshold
    shown = Shown(source, target, graph, graph.margins(margin), settings.mode, encoder)
    aligned = align(graph, settings.mode, np.inf if threshold is None else threshold, floor)
    kept = np.flatnonzero(selection.passed & aligned.high)
    low = aligned.rejected_of_source
    return Mined(
        shown.pairs(kept),
        shown.pairs(low[low != ABSENT]),
        pa.concat_batches([*_dropped(shown, aligned, selection, kept, threshold, settings)]),
        _evaluation(selecting, selection, gold, threshold, plain),
        calibration_rows(calibration),
    )


def weighs(settings: MineSettings) -> bool:
    """Whether evidence of the texts is taken from margins: no threshold known from elsewhere would fit what is left."""
    return settings.evidence and settings.precision is not None


def joins(settings: MineSettings) -> bool:
    """Whether edges have a bonus for their documents, likewise."""
    return settings.pages is not None and settings.pages.bonus and settings.precision is not None


def joined(source: Side, target: Side, every: CandidateGraph, pages: pa.Table, unit: float) -> CandidateGraph:
    """A graph by margin and what the documents of its edges add."""
    occurrences = source.occurrences(), target.occurrences()
    bonus = Bonus().of(support(every, *occurrences, numbered(pages, *occurrences)))
    return every.ordered(every.margin + unit * bonus)


def weighed(source: Side, target: Side, every: CandidateGraph, unit: float) -> CandidateGraph:
    """The best edges of a graph by margin less what their texts disagree in."""
    graph = every.take(best_edges(every))
    texts = source.at("text", graph.source), target.at("text", graph.target)
    return with_evidence(graph, features(*texts, source.language, target.language), unit)


def _prepared(encoder: str, settings: MineSettings) -> str:
    """What scores depend on beside the search: the encoder, and what was done to its vectors and to margins."""
    done = ("centred", settings.centre), ("evidence", weighs(settings)), ("pages", joins(settings))
    marks = [name for name, on in done if on]
    return ", ".join([encoder, *marks])


def _curve(
    every: CandidateGraph,
    graph: CandidateGraph,
    selection: Selection,
    gold: Gold,
    settings: MineSettings,
    floor: float,
) -> tuple[Curve, Evidence]:
    """Precision by threshold, by gold where there is any.

    Else by decoys, which know margins alone: what evidence takes from a margin only makes a threshold stricter.
    """
    if len(gold):
        return gold_curve(graph, selection.passed, gold, "either-aligned", confidence=settings.confidence), "gold"
    return decoy_curve(every, settings.mode, MARGINS[settings.margin], floor, settings.confidence), "decoys"


def _dropped(
    shown: Shown,
    aligned: Alignment,
    selection: Selection,
    kept: Positions,
    threshold: float | None,
    settings: MineSettings,
) -> Iterator[pa.RecordBatch]:
    """Source sentences that are in no pair."""
    yield from _unpaired(shown, aligned, selection, kept, threshold)
    source = shown.source
    hidden, repeated = np.flatnonzero(source.hidden), source.repeated
    yield shown.dropped(
        source.values("id", hidden),
        HELD_OUT,
        detail=f"hidden to measure mining, holdout_percent = {settings.holdout_percent:g}",
    )
    yield shown.dropped(
        source.values("id", repeated),
        REPEATED,
        matched=source.values("id", source.first[repeated]),
        detail="another sentence has the same text and was searched in its place",
    )


def _unpaired(
    shown: Shown, aligned: Alignment, selection: Selection, kept: Positions, threshold: float | None
) -> Iterator[pa.RecordBatch]:
    """Sentences searched: what a filter said of their best choice, or why their best edge was not chosen."""
    graph, verdicts = shown.graph, selection.verdicts
    paired = np.zeros(graph.sources, np.bool_)
    paired[graph.source[kept]] = True
    failed = np.flatnonzero(~verdicts.kept & aligned.high[selection.edges])
    first = first_of(graph.source[selection.edges[failed]], graph.sources)
    filtered = np.flatnonzero((first != ABSENT) & ~paired)
    choice = failed[first[filtered]]
    matched = at(selection.edges, verdicts.matched[choice])
    yield shown.dropped(
        shown.source.at("id", filtered),
        verdicts.reasons.take(pa.array(choice)),
        scores=pa.array(verdicts.scores[choice], from_pandas=True),
        matched=shown.ids(matched),
        detail=verdicts.details.take(pa.array(choice)),
    )
    others = np.flatnonzero((first == ABSENT) & ~paired)
    edges = aligned.best_of_source[others]
    there = edges != ABSENT
    targets = at(graph.target, edges)
    taken = np.full(graph.targets, ABSENT, np.int64)
    taken[graph.target[kept[::-1]]] = kept[::-1]
    margins = np.zeros(len(edges))
    margins[there] = graph.margin[edges[there]]
    reasons = aligned.source_reasons[others]
    if threshold is None:
        reasons = np.where(there, PRECISION_NOT_REACHED, reasons)
    wanted = "none keeps the precision wanted" if threshold is None else f"threshold {threshold:g}"
    best = shown.target.at("id", targets).to_pylist()
    yield shown.dropped(
        shown.source.at("id", others),
        pa.array(reasons, pa.string()),
        scores=pa.array(margins, mask=~there),
        matched=shown.ids(at(taken, targets)),
        detail=pa.array([None if one is None else f"best candidate {one} ({wanted})" for one in best], pa.string()),
    )


def _evaluation(
    selecting: Selecting, used: Selection, gold: Gold, threshold: float | None, plain: Neighbours | None
) -> pa.RecordBatch:
    baseline = two_fold(*laser_baseline(plain), gold).f1 if len(gold) and plain is not None else None
    source, target, graph = selecting.source, selecting.target, selecting.graph
    pair = pair_key(source.language, target.language)
    least = np.inf if threshold is None else threshold
    rows = []
    for mode in get_args(AlignmentMode):
        selection = used if mode == used.mode else selecting.select(mode)
        kept = selection.passed & (graph.margin >= least)
        score = gold.score(graph, kept)
        rows.append(
            {
                "id": content_id("evaluation", pair, mode),
                "pair": pair,
                "source_language": source.language,
                "target_language": target.language,
                "mode": mode,
                "used": mode == used.mode,
                "threshold": threshold,
                "source_sentences": graph.sources,
                "target_sentences": graph.targets,
                "pairs": int(kept.sum()),
                "gold": score.gold,
                "found": score.found,
                "correct": score.correct,
                "precision": score.precision,
                "recall": score.recall,
                "f1": score.f1,
                "fitted_f1": two_fold(graph, selection.passed, gold).f1,
                "baseline_f1": baseline,
            }
        )
    return pa.RecordBatch.from_pylist(rows, schema=EVALUATION)
