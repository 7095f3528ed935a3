"""One way to encode sentences, run in a process of its own on one thread.

    python -m benchmarks.embed_arms WAY SENTENCES

SENTENCES is a JSON list of texts. Prints one JSON object. The clock begins when the model is loaded and warm.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np

from benchmarks.embed import ENCODER, TEXT_ENCODER
from pipelines.embed.encoder import load_encoder
from pipelines.runtime.models import find_model
from schemas.recipe import EncoderSettings

_MAX_TOKENS, _BATCH, _PREFIX = 128, 32, "query: "
_WARM_TEXTS = 8
_VERSIONS = ("onnxruntime", "sentence-transformers", "tokenizers", "torch", "transformers")

Encode = Callable[[], None]


def main(way: str, path: str) -> None:
    texts = json.loads(Path(path).read_text(encoding="utf-8"))
    ways[way](texts[:_WARM_TEXTS])()
    encode = ways[way](texts)
    began = time.process_time()
    encode()
    print(
        json.dumps(
            {
                "sentences": len(texts),
                "processor_seconds": time.process_time() - began,
                "versions": {name: version(name) for name in _VERSIONS},
            }
        )
    )


def _library(texts: Sequence[str]) -> Encode:
    """sentence-transformers as its documentation has it, on one thread."""
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(1)
    model = SentenceTransformer(str(find_model(ENCODER)), device="cpu", local_files_only=True)
    model.max_seq_length = _MAX_TOKENS
    prefixed = [_PREFIX + text for text in texts]
    return lambda: model.encode(prefixed, batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False)


def _bare(texts: Sequence[str]) -> Encode:
    """The model of `ours` alone, on batches that were tokenised, sorted and cut before the clock began."""
    encoder = load_encoder(EncoderSettings(encoder=ENCODER, prefix=_PREFIX, max_tokens=_MAX_TOKENS, batch_size=_BATCH))
    prepared = encoder.model.prepare([_PREFIX + text for text in texts])
    order = np.argsort(prepared.lengths, kind="stable")
    batches = [
        [prepared.inputs[row] for row in order[start : start + _BATCH]] for start in range(0, len(order), _BATCH)
    ]

    def encode() -> None:
        for batch in batches:
            encoder.model.vectors(batch)

    return encode


def _ours(texts: Sequence[str]) -> Encode:
    encoder = load_encoder(EncoderSettings(encoder=ENCODER, prefix=_PREFIX, max_tokens=_MAX_TOKENS, batch_size=_BATCH))
    return lambda: _drop(encoder.encode(texts))


def _bfloat16(texts: Sequence[str]) -> Encode:
    encoder = load_encoder(
        EncoderSettings(encoder=ENCODER, prefix=_PREFIX, max_tokens=_MAX_TOKENS, batch_size=_BATCH, dtype="bfloat16")
    )
    return lambda: _drop(encoder.encode(texts))


def _texts(texts: Sequence[str]) -> Encode:
    encoder = load_encoder(EncoderSettings(encoder=TEXT_ENCODER))
    return lambda: _drop(encoder.encode(texts))


def _drop(_: object) -> None:
    """Vectors are not kept."""


ways: dict[str, Callable[[Sequence[str]], Encode]] = {
    "sentence-transformers": _library,
    "bare": _bare,
    "ours": _ours,
    "bfloat16": _bfloat16,
    "use-multilingual": _texts,
}

if __name__ == "__main__":
    main(*sys.argv[1:])
