"""HTML parsed so that resiliparse leaves no short text out."""

from __future__ import annotations

import re
from html import unescape

from resiliparse.parse.html import HTMLTree

# DEL: text that is kept holds no control. Of one byte, since resiliparse weighs links by their share of bytes.
_MARK = "\x7f"
_REFERENCE = r"&#?\w+;"
_ASCII = "[!-%'-;=?-~]"
# A text between two tags or comments that may be of three bytes, of which the last is not ASCII. That it is none, most
# often another tag, is asked first: it takes a third of the time.
_SHORT = re.compile(
    rf">[ \t\n\f\r]*+(?!<)([\u0800-\ud7ff\uf900-\uffff]|{_ASCII}[\x80-\u07ff]|(?:{_ASCII}|{_REFERENCE})?{_REFERENCE})"
    r"(?=[ \t\n\f\r]*(?:<|\Z))"
)
_BYTES = 3
# What icon fonts draw.
_PRIVATE_USE = re.compile("[\ue000-\uf8ff]")


def parse(content: str) -> HTMLTree:
    """Parse HTML, with a mark behind each text that resiliparse takes for an icon; `without_marks` takes them out.

    resiliparse (2.0) means to leave out of the main text what is one character of the private use area and nothing
    else, but compares the bytes in the wrong order. That drops nearly all texts of three bytes: 、 or “ between two
    elements, and là. Marks may also stand in scripts, and in attributes other than href.

    Raises:
        HTMLParserException: the parser gave up, as where memory is short.
    """
    marked, places = _SHORT.subn(_marked, content)
    tree = HTMLTree.parse(marked)
    if places and tree.document is not None:
        for element in tree.document.query_selector_all(f'[href*="{_MARK}"]')[:]:
            element.setattr("href", without_marks(element.getattr("href") or ""))
    return tree


def without_marks(text: str) -> str:
    """A text from a parsed tree as the page has it."""
    return text.replace(_MARK, "")


def _marked(found: re.Match[str]) -> str:
    text = unescape(found[1])
    is_taken_for_icon = len(text.encode()) == _BYTES and _PRIVATE_USE.search(text) is None
    return f"{found[0]}{_MARK}" if is_taken_for_icon else found[0]
