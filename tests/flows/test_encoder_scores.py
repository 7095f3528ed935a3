"""What `glotmill encoder` says of an encoder."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from flows.encoder_scores import EncoderScores, ScoresError, print_scores, score_encoder, score_sides
from pipelines.embed.alignment import AlignmentScore, Side
from pipelines.runtime.runner import Runner
from schemas.languages import known_languages
from tests.embed.models import MAX_TOKENS, onnx_folder
from tests.mine.messages import messages

RECIPE = """
name = "small"
output = "runs/small"
[acquire]
snapshot = "2026-11"
[[acquire.archives]]
paths = ["/data/small.warc.gz"]
[embed]
encoder = "{encoder}"
max_tokens = {tokens}
"""


def side(language: str, numbers: list[int]) -> Side:
    """Sentences by the numbers of their messages; each language aligns them perfectly."""
    ids, texts = [f"{number:03}" for number in numbers], [f"{language} {number}" for number in numbers]
    return Side(pa.array(ids, pa.string()), pa.array(texts, pa.string()), np.eye(60)[numbers])


SIDES = {
    "deu_Latn": side("de", list(range(50))),
    "eng_Latn": side("en", list(range(40))),
    "tha_Thai": side("th", list(range(45, 60))),
}


def test_languages_are_compared_with_english_and_those_that_share_nothing_with_it_are_named() -> None:
    scores = score_sides("e5", SIDES, [*SIDES, "khm_Khmr"])
    assert (scores.pivot, [(score.language, score.sentences) for score in scores.scores]) == (
        "eng_Latn",
        [("deu_Latn", 40)],
    )
    assert scores.unscored == ("khm_Khmr", "tha_Thai")
    assert scores.in_words() == "against eng_Latn: 1 can be mined, 2 without parallel sentences"


def test_without_english_the_language_with_most_sentences_is_the_pivot() -> None:
    others = {language: of for language, of in SIDES.items() if language != "eng_Latn"}
    scores = score_sides("e5", others, others)
    assert (scores.pivot, [score.language for score in scores.scores]) == ("deu_Latn", ["tha_Thai"])


def test_a_run_without_aligned_sentences_scores_nothing() -> None:
    scores = score_sides("e5", {}, ["tha_Thai", "deu_Latn"])
    assert (scores.pivot, scores.scores, scores.unscored) == (None, (), ("deu_Latn", "tha_Thai"))
    assert scores.in_words() == "2 without parallel sentences"


def test_a_pivot_without_aligned_sentences_is_refused_with_those_there_are() -> None:
    with pytest.raises(ScoresError, match=r"khm_Khmr: no aligned sentences of it; .* deu_Latn, eng_Latn, tha_Thai"):
        score_sides("e5", SIDES, SIDES, "khm_Khmr")


def test_a_hundred_languages_fill_one_screen_the_best_first(capsys: pytest.CaptureFixture[str]) -> None:
    languages = known_languages()[:100]
    shares = np.linspace(1, 0, 100)
    scores = [AlignmentScore(*each, 0.1, 0.2) for each in zip(languages, [300] * 100, shares.tolist(), strict=True)]
    print_scores(EncoderScores("e5-small:8da4f53134e84a9a", "eng_Latn", tuple(scores), ("tha_Thai",)))
    printed = capsys.readouterr().out
    assert len(printed.splitlines()) <= 45
    for language in languages:
        assert language in printed
    assert printed.index("can be mined") < printed.index("doubtful") < printed.index("cannot be mined")
    assert printed.index("cannot be mined") < printed.index("no parallel sentences")
    assert "300" in printed


def folder_of_lines(folder: Path, files: Mapping[str, str]) -> str:
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return str(folder)


@pytest.fixture
def lines(tmp_path: Path) -> str:
    """German, what the small encoder takes for its translation, and Thai in another order."""
    german, thai = (messages(language, 30)["text"].to_pylist() for language in ("deu_Latn", "tha_Thai"))
    nearly = [f"{line}." for line in german]
    texts = {"deu_Latn.txt": german, "eng_Latn.txt": nearly, "tha_Thai.txt": thai[::-1]}
    return folder_of_lines(tmp_path / "lines", {name: "\n".join(text) for name, text in texts.items()})


def test_lines_are_scored_with_the_recipes_encoder(tmp_path: Path, lines: str) -> None:
    recipe = tmp_path / "small.toml"
    encoder = onnx_folder(tmp_path / "model")
    recipe.write_text(RECIPE.format(encoder=encoder, tokens=MAX_TOKENS), encoding="utf-8")
    scores = score_encoder(recipe, lines, None, "de", 30, Runner(workers=1), quiet=True)
    assert (scores.pivot, {score.sentences for score in scores.scores}) == ("deu_Latn", {30})
    assert scores.encoder.startswith("model:")
    english, thai = scores.scores
    assert (english.language, thai.language) == ("eng_Latn", "tha_Thai")
    assert english.mexa > 0.5 > thai.mexa


@pytest.mark.parametrize(
    ("encoder", "with_lines", "finding"),
    [(None, False, "nothing to score"), ("e5-small", False, "give --lines"), (None, True, "nothing to score")],
)
def test_what_is_missing_is_said(encoder: str | None, with_lines: bool, finding: str, lines: str) -> None:
    with pytest.raises(ScoresError, match=finding):
        score_encoder(None, lines if with_lines else None, encoder, None, 30, Runner(workers=1), quiet=True)
