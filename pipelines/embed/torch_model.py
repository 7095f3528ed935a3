"""Encoders that PyTorch runs, loaded by sentence-transformers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pipelines.embed.folder import modules_of
from pipelines.embed.handle import EncoderError, Model, Prepared, TokenModel
from pipelines.embed.selftest import PROBES
from schemas.recipe import Dtype, Pooling

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

_MODES = {"mean": "mean", "cls": "cls", "max": "max", "last": "lasttoken"}


@dataclass(frozen=True)
class StaticModel:
    """A model that gives each token one vector whatever stands beside it, and their mean to a text."""

    model: SentenceTransformer
    tokenizer: Tokenizer

    def prepare(self, texts: list[str]) -> Prepared:
        encodings = self.tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        ids = [np.asarray(encoding.ids, np.int64) for encoding in encodings]
        cut = np.fromiter((bool(encoding.overflowing) for encoding in encodings), np.bool_, len(ids))
        return Prepared(ids, np.fromiter(map(len, ids), np.int64, len(ids)), cut)

    def vectors(self, inputs: Sequence[npt.NDArray[np.int64]]) -> npt.NDArray[np.float32]:
        import torch

        starts = np.cumsum([0, *map(len, inputs[:-1])])
        features = {"input_ids": torch.from_numpy(np.concatenate(inputs)), "offsets": torch.from_numpy(starts)}
        with torch.inference_mode():
            vectors: npt.NDArray[np.float32] = self.model(features)["sentence_embedding"].float().numpy()
        return vectors


def load_torch(
    name: str, path: Path, prefix: str, max_tokens: int, pooling: Pooling | None, dtype: Dtype
) -> tuple[Model, npt.NDArray[np.float32]]:
    """Load a sentence-transformers folder or, where `pooling` is named, one of transformers.

    Sets PyTorch to one thread for the whole process: Beam's workers are the parallelism.

    Returns:
        The model, and the vectors (len(PROBES), d) that sentence-transformers computes of the probes in float32.
    Raises:
        EncoderError: it is no such folder, has no tokenizer of its own, or cannot take `max_tokens`.
    """
    if modules_of(path) is None and (pooling is None or not (path / "config.json").is_file()):
        raise EncoderError(
            f"{name}: {path} is no sentence-transformers folder: modules.json is missing; name another, "
            "or set embed.pooling if it is a transformers model"
        )
    import torch
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer
    from transformers.utils.logging import disable_progress_bar

    from pipelines.embed.matmul import use_bfloat16, use_onednn

    torch.set_num_threads(1)
    disable_progress_bar()
    model = SentenceTransformer(str(path), device="cpu", local_files_only=True)
    if pooling is not None:
        model = _pooled_by(name, model, pooling)
    model.eval()
    if type(model[0]).__name__ == "StaticEmbedding":
        static: Any = model[0]
        static.tokenizer.enable_truncation(max_tokens)
        return StaticModel(model, static.tokenizer), _library_vectors(model, prefix)
    limit = model.max_seq_length
    if limit is not None and max_tokens > limit:
        raise EncoderError(f"{name}: max_tokens is {max_tokens}, the model takes {limit}; lower it")
    model.max_seq_length = max_tokens
    tokenizer = getattr(model.tokenizer, "backend_tokenizer", None)
    if not isinstance(tokenizer, Tokenizer) or model.tokenizer.pad_token_id is None:
        raise EncoderError(f"{name}: its tokenizer has no tokenizer.json with a padding token; name another encoder")
    reference = _library_vectors(model, prefix)
    (use_bfloat16 if dtype == "bfloat16" else use_onednn)(model)
    # Set once and never through the wrapper, which changes both with every call: threads share the tokenizer.
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)

    def forward(padded: npt.NDArray[np.int64], attended: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
        features = {
            "input_ids": torch.from_numpy(padded),
            "attention_mask": torch.from_numpy(attended.astype(np.int64)),
        }
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=dtype == "bfloat16"):
            vectors: npt.NDArray[np.float32] = model(features)["sentence_embedding"].float().numpy()
        return vectors

    return TokenModel(tokenizer, model.tokenizer.pad_token_id, forward), reference


def _pooled_by(name: str, model: SentenceTransformer, pooling: Pooling) -> SentenceTransformer:
    """The same transformer, pooled otherwise than its folder says."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling as PoolingModule

    modules = list(model)
    kinds = [type(module).__name__ for module in modules]
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        raise EncoderError(f"{name}: embed.pooling cannot replace a part of {' + '.join(kinds)}; leave it out")
    modules[1] = PoolingModule(modules[1].embedding_dimension, pooling_mode=_MODES[pooling])
    return SentenceTransformer(modules=modules, device="cpu")


def _library_vectors(model: SentenceTransformer, prefix: str) -> npt.NDArray[np.float32]:
    """Unit vectors of the probes as sentence-transformers computes them."""
    texts = [prefix + text for text in PROBES]
    vectors: npt.NDArray[np.float32] = model.encode(
        texts, prompt="", batch_size=len(texts), normalize_embeddings=True, show_progress_bar=False
    )
    return vectors
