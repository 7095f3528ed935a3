"""Encoders that ONNX Runtime runs."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.embed.encoder import Encoder, EncoderError, describe_encoder, load_encoder
from pipelines.runtime.models import fetch_model, find_model
from schemas.recipe import EncoderSettings
from tests.embed.models import BATCH_DEPENDENT, DIMENSIONS, MAX_TOKENS, NOT_FINITE, embeddings, onnx_folder, tokenizer

TEXTS = ["Everyone has the right to education.", "ทุกคนมีสิทธิ", "人人都有", "لكل شخص الحق", "Mọi người"]
MULTILINGUAL = "use-multilingual"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return onnx_folder(tmp_path_factory.mktemp("models") / "small", prompt="passage: ")


@pytest.fixture(scope="module")
def encoder(folder: Path) -> Encoder:
    return load_encoder(EncoderSettings(encoder=str(folder), prefix="", max_tokens=MAX_TOKENS, batch_size=3))


@pytest.fixture(scope="module")
def multilingual() -> Encoder:
    fetch_model(MULTILINGUAL)
    return load_encoder(EncoderSettings(encoder=MULTILINGUAL))


def expected(text: str) -> np.ndarray:
    vector = embeddings()[tokenizer().encode(text).ids[:MAX_TOKENS]].mean(axis=0)
    return vector / np.linalg.norm(vector)


@settings(max_examples=40)
@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=90), max_size=7))
def test_each_text_has_the_vector_of_its_own_tokens(encoder: Encoder, texts: list[str]) -> None:
    texts = [text for text in texts if text.strip()]
    vectors = encoder.encode(texts)
    assert (vectors.shape, vectors.dtype) == ((len(texts), DIMENSIONS), np.float16)
    for text, vector in zip(texts, vectors, strict=True):
        np.testing.assert_allclose(vector, expected(text), atol=2e-3)


def test_a_folder_says_its_own_prompt_width_and_engine(folder: Path) -> None:
    facts = describe_encoder(EncoderSettings(encoder=str(folder), max_tokens=MAX_TOKENS))
    assert (facts.prefix, facts.dimensions, facts.backend) == ("passage: ", DIMENSIONS, "onnx")
    assert facts.fingerprint.startswith("small:")
    own = load_encoder(EncoderSettings(encoder=str(folder), max_tokens=MAX_TOKENS)).encode(TEXTS[:1])
    np.testing.assert_allclose(own[0], expected("passage: " + TEXTS[0]), atol=2e-3)


def test_texts_that_lost_their_end_are_marked(encoder: Encoder) -> None:
    assert encoder.encode_marking_cut(["a" * MAX_TOKENS, "a" * (MAX_TOKENS + 1)])[1].tolist() == [False, True]


def test_a_model_that_scales_by_its_batch_fails_its_self_test(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"alone and beside longer texts.*batch_size to 1"):
        load_encoder(
            EncoderSettings(encoder=str(onnx_folder(tmp_path / "scaled", *BATCH_DEPENDENT)), max_tokens=MAX_TOKENS)
        )


def test_a_model_whose_vectors_are_not_finite_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="zero or not finite"):
        load_encoder(EncoderSettings(encoder=str(onnx_folder(tmp_path / "broken", *NOT_FINITE)), max_tokens=MAX_TOKENS))


def test_a_model_of_another_width_than_its_folder_says_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="12 values, and its folder says 16"):
        load_encoder(EncoderSettings(encoder=str(onnx_folder(tmp_path / "narrow", says=16)), max_tokens=MAX_TOKENS))


def test_a_folder_that_does_not_say_how_it_pools_needs_the_recipe_to(tmp_path: Path) -> None:
    folder = str(onnx_folder(tmp_path / "bare", pooling=None))
    with pytest.raises(EncoderError, match=r"set embed\.pooling"):
        load_encoder(EncoderSettings(encoder=folder, max_tokens=MAX_TOKENS))
    first = load_encoder(EncoderSettings(encoder=folder, max_tokens=MAX_TOKENS, pooling="cls")).encode(["b", "abc"])
    alone = load_encoder(EncoderSettings(encoder=folder, max_tokens=MAX_TOKENS, pooling="mean")).encode(["b", "a"])
    np.testing.assert_allclose(first, alone, atol=2e-3)


def test_more_tokens_than_the_model_takes_are_refused(folder: Path) -> None:
    with pytest.raises(EncoderError, match="max_tokens is 65, the model takes 64"):
        load_encoder(EncoderSettings(encoder=str(folder), max_tokens=65))


def test_a_type_of_its_own_is_not_imposed_on_an_onnx_model(folder: Path) -> None:
    with pytest.raises(EncoderError, match=r"embed\.dtype is bfloat16"):
        load_encoder(EncoderSettings(encoder=str(folder), max_tokens=MAX_TOKENS, dtype="bfloat16"))


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"not a model")
    with pytest.raises(EncoderError, match=r"ONNX Runtime refuses model\.onnx"):
        load_encoder(EncoderSettings(encoder=str(tmp_path / "model.onnx")))


def test_a_bare_model_of_texts_puts_translations_nearest(multilingual: Encoder) -> None:
    english = ["The cat sleeps on the sofa.", "The train leaves at seven in the morning.", "Prices rose again in May."]
    thai = ["แมวนอนหลับบนโซฟา", "รถไฟออกเวลาเจ็ดโมงเช้า", "ราคาสินค้าสูงขึ้นอีกในเดือนพฤษภาคม"]
    cosine = multilingual.encode(english).astype(np.float64) @ multilingual.encode(thai).astype(np.float64).T
    assert cosine.argmax(axis=1).tolist() == cosine.argmax(axis=0).tolist() == [0, 1, 2]
    assert (multilingual.dimensions, multilingual.prefix, multilingual.batch_size) == (512, "", 1)


def test_a_quantised_model_is_refused_several_texts_at_a_time(multilingual: Encoder) -> None:
    with pytest.raises(EncoderError, match="batch_size to 1"):
        load_encoder(EncoderSettings(encoder=str(find_model(MULTILINGUAL)), batch_size=8))
