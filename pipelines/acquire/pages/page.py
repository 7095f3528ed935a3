"""One HTML or text page: its text, title, language, date, licence, links, and what it allows of itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from resiliparse.parse.encoding import detect_mime
from resiliparse.parse.html import ElementNode, HTMLParserException, HTMLTree

from pipelines.acquire.faults import Fault
from pipelines.acquire.pages.bounds import beyond_bounds
from pipelines.acquire.pages.charset import decode
from pipelines.acquire.pages.dates import date_in_json, only_date
from pipelines.acquire.pages.headers import read_directives, read_links, read_robots_tags
from pipelines.acquire.pages.licences import licence_of, licence_of_badge
from pipelines.acquire.pages.main_text import main_text, whole_text
from pipelines.acquire.pages.short_texts import parse
from pipelines.acquire.pages.text import clean_text
from pipelines.acquire.pages.wording import wording_of
from pipelines.acquire.urls import normalise_url

_HTML = frozenset({"text/html", "application/xhtml+xml"})
_PLAIN = "text/plain"
# What sniffing says of XHTML, and of text that is not in UTF-8.
_SNIFFED_AS_TEXT = _HTML | {"application/xml", "application/octet-stream"}
# Browsers stop at 512; extraction takes time with the square of the depth.
MAX_NESTING = 512
# Names of meta elements that hold a date of publication, by the vocabularies that pages use (Open Graph, Dublin
# Core, Parsely, schema.org, plain HTML).
_META_DATES = (
    frozenset({"article:published_time", "og:article:published_time", "og:published_time"}),
    frozenset({"datepublished", "date.published", "publish-date", "publish_date", "pubdate", "parsely-pub-date"}),
    frozenset({"dc.date.issued", "dcterms.issued", "dcterms.created", "dc.date.created", "dc.date", "dcterms.date"}),
    frozenset({"date", "citation_publication_date"}),
)
# All elements by which a page says something of itself, in one selector: to walk the tree takes longer than to ask
# each element, and of thousands of links hardly any is worth more than that.
_TELLING = (
    "html,body,base[href],meta[content],link[href],a[hreflang][href],time[pubdate]"
    ',script[type="application/ld+json"],[itemprop~="datePublished"],:is(a,area)[href][rel~="license" i]'
    ',:is(a,area):is([href*="creativecommons.org" i],[href*="spdx.org" i])'
    ',img:is([src*="licensebuttons.net" i],[src*="creativecommons.org" i])'
)
_LICENCE_HOST = re.compile(r"creativecommons\.org|spdx\.org", re.IGNORECASE)
# The Living Standard asks for a BCP 47 tag; a list of several languages declares none of them.
_CONTENT_LANGUAGE = re.compile(r"[\w-]+")


def is_text(media_type: str) -> bool:
    """Whether a body of this media type can be a page; an absent type may be."""
    return media_type in _HTML or media_type in ("", _PLAIN)


@dataclass(frozen=True)
class Directives:
    """What robots are asked to leave, by the page or its headers."""

    noindex: bool = False
    nofollow: bool = False
    noai: bool = False


@dataclass(frozen=True)
class Page:
    """A page decoded. HTML is parsed once.

    Methods that take `link` also read the page's Link header fields (joined by commas or line ends).
    """

    url: str
    content: str
    is_html: bool

    @cached_property
    def _tree(self) -> HTMLTree:
        return parse(self.content)

    def parse(self) -> None:
        """Parse HTML now and not when it is first looked into.

        Raises:
            HTMLParserException: the parser gave up, as where memory is short.
        """
        if self.is_html:
            self._tree  # noqa: B018

    @cached_property
    def _telling(self) -> list[tuple[str, ElementNode]]:
        """Names and elements of `_TELLING`, in order."""
        return [(element.tag or "", element) for element in self._elements(_TELLING)]

    def _told(self, attribute: str, *names: str) -> Iterator[tuple[ElementNode, str]]:
        """Of the telling elements those of these names that have the attribute, and its value."""
        for name, element in self._telling:
            if name in names and (value := element.getattr(attribute)) is not None:
                yield element, value

    @cached_property
    def _base(self) -> str:
        href = next((href for _, href in self._told("href", "base")), None)
        return (None if href is None else normalise_url(href, self.url)) or self.url

    @cached_property
    def _metas(self) -> list[tuple[str, str]]:
        """Names in lower case and contents of all meta elements, in order."""
        return [
            (name.strip().lower(), content)
            for element, content in self._told("content", "meta")
            for attribute in ("name", "property", "http-equiv")
            if (name := element.getattr(attribute))
        ]

    def _elements(self, selectors: str) -> Sequence[ElementNode]:
        if not self.is_html:
            return ()
        document = self._tree.document
        # A slice takes them all at once; one by one, resiliparse 2.0 walks the list from its start for each.
        return document.query_selector_all(selectors)[:] if document else ()

    def _meta(self, names: Iterable[str]) -> Iterator[str]:
        wanted = frozenset(names)
        return (content for name, content in self._metas if name in wanted)

    def text(self, *, repair: bool = False) -> str:
        """Main text, one paragraph a line; the whole body's where no main text is recognised.

        With `repair`, lines that were decoded wrongly before they were published are mended.
        """
        if not self.is_html:
            return self.plain_text(repair=repair)
        main = clean_text(main_text(self._tree), repair=repair)
        return main or self.plain_text(repair=repair)

    def plain_text(self, *, repair: bool = False) -> str:
        """All visible text, menus included, one paragraph a line."""
        whole = whole_text(self._tree) if self.is_html else self.content
        return clean_text(whole, repair=repair)

    def wording(self) -> int:
        """XXH3-64 of the words of all visible text, as `wording_of` reads it."""
        return wording_of(whole_text(self._tree) if self.is_html else self.content, self.url)

    def title(self, *, repair: bool = False) -> str | None:
        """The title element's text on one line, else og:title."""
        if not self.is_html:
            return None
        for written in (self._tree.title or "", *self._meta(["og:title"])):
            if title := clean_text(written, repair=repair).replace("\n", " "):
                return title
        return None

    def declared_language(self) -> str | None:
        """Language that the page declares, as written but for white space around it.

        The lang attribute of the root, else of the body, else the meta elements content-language and og:locale.
        """
        for wanted in ("html", "body"):
            for element in [element for name, element in self._telling if name == wanted][:1]:
                for attribute in ("lang", "xml:lang"):
                    if value := clean_text(element.getattr(attribute) or ""):
                        return value
        for content in (*self._meta(["content-language"]), *self._meta(["og:locale"])):
            value = clean_text(content)
            if _CONTENT_LANGUAGE.fullmatch(value):
                return value
        return None

    def published(self) -> str | None:
        """YYYY-MM-DD of the publication that the page gives; None where it gives none, or several of one kind."""
        for names in _META_DATES[:1]:
            if found := only_date(self._meta(names)):
                return found
        scripts = (
            element.text or ""
            for element, media_type in self._told("type", "script")
            if media_type.lower() == "application/ld+json"
        )
        if found := date_in_json(scripts):
            return found
        marked = (e for _, e in self._telling if "datePublished" in (e.getattr("itemprop") or "").split())
        if found := only_date(element.getattr("datetime") or element.getattr("content") or "" for element in marked):
            return found
        for names in _META_DATES[1:]:
            if found := only_date(self._meta(names)):
                return found
        return only_date(element.getattr("datetime") or "" for element, _ in self._told("pubdate", "time"))

    def licence(self, link: str | None = None) -> str | None:
        """Licence that the page names by rel=license, or by its only Creative Commons link or badge."""
        named = {
            licence_of(url) or url: None
            for entry in read_links(link)
            if "license" in entry.relations and (url := normalise_url(entry.target, self.url))
        }
        linked: dict[str, None] = {}
        for element, href in self._told("href", "a", "link", "area"):
            is_licence = "license" in _relations(element)
            if not is_licence and not _LICENCE_HOST.search(href):
                continue
            url = normalise_url(href, self._base)
            if url is None:
                continue
            if is_licence:
                named[licence_of(url) or url] = None
            elif (licence := licence_of(url)) is not None:
                linked[licence] = None
        if named:
            return " AND ".join(sorted(named))
        for _, source in self._told("src", "img"):
            url = normalise_url(source, self._base)
            if url is not None and (licence := licence_of_badge(url)) is not None:
                linked[licence] = None
        return next(iter(linked)) if len(linked) == 1 else None

    def links(self) -> list[str]:
        """Addresses that the page links to and does not mark nofollow, in normal form, each once, in order."""
        found: dict[str, None] = {}
        for element in self._elements("a[href], area[href]"):
            if "nofollow" in _relations(element):
                continue
            url = normalise_url(element.getattr("href") or "", self._base)
            if url is not None:
                found[url] = None
        return list(found)

    def canonical(self, link: str | None = None) -> str | None:
        """The address that the page names as its own, in normal form; None where it names none, or several.

        Only elements of the head count (RFC 6596; in the body they may be a reader's comment).
        """
        named = {
            normalise_url(href, self._base)
            for element, href in self._told("href", "link")
            if "canonical" in _relations(element) and element.closest("head") is not None
        }
        named |= {normalise_url(entry.target, self.url) for entry in read_links(link) if "canonical" in entry.relations}
        return named.pop() if len(named) == 1 else None

    def alternates(self, link: str | None = None) -> list[tuple[str, str]]:
        """(hreflang as written, address in normal form) of the same page in other languages, each once, in order."""
        found: dict[tuple[str, str], None] = {}
        for element, href in self._told("href", "link", "a"):
            language = clean_text(element.getattr("hreflang") or "")
            if language and "alternate" in _relations(element):
                url = normalise_url(href, self._base)
                if url is not None:
                    found[language, url] = None
        for entry in read_links(link):
            url = normalise_url(entry.target, self.url) if "alternate" in entry.relations else None
            if url is not None:
                found.update(dict.fromkeys((written, url) for each in entry.languages if (written := clean_text(each))))
        return list(found)

    def directives(self, robots_tag: str | None, user_agent: str) -> Directives:
        """Robots directives of the X-Robots-Tag headers (one a line) and of the page's meta elements."""
        asked = read_robots_tags(robots_tag, user_agent)
        for content in self._meta(["robots", user_agent.lower()]):
            asked |= read_directives(content)
        nothing = "none" in asked
        return Directives(nothing or "noindex" in asked, nothing or "nofollow" in asked, "noai" in asked)


def read_page(body: bytes, content_type: str | None, url: str, max_nesting: int = MAX_NESTING) -> Page | Fault:
    """Decode a body and tell HTML from plain text.

    Faults: `not-html` (another format under this name), `undecodable-text`, those of `beyond_bounds`,
    and `unparsable-html` where the parser gives up.
    """
    sniffed = detect_mime(body) if body else _PLAIN
    if not (sniffed.startswith("text/") or sniffed in _SNIFFED_AS_TEXT):
        return Fault("not-html", f"the body is {sniffed}")
    content = decode(body, content_type)
    if isinstance(content, Fault):
        return content
    media_type = (content_type or "").partition(";")[0].strip().lower()
    is_html = media_type in _HTML if media_type else "<" in content
    if is_html and (fault := beyond_bounds(content, max_nesting)):
        return fault
    page = Page(url, content, is_html)
    try:
        page.parse()
    except HTMLParserException as error:
        return Fault("unparsable-html", str(error))
    return page


def _relations(element: ElementNode) -> list[str]:
    return (element.getattr("rel") or "").lower().split()
