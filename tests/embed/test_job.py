"""The embed stage as a job: documents and catalogue sentences in, the same ids as sentences and as vectors out."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.embed.encoder import load_encoder
from pipelines.embed.job import embed
from pipelines.runtime.manifest import Manifest
from pipelines.runtime.models import fetch_model
from pipelines.runtime.runner import Runner
from schemas.identifiers import content_id
from schemas.recipe import EmbedSettings
from schemas.records import DOCUMENT
from tests.mine.messages import given, messages

SETTINGS = EmbedSettings(encoder="e5-small@packaged")
LANGUAGES = ("tha_Thai", "khm_Khmr")
TEXTS = {
    "khm_Khmr": "មនុស្សទាំងអស់កើតមកមានសេរីភាព។ ពួកគេមានសិទ្ធិស្មើគ្នា។ ។",
    "tha_Thai": "มนุษย์ทั้งหลายเกิดมามีอิสระ\nสั้น",
    "deu_Latn": "Alle Menschen sind frei und gleich an Würde und Rechten geboren.",
}


def documents() -> pa.RecordBatch:
    fixed = {"script": "Zyyy", "source": "crawl", "snapshot": "2026-11", "content_sha256": "0" * 64}
    rows = [
        {"id": content_id(text), "url": f"http://example.org/{language}", "text": text, "language": language, **fixed}
        for language, text in TEXTS.items()
    ]
    return pa.RecordBatch.from_pylist(rows, schema=DOCUMENT)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Manifest, Manifest]:
    fetch_model(SETTINGS.encoder)
    folder = tmp_path_factory.mktemp("inputs")
    acquired = given(folder, "acquire", messages("tha_Thai", 12), messages("deu_Latn", 12))
    return given(folder, "dedupe", documents()), acquired


@pytest.fixture(scope="module")
def embedded(inputs: tuple[Manifest, Manifest], tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return embed(*inputs, str(tmp_path_factory.mktemp("embed")), SETTINGS, LANGUAGES, Runner(workers=1))


def rows(manifest: Manifest, output: str) -> pa.Table:
    return pa.concat_tables([pq.read_table(url) for url in manifest.urls(output)])


def test_sentences_of_both_kinds_balance_in_the_languages_asked_for(embedded: Manifest) -> None:
    lines = {(line.source, line.language): (line.rows_in, line.kept, line.dropped) for line in embedded.ledger}
    assert lines == {
        ("crawl", "khm_Khmr"): (2, 2, {}),
        ("crawl", "tha_Thai"): (2, 1, {"too-short": 1}),
        ("messages", "tha_Thai"): (12, 12, {}),
    }
    assert embedded.partitions("vectors") == ("khm_Khmr", "tha_Thai")


def test_each_sentence_has_the_vector_that_its_encoder_gives(embedded: Manifest) -> None:
    sentences, vectors = rows(embedded, "sentences").sort_by("id"), rows(embedded, "vectors").sort_by("id")
    assert sentences["id"].equals(vectors["id"])
    stored = np.stack(vectors["vector"].to_numpy())
    assert stored.dtype == np.float16
    encoder = load_encoder(SETTINGS)
    direct = encoder.encode(sentences["text"].combine_chunks()).astype(np.float64)
    assert np.einsum("nd,nd->n", stored.astype(np.float64), direct).min() > 0.999
    assert embedded.settings["encoder_fingerprint"] == encoder.fingerprint
    assert embedded.settings["dimensions"] == str(encoder.dimensions)


def test_two_workers_write_the_same_bytes(
    inputs: tuple[Manifest, Manifest], embedded: Manifest, tmp_path: Path
) -> None:
    again = embed(*inputs, str(tmp_path / "embed"), SETTINGS, LANGUAGES, Runner(workers=2))
    assert again.content == embedded.content


def test_only_the_sources_named_are_read(inputs: tuple[Manifest, Manifest], tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"sources": ("messages",)})
    manifest = embed(*inputs, str(tmp_path / "embed"), settings, LANGUAGES, Runner(workers=1))
    assert list(manifest.inputs) == ["sentences"]
    assert {line.source for line in manifest.ledger} == {"messages"}


def test_a_run_without_any_sentence_of_its_languages_is_whole_and_empty(
    inputs: tuple[Manifest, Manifest], tmp_path: Path
) -> None:
    manifest = embed(*inputs, str(tmp_path / "embed"), SETTINGS, ("lao_Laoo",), Runner(workers=1))
    assert (manifest.shards, manifest.ledger) == ((), ())
