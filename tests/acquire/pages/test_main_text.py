"""What resiliparse alone takes for a menu, and what is one."""

from itertools import product

import pytest

from pipelines.acquire.pages.main_text import main_text
from pipelines.acquire.pages.short_texts import parse

SENTENCES = {
    "khm": "មនុស្សទាំងអស់កើតមកមានសេរីភាព និងសមភាពក្នុងផ្នែកសេចក្ដីថ្លៃថ្នូរនិងសិទ្ធិ។",
    "arb": "يولد جميع الناس أحرارًا متساوين في الكرامة والحقوق، وقد وهبوا عقلًا وضميرًا.",
    "eng": "All human beings are born free and equal in dignity and rights, with reason and conscience.",
}


def page(body: str) -> str:
    return main_text(parse(f"<html><body>{body}</body></html>"))


@pytest.mark.parametrize(("language", "depth"), product(SENTENCES, range(5)))
def test_a_list_of_sentences_is_text_however_near_the_body_it_stands(language: str, depth: int) -> None:
    sentence = SENTENCES[language]
    items = f"<ul><li>{sentence}</li><li><p>{sentence} <a href='/more'>1948</a></p></li></ul>"
    assert page("<div>" * depth + f"<p>{sentence}</p>{items}<p>{sentence}</p>").count(sentence) == 4


def test_text_keeps_its_order_around_such_a_list() -> None:
    parts = [f"{number}. {SENTENCES['eng']}" for number in range(4)]
    found = page(f"<div><p>{parts[0]}</p><ul><li>{parts[1]}</li><li>{parts[2]}</li></ul><p>{parts[3]}</p></div>")
    assert [line.strip() for line in found.splitlines() if line.strip()] == parts


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_list_of_links_near_the_body_stays_a_menu(depth: int) -> None:
    menu = "".join(f"<li><a href='/{name}'>{name}</a></li>" for name in ("Start", "Nachrichten", "Über uns"))
    text = page("<div>" * depth + f"<ul>{menu}</ul><p>{SENTENCES['eng']}</p><p>{SENTENCES['eng']}</p>")
    assert "Nachrichten" not in text
    assert SENTENCES["eng"] in text
