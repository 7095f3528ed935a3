import numpy as np
import pyarrow as pa
import pytest

from benchmarks import mine_pages
from benchmarks.mine_context import KNOWN, Searched, arms, pages_known, promises, reached
from benchmarks.mine_pages import page_task
from pipelines.mine.centring import centre
from pipelines.mine.context.occurrences import numbered
from pipelines.mine.gold import gold_of
from pipelines.mine.language import Choice
from pipelines.mine.neighbours.exact import neighbours
from pipelines.mine.sentences import Side

PAGES, BLOCKS = 60, 8


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Searched:
    """Made pages, each about things of its own: in two languages, or in one alone."""
    names = [f"{chr(97 + page // 26)}{chr(97 + page % 26)}" for page in range(PAGES)]
    shares = [(f"{name}.html", ("both", "left", "right")[place % 3]) for place, name in enumerate(names)]

    def blocks(tag: str, _part: str) -> dict[str, dict[str, str]]:
        said = "What the block {} of page {} says" if tag == "en-us" else "Was der Block {} der Seite {} besagt"
        return {
            f"{name}.html": {f"par_id{block}": said.format(chr(97 + block) * 9, name) for block in range(BLOCKS)}
            for name in names
        }

    monkeypatch.setattr(mine_pages, "_blocks", blocks)
    monkeypatch.setattr(mine_pages, "_pages", lambda _: shares)
    task = page_task("en-us", "de", "held-out")
    choice, generator = Choice(0, 1, centre=True), np.random.default_rng(1)
    one, other = (
        Side.of(key, side, choice) for key, side in zip(task.languages, (task.source, task.target), strict=True)
    )
    meanings: dict[tuple[str, str], np.ndarray] = {}

    def vectors_of(side: Side) -> np.ndarray:
        spoken = [text.split() for text in side.texts().to_pylist()]
        near = [meanings.setdefault((words[3], words[-2]), generator.normal(size=8)) for words in spoken]
        return centre(np.array([meaning + 0.4 * generator.normal(size=8) for meaning in near]))

    vectors = vectors_of(one), vectors_of(other)
    occurrences = one.occurrences(), other.occurrences()
    pages = numbered(task.pages, *occurrences)
    gold = gold_of(one.texts(), other.texts(), task.aligned)
    return Searched(task, (one, other), vectors, occurrences, pages, neighbours(*vectors, 4), gold)


def test_nothing_in_a_sentence_says_what_is_aligned(given: Searched) -> None:
    for side in (given.task.source, given.task.target):
        assert side.column("alignment_id").null_count == side.num_rows
    assert isinstance(given.task.aligned, pa.Table)
    assert len(given.gold) > 60


def test_pages_of_one_side_alone_are_no_page_pairs(given: Searched) -> None:
    assert len(given.pages) == PAGES // 3
    sides = [set(side.column("document_id").to_pylist()) for side in (given.task.source, given.task.target)]
    assert [len(side) for side in sides] == [2 * PAGES // 3] * 2


@pytest.mark.parametrize("known", KNOWN)
def test_as_many_page_pairs_are_known_and_wrong_as_the_arm_says(known: str, given: Searched) -> None:
    some = pages_known(given.pages, known)
    right = {tuple(pair) for pair in given.pages.tolist()}
    wrong = sum(tuple(pair) not in right for pair in some.tolist())
    share, of_these = KNOWN[known]
    assert len(some) / len(given.pages) == pytest.approx(share, abs=0.03)
    assert wrong / max(len(some), 1) == pytest.approx(of_these, abs=0.03)


def test_context_finds_more_than_sentences_alone(given: Searched) -> None:
    found = dict(arms(given))
    assert found["all/context"] > found["all/alone"]
    assert found["none/page"] == found["none/alone"]
    assert reached(given, None) <= len(given.gold)
    assert set(promises(given, "made here")) == {"gold", "gold_kept", "decoys", "decoys_kept"}
