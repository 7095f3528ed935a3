"""Line-aligned text as MEXA and FLORES have it."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from pipelines.embed.alignment import parallel_rows
from pipelines.embed.encoder import load_encoder
from pipelines.embed.lines import LinesError, encoded_sides, read_lines
from schemas.recipe import EncoderSettings
from tests.embed.models import MAX_TOKENS, onnx_folder

LINES = {
    "eng_Latn.devtest": "The train is late.\nIt rains.\nGood night.\n",
    "tha_Thai.devtest": "รถไฟมาสาย\nฝนตก\nราตรีสวัสดิ์\n",
    "khm_Khmr.devtest": "រថភ្លើងយឺត។\nភ្លៀងធ្លាក់។\nរាត្រីសួស្តី។",
}


def written(folder: Path, files: Mapping[str, str | bytes]) -> str:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(folder)


def test_line_n_of_every_file_has_one_id(tmp_path: Path) -> None:
    lines = read_lines(written(tmp_path, LINES), 100)
    assert set(lines) == {"eng_Latn", "tha_Thai", "khm_Khmr"}
    assert {tuple(of.ids.to_pylist()) for of in lines.values()} == {("0", "1", "2")}
    assert lines["tha_Thai"].texts.to_pylist() == ["รถไฟมาสาย", "ฝนตก", "ราตรีสวัสดิ์"]


def test_the_first_lines_are_taken(tmp_path: Path) -> None:
    assert read_lines(written(tmp_path, LINES), 2)["eng_Latn"].texts.to_pylist() == ["The train is late.", "It rains."]


def test_files_are_named_by_any_spelling_of_a_language(tmp_path: Path) -> None:
    files = {"zh-Hans.txt": "下雨了。\n", "swa.txt": "Mvua inanyesha.\n", ".hidden": "x"}
    assert set(read_lines(written(tmp_path, files), 5)) == {"cmn_Hans", "swh_Latn"}


def test_an_empty_line_is_left_out_and_moves_no_other(tmp_path: Path) -> None:
    lines = read_lines(written(tmp_path, {**LINES, "tha_Thai.devtest": "รถไฟมาสาย\n \nราตรีสวัสดิ์\n"}), 5)
    assert lines["tha_Thai"].ids.to_pylist() == ["0", "2"]


def test_a_line_separator_inside_a_sentence_moves_no_line(tmp_path: Path) -> None:
    lines = read_lines(written(tmp_path, {**LINES, "eng_Latn.devtest": "The train\u2028is late.\nRain.\nNight.\n"}), 5)
    assert lines["eng_Latn"].texts.to_pylist() == ["The train is late.", "Rain.", "Night."]


@pytest.mark.parametrize(
    ("files", "finding"),
    [
        ({}, "no files"),
        ({"README": "a\n"}, "README: .*name each file by its language"),
        ({"th.txt": "a\n", "tha_Thai.txt": "b\n"}, "th.txt and tha_Thai.txt are both tha_Thai"),
        ({**LINES, "deu_Latn.devtest": "Es regnet.\n"}, "deu_Latn.devtest has 1 lines, eng_Latn.devtest 3"),
        ({"kor_Hang.txt": "비가 온다".encode("euc-kr")}, r"kor_Hang.txt: not UTF-8 \(byte 0\)"),
    ],
)
def test_what_is_no_line_aligned_text_is_refused(tmp_path: Path, files: dict[str, str], finding: str) -> None:
    with pytest.raises(LinesError, match=finding):
        read_lines(written(tmp_path / "lines", files), 5)


def test_each_line_gets_the_vector_of_its_text_however_many_workers(tmp_path: Path) -> None:
    settings = EncoderSettings(encoder=str(onnx_folder(tmp_path / "model")), max_tokens=MAX_TOKENS)
    encoder = load_encoder(settings)
    lines = read_lines(written(tmp_path / "lines", LINES), 3)
    done: list[str] = []
    alone, together = encoded_sides(lines, encoder, 1), encoded_sides(lines, encoder, 3, done.append)
    assert done == ["eng_Latn", "khm_Khmr", "tha_Thai"]
    for language, side in alone.items():
        np.testing.assert_array_equal(side.vectors, encoder.encode(lines[language].texts).astype(np.float32))
        np.testing.assert_array_equal(side.vectors, together[language].vectors)
    assert [rows.tolist() for rows in parallel_rows(alone["tha_Thai"], alone["khm_Khmr"])] == [[0, 1, 2], [0, 1, 2]]
