"""Bounds told before parsing: small pages that would take all time or memory go, sloppy ones stay."""

from typing import NoReturn

import pytest
from resiliparse.parse.html import HTMLParserException

from pipelines.acquire.faults import Fault
from pipelines.acquire.pages import short_texts
from pipelines.acquire.pages.page import Page, read_page
from tests.effort import at_most

URL = "http://example.org/a/page.html"
SAID = "Binadamu wote wamezaliwa huru, hadhi na haki zao ni sawa."


def read(html: str) -> Page | Fault:
    return read_page(html.encode(), "text/html; charset=utf-8", URL)


def reason(html: str) -> str:
    found = read(html)
    return found.reason if isinstance(found, Fault) else "page"


@pytest.mark.parametrize("name", ["s", "strike", "font", "b", "tt"])
def test_unclosed_formatting_without_end_is_nesting(name: str) -> None:
    assert reason("".join(f"<{name} a={number}><p>" for number in range(600))) == "nested-too-deep"


def test_a_stray_end_tag_lowers_no_depth() -> None:
    assert reason("".join(f"<font a={number}></nav><p>" for number in range(600))) == "nested-too-deep"


def test_an_end_tag_of_its_own_name_lowers_the_depth() -> None:
    assert reason(f"<div><b>{SAID}</b></div>" * 600) == "page"


@pytest.mark.parametrize("hidden", ["", "<!--</font>-->", "<i title='</font>'></i>", "<textarea></font></textarea>"])
def test_formatting_that_each_paragraph_opens_again_is_too_many_elements(hidden: str) -> None:
    unclosed = "".join(f"<font a={number}>{hidden}" for number in range(400))
    assert reason(f"<p>{unclosed}" + "<p>x" * 2_000) == "too-many-elements"


def test_formatting_that_hidden_end_tags_seem_to_close_is_too_many_elements() -> None:
    html = "".join(f"<font a={number}><!-- </font> --><p>" for number in range(2_000))
    assert reason(html) == "too-many-elements"


def test_equal_formatting_elements_that_nobody_closed_are_opened_three_times_at_most() -> None:
    found = read("".join(f"<p><font color=red>{SAID}" for _ in range(500)) + "<p>x" * 3_000)
    assert isinstance(found, Page)


def test_many_formatting_elements_that_are_closed_are_a_page() -> None:
    found = read("".join(f"<p><code id=c{number}>{SAID}</code>" for number in range(2_000)))
    assert isinstance(found, Page)
    assert found.text().count(SAID) == 2_000


@pytest.mark.parametrize("written", ["a{}", "a{}=x", 'a{}=">"', "a{}='<b>'", 'a{} = ">"'])
@pytest.mark.parametrize("tag", ["p", "/p"])
def test_attributes_by_the_ten_thousand_are_a_fault_and_cost_no_time(tag: str, written: str) -> None:
    html = f"<p>x<{tag} " + " ".join(written.format(number) for number in range(70_000)) + ">x</p>"
    with at_most(1):
        assert reason(html) == "too-many-attributes"


def test_a_tag_of_some_hundred_attributes_is_a_page() -> None:
    attributes = " ".join(f'data-a{number}="x > y"' for number in range(900))
    assert reason(f"<p {attributes}>{SAID}</p>") == "page"


@pytest.mark.parametrize("around", ["<script>{}</script>", "<!--{}-->", "<style>{}</style>", '<p title="{}">x</p>'])
def test_what_looks_like_a_tag_of_many_attributes_but_is_none_is_a_page(around: str) -> None:
    looks = "if (i <n) { " + "i + j ; " * 4_000 + "}"
    assert reason(f"<p>{SAID}</p>{around.format(looks)}") == "page"


def test_what_the_parser_gives_up_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing:
        @staticmethod
        def parse(document: str) -> NoReturn:
            raise HTMLParserException("Failed to parse")

    monkeypatch.setattr(short_texts, "HTMLTree", Failing)
    assert read(SAID + "<p>") == Fault("unparsable-html", "Failed to parse")
    assert isinstance(read_page(SAID.encode(), "text/plain", URL), Page)
