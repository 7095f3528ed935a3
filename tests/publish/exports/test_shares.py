"""The share of the corpus that stands in pairs."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from pipelines.publish.exports.records import LANGUAGE_SHARE, PAIR_SHARE
from pipelines.publish.exports.share_job import count_shares
from pipelines.publish.exports.shares import Stages, as_csv
from pipelines.runtime.manifest import Manifest
from pipelines.runtime.parquet import read_table
from tests.instruct.mined import IN_PROCESS
from tests.publish.exports.mined_run import TEXTS, stages


@pytest.fixture(scope="module")
def mined(tmp_path_factory: pytest.TempPathFactory) -> Stages:
    return stages(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def shares(mined: Stages, tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return count_shares(mined, str(tmp_path_factory.mktemp("share")), "small-share", IN_PROCESS)


def row_of(shares: Manifest, output: str, schema: pa.Schema, key: str) -> dict[str, Any]:
    rows = read_table(shares.urls(output), schema).to_pylist()
    (row,) = [row for row in rows if key in (row.get("language"), row.get("pair"))]
    return {name: value for name, value in row.items() if name not in ("id", "language", "pair")}


def characters(key: str, *places: int) -> int:
    return sum(len(TEXTS[key][place]) for place in places)


def test_a_sentence_in_many_pairs_counts_once_for_its_language(shares: Manifest) -> None:
    assert row_of(shares, "languages", LANGUAGE_SHARE, "eng_Latn") == {
        "documents": 1,
        "document_characters": characters("eng_Latn", 0, 1, 2),
        "sentences": 5,
        "encoded": 3,
        "encoded_characters": characters("eng_Latn", 0, 1, 2),
        "searched": 2,
        "paired": 1,
        "paired_characters": characters("eng_Latn", 0),
        "share_of_searched": 1 / 2,
        "share_of_sentences": 1 / 5,
        "share_of_characters": characters("eng_Latn", 0) / characters("eng_Latn", 0, 1, 2),
    }


def test_a_language_is_counted_on_whichever_side_of_a_pair_it_stands(shares: Manifest) -> None:
    row = row_of(shares, "languages", LANGUAGE_SHARE, "deu_Latn")
    assert (row["searched"], row["paired"], row["paired_characters"]) == (2, 2, characters("deu_Latn", 0, 1))
    assert row["share_of_sentences"] == pytest.approx(2 / 3)


def test_a_language_that_was_not_mined_is_listed_without_shares_of_nothing(shares: Manifest) -> None:
    row = row_of(shares, "languages", LANGUAGE_SHARE, "nob_Latn")
    assert (row["documents"], row["sentences"], row["encoded"], row["searched"], row["paired"]) == (1, 1, 0, 0, 0)
    assert (row["share_of_searched"], row["share_of_sentences"], row["share_of_characters"]) == (None, 0, None)


def test_each_side_of_a_pair_has_its_own_share_and_a_pair_without_any_is_listed(shares: Manifest) -> None:
    assert row_of(shares, "pairs", PAIR_SHARE, "eng_Latn-deu_Latn") == {
        "source_language": "eng_Latn",
        "target_language": "deu_Latn",
        "pairs": 2,
        "source_searched": 2,
        "target_searched": 2,
        "source_paired": 1,
        "target_paired": 2,
        "source_characters": characters("eng_Latn", 0),
        "target_characters": characters("deu_Latn", 0, 1),
        "source_share": 0.5,
        "target_share": 1.0,
    }
    empty = row_of(shares, "pairs", PAIR_SHARE, "deu_Latn-tha_Thai")
    assert (empty["pairs"], empty["source_searched"], empty["source_share"]) == (0, 2, 0)


def test_the_csv_holds_the_rows_of_the_parquet_files(shares: Manifest) -> None:
    for output, schema in (("languages", LANGUAGE_SHARE), ("pairs", PAIR_SHARE)):
        table = read_table(shares.urls(output), schema).to_pandas().drop(columns="id")
        read = pd.read_csv(f"{shares.folder}/{output}.csv")
        pd.testing.assert_frame_equal(read, table.sort_values(table.columns[0], ignore_index=True))


def test_codes_that_look_like_values_stay_text_in_csv() -> None:
    schema = pa.schema(
        [("id", pa.string()), ("language", pa.string()), ("paired", pa.int64()), ("share", pa.float64())]
    )
    rows = [{"id": "0", "language": key, "paired": 1, "share": None} for key in ("no", "nan", "on", 'a"b,c')]
    text = as_csv(rows, schema).decode()
    assert text.splitlines()[1] == '"no",1,'
    assert pd.read_csv(io.StringIO(text), keep_default_na=False)["language"].tolist() == ["no", "nan", "on", 'a"b,c']


def test_what_was_counted_is_not_counted_again(mined: Stages, shares: Manifest) -> None:
    again = count_shares(mined, shares.folder, "small-share", IN_PROCESS)
    assert again.created == shares.created
    assert {file.path for file in again.files} == {"languages.csv", "pairs.csv", "README.md"}


def test_the_readme_shows_the_languages_that_were_searched(shares: Manifest) -> None:
    text = (Path(shares.folder) / "README.md").read_text(encoding="utf-8")
    assert "| `eng_Latn` | English | 1 | 5 | 2 | 1 | 50.0 % | 20.0 % | 37.3 % |" in text
    assert "| `eng_Latn-deu_Latn` | 2 | 1 | 2 | 50.0 % | 100.0 % |" in text
    assert "nob_Latn" not in text


def test_a_run_without_pairs_is_counted_too(tmp_path: Path, mined: Stages) -> None:
    nothing = Stages(mined.corpus, mined.embedded, mined.searched, mined.mined.model_copy(update={"shards": ()}))
    made = count_shares(nothing, str(tmp_path), "small-share", IN_PROCESS)
    assert row_of(made, "languages", LANGUAGE_SHARE, "eng_Latn")["paired"] == 0
    assert row_of(made, "pairs", PAIR_SHARE, "eng_Latn-deu_Latn")["pairs"] == 0
