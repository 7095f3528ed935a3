"""Vectors of the benchmark's sentences, each sentence encoded once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from benchmarks.pages import cache_folder
from pipelines.embed.encoder import Encoder, describe_encoder, load_encoder
from schemas.identifiers import content_id
from schemas.recipe import Dtype, EncoderSettings

ENCODER, PREFIX = "e5-small@packaged", "query: "
_AT_ONCE = 1_000


class Vectors:
    """Vectors by text, kept in files by a name of the caller's choice, such as a language."""

    def __init__(self, encoder: str = ENCODER, prefix: str = PREFIX, dtype: Dtype = "float32") -> None:
        self.fingerprint = describe_encoder(EncoderSettings(encoder=encoder, prefix=prefix)).fingerprint
        self.dtype = dtype
        self._name, self._prefix = encoder, prefix
        self._encoder: Encoder | None = None
        parts = (self.fingerprint, prefix) if dtype == "float32" else (self.fingerprint, prefix, dtype)
        self._folder = cache_folder() / "vectors" / content_id(*parts)[:12]

    def of(self, kept_as: str, texts: Sequence[str]) -> npt.NDArray[np.float16]:
        """float16 (n, d), one a text; those not yet kept are encoded, some thousand at a time, and kept."""
        known, vectors = self._read(kept_as)
        places = {digest: place for place, digest in enumerate(known.tolist())}
        digests = [hashlib.sha256(text.encode()).digest()[:16].hex().encode() for text in texts]
        missing = list(
            {digest: text for digest, text in zip(digests, texts, strict=True) if digest not in places}.items()
        )
        for start in range(0, len(missing), _AT_ONCE):
            part = missing[start : start + _AT_ONCE]
            new = self._loaded().encode([text for _, text in part])
            vectors = np.concatenate([vectors.reshape(-1, new.shape[1]), new])
            known = np.concatenate([known, np.array([digest for digest, _ in part], "S32")])
            self._write(kept_as, known, vectors)
        places = {digest: place for place, digest in enumerate(known.tolist())}
        taken: npt.NDArray[np.float16] = vectors[[places[digest] for digest in digests]]
        return taken

    def _loaded(self) -> Encoder:
        if self._encoder is None:
            settings = EncoderSettings(encoder=self._name, prefix=self._prefix, dtype=self.dtype)
            self._encoder = load_encoder(settings)
        return self._encoder

    def _read(self, kept_as: str) -> tuple[npt.NDArray[np.bytes_], npt.NDArray[np.float16]]:
        file = self._folder / f"{kept_as}.npz"
        if not file.exists():
            return np.empty(0, "S32"), np.empty(0, np.float16)
        with np.load(file) as kept:
            return kept["digests"], kept["vectors"]

    def _write(self, kept_as: str, digests: npt.NDArray[np.bytes_], vectors: npt.NDArray[np.float16]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        unfinished = self._folder / f".{kept_as}.npz"
        np.savez(unfinished, digests=digests, vectors=vectors)
        unfinished.replace(self._folder / f"{kept_as}.npz")
