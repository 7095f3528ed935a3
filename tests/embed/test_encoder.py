import dataclasses
import hashlib
import subprocess
import sys
import threading

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.embed.encoder import (
    Encoder,
    EncoderError,
    check_batch_independence,
    describe_encoder,
    load_encoder,
)
from pipelines.embed.handle import TokenModel
from pipelines.runtime.models import fetch_model, find_model
from schemas.recipe import EncoderSettings

MODEL = "e5-small@packaged"
TEXTS = [
    "Everyone has the right to education.",
    "ทุกคนมีสิทธิในการศึกษา",
    "មនុស្សគ្រប់រូបមានសិទ្ធិទទួលការអប់រំ។",
    "人人都有受教育的权利。",
    "لكل شخص الحق في التعلم.",
    "प्रत्येक व्यक्ति को शिक्षा का अधिकार है।",
    "Mọi người đều có quyền được học hành.",
    "The train to the coast leaves at seven every morning, and the dining car is closed on Sundays.",
    "รถไฟไปชายฝั่งออกเวลาเจ็ดโมงเช้าทุกวัน และตู้เสบียงปิดวันอาทิตย์",
]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    fetch_model(MODEL)
    return load_encoder(EncoderSettings(encoder=MODEL, prefix="query: ", max_tokens=128, batch_size=4))


def test_vectors_are_unit_float16_one_a_text(encoder: Encoder) -> None:
    vectors = encoder.encode(pa.array(TEXTS))
    assert (vectors.shape, vectors.dtype) == ((len(TEXTS), 384), np.float16)
    assert encoder.dimensions == 384
    np.testing.assert_allclose(np.linalg.norm(vectors.astype(np.float64), axis=1), 1, atol=1e-3)
    assert encoder.encode([]).shape == (0, 384)


def test_a_translation_is_nearer_than_another_sentence_of_the_same_language(encoder: Encoder) -> None:
    vectors = encoder.encode(TEXTS).astype(np.float64)
    english, thai, other_english, other_thai = (vectors[row] for row in (0, 1, 7, 8))
    assert english @ thai > max(english @ other_english, thai @ other_thai)
    assert other_english @ other_thai > max(english @ other_english, thai @ other_thai)
    assert (vectors[:7] @ english).min() > english @ other_english


def test_another_process_gives_the_same_bytes(encoder: Encoder) -> None:
    script = (
        "import hashlib, json, sys\n"
        "from pipelines.embed.encoder import load_encoder\n"
        "from schemas.recipe import EncoderSettings\n"
        f"settings = EncoderSettings(encoder={MODEL!r}, prefix='query: ', batch_size=4)\n"
        f"vectors = load_encoder(settings).encode({TEXTS!r})\n"
        "print(hashlib.sha256(vectors.tobytes()).hexdigest())"
    )
    run = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert run.stdout.split()[-1] == hashlib.sha256(encoder.encode(TEXTS).tobytes()).hexdigest()


@settings(max_examples=8, deadline=None)
@given(order=st.permutations(range(len(TEXTS))))
def test_each_row_belongs_to_its_text_in_any_order(encoder: Encoder, order: list[int]) -> None:
    straight = encoder.encode(TEXTS).astype(np.float64)
    mixed = encoder.encode([TEXTS[row] for row in order]).astype(np.float64)
    np.testing.assert_allclose(np.einsum("nd,nd->n", mixed, straight[order]), 1, atol=1e-3)


def test_a_text_that_occurs_again_has_the_same_bytes(encoder: Encoder) -> None:
    vectors = encoder.encode([*TEXTS, *reversed(TEXTS)])
    assert vectors[: len(TEXTS)].tobytes() == vectors[len(TEXTS) :][::-1].tobytes()
    assert vectors[: len(TEXTS)].tobytes() == encoder.encode(TEXTS).tobytes()


def test_threads_share_an_encoder(encoder: Encoder) -> None:
    alone = encoder.encode(TEXTS).tobytes()
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(encoder.encode(TEXTS).tobytes())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [alone] * 4


def test_prefix_and_length_limit_change_the_vector(encoder: Encoder) -> None:
    bare = dataclasses.replace(encoder, prefix="")
    assert bare.encode(TEXTS[:1]).tobytes() != encoder.encode(TEXTS[:1]).tobytes()
    long = " ".join(TEXTS) * 4
    assert encoder.encode([long]).tobytes() == encoder.encode([long + " ปลาย"]).tobytes()


def test_texts_that_lost_their_end_are_marked(encoder: Encoder) -> None:
    long = " ".join(TEXTS) * 4
    vectors, cut = encoder.encode_marking_cut([TEXTS[0], long, TEXTS[1], long])
    assert cut.tolist() == [False, True, False, True]
    assert vectors.tobytes() == encoder.encode([TEXTS[0], long, TEXTS[1], long]).tobytes()


def test_a_model_has_the_prefix_that_the_catalogue_says_unless_the_recipe_names_one(encoder: Encoder) -> None:
    assert describe_encoder(EncoderSettings(encoder=MODEL)).prefix == "query: "
    assert describe_encoder(EncoderSettings(encoder=str(find_model(MODEL)))).prefix == "query: "
    assert describe_encoder(EncoderSettings(encoder=MODEL, prefix="")).prefix == ""


def test_bfloat16_gives_the_vectors_of_float32_up_to_its_rounding(encoder: Encoder) -> None:
    fast = load_encoder(
        EncoderSettings(encoder=MODEL, prefix="query: ", max_tokens=128, batch_size=4, dtype="bfloat16")
    )
    vectors = [some.encode(TEXTS).astype(np.float64) for some in (encoder, fast)]
    unit = [some / np.linalg.norm(some, axis=1, keepdims=True) for some in vectors]
    assert np.einsum("nd,nd->n", *unit).min() > 0.9995
    assert vectors[0].tobytes() != vectors[1].tobytes()


@pytest.mark.parametrize("empty", ["", " \t\n", "\u3000\u2003"])
def test_an_empty_text_is_refused_by_its_place(encoder: Encoder, empty: str) -> None:
    with pytest.raises(ValueError, match="text 1 is empty"):
        encoder.encode([TEXTS[0], empty])


def test_a_null_is_refused_by_its_place(encoder: Encoder) -> None:
    with pytest.raises(ValueError, match="text 2 is null"):
        encoder.encode(pa.array([*TEXTS[:2], None]))


def test_an_encoder_whose_padding_leaks_fails_its_self_test(encoder: Encoder) -> None:
    model = encoder.model
    assert isinstance(model, TokenModel)
    blind = dataclasses.replace(model, forward=lambda ids, attended: model.forward(ids, attended | True))
    check_batch_independence(encoder)
    with pytest.raises(EncoderError, match="alone and beside longer texts"):
        check_batch_independence(dataclasses.replace(encoder, model=blind))


def test_more_tokens_than_the_model_takes_are_refused() -> None:
    with pytest.raises(EncoderError, match="max_tokens is 513, the model takes 512"):
        load_encoder(EncoderSettings(encoder=MODEL, max_tokens=513))


def test_a_model_that_is_no_sentence_encoder_is_refused() -> None:
    fetch_model("lid.176", source="packaged")
    with pytest.raises(EncoderError, match="no sentence-transformers folder"):
        load_encoder(EncoderSettings(encoder="lid.176@packaged"))


def test_an_encoder_is_described_without_loading_as_it_is_when_loaded(encoder: Encoder) -> None:
    described = describe_encoder(EncoderSettings(encoder=MODEL, prefix="query: "))
    assert (described.fingerprint, described.dimensions) == (encoder.fingerprint, encoder.dimensions)
