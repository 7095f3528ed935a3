"""Aligned sentences of a finished embed stage, with the vectors they were given."""

from pathlib import Path

import numpy as np
import pytest

from pipelines.embed.alignment import alignment_scores
from pipelines.embed.encoder import load_encoder
from pipelines.embed.job import embed
from pipelines.embed.parallel import parallel_sides
from pipelines.runtime.manifest import Manifest
from pipelines.runtime.runner import Runner
from schemas.recipe import EmbedSettings, EncoderSettings
from tests.embed.models import MAX_TOKENS, onnx_folder
from tests.mine.messages import given, messages
from tests.mine.stored import embedded as stored
from tests.mine.stored import sentences

LANGUAGES = ("tha_Thai", "deu_Latn", "arb_Arab")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return onnx_folder(tmp_path_factory.mktemp("models") / "small")


@pytest.fixture(scope="module")
def embedded(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    folder = tmp_path_factory.mktemp("embedded")
    acquired = given(folder, "acquire", *(messages(language, 40) for language in LANGUAGES[:2]))
    settings = EmbedSettings(encoder=str(model), max_tokens=MAX_TOKENS)
    return embed(given(folder, "dedupe"), acquired, str(folder / "embed"), settings, LANGUAGES, Runner(workers=1))


def test_each_aligned_sentence_comes_with_its_own_vector(embedded: Manifest, model: Path) -> None:
    sides = parallel_sides(embedded)
    assert set(sides) == {"tha_Thai", "deu_Latn"}
    for language, side in sides.items():
        assert len(side.ids) == embedded.rows("sentences", language)
        direct = load_encoder(EncoderSettings(encoder=str(model), max_tokens=MAX_TOKENS)).encode(side.texts)
        np.testing.assert_allclose(side.vectors, direct.astype(np.float32), atol=2e-3)


def test_few_sentences_are_those_of_the_smallest_ids_in_every_language(embedded: Manifest) -> None:
    few, all_of_them = parallel_sides(embedded, most=10), parallel_sides(embedded)
    for language, side in few.items():
        assert side.ids.to_pylist() == sorted(all_of_them[language].ids.to_pylist())[:10]


def test_a_stage_can_be_scored_as_it_lies(embedded: Manifest) -> None:
    (score,) = alignment_scores(parallel_sides(embedded), "deu_Latn")
    shared = set.intersection(*(set(side.ids.to_pylist()) for side in parallel_sides(embedded).values()))
    assert (score.language, score.sentences) == ("tha_Thai", len(shared))


def test_sentences_of_a_crawl_are_left_out(tmp_path: Path) -> None:
    texts = [f"ประโยคที่ {number}" for number in range(6)]
    vectors = np.eye(6, dtype=np.float16)
    crawled = (sentences("tha_Thai", texts[:3]), vectors[:3])
    mixed = (sentences("tha_Thai", texts[3:], [None, "b", "a"]), vectors[3:])
    (side,) = parallel_sides(stored(tmp_path, {"tha_Thai": [crawled, mixed]}, 6)).values()
    assert side.ids.to_pylist() == ["a", "b"]
    assert side.texts.to_pylist() == [texts[5], texts[4]]
    np.testing.assert_array_equal(side.vectors, vectors[[5, 4]])
