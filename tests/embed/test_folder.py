"""What a model's folder says of itself, and the engine that is chosen by it."""

from pathlib import Path

import numpy as np
import pytest

from pipelines.embed.encoder import EncoderError, describe_encoder, load_encoder
from pipelines.embed.folder import PoolingFacts, choose_backend, default_prompt, pooling_of
from pipelines.embed.pooling import pooled
from schemas.recipe import EncoderSettings, Pooling
from tests.embed.models import DIMENSIONS, MAX_TOKENS, onnx_folder, tokenizer, transformers_folder, write

TEXTS = ["ทุกคนมีสิทธิ", "Mọi người", "All human beings"]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return transformers_folder(tmp_path_factory.mktemp("models") / "plain")


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"embedding_dimension": 8, "pooling_mode": "lasttoken"}, PoolingFacts("last", 8)),
        ({"word_embedding_dimension": 8, "pooling_mode_cls_token": True}, PoolingFacts("cls", 8)),
        (
            {"word_embedding_dimension": 8, "pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True},
            PoolingFacts(None, 8),
        ),
        ({"word_embedding_dimension": 8, "pooling_mode_weightedmean_tokens": True}, PoolingFacts(None, 8)),
        ({"embedding_dimension": 8, "pooling_mode": ["mean", "max"]}, PoolingFacts(None, 8)),
    ],
)
def test_old_and_new_words_for_pooling_are_read(
    tmp_path: Path, config: dict[str, object], expected: PoolingFacts
) -> None:
    write(tmp_path / "modules.json", [{"path": "", "type": "x.Transformer"}, {"path": "1", "type": "x.Pooling"}])
    write(tmp_path / "1" / "config.json", config)
    assert pooling_of(tmp_path) == expected


def test_the_engine_is_chosen_by_the_files_alone(tmp_path: Path) -> None:
    folder = onnx_folder(tmp_path / "both")
    assert choose_backend("m", folder, "auto") == "onnx"
    (folder / "model.safetensors").touch()
    assert [choose_backend("m", folder, wanted) for wanted in ("auto", "torch", "onnx")] == ["torch", "torch", "onnx"]
    (tmp_path / "bare").mkdir()
    with pytest.raises(EncoderError, match=r"ships no onnx/model\.onnx"):
        choose_backend("m", tmp_path / "bare", "onnx")


def test_a_prompt_counts_only_where_the_folder_makes_it_the_default(tmp_path: Path) -> None:
    prompts = {"prompts": {"query": "query: "}, "default_prompt_name": None}
    write(tmp_path / "config_sentence_transformers.json", prompts)
    assert default_prompt(tmp_path) is None
    write(tmp_path / "config_sentence_transformers.json", prompts | {"default_prompt_name": "query"})
    assert default_prompt(tmp_path) == "query: "


@pytest.mark.parametrize("mode", ["mean", "cls", "max", "last"])
def test_a_transformers_folder_is_pooled_as_the_recipe_says(plain: Path, mode: Pooling) -> None:
    import torch
    from transformers import BertModel

    vectors = load_encoder(EncoderSettings(encoder=str(plain), max_tokens=MAX_TOKENS, pooling=mode)).encode(TEXTS)
    model = BertModel.from_pretrained(plain, add_pooling_layer=False).eval()
    for text, vector in zip(TEXTS, vectors, strict=True):
        with torch.inference_mode():
            tokens = model(torch.tensor([tokenizer().encode(text).ids])).last_hidden_state.numpy()
        expected = pooled(tokens, np.ones(tokens.shape[:2], np.bool_), mode)[0]
        np.testing.assert_allclose(vector, expected / np.linalg.norm(expected), atol=2e-3)


def test_a_transformers_folder_needs_the_recipe_to_say_how_it_pools(plain: Path) -> None:
    with pytest.raises(EncoderError, match=r"set embed\.pooling if it is a transformers model"):
        load_encoder(EncoderSettings(encoder=str(plain), max_tokens=MAX_TOKENS))


def test_a_model_of_one_vector_a_token_is_an_encoder_too(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    model = SentenceTransformer(modules=[StaticEmbedding(tokenizer(), embedding_dim=DIMENSIONS)], device="cpu")
    model.save(str(tmp_path / "static"))
    settings = EncoderSettings(encoder=str(tmp_path / "static"), max_tokens=20)
    encoder = load_encoder(settings)
    assert encoder.dimensions == describe_encoder(settings).dimensions == DIMENSIONS
    vectors, cut = encoder.encode_marking_cut(TEXTS)
    assert cut.tolist() == [True, False, False]
    whole = model.encode(TEXTS[1:], normalize_embeddings=True, show_progress_bar=False)
    np.testing.assert_allclose(vectors[1:], whole, atol=1e-3)
