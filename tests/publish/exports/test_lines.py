"""Groups as lines that mean the same in all files, as FLORES's and MEXA's readers take them."""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pipelines.publish.exports import transforms
from pipelines.publish.exports.job import export_lines
from pipelines.publish.exports.records import EXPORTED_MEMBER, LANGUAGE_COST
from pipelines.runtime.manifest import Manifest
from pipelines.runtime.parquet import read_table
from pipelines.runtime.runner import JobError, Runner
from schemas.identifiers import content_id
from schemas.recipe import ExportSettings
from schemas.records import DROPPED
from tests.instruct.mined import IN_PROCESS
from tests.publish.exports.grouped import PIVOT, grouped, member, members
from tests.publish.exports.test_pairs import hashes, lines

LANGUAGES = (PIVOT, "deu_Latn", "fra_Latn", "tha_Thai", "khm_Khmr")
WRITTEN = (PIVOT, "deu_Latn", "fra_Latn")


def exported(groups: Manifest, folder: Path, runner: Runner = IN_PROCESS, **given: Any) -> Manifest:
    return export_lines(groups, str(folder), "small-lines", ExportSettings(**given), 17, runner)


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return members(LANGUAGES)


@pytest.fixture(scope="module")
def groups(rows: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return grouped(tmp_path_factory.mktemp("run") / "groups", rows)


@pytest.fixture(scope="module")
def flores(groups: Manifest, tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return exported(groups, tmp_path_factory.mktemp("lines"))


def read_flores(folder: Path, split: str, language: str) -> list[str]:
    """As stopes, fairseq and most scripts open FLORES-200."""
    with (folder / split / f"{language}.{split}").open(encoding="utf-8") as file:
        return [line.strip() for line in file]


def read_mexa(folder: Path, ending: str) -> dict[str, list[str]]:
    """As MEXA's embed_extractor.py opens its `data_path`, which may hold nothing else of that ending."""
    return {
        file.name.split(".")[0]: [line.strip() for line in file.open(encoding="utf-8").readlines()]
        for file in folder.iterdir()
        if file.name.endswith(ending)
    }


def by_group(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        found[row["group_id"]][row["language"]] = row["text"]
    return found


def test_line_n_of_every_language_is_of_the_group_that_the_metadata_name(
    flores: Manifest, rows: list[dict[str, Any]]
) -> None:
    folder, known = Path(flores.folder), by_group(rows)
    seen: list[str] = []
    for split in ("dev", "devtest"):
        head, *table = (line.split("\t") for line in lines(folder / f"metadata_{split}.tsv"))
        assert head[:4] == ["line", "group_id", "pivot", "score"]
        texts = {key: read_flores(folder, split, key) for key in WRITTEN}
        assert {len(found) for found in texts.values()} == {len(table)}
        for number, row in enumerate(table):
            assert row[0] == str(number + 1)
            assert {key: texts[key][number] for key in WRITTEN} == {key: known[row[1]][key] for key in WRITTEN}
            assert row[2:] == [PIVOT, "1.25", "6", "3", "django", "BSD-3-Clause"]
            seen.append(row[1])
    assert sorted(seen) == sorted(group for group, texts in known.items() if set(WRITTEN) <= set(texts))
    assert len(seen) == 60


def test_the_index_names_the_line_of_every_member_and_the_ledger_counts_them(
    flores: Manifest, rows: list[dict[str, Any]]
) -> None:
    texts = {row["id"]: row["text"] for row in rows}
    index = read_table(flores.urls("kept"), EXPORTED_MEMBER).to_pylist()
    for row in index:
        found = read_flores(Path(flores.folder), row["split"], row["language"])
        assert found[row["line"] - 1] == texts[row["id"]]
    assert len(index) == 60 * len(WRITTEN)
    dropped = {line.language: line.dropped for line in flores.ledger if line.dropped}
    assert dropped == {"tha_Thai": {"language-not-written": 31}, "khm_Khmr": {"language-not-written": 6}}
    assert not any(line.difference for line in flores.ledger)


def test_what_each_further_language_costs_is_told(flores: Manifest) -> None:
    rows = read_table(flores.urls("languages"), LANGUAGE_COST).sort_by("place").to_pylist()
    assert [(row["language"], row["complete"], row["cost"], row["written"]) for row in rows] == [
        ("deu_Latn", 60, 0, True),
        ("eng_Latn", 60, 0, True),
        ("fra_Latn", 60, 0, True),
        ("tha_Thai", 31, 29, False),
        ("khm_Khmr", 6, 25, False),
    ]
    table = lines(Path(flores.folder) / "languages.tsv")
    assert table[4] == "tha_Thai\tno\t31\t31\t29\t124"
    assert "| `tha_Thai` | no | 31 | 31 | 29 | 124 |" in (Path(flores.folder) / "README.md").read_text(encoding="utf-8")


def test_a_group_that_lacks_a_language_named_is_on_no_line_of_any_file(
    groups: Manifest, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    wanted = ("tha_Thai", "eng_Latn")
    made = exported(groups, tmp_path, lines={"languages": wanted, "layout": "mexa"})
    complete = [group for group, texts in by_group(rows).items() if set(wanted) <= set(texts)]
    assert {key: len(found) for key, found in read_mexa(tmp_path / "text", ".txt").items()} == dict.fromkeys(
        wanted, len(complete)
    )
    reasons = {(row["language"], row["reason"]) for row in read_table(made.urls("dropped"), DROPPED).to_pylist()}
    assert ("eng_Latn", "incomplete-group") in reasons
    assert ("fra_Latn", "language-not-written") in reasons


def test_mexa_finds_the_languages_and_nothing_else_in_either_layout(
    flores: Manifest, groups: Manifest, tmp_path: Path
) -> None:
    exported(groups, tmp_path, lines={"layout": "mexa"})
    texts = read_mexa(tmp_path / "text", ".txt")
    assert set(texts) == set(read_mexa(Path(flores.folder) / "devtest", ".devtest")) == set(WRITTEN)
    assert {len(found) for found in texts.values()} == {60}
    assert len(lines(tmp_path / "metadata.tsv")) == 61


def test_files_are_spelled_as_flores_spells_languages(tmp_path: Path) -> None:
    rows = [
        member("Save", key, text)
        for key, text in {"eng_Latn": "Save", "cmn_Hans": "保存", "pes_Arab": "ذخیره", "san_Latn": "rakṣa"}.items()
    ]
    exported(grouped(tmp_path / "groups", rows), tmp_path / "lines", lines={"devtest_percent": 100})
    names = sorted(file.name for file in (tmp_path / "lines" / "devtest").iterdir())
    assert names == ["eng_Latn.devtest", "pes_Arab.devtest", "san_Latn.devtest", "zho_Hans.devtest"]
    assert read_flores(tmp_path / "lines", "devtest", "zho_Hans") == ["保存"]


def test_a_member_below_the_score_makes_its_group_incomplete(tmp_path: Path) -> None:
    rows = [member(word, key, f"{word} {key}") for word in ("one", "two") for key in WRITTEN]
    weak = next(row for row in rows if row["text"] == "two fra_Latn")
    weak["score"] = 1.0
    made = exported(grouped(tmp_path / "groups", rows), tmp_path / "lines", min_score=1.1, lines={"languages": WRITTEN})
    assert made.rows("kept") == 3
    found = {row["id"]: row["reason"] for row in read_table(made.urls("dropped"), DROPPED).to_pylist()}
    assert found.pop(weak["id"]) == "below-score"
    assert set(found.values()) == {"incomplete-group"}
    assert len(found) == 2


def test_texts_that_end_lines_do_not_shift_them(tmp_path: Path) -> None:
    rows = [member(word, key, f"{word}\n{key}\u2028\t.") for word in ("one", "two") for key in WRITTEN]
    made = exported(grouped(tmp_path / "groups", rows), tmp_path / "lines", lines={"layout": "mexa"})
    assert sorted(lines(tmp_path / "lines" / "text" / "deu_Latn.txt")) == ["one deu_Latn .", "two deu_Latn ."]
    assert made.counters["texts-cleaned"] == 6


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"text": "\x00"}, "has no text"),
        ({"id": content_id("again"), "sentence_id": content_id("other")}, "has two members in fra_Latn"),
    ],
)
def test_a_group_that_would_shift_lines_is_refused(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    rows = [member("one", key, f"one {key}") for key in WRITTEN]
    rows = [*rows[:-1], rows[-1] | change] if "text" in change else [*rows, rows[-1] | change]
    with pytest.raises(JobError, match=said):
        exported(grouped(tmp_path / "groups", rows), tmp_path / "lines", lines={"languages": WRITTEN})
    assert not (tmp_path / "lines" / "_manifest.json").exists()


def test_ranges_and_workers_change_no_byte(
    groups: Manifest, flores: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported(groups, tmp_path / "two", Runner(workers=2))
    assert hashes(tmp_path / "two") == hashes(Path(flores.folder))
    monkeypatch.setattr(transforms, "_RANGE_TEXTS", 20)
    exported(groups, tmp_path / "many")
    assert hashes(tmp_path / "many") == hashes(Path(flores.folder))


def test_compressed_lines_hold_the_same_texts(groups: Manifest, flores: Manifest, tmp_path: Path) -> None:
    exported(groups, tmp_path, compression="gz")
    for name in ("dev/deu_Latn.dev", "devtest/fra_Latn.devtest", "metadata_dev.tsv"):
        assert gzip.decompress((tmp_path / f"{name}.gz").read_bytes()) == (Path(flores.folder) / name).read_bytes()


def test_groups_without_two_common_languages_are_an_export_that_is_empty(tmp_path: Path) -> None:
    rows = [member("one", "eng_Latn", "one"), member("two", "deu_Latn", "zwei")]
    made = exported(grouped(tmp_path / "groups", rows), tmp_path / "lines")
    assert (made.rows("kept"), made.rows("dropped"), made.rows("languages")) == (0, 2, 2)
    assert [file.path for file in made.files] == ["README.md", "languages.tsv"]
