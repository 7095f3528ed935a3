import io
import xml.etree.ElementTree as ElementTree

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipelines.publish.exports.texts import content_of, escaped, lines_of, on_one_line
from tests.publish.exports.texts import BREAKS, CONTROLS, SENTENCES, hostile


def cleaned(*texts: str | None) -> list[str | None]:
    found: list[str | None] = on_one_line(pa.array(texts, pa.string()))[0].to_pylist()
    return found


@given(st.lists(hostile, max_size=6))
def test_every_text_stands_on_one_line_in_one_column_whoever_reads_it(texts: list[str]) -> None:
    lines = on_one_line(pa.array(texts, pa.string()))[0]
    content = bytes(content_of(lines_of(lines)))
    decoded = content.decode()
    assert decoded.splitlines() == decoded.split("\n")[:-1] == lines.to_pylist()
    assert list(io.TextIOWrapper(io.BytesIO(content), encoding="utf-8")) == [f"{line}\n" for line in lines.to_pylist()]
    assert len(lines) == len(texts)
    assert "\t" not in decoded


@given(st.lists(hostile, max_size=6))
def test_every_text_comes_back_out_of_xml_as_it_went_in(texts: list[str]) -> None:
    lines = on_one_line(pa.array(texts, pa.string()))[0]
    for line, inside in zip(lines.to_pylist(), escaped(lines).to_pylist(), strict=True):
        element = ElementTree.fromstring(f'<seg note="{inside}">{inside}</seg>'.encode())
        assert (element.text or "") == element.get("note") == line


def test_a_text_that_breaks_nothing_stays_as_it_is_and_is_not_counted() -> None:
    texts = [*SENTENCES.values(), " spaces, \u00a0 and \u3000 too ", "\ufeffmark", "\u200djoined"]
    lines, changed = on_one_line(pa.array(texts))
    assert (lines.to_pylist(), changed) == (texts, 0)


def test_what_ends_a_line_becomes_a_space_and_controls_go() -> None:
    assert cleaned(*(f"one{mark}two" for mark in BREAKS)) == ["one two"] * len(BREAKS)
    assert cleaned(*(f"one{mark}two" for mark in CONTROLS)) == ["onetwo"] * len(CONTROLS)
    assert cleaned("\r\n一\r\n\t二\n", "\x00", None) == ["一 二", "", None]


def test_texts_that_were_changed_are_counted() -> None:
    assert on_one_line(pa.array(["as it is", "a\u2028b", None, "c\x00"]))[1] == 2


def test_the_content_of_a_slice_is_its_own_texts() -> None:
    texts = pa.array(["ነ", "b", "ไทย", "d"])
    assert bytes(content_of(texts.slice(1, 2))) == "bไทย".encode()
    assert bytes(content_of(texts.slice(2, 0))) == b""
    assert bytes(content_of(pa.array([], pa.string()))) == b""
