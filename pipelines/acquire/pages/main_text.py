"""The main text of a parsed page, by resiliparse with its known mistakes on structured documents set right."""

from __future__ import annotations

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import ElementNode, HTMLTree

from pipelines.acquire.pages.short_texts import without_marks

# Names of DocBook, Docutils and Sphinx for parts of a text.
_PARTS = (
    *("section", "chapter", "table", "table-contents", "informaltable", "example", "example-contents"),
    *("note", "tip", "warning", "caution", "important", "itemizedlist", "orderedlist", "variablelist"),
)
_NAMED_PARTS = ",".join(f'[class="{part}"]' for part in _PARTS)
# An id of these tells a menu from a text; elsewhere it is most often made of a heading's words.
_CONTAINERS = "div,ul,ol,nav,aside,form,header,footer"
# One selector for both: to walk the tree takes longer than to ask each element.
_NAMED = f"div:is({_NAMED_PARTS}),div.section[id],[id]:not({_CONTAINERS})"
# Where resiliparse takes a list for a menu whatever it holds; one of which less stands in links is none.
_SHALLOW_LISTS = "body>ul,body>*>ul,body>*>*>ul"
_MENU_LINK_SHARE = 0.7
_DEEPER = 3


def main_text(tree: HTMLTree) -> str:
    """Text without menus, one block a line; empty where no main text is recognised.

    resiliparse (2.0) weighs text against links in every element that has a class, and looks for words such as
    "featured", "account" or "related" in classes and ids. That drops tables of links in DocBook pages and whole
    sections of Sphinx pages whose id is their heading. So names that only say "a part of the text" are taken away
    first. It also takes each list near the body for a menu; those that are none are put deeper. The tree is changed.
    """
    document = tree.document
    if document is None:
        return ""
    for element in document.query_selector_all(_NAMED)[:]:
        part = element.getattr("class") if element.tag == "div" else None
        if part in _PARTS:
            element.delattr("class")
        if part not in _PARTS or part == "section":
            element.delattr("id")
    for shallow in document.query_selector_all(_SHALLOW_LISTS)[:]:
        if not _is_menu(shallow):
            _put_deeper(tree, shallow)
    return _extracted(tree, main_content=True)


def whole_text(tree: HTMLTree) -> str:
    """All visible text, one block a line."""
    return _extracted(tree, main_content=False)


def _is_menu(items: ElementNode) -> bool:
    linked = sum(len(link.text or "") for link in items.query_selector_all("a[href]")[:])
    return linked >= _MENU_LINK_SHARE * len(items.text or "")


def _put_deeper(tree: HTMLTree, element: ElementNode) -> None:
    for _ in range(_DEEPER):
        parent, around = element.parent, tree.create_element("div")
        if parent is not None and around is not None:
            parent.replace_child(around, element)
            around.append_child(element)


def _extracted(tree: HTMLTree, *, main_content: bool) -> str:
    text = extract_plain_text(
        tree, preserve_formatting=True, main_content=main_content, list_bullets=False, alt_texts=False
    )
    return without_marks(text)
