from string import ascii_lowercase

import numpy as np
import pytest

from benchmarks import mine_material
from benchmarks.mine_material import OTHERS_A_GOLD, Kind, Sentence, Task
from benchmarks.mine_promises import Promise, promise, summed, told
from benchmarks.mine_quality import gold_of_task, judged
from pipelines.mine.graph import CandidateGraph, candidate_graph
from pipelines.mine.neighbours.exact import neighbours


def _word(number: int) -> str:
    """A word of five letters, another for each number."""
    return "".join(ascii_lowercase[number // 26**place % 26] for place in range(5))


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> Task:
    def sentences(_kind: Kind, tag: str) -> tuple[Sentence, ...]:
        parts = ("gold", 40), ("left", 400), ("right", 400)
        own = [
            Sentence(f"{tag} {part} {number}", _word(1000 * place + number), part)
            for place, (part, most) in enumerate(parts)
            for number in range(most)
        ]
        return (
            *own,
            # What English says on either side's pages is nobody's translation.
            *(Sentence(f"{tag} {part} again", "said twice", part) for part in ("left", "right")),
            # One translation of two messages, one of which is on the other side.
            Sentence(f"{tag} shared", "a first wording", "left"),
            Sentence(f"{tag} shared", "told otherwise", "right"),
            # Almost the same.
            Sentence(f"{tag} running", "a program is still running", "left"),
            Sentence(f"{tag} programs", "some programs are still running", "right"),
        )

    monkeypatch.setattr(mine_material, "aligned_sentences", sentences)
    return mine_material.task("help", "de", "tr", "full")


def test_gold_hides_among_twenty_times_as_many(hidden: Task) -> None:
    assert len(hidden.gold) == 20
    assert len(hidden.source) == len(hidden.target) == 20 * (OTHERS_A_GOLD + 1)


def test_gold_joins_translations(hidden: Task) -> None:
    for source, target in hidden.gold:
        assert hidden.source[source].removeprefix("de ") == hidden.target[target].removeprefix("tr ")


@pytest.mark.parametrize(
    ("source", "target"),
    [("de left again", "tr right again"), ("de shared", "tr shared"), ("de running", "tr programs")],
)
def test_no_other_sentence_has_a_translation(hidden: Task, source: str, target: str) -> None:
    assert not (source in hidden.source and target in hidden.target)
    both = {text.removeprefix("de ") for text in hidden.source} & {text.removeprefix("tr ") for text in hidden.target}
    assert len(both) == len(hidden.gold)


def test_every_pair_that_is_not_gold_is_wrong(hidden: Task) -> None:
    graph = searched(hidden)
    right = gold_of_task(hidden).right(graph)
    only_gold = judged(hidden, (graph, right), 0.5, "made here")
    only_others = judged(hidden, (graph, ~right), 0.5, "made here")
    assert only_gold["precision"] == only_gold["best_f1"] == 1
    assert only_others["precision"] == only_others["best_f1"] == 0


def searched(task: Task) -> CandidateGraph:
    """Candidates of vectors that are equal for translations, and else random."""
    rng = np.random.default_rng(1)
    vectors = [rng.normal(size=(len(side), 16)) for side in (task.source, task.target)]
    vectors[1][task.gold[:, 1]] = vectors[0][task.gold[:, 0]]
    unit = [(side / np.linalg.norm(side, axis=1, keepdims=True)).astype(np.float16) for side in vectors]
    return candidate_graph(neighbours(unit[0], unit[1], 4))


def test_a_promise_is_tried_on_the_half_that_it_was_not_measured_on(hidden: Task) -> None:
    graph, gold = searched(hidden), gold_of_task(hidden)
    wrong_in_one_half = ~gold.right(graph) & (gold.half_of(graph) == 1)
    spoilt = graph.ordered(graph.margin + 5 * wrong_in_one_half)
    every = np.ones(len(graph), np.bool_)
    good, broken = (promise(hidden, (of, every), gold, 0.5, "made here") for of in (graph, spoilt))
    assert (good.halves, good.kept) == (2, True)
    assert (broken.halves, broken.kept, broken.refuted) == (1, False, True)


@pytest.mark.parametrize(("correct", "kept", "refuted"), [(90, 1, 0), (88, 0, 0), (80, 0, 1)])
def test_a_promise_is_refuted_by_more_than_chance(correct: int, kept: int, refuted: int) -> None:
    shown = told(Promise(0.9, 2, 100, correct, 120, on_all=True))
    assert (shown["promise_kept"], shown["promise_refuted"]) == (kept, refuted)


def test_pairs_without_a_promise_neither_keep_nor_break_one() -> None:
    shown = summed([Promise(0.9, 0, 0, 0, 0, on_all=True), Promise(0.9, 1, 10, 10, 20, on_all=True)])
    assert (shown["pairs"], shown["made"], shown["made_on_all_gold"]) == (2, 1, 2)
    assert (shown["kept"], shown["not_refuted"], shown["recall"]) == (1, 1, 0.5)
