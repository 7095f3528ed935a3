"""Modes, gold and calibration on real messages of several scripts and the vectors of a real encoder."""

import numpy as np
import pyarrow as pa
import pytest

from pipelines.embed.encoder import load_encoder
from pipelines.mine.align import MODES, Mode, choose, one_to_one
from pipelines.mine.calibrate import Subject, calibrated
from pipelines.mine.centring import centre
from pipelines.mine.curve import gold_curve
from pipelines.mine.evaluate import LASER_NEIGHBOURS, laser_baseline, two_fold
from pipelines.mine.gold import Gold, aligned_texts, gold_of
from pipelines.mine.graph import CandidateGraph, candidate_graph
from pipelines.mine.margin import distance
from pipelines.mine.neighbours.flat import neighbours
from pipelines.mine.optimal import matching
from pipelines.runtime.models import fetch_model
from schemas.recipe import EncoderSettings
from tests.mine.messages import messages

ENCODER = "e5-small@packaged"
COUNT = 90


@pytest.fixture(scope="module")
def vectors() -> dict[str, np.ndarray]:
    fetch_model(ENCODER)
    encoder = load_encoder(EncoderSettings(encoder=ENCODER, prefix="query: "))
    return {language: encoder.encode(messages(language, COUNT)["text"]) for language in ("deu_Latn", "arb_Arab")}


@pytest.fixture(scope="module")
def gold() -> Gold:
    german, arabic = messages("deu_Latn", COUNT), messages("arb_Arab", COUNT)
    return gold_of(german["text"], arabic["text"], aligned_texts(german, arabic))


@pytest.fixture(scope="module")
def graph(vectors: dict[str, np.ndarray]) -> CandidateGraph:
    sides = [centre(side) for side in vectors.values()]
    return candidate_graph(neighbours(*sides, k=16), distance, candidates=4)


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_finds_most_translations(mode: Mode, graph: CandidateGraph, gold: Gold) -> None:
    score = gold.score(graph, choose(graph, mode))
    assert score.gold > 60
    assert score.recall is not None
    assert score.recall > 0.7


def test_modes_differ_as_their_names_say(graph: CandidateGraph, gold: Gold) -> None:
    scores = {mode: gold.score(graph, choose(graph, mode)) for mode in MODES}
    assert scores["mutual"].precision > scores["forward"].precision > scores["union"].precision  # type: ignore[operator]
    assert scores["union"].correct >= scores["forward"].correct >= scores["mutual"].correct
    assert scores["one-to-one"].found >= scores["mutual"].found


def test_the_optimal_choice_outweighs_the_greedy_one(graph: CandidateGraph) -> None:
    floor = float(graph.margin[-1])
    best = matching(graph)
    assert (
        graph.margin[best.chosen].sum() - best.chosen.sum() * floor
        >= (graph.margin[one_to_one(graph)] - floor).sum() - len(graph) * 2.0**-23
    )


def test_calibration_takes_a_threshold_at_which_gold_is_right(graph: CandidateGraph, gold: Gold) -> None:
    chosen = choose(graph, "mutual")
    subject = Subject("deu_Latn-arb_Arab", "mutual", "distance", 16, graph.sources, graph.targets, ENCODER)
    found = calibrated(gold_curve(graph, chosen, gold), subject, 0.85)
    assert found.threshold is not None
    kept = gold.score(graph, chosen & (graph.margin >= found.threshold))
    assert kept.precision is not None
    assert kept.precision > 0.85
    assert found.precision is not None
    assert found.precision.value == pytest.approx(kept.precision)


def test_lasers_method_is_measured_on_the_same_gold(vectors: dict[str, np.ndarray], gold: Gold) -> None:
    laser = two_fold(*laser_baseline(neighbours(*vectors.values(), k=LASER_NEIGHBOURS)), gold)
    assert laser.gold == len(gold)
    assert laser.f1 is not None
    assert laser.f1 > 0.6


def test_texts_are_gold_under_whatever_message_they_stand(gold: Gold) -> None:
    german = messages("deu_Latn", COUNT)
    assert len(gold.half) == len(pa.compute.unique(german["text"]))
