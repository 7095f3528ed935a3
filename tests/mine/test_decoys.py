"""Precision estimated without gold, held against gold that it did not see."""

import numpy as np
import pytest

from pipelines.mine.align import MODES, Mode, choose
from pipelines.mine.calibrate import Subject, calibrated
from pipelines.mine.curve import curve
from pipelines.mine.decoys import FEWEST_SURE, decoy_curve
from pipelines.mine.graph import CandidateGraph
from pipelines.mine.margin import distance
from tests.mine.graphs import planted


def right(graph: CandidateGraph, chosen: np.ndarray, partners: int) -> np.ndarray:
    same: np.ndarray = (graph.source == graph.target) & (graph.source < partners)
    return same[chosen]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wanted", [0.9, 0.95])
def test_a_promise_by_decoys_is_kept_on_gold(mode: Mode, wanted: float) -> None:
    graph = planted(700, 300, noise=0.6)
    estimated = decoy_curve(graph, mode, distance)
    subject = Subject("a-b", mode, "distance", graph.neighbours, graph.sources, graph.targets, "drawn:0")
    found = calibrated(estimated, subject, wanted, evidence="decoys")
    assert found.threshold is not None
    chosen = choose(graph, mode)
    true = curve(graph.margin[chosen], right(graph, chosen, 700), 700)
    at = np.flatnonzero(true.threshold >= found.threshold)[-1]
    assert true.precision[at] >= wanted
    assert true.recall[at] > 0.3
    assert "estimated by decoys" in found.told()


def test_an_estimate_is_near_the_truth_where_most_sentences_have_partners() -> None:
    graph = planted(800, 200, noise=0.6)
    estimated = decoy_curve(graph, "mutual", distance)
    chosen = choose(graph, "mutual")
    true = curve(graph.margin[chosen], right(graph, chosen, 800), 800)
    np.testing.assert_array_equal(estimated.threshold, true.threshold)
    np.testing.assert_array_equal(estimated.found, true.found)
    assert np.abs(estimated.precision - true.precision).max() < 0.12
    assert (estimated.low <= estimated.precision + 1e-12).all()
    assert (estimated.precision <= estimated.high + 1e-12).all()


def test_nothing_is_promised_where_no_sentence_has_a_partner() -> None:
    graph = planted(1, 700)
    subject = Subject("a-b", "mutual", "distance", graph.neighbours, graph.sources, graph.targets, "drawn:0")
    assert calibrated(decoy_curve(graph, "mutual", distance), subject, 0.8, evidence="decoys").threshold is None


def test_too_few_pairs_give_no_estimate() -> None:
    graph = planted(FEWEST_SURE - 1, 0)
    assert len(decoy_curve(graph, "mutual", distance)) == 0


def test_an_edge_keeps_what_its_documents_gave_it_when_sure_pairs_are_taken_away() -> None:
    graph = planted(700, 300, noise=0.6)
    everywhere = graph.ordered(graph.margin + 4.0)
    plain, raised = (decoy_curve(one, "one-to-one", distance) for one in (graph, everywhere))
    np.testing.assert_allclose(raised.threshold, plain.threshold + 4, atol=1e-6)
    np.testing.assert_allclose(raised.precision, plain.precision, atol=0.01)
