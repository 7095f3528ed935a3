"""Loading encoders: by catalogue name, hub id or folder, for PyTorch or ONNX Runtime, tested before use."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pipelines.embed.folder import choose_backend, default_prompt, pooling_of
from pipelines.embed.handle import Encoder, EncoderError, SentenceEncoder
from pipelines.embed.selftest import PROBES, check_batch_independence, require_same
from pipelines.runtime.models import find_entry, find_model, load_once, model_fingerprint
from schemas.recipe import Backend, EncoderSettings

__all__ = [
    "Encoder",
    "EncoderError",
    "EncoderFacts",
    "SentenceEncoder",
    "check_batch_independence",
    "describe_encoder",
    "encoder_of",
    "load_encoder",
]

BATCH_SIZE = 32
"""Texts a forward pass, unless the catalogue says otherwise."""


@dataclass(frozen=True)
class EncoderFacts:
    """What a stage must know of an encoder before any worker loads it.

    Attributes:
        fingerprint, dimensions: as in `Encoder`.
        prefix, batch_size: those of the recipe, or what the model wants where the recipe leaves it open.
        backend: torch or onnx.
    """

    fingerprint: str
    dimensions: int
    prefix: str
    batch_size: int
    backend: Backend


def encoder_of(settings: EncoderSettings) -> Encoder:
    """As `load_encoder`; one instance a process, whatever else a stage's settings hold."""
    own = EncoderSettings(**{name: getattr(settings, name) for name in EncoderSettings.model_fields})
    return load_once(("encoder", own), partial(load_encoder, own))


def describe_encoder(settings: EncoderSettings) -> EncoderFacts:
    """Facts of an encoder, read from its folder where that says how long its vectors are, else by loading it.

    Raises:
        ModelError: the model is not here.
        EncoderError: as `load_encoder`.
    """
    name = settings.encoder
    path = find_model(name)
    pooling_facts = pooling_of(path)
    dimensions = pooling_facts.dimensions if pooling_facts and pooling_facts.mode else None
    if dimensions is None:
        dimensions = load_encoder(settings).dimensions
    prefix, batch_size = _used(settings, path)
    return EncoderFacts(
        fingerprint=_fingerprint(name, path),
        dimensions=dimensions,
        prefix=prefix,
        batch_size=batch_size,
        backend=choose_backend(name, path, settings.backend),
    )


def load_encoder(settings: EncoderSettings) -> Encoder:
    """Load an encoder and test it.

    What the settings leave open is as the catalogue says of the model, else as its folder does; else there is no
    prefix, and a batch is BATCH_SIZE.

    Raises:
        ModelError: the model is not here.
        EncoderError: it is no encoder, cannot take `max_tokens`, or fails its self-test.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    name, max_tokens = settings.encoder, settings.max_tokens
    path = find_model(name)
    prefix, batch_size = _used(settings, path)
    reference = None
    if choose_backend(name, path, settings.backend) == "onnx":
        from pipelines.embed.onnx_model import load_onnx

        if settings.dtype != "float32":
            raise EncoderError(
                f"{name}: embed.dtype is {settings.dtype}, and an ONNX file has types of its own; leave it out"
            )
        model = load_onnx(name, path, max_tokens, settings.pooling)
        probe = model.prepare([prefix + text for text in PROBES])
        dimensions = model.vectors(probe.inputs).shape[-1]
    else:
        from pipelines.embed.torch_model import load_torch

        model, reference = load_torch(name, path, prefix, max_tokens, settings.pooling, settings.dtype)
        dimensions = reference.shape[1]
    said = pooling_of(path)
    if said and said.mode and said.dimensions not in (None, dimensions):
        raise EncoderError(
            f"{name}: its vectors have {dimensions} values, and its folder says {said.dimensions}: the model is "
            "damaged, fetch it again"
        )
    encoder = Encoder(
        name=_shown(name, path),
        fingerprint=_fingerprint(name, path),
        dimensions=dimensions,
        prefix=prefix,
        max_tokens=max_tokens,
        batch_size=batch_size,
        model=model,
    )
    check_batch_independence(encoder)
    if reference is not None:
        require_same(encoder, encoder.encode(PROBES), reference, "here and in sentence-transformers")
    return encoder


def _used(settings: EncoderSettings, path: Path) -> tuple[str, int]:
    """Prefix and batch size: the recipe's, else what the model wants."""
    entry = find_entry(settings.encoder, path)
    advice = entry.encoder if entry else None
    prefix = (default_prompt(path) or "") if advice is None else advice.prefix
    batch_size = (advice.batch_size if advice else None) or BATCH_SIZE
    return prefix if settings.prefix is None else settings.prefix, settings.batch_size or batch_size


def _fingerprint(name: str, path: Path) -> str:
    return f"{_shown(name, path)}:{model_fingerprint(path)}"


def _shown(name: str, path: Path) -> str:
    """A folder is shown by its last part, so that records do not carry a machine's paths."""
    return path.name if Path(name).expanduser().exists() else name
