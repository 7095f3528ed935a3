"""Short texts between elements, which resiliparse alone takes for icons."""

from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from resiliparse.parse.html import HTMLTree

from pipelines.acquire.pages.main_text import main_text, whole_text
from pipelines.acquire.pages.page import Page
from pipelines.acquire.pages.short_texts import parse

URL = "http://example.org/a/page.html"
ENGLISH = "All human beings are born free and equal in dignity and rights."
SENTENCES = {
    "jpn": ("<b>東京</b>、<b>大阪</b>は<a href='/h'>日本国憲法</a>。", "東京、大阪は日本国憲法。"),
    "cmn": ("<p><i>选择</i> 「<b>左</b>」<b>或</b>「<b>右</b>」</p>", "选择 「左」或「右」"),
    "khm": ("<b>មនុស្ស</b>ខ<b>ទាំងអស់</b>។", "មនុស្សខទាំងអស់។"),
    "tha": ("<b>มนุษย์</b>ๆ<b>ทั้งหลาย</b>ฯ", "มนุษย์ๆทั้งหลายฯ"),
    "eng": ("He said <b>“</b><i>free</i>”<b>—</b><i>equal</i>…", "He said “free”—equal…"),
    "fra": ("<i>On</i> <b>né</b> <i>libre</i>, <b>là</b><i>!</i>", "On né libre, là!"),
    "rus": ("<b>а</b>, <b>1я</b> <i>глава</i>", "а, 1я глава"),
}
VISIBLE = st.characters(exclude_categories=("C", "Z"), exclude_characters="¶")


def main(body: str) -> str:
    """The last line, behind one that makes sure that there is a main text."""
    tree = parse(f"<html><body><div><p>{ENGLISH}</p><p>{body}</p></div></body></html>")
    return main_text(tree).strip().splitlines()[-1]


@pytest.mark.parametrize("language", sorted(SENTENCES))
def test_marks_and_letters_alone_between_elements_are_text(language: str) -> None:
    body, text = SENTENCES[language]
    assert main(body) == text


@pytest.mark.parametrize("written", ["&#12289;", "&#x3001;", "\n&#X3001; ", "、<!-- 点 -->", "<!-- 点 -->、", " 、 "])
def test_a_comma_is_text_as_a_reference_and_beside_comments_and_white_space(written: str) -> None:
    assert main(f"<b>東京</b>{written}<b>大阪</b>").replace(" ", "") == "東京、大阪"


@pytest.mark.parametrize(("name", "character"), [("ldquo", "“"), ("mdash", "—"), ("hellip", "…"), ("emsp", "\u2003")])
def test_what_is_written_by_name_is_text(name: str, character: str) -> None:
    assert main(f"<b>free</b>&{name};<b>equal</b>") == f"free{character}equal"


def test_code_keeps_its_text_and_its_space() -> None:
    tree = parse(f"<html><body><p>{ENGLISH}</p><pre><b>a</b>→<b>b</b>\n  <i>c</i> … <b>d</b></pre></body></html>")
    assert "a→b\n  c … d" in main_text(tree)


def test_a_last_character_that_no_tag_follows_is_text() -> None:
    assert main_text(parse(f"<html><body><p>{ENGLISH}<p><b>大阪</b>。\n")).endswith("大阪。")


@given(st.text(VISIBLE, min_size=1, max_size=3), st.booleans())
def test_no_short_text_between_elements_is_lost(text: str, named: bool) -> None:
    written = "".join(f"&#{ord(each)};" for each in text) if named else escape(text)
    assert main(f"<b>Tokyo</b>{written}<b>Osaka</b>") == f"Tokyo{text}Osaka"


@pytest.mark.parametrize("icon", ["\ue001", "\uf8ff", "&#xf015;", "¶", "&para;"])
def test_icons_and_anchors_are_no_text(icon: str) -> None:
    assert main(f"<a href='#x'>{icon}</a><b>Osaka</b>") == "Osaka"


def test_nothing_else_of_a_page_is_touched() -> None:
    script = '{"datePublished": "2024-05-06", "text": "<b>、</b>"}'
    html = (
        "<html><head><title>。</title><meta property='og:title' content='<b>。</b>'>"
        f"<script type='application/ld+json'>{script}</script></head><body>"
        "<p><b>東京</b>、<b>大阪</b></p><a href='/q?<b>、</b>'>x</a></body></html>"
    )
    page = Page(URL, html, is_html=True)
    assert (page.title(), page.published()) == ("。", "2024-05-06")
    assert page.links() == ["http://example.org/q?%3Cb%3E%E3%80%81%3C/b%3E"]
    assert page.plain_text() == "東京、大阪\nx"


def test_the_whole_text_is_what_the_parser_alone_gives() -> None:
    html = f"<html><body><p>{ENGLISH}</p>{''.join(body for body, _ in SENTENCES.values())}<b>\ue001</b></body></html>"
    assert whole_text(parse(html)) == whole_text(HTMLTree.parse(html))
