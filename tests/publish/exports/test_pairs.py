"""Pairs as Moses text and TMX, as whoever takes them reads them."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from datasets import load_dataset
from lxml import etree

from pipelines.publish.exports.job import export_pairs
from pipelines.publish.exports.records import EXPORTED_PAIR
from pipelines.runtime.filesystem import Folder
from pipelines.runtime.manifest import MANIFEST_NAME, Manifest
from pipelines.runtime.parquet import read_table
from pipelines.runtime.runner import Runner
from schemas.identifiers import content_id
from schemas.recipe import ExportSettings, PairFormat
from schemas.records import DROPPED, PAIR
from tests.instruct.mined import IN_PROCESS, mined_pairs, pair_row, written
from tests.publish.exports.texts import BREAKS, CONTROLS, SENTENCES

XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
# Elements and attributes of TMX 1.4b (LISA, 2005) without markup inside segments, which we do not write.
TMX = """
<!ELEMENT tmx (header, body)>
<!ATTLIST tmx version CDATA #FIXED "1.4">
<!ELEMENT header (note|prop|ude)*>
<!ATTLIST header creationtool CDATA #REQUIRED creationtoolversion CDATA #REQUIRED
  segtype (block|paragraph|sentence|phrase) #REQUIRED o-tmf CDATA #REQUIRED adminlang CDATA #REQUIRED
  srclang CDATA #REQUIRED datatype CDATA #REQUIRED>
<!ELEMENT ude EMPTY>
<!ELEMENT body (tu*)>
<!ELEMENT note (#PCDATA)>
<!ELEMENT prop (#PCDATA)>
<!ATTLIST prop type CDATA #REQUIRED xml:lang CDATA #IMPLIED>
<!ELEMENT tu ((note|prop)*, tuv+)>
<!ATTLIST tu tuid CDATA #IMPLIED srclang CDATA #IMPLIED>
<!ELEMENT tuv ((note|prop)*, seg)>
<!ATTLIST tuv xml:lang CDATA #REQUIRED>
<!ELEMENT seg (#PCDATA)>
"""


def mined(folder: Path, rows: Sequence[Mapping[str, Any]]) -> Manifest:
    return written(folder / "mine", {"kept": pa.Table.from_pylist(list(rows), schema=PAIR)}, "pair")


def exported(pairs: Manifest, folder: Path, form: PairFormat, runner: Runner = IN_PROCESS, **given: Any) -> Manifest:
    return export_pairs(pairs, str(folder), "small-pairs", form, ExportSettings(**given), runner)


def lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").split("\n")[:-1]


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder, but for the manifest, which has a time."""
    return {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in Folder(str(folder)).files()
        if name != MANIFEST_NAME
    }


def rows_of(pairs: Manifest, pair: str) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in read_table(pairs.urls("kept", pair), PAIR).to_pylist()}


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    table = mined_pairs(limit=30)
    return written(tmp_path_factory.mktemp("run") / "mine", {"kept": table}, "pair")


def nasty(folder: Path) -> Manifest:
    """A pair of languages whose texts have all that breaks lines, columns and XML."""
    texts = [*SENTENCES.values(), *(f"left{mark}right {ord(mark)}" for mark in BREAKS + CONTROLS)]
    rows = [{**pair_row(("eng_Latn", f"{text} en"), ("cmn_Hans", f"{text} zh")), "source": "a&b"} for text in texts]
    return mined(folder, rows)


def test_line_n_of_every_moses_file_belongs_to_the_pair_that_the_ids_and_the_index_name(
    pairs: Manifest, tmp_path: Path
) -> None:
    made = exported(pairs, tmp_path, "moses")
    index = {row["id"]: row for row in read_table(made.urls("kept"), EXPORTED_PAIR).to_pylist()}
    for pair in pairs.partitions("kept"):
        rows, (_, target) = rows_of(pairs, pair), pair.split("-")
        stem = tmp_path / pair / f"small-pairs.{pair}"
        files = [lines(Path(f"{stem}.{end}")) for end in ("ids", "eng_Latn", target, "scores")]
        assert len(files[0]) == len(rows)
        for number, (ids, source_text, target_text, score) in enumerate(zip(*files, strict=True), start=1):
            row = rows.pop(ids.split("\t")[0])
            assert ids.split("\t") == [row["id"], row["source_id"], row["target_id"]]
            assert (source_text, target_text) == (row["source_text"], row["target_text"])
            assert float(score) == pytest.approx(row["score"], abs=1e-6)
            assert (index[row["id"]]["line"], index[row["id"]]["part"]) == (number, 0)
        assert not rows
    assert len(index) == pairs.rows("kept")


def test_no_pair_is_lost_between_pairs_and_ledger(pairs: Manifest, tmp_path: Path) -> None:
    made = exported(pairs, tmp_path, "tmx")
    assert {line.language: line.kept for line in made.ledger} == {
        pair: pairs.rows("kept", pair) for pair in pairs.partitions("kept")
    }
    assert not any(line.difference or line.dropped for line in made.ledger)


def test_the_text_loader_of_datasets_reads_both_sides_with_the_same_lines(tmp_path: Path) -> None:
    made = nasty(tmp_path)
    exported(made, tmp_path / "moses", "moses", codes="bcp47")
    stem = tmp_path / "moses" / "en-zh_Hans" / "small-pairs.en-zh_Hans"
    files = {"en": f"{stem}.en", "zh": f"{stem}.zh_Hans"}
    loaded = load_dataset("text", data_files=files, cache_dir=str(tmp_path / "cache"))
    assert loaded["en"].num_rows == loaded["zh"].num_rows == made.rows("kept")
    for source, target in zip(loaded["en"]["text"], loaded["zh"]["text"], strict=True):
        assert source.removesuffix(" en") == target.removesuffix(" zh")


def test_a_tmx_file_is_valid_and_gives_back_every_text_and_what_is_known_of_its_pair(tmp_path: Path) -> None:
    made = nasty(tmp_path)
    exported(made, tmp_path / "tmx", "tmx")
    tree = etree.parse(tmp_path / "tmx" / "eng_Latn-cmn_Hans" / "small-pairs.eng_Latn-cmn_Hans.tmx")
    dtd = etree.DTD(file=_dtd(tmp_path))
    assert dtd.validate(tree), dtd.error_log
    assert (tree.getroot().get("version"), tree.find("header").get("srclang")) == ("1.4", "en")
    rows = rows_of(made, "eng_Latn-cmn_Hans")
    for unit in tree.iter("tu"):
        row = rows.pop(unit.get("tuid"))
        known = {prop.get("type"): prop.text for prop in unit.findall("prop")}
        assert (known["x-source"], known["x-licence"]) == ("a&b", "BSD-3-Clause")
        for name in ("score", "margin", "cosine"):
            assert float(known[f"x-{name}"]) == pytest.approx(row[name], abs=1e-6)
        sides = {side.get(XML_LANG): (side.findtext("prop"), side.findtext("seg")) for side in unit.findall("tuv")}
        assert list(sides) == ["en", "zh-Hans"]
        for tag, name in (("en", "source"), ("zh-Hans", "target")):
            text = row[f"{name}_text"]
            for mark in BREAKS + CONTROLS:
                text = text.replace(mark, " " if mark in BREAKS else "")
            assert sides[tag] == (row[f"{name}_id"], text)
    assert not rows


def _dtd(folder: Path) -> str:
    file = folder / "tmx.dtd"
    file.write_text(TMX, encoding="utf-8")
    return str(file)


def test_texts_that_had_to_be_changed_are_counted(tmp_path: Path) -> None:
    made = exported(nasty(tmp_path), tmp_path / "moses", "moses")
    assert made.counters["texts-cleaned"] == 2 * len(BREAKS + CONTROLS)


def test_a_pair_without_a_licence_has_none_in_tmx(tmp_path: Path) -> None:
    made = mined(tmp_path, [pair_row(("eng_Latn", "Save it"), ("deu_Latn", "Speichern"), licence=None)])
    exported(made, tmp_path / "tmx", "tmx", codes="bcp47")
    unit = etree.parse(tmp_path / "tmx" / "en-de" / "small-pairs.en-de.tmx").find("body/tu")
    assert [prop.get("type") for prop in unit.findall("prop")] == ["x-score", "x-margin", "x-cosine", "x-source"]


def test_pairs_below_the_score_and_speech_without_text_are_dropped_with_their_reason(tmp_path: Path) -> None:
    sides = ("eng_Latn", "Good morning"), ("deu_Latn", "Guten Morgen")
    rows = [
        pair_row(*sides),
        pair_row(sides[0], ("deu_Latn", "Gute Nacht"), score=1.0),
        pair_row(sides[0], ("deu_Latn", ""), id=content_id("speech"), target_text=None),
        pair_row(sides[0], ("deu_Latn", "\x00"), id=content_id("control")),
    ]
    made = exported(mined(tmp_path, rows), tmp_path / "moses", "moses", min_score=1.06)
    dropped = {
        row["id"]: (row["reason"], row["language"]) for row in read_table(made.urls("dropped"), DROPPED).to_pylist()
    }
    pair = "eng_Latn-deu_Latn"
    assert dropped == {
        rows[1]["id"]: ("below-score", pair),
        rows[2]["id"]: ("no-text", pair),
        rows[3]["id"]: ("no-text", pair),
    }
    (line,) = made.ledger
    assert (line.rows_in, line.kept, line.dropped) == (4, 1, {"below-score": 1, "no-text": 2})
    assert lines(tmp_path / "moses" / pair / f"small-pairs.{pair}.deu_Latn") == ["Guten Morgen"]


def test_a_language_pair_of_which_nothing_is_left_has_no_files(tmp_path: Path) -> None:
    rows = [
        pair_row(("eng_Latn", "Good morning"), ("deu_Latn", "Guten Morgen"), score=1.0),
        pair_row(("eng_Latn", "Good morning"), ("fra_Latn", "Bonjour"), score=1.2),
    ]
    made = exported(mined(tmp_path, rows), tmp_path / "tmx", "tmx", min_score=1.06)
    assert [file.path for file in made.files if file.path != "README.md"] == [
        "eng_Latn-fra_Latn/small-pairs.eng_Latn-fra_Latn.tmx"
    ]


@pytest.mark.parametrize("form", ["moses", "tmx"])
def test_parts_hold_no_more_than_was_asked_for_and_together_every_pair(
    pairs: Manifest, tmp_path: Path, form: PairFormat
) -> None:
    made = exported(pairs, tmp_path, form, max_rows=7)
    exported(pairs, tmp_path / "whole", form)
    end, whole = ("ids", "ids") if form == "moses" else ("tmx", "tmx")
    pair = "eng_Latn-deu_Latn"
    parts = sorted((tmp_path / pair).glob(f"small-pairs-*.{end}"))
    assert [file.name.partition(".")[0] for file in parts] == [f"small-pairs-{part:05d}" for part in range(5)]
    read = _ids if form == "moses" else _units
    assert [len(read(part)) for part in parts] == [7, 7, 7, 7, 2]
    assert [key for part in parts for key in read(part)] == read(
        tmp_path / "whole" / pair / f"small-pairs.{pair}.{whole}"
    )
    places = {
        row["id"]: (row["part"], row["line"]) for row in read_table(made.urls("kept", pair), EXPORTED_PAIR).to_pylist()
    }
    assert places == {
        key: (number, line) for number, part in enumerate(parts) for line, key in enumerate(read(part), start=1)
    }
    listed = {file.path for file in made.files}
    assert {str(file.relative_to(tmp_path)) for file in parts} <= listed


def _ids(file: Path) -> list[str]:
    return [line.split("\t")[0] for line in lines(file)]


def _units(file: Path) -> list[str]:
    return [unit.get("tuid") for unit in etree.parse(file).iter("tu")]


def test_compressed_files_hold_the_same_bytes_and_are_the_same_each_time(pairs: Manifest, tmp_path: Path) -> None:
    exported(pairs, tmp_path / "plain", "moses")
    for again in ("one", "two"):
        exported(pairs, tmp_path / again, "moses", compression="gz")
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")
    plain = [file for file in (tmp_path / "plain").rglob("small-pairs.*") if file.is_file()]
    assert len(plain) == 16
    for file in plain:
        packed = tmp_path / "one" / f"{file.relative_to(tmp_path / 'plain')}.gz"
        assert gzip.decompress(packed.read_bytes()) == file.read_bytes()


def test_two_workers_write_the_bytes_of_one(pairs: Manifest, tmp_path: Path) -> None:
    exported(pairs, tmp_path / "one", "tmx", max_rows=20)
    exported(pairs, tmp_path / "two", "tmx", Runner(workers=2), max_rows=20)
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")


def test_what_a_killed_run_left_is_gone_once_the_stage_is_whole(pairs: Manifest, tmp_path: Path) -> None:
    exported(pairs, tmp_path / "whole", "moses")
    pair = tmp_path / "again" / "eng_Latn-deu_Latn"
    pair.mkdir(parents=True)
    (pair / "small-pairs.eng_Latn-deu_Latn.deu_Latn").write_text("a line of a run that died\n")
    (pair / "small-pairs.eng_Latn-deu_Latn.ids.0123.tmp").write_text("half a file")
    exported(pairs, tmp_path / "again", "moses")
    assert hashes(tmp_path / "again") == hashes(tmp_path / "whole")


def test_a_whole_export_is_not_written_again_unless_its_own_settings_change(pairs: Manifest, tmp_path: Path) -> None:
    first = exported(pairs, tmp_path, "moses")
    for unchanged in ({}, {"lines": {"layout": "mexa"}, "formats": ["moses"]}):
        assert exported(pairs, tmp_path, "moses", **unchanged).created == first.created
        assert exported(pairs, tmp_path, "moses", **unchanged).fingerprint == first.fingerprint
    assert exported(pairs, tmp_path, "moses", codes="bcp47").fingerprint != first.fingerprint


def test_the_readme_counts_what_the_files_hold(pairs: Manifest, tmp_path: Path) -> None:
    exported(pairs, tmp_path, "moses", codes="bcp47")
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert f"{pairs.rows('kept')} pairs in 4 language pairs" in text
    assert "| `eng_Latn-tha_Thai` | English – Thai | 30 | `en-th` | 4 |" in text
    assert f"| BSD-3-Clause | {pairs.rows('kept')} |" in text


def test_no_pairs_at_all_are_an_export_that_says_so(tmp_path: Path) -> None:
    made = exported(written(tmp_path / "mine", {"kept": PAIR.empty_table()}, "pair"), tmp_path / "moses", "moses")
    assert [file.path for file in made.files] == ["README.md"]
    assert "The set is empty" in (tmp_path / "moses" / "README.md").read_text(encoding="utf-8")
