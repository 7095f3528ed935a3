"""One language pair from sentences and vectors: what goes in comes out once, and nothing looks at gold."""

from dataclasses import dataclass
from typing import get_args

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.mine.align import forward
from pipelines.mine.centring import centred, mean_of
from pipelines.mine.evaluate import LASER_NEIGHBOURS
from pipelines.mine.gold import Gold, aligned_texts, gold_of
from pipelines.mine.graph import candidate_graph
from pipelines.mine.language import Choice, held_out
from pipelines.mine.margin import absolute
from pipelines.mine.neighbours.exact import neighbours
from pipelines.mine.pairs import Mined, mine_pair, weighed
from pipelines.mine.scoring import spread
from pipelines.mine.sentences import Side
from schemas.identifiers import content_id
from schemas.recipe import AlignmentMode, MineSettings, PairFilterSettings
from schemas.records import SENTENCE

PAIR = ("eng_Latn", "tha_Thai")
SEED = 17
UNFILTERED = PairFilterSettings(
    copied=False,
    max_copy_similarity=None,
    max_length_ratio=None,
    max_length_z=None,
    min_number_agreement=None,
    min_url_agreement=None,
    max_partners=None,
    max_template=None,
    max_pair_similarity=None,
)


@dataclass(frozen=True)
class Given:
    """Sentences of a language, sorted by id, with a vector each."""

    language: str
    sentences: pa.Table
    vectors: npt.NDArray[np.float16]

    def take(self, rows: npt.NDArray[np.bool_]) -> "Given":
        return Given(self.language, self.sentences.filter(pa.array(rows)), self.vectors[rows])

    def unaligned(self) -> "Given":
        nothing = pa.nulls(self.sentences.num_rows, pa.string())
        table = self.sentences.set_column(6, SENTENCE.field("alignment_id"), nothing)
        return Given(self.language, table, self.vectors)


def side(
    language: str, messages: list[str | None], vectors: npt.NDArray[np.floating], *, source: str = "catalogue",
    licence: str | None = "CC0-1.0", texts: list[str] | None = None,
) -> Given:  # fmt: skip
    rows = [
        {
            "id": content_id(language, str(position)),
            "document_id": content_id(language),
            "position": position,
            "text": texts[position] if texts else f"{language} {message} {position}",
            "language": language,
            "source": source,
            "alignment_id": message,
            "licence": licence,
        }
        for position, message in enumerate(messages)
    ]
    table = pa.Table.from_pylist(rows, schema=SENTENCE)
    order = np.argsort(table.column("id").to_pylist())
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return Given(language, table.take(pa.array(order)), unit.astype(np.float16)[order])


def parallel(rows: int, seed: int = 1, noise: float = 0.3) -> tuple[Given, Given]:
    """Two sides whose partners are near each other."""
    generator = np.random.default_rng(seed)
    meaning = generator.normal(size=(rows, 24))
    names: list[str | None] = [f"message {number}" for number in range(rows)]
    source, target = (
        side(language, names, meaning + noise * generator.normal(size=meaning.shape)) for language in PAIR
    )
    return source, target


def mine(source: Given, target: Given, **changes: object) -> Mined:
    values = {"pairs": (PAIR,), "neighbours": 4, "threshold": 1.06, "filters": UNFILTERED, **changes}
    settings = MineSettings.model_validate(values)
    choice = Choice(settings.holdout_percent, SEED, settings.centre)
    sides = [Side.of(one.language, one.sentences, choice) for one in (source, target)]
    plain = [one.vectors[part.searched].astype(np.float32) for one, part in zip((source, target), sides, strict=True)]
    ready = [centred(one, mean_of([one], one.shape[1])) if settings.centre else one for one in plain]
    return mine_pair(
        *sides,
        neighbours(*ready, settings.neighbours),
        settings,
        encoder="e5-small:0",
        plain=neighbours(*plain, LASER_NEIGHBOURS),
    )


def hidden_of(given: Given, percent: float) -> npt.NDArray[np.bool_]:
    return held_out(given.sentences.column("alignment_id"), given.language, Choice(percent, SEED, centre=True))


def evaluation(mined: Mined, mode: str = "mutual") -> dict[str, object]:
    (row,) = [row for row in mined.evaluation.to_pylist() if row["mode"] == mode]
    return row


@given(st.integers(0, 12), st.integers(0, 12), st.sampled_from(get_args(AlignmentMode)), st.sampled_from((0, 40)))
def test_every_source_sentence_is_in_a_pair_or_dropped(sources: int, targets: int, mode: str, percent: int) -> None:
    source, target = parallel(12)
    source, target = source.take(np.arange(12) < sources), target.take(np.arange(12) < targets)
    mined = mine(source, target, mode=mode, holdout_percent=percent)
    out = sorted(set(mined.pairs.column("source_id").to_pylist())) + mined.dropped.column("id").to_pylist()
    assert sorted(out) == source.sentences.column("id").to_pylist()


def test_partners_are_found_and_measured() -> None:
    mined = mine(*parallel(80))
    row = evaluation(mined)
    assert (row["gold"], row["pairs"], row["used"]) == (80, mined.pairs.num_rows, True)
    assert row["f1"] is not None
    assert float(str(row["f1"])) > 0.95
    texts = zip(mined.pairs["source_text"].to_pylist(), mined.pairs["target_text"].to_pylist(), strict=True)
    right = sum(source.split()[2] == target.split()[2] for source, target in texts)
    assert right == row["correct"]


def test_gold_does_not_decide_what_is_mined() -> None:
    source, target = parallel(40)
    assert mine(source.unaligned(), target.unaligned()).pairs.equals(mine(source, target).pairs)


def test_without_gold_nothing_is_claimed() -> None:
    source, target = parallel(10)
    row = evaluation(mine(source.unaligned(), target))
    assert row["gold"] == 0
    assert [row[name] for name in ("precision", "recall", "f1", "fitted_f1", "baseline_f1")] == [None] * 5


def test_a_side_without_sentences_is_measured_as_nothing_found() -> None:
    source, target = parallel(6)
    mined = mine(source, target.take(np.zeros(6, bool)))
    assert mined.pairs.num_rows == mined.rejected.num_rows == 0
    assert set(mined.dropped.column("reason").to_pylist()) == {"no-candidate"}
    assert (evaluation(mined)["target_sentences"], evaluation(mined)["pairs"]) == (0, 0)


def test_each_side_hides_its_share_and_not_the_other_sides() -> None:
    source, target = parallel(2_000)
    hidden = hidden_of(source, 15), hidden_of(target, 15)
    messages = [
        set(s.sentences.filter(pa.array(h)).column("alignment_id").to_pylist())
        for s, h in zip((source, target), hidden, strict=True)
    ]
    assert [len(names) / 2_000 for names in messages] == pytest.approx([0.15, 0.15], abs=0.03)
    assert len(messages[0] & messages[1]) / 2_000 == pytest.approx(0.15**2, abs=0.01)


def test_what_is_hidden_is_dropped_with_its_reason_and_is_no_gold() -> None:
    source, target = parallel(200)
    mined = mine(source, target, holdout_percent=20)
    reasons = mined.dropped.column("reason").to_pylist()
    assert reasons.count("held-out") == hidden_of(source, 20).sum() > 20
    assert evaluation(mined)["gold"] == int((~hidden_of(source, 20) & ~_by_message(source, target, 20)).sum())
    assert evaluation(mined)["source_sentences"] == 200 - reasons.count("held-out")


def _by_message(source: Given, target: Given, percent: float) -> npt.NDArray[np.bool_]:
    """Whether the target side hides the partner of each source sentence."""
    names = target.sentences.column("alignment_id").filter(pa.array(hidden_of(target, percent))).to_pylist()
    return np.array([name in names for name in source.sentences.column("alignment_id").to_pylist()])


def test_a_sentence_that_its_source_does_not_align_is_never_hidden() -> None:
    one = side("eng_Latn", [None] * 50, np.random.default_rng(1).normal(size=(50, 8)))
    assert not hidden_of(one, 49).any()


def test_a_loser_names_the_pair_that_has_its_target() -> None:
    axes = np.eye(4)
    source = side("eng_Latn", ["a", "b"], np.stack([axes[0], axes[0] + 0.3 * axes[1]]))
    target = side("tha_Thai", ["a", "c"], np.stack([axes[0], axes[3]]))
    mined = mine(source, target, centre=False, neighbours=1, threshold=0.5)
    (pair,) = mined.pairs.to_pylist()
    (lost,) = mined.dropped.to_pylist()
    assert (pair["source_text"], pair["target_text"]) == ("eng_Latn a 0", "tha_Thai a 0")
    assert (lost["reason"], lost["matched_id"], lost["language"]) == ("not-mutual", pair["id"], "eng_Latn-tha_Thai")
    assert pair["target_id"] in lost["detail"]


def test_rejected_candidates_are_below_the_threshold_and_in_no_pair() -> None:
    mined = mine(*parallel(60, noise=0.8))
    assert mined.rejected.num_rows > 0
    assert max(mined.rejected.column("margin").to_pylist()) < 1.06 <= min(mined.pairs.column("margin").to_pylist())
    assert not set(mined.rejected.column("id").to_pylist()) & set(mined.pairs.column("id").to_pylist())


def test_licences_and_sources_of_both_sides_are_kept() -> None:
    axes = np.eye(3)
    source = side("eng_Latn", ["a"], axes[:1], source="kde", licence="LGPL-2.1")
    target = side("tha_Thai", ["a"], axes[:1], source="crawl", licence="CC-BY-4.0")
    pairs = mine(source, target, centre=False, threshold=1).pairs
    assert (pairs["licence"][0].as_py(), pairs["source"][0].as_py()) == ("LGPL-2.1 AND CC-BY-4.0", "crawl+kde")
    unknown = side("tha_Thai", ["a"], axes[:1], source="crawl", licence=None)
    assert mine(source, unknown, centre=False, threshold=1).pairs["licence"][0].as_py() is None


def gold_between(source: Given, target: Given) -> Gold:
    texts = [one.sentences.column("text").combine_chunks() for one in (source, target)]
    return gold_of(*texts, aligned_texts(source.sentences, target.sentences))


def test_gold_halves_are_the_same_in_every_language_pair() -> None:
    source, target = parallel(30)
    other = target.take(np.arange(30) % 2 == 0)
    halves = []
    for partner in (target, other):
        gold = gold_between(source, partner)
        names = source.sentences.column("alignment_id").to_pylist()
        halves.append(dict(zip(names, gold.half[gold.source_text].tolist(), strict=True)))
    assert halves[0] == halves[1]
    assert set(halves[0].values()) == {0, 1}


def test_a_text_that_stands_again_is_searched_once_and_names_the_sentence_searched() -> None:
    axes = np.eye(4)
    source = side("eng_Latn", ["a", "b", "c"], axes[[0, 0, 1]], texts=["Open", "Open", "Close"])
    target = side("tha_Thai", ["a", "b", "c"], axes[[0, 0, 1]], texts=["เปิด", "เปิดออก", "ปิด"])
    mined = mine(source, target, centre=False, neighbours=1, threshold=0.5, mode="one-to-one")
    (repeated,) = [row for row in mined.dropped.to_pylist() if row["reason"] == "repeated-sentence"]
    opens = [row["source_id"] for row in mined.pairs.to_pylist() if row["source_text"] == "Open"]
    assert opens == [repeated["matched_id"]]
    assert opens[0] < repeated["id"]
    assert evaluation(mined, "one-to-one")["precision"] == 1


def test_a_pair_that_a_filter_refuses_is_dropped_with_its_reason() -> None:
    axes = np.eye(3)
    texts = ["Version 3 was saved", "The folder is empty", "Printing has begun"]
    source = side("eng_Latn", ["a", "b", "c"], axes, texts=texts)
    target = side("tha_Thai", ["a", "b", "c"], axes, texts=["บันทึกรุ่น 4 แล้ว", "The folder is empty", "เริ่มพิมพ์แล้ว"])
    mined = mine(source, target, centre=False, neighbours=1, threshold=0.5, filters=PairFilterSettings())
    names = dict(zip(source.sentences["id"].to_pylist(), source.sentences["text"].to_pylist(), strict=True))
    reasons = {names[row["id"]]: row["reason"] for row in mined.dropped.to_pylist()}
    assert reasons == {texts[0]: "number-mismatch", texts[1]: "copied"}
    assert mined.pairs["source_text"].to_pylist() == [texts[2]]


def test_a_precision_that_can_be_promised_sets_the_threshold() -> None:
    mined = mine(*parallel(400, noise=0.6), precision=0.9, threshold=5)
    row = evaluation(mined)
    assert row["threshold"] is not None
    assert 0 < float(str(row["threshold"])) < 5
    assert mined.pairs.num_rows > 100
    assert float(str(row["precision"])) >= 0.9
    (used,) = [row for row in mined.calibration.to_pylist() if row["used"]]
    assert used["precision_low"] >= 0.9
    assert used["threshold"] == row["threshold"]


def test_a_precision_that_cannot_be_promised_keeps_no_pair_and_says_why() -> None:
    mined = mine(*parallel(12), precision=0.99)
    assert mined.pairs.num_rows == 0
    assert set(mined.dropped.column("reason").to_pylist()) == {"precision-not-reached"}
    assert not any(row["used"] for row in mined.calibration.to_pylist())


@pytest.mark.parametrize(("noise", "precision"), [(1.0, 0.7), (1.0, 0.9), (1.2, 0.5)])
def test_the_optimal_choice_is_the_same_before_and_after_its_threshold_is_found(noise: float, precision: float) -> None:
    source, target = parallel(400, noise=noise)
    mined = mine(source, target, precision=precision, mode="one-to-one-optimal")
    assert mined.pairs.num_rows > 100
    assert evaluation(mined, "one-to-one-optimal")["pairs"] == mined.pairs.num_rows
    out = mined.pairs.column("source_id").to_pylist() + mined.dropped.column("id").to_pylist()
    assert sorted(out) == source.sentences.column("id").to_pylist()


@pytest.mark.parametrize("right", [0, 1])
def test_what_the_texts_say_decides_between_neighbours_alike(right: int) -> None:
    axes = np.eye(4)
    texts = ["พิมพ์หน้า 5 จาก 12 แล้ว", "พิมพ์หน้า 5 จาก 12 แล้ว!", "ปิด"]
    texts[right] = "พิมพ์หน้า 3 จาก 12 แล้ว"
    given = (
        side("eng_Latn", ["a"], axes[:1], texts=["Page 3 of 12 was printed"]),
        side("tha_Thai", ["a", "b", "c"], axes[[0, 0, 2]], texts=texts),
    )
    source, target = (Side.of(one.language, one.sentences, Choice(0, SEED, centre=False)) for one in given)
    every = candidate_graph(neighbours(given[0].vectors, given[1].vectors, 2), absolute)
    graph = weighed(source, target, every, spread(every))
    (best,) = graph.target[forward(graph)].tolist()
    assert target.texts()[best].as_py() == texts[right]
    assert (graph.margin <= graph.margins(absolute)).all()
