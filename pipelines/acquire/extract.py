"""Pages out of WARC records to documents: what each page holds, or why it is not kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa

from pipelines.acquire.archives.exchange import Place
from pipelines.acquire.archives.records import REVISIT, Archived, read_record
from pipelines.acquire.archives.store import Store
from pipelines.acquire.crawl.state import to_batch
from pipelines.acquire.faults import Fault, naming
from pipelines.acquire.pages.child import TrafilaturaChild
from pipelines.acquire.pages.page import Page, is_text, read_page
from pipelines.acquire.pages.text import clean_text
from pipelines.acquire.urls import normalise_url
from pipelines.runtime.dropped import dropped_rows
from schemas.identifiers import content_id
from schemas.languages import UNDETERMINED
from schemas.recipe import ExtractSettings
from schemas.records import ALTERNATE, DOCUMENT, DROPPED, FAULT, MOVED

# ISO 15924: the script of a text that nobody has looked at.
_UNKNOWN_SCRIPT = "Zyyy"
# Stored bytes that are read at once; pages are some ten times as large.
_BYTES_AT_ONCE = 16 * 2**20


@dataclass(frozen=True)
class Extraction:
    """How pages become documents. Picklable; its trafilatura child starts with the first page that needs it.

    Attributes:
        snapshot: name of this reading.
        user_agent: robots directives addressed to it are obeyed.
        settings: how text is taken, and what bounds a page.
        endless: addresses whose redirects never end.
        superseded: addresses whose page names another one as its own, which is read under that.
    """

    snapshot: str
    user_agent: str
    settings: ExtractSettings = ExtractSettings()
    endless: frozenset[str] = frozenset()
    superseded: frozenset[str] = frozenset()

    def __getstate__(self) -> dict[str, object]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @cached_property
    def _child(self) -> TrafilaturaChild:
        return TrafilaturaChild(self.settings.seconds_per_page)

    def begin(self, page: Page) -> None:
        """Let the child, where the recipe wants trafilatura, work on a page until `text_of` asks for its text."""
        if self._is_for_child(page):
            self._child.begin(page.content)

    def text_of(self, page: Page) -> str | Fault:
        """Main text, by the recipe's extractor, of the page that was begun; empty where it has none."""
        if not self._is_for_child(page):
            return page.text(repair=self.settings.repair)
        extracted = self._child.finish()
        return extracted if isinstance(extracted, Fault) else clean_text(extracted, repair=self.settings.repair)

    def _is_for_child(self, page: Page) -> bool:
        return self.settings.extractor == "trafilatura" and page.is_html

    def close(self) -> None:
        """End the child, if there is one."""
        if "_child" in self.__dict__:
            self._child.close()


@dataclass(frozen=True)
class Reading:
    """Whose page it is.

    Attributes:
        source: name of the source in the recipe.
        licence: licence of the source's pages that name none.
        warc_file: the published archive's file that holds the record; None for a live crawl, whose own files
            differ from run to run.
        warc_offset: byte offset of the record in that file.
        url: address of the page; the record's own when None.
        id: of the row, should the page be dropped; made of address and place when None.
        robots_tag: X-Robots-Tag, one value a line, that counts in place of the record's.
    """

    source: str
    licence: str | None = None
    warc_file: str | None = None
    warc_offset: int | None = None
    url: str | None = None
    id: str | None = None
    robots_tag: str | None = None

    @property
    def place(self) -> tuple[str, ...]:
        """Where an archive holds the record: source and file, and offset; empty for a live crawl."""
        return () if self.warc_file is None else (f"{self.source}/{self.warc_file}", str(self.warc_offset))


class Rows:
    """Documents, dropped rows, faults, alternates and moved addresses of some pages.

    Each page adds one row to the first three together.

    A page's text is taken when the next page has been read, so that trafilatura's child works on one while the other
    is parsed here.
    """

    def __init__(self, extraction: Extraction) -> None:
        self._extraction = extraction
        self._rows: dict[str, list[dict[str, object]]] = {name: [] for name in _SCHEMAS}
        self._begun: _Begun | None = None

    def add_page(self, archived: Archived, reading: Reading) -> None:
        """Add what a record holds."""
        url = reading.url or archived.url
        with naming(url):
            found = _unwanted(archived, url) or self._read(archived, reading, url)
        if isinstance(found, _Refusal):
            self.add_refusal(url, reading, found)
            return
        self._finish()
        self._begun = found
        self._extraction.begin(found.page)

    def add_refusal(self, url: str, reading: Reading, refusal: _Refusal) -> None:
        """Add a page that cannot be kept, and where its address leads, if it leads to another."""
        self.add_refused(url, reading, refusal.outcome, refusal.fault)
        if refusal.target is not None:
            named = {"url": url, "target": refusal.target, "source": reading.source}
            self._rows["moved"].append({"id": content_id(url, refusal.target, *reading.place), **named})

    def add_refused(self, url: str, reading: Reading, outcome: str, found: Fault) -> None:
        """Add a page that cannot be kept: `outcome` is dropped or fault."""
        shared = {
            "source": reading.source,
            "language": UNDETERMINED,
            "reason": found.reason,
            "detail": found.detail,
        }
        place = reading.place
        if outcome == "dropped":
            row_id = reading.id or content_id(url, *place)
            self._rows["dropped"].append({**shared, "id": row_id, "url": url or None})
            return
        # One address may stand in an archive many times.
        where = ":".join(place) or url
        detail = f"{url}: {found.detail}" if place and url else found.detail
        self._rows["errors"].append({**shared, "id": content_id(where, found.reason), "place": where, "detail": detail})

    def named(self) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Batches of the outputs kept (DOCUMENT), dropped (DROPPED), errors (FAULT), alternates (ALTERNATE) and moved
        (MOVED)."""
        self._finish()
        for name, schema in _SCHEMAS.items():
            if self._rows[name]:
                yield name, to_batch(self._rows[name], schema)

    def _read(self, archived: Archived, reading: Reading, url: str) -> _Begun | _Refusal:
        """All that a page says but its text."""
        extraction, headers = self._extraction, archived.headers
        page = read_page(archived.body, headers.get("content-type"), url, extraction.settings.max_nesting)
        if isinstance(page, Fault):
            return _Refusal("dropped" if page.reason == "not-html" else "fault", page)
        robots_tag = headers.get("x-robots-tag") if reading.robots_tag is None else reading.robots_tag
        refusal = _asked_off(page, robots_tag, extraction)
        if refusal is not None:
            return refusal
        link = headers.get("link")
        said = {
            "title": page.title(repair=extraction.settings.repair),
            "declared_language": page.declared_language() or clean_text(headers.get("content-language", "")) or None,
            "published": page.published(),
            "licence": page.licence(link) or reading.licence,
            "content_sha256": hashlib.sha256(archived.body).hexdigest(),
        }
        return _Begun(page, url, reading, len(archived.body), said, page.alternates(link))

    def _finish(self) -> None:
        """Add the page that was begun, if there is one."""
        begun, self._begun = self._begun, None
        if begun is None:
            return
        url, reading = begun.url, begun.reading
        with naming(url):
            text = self._extraction.text_of(begun.page)
        if isinstance(text, Fault):
            self.add_refused(url, reading, "fault", text)
            return
        if not text:
            self.add_refused(url, reading, "dropped", Fault("no-text", f"no text in {begun.size} bytes"))
            return
        document: dict[str, object] = {
            **begun.said,
            "id": content_id(url, text),
            "url": url,
            "text": text,
            "language": UNDETERMINED,
            "script": _UNKNOWN_SCRIPT,
            "source": reading.source,
            "snapshot": self._extraction.snapshot,
            "warc_file": reading.warc_file,
            "warc_offset": reading.warc_offset,
        }
        self._rows["kept"].append(document)
        self._rows["alternates"] += [
            {
                "id": content_id(url, url, target, hreflang, *reading.place),
                "url": url,
                "target": target,
                "hreflang": hreflang,
                "referrer": url,
                "source": reading.source,
            }
            for hreflang, target in begun.alternates
            if target != url
        ]


_SCHEMAS = {"kept": DOCUMENT, "dropped": DROPPED, "errors": FAULT, "alternates": ALTERNATE, "moved": MOVED}


@dataclass(frozen=True)
class _Begun:
    """A page whose text is still to be taken; `size` is that of its body in bytes."""

    page: Page
    url: str
    reading: Reading
    size: int
    said: Mapping[str, object]
    alternates: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class _Refusal:
    """Why a page is not kept; `target` is the address that stands for its own, where it names one."""

    outcome: str
    fault: Fault
    target: str | None = None


def extract(visits: pa.RecordBatch, store: Store, extraction: Extraction, licences: Mapping[str, str | None]) -> Rows:
    """Turn visits (schema VISIT) into rows; each visit gives exactly one document, dropped row or fault.

    Args:
        licences: licence of pages that name none, by source.
    """
    rows = Rows(extraction)
    pages: list[tuple[Place, Reading]] = []
    waiting = 0
    for visit in visits.to_pylist():
        reading = Reading(
            source=visit["source"],
            licence=licences.get(visit["source"]),
            warc_file=visit["warc_file"],
            warc_offset=visit["warc_offset"],
            url=visit["url"],
            id=visit["id"],
            robots_tag=visit["robots_tag"],
        )
        refusal = _decided(visit, extraction)
        if refusal is not None:
            rows.add_refusal(visit["url"], reading, refusal)
            continue
        place = Place(visit["stored_file"], visit["stored_offset"], visit["stored_length"])
        pages.append((place, reading))
        waiting += place.length
        if waiting >= _BYTES_AT_ONCE:
            _add_stored(rows, pages, store, extraction)
            pages, waiting = [], 0
    _add_stored(rows, pages, store, extraction)
    return rows


def stand_ins(repeated: pa.Table) -> pa.Table:
    """DROPPED rows for documents whose address and text were read before: rows of DOCUMENT that stand twice."""
    ids = [
        content_id(row["id"], row["source"], row["warc_file"] or "", str(row["warc_offset"]))
        for row in repeated.select(["id", "source", "warc_file", "warc_offset"]).to_pylist()
    ]
    rows = dropped_rows(
        repeated,
        "repeated-reading",
        id=pa.array(ids, pa.string()),
        matched_id=repeated.column("id"),
        detail="the same text was read at the same address before",
    )
    return pa.Table.from_batches([rows])


def _decided(visit: Mapping[str, Any], extraction: Extraction) -> _Refusal | None:
    """Why a visit has no page to read; None where it has one."""
    outcome, url, target = visit["outcome"], str(visit["url"]), visit["target"]
    if outcome == "redirect":
        if url in extraction.endless:
            return _Refusal("fault", Fault("redirect-loop", f"leads to {target} and so on without end"))
        found = Fault("redirected", f"leads to {target}, which is read under its own address")
        return _Refusal("dropped", found, visit["target"])
    if outcome != "page":
        return _Refusal(str(outcome), Fault(str(visit["reason"] or ""), str(visit["detail"] or "")))
    if url in extraction.superseded:
        canonical = visit["canonical"]
        found = Fault("canonical-elsewhere", f"names {canonical} as its address, which is read")
        return _Refusal("dropped", found, visit["canonical"])
    if visit["stored_file"] is None:
        return _Refusal("fault", Fault("no-body", "a page was recorded without its body"))
    return None


def _add_stored(rows: Rows, pages: list[tuple[Place, Reading]], store: Store, extraction: Extraction) -> None:
    # Pages of one body share its record.
    places = list(dict.fromkeys(place for place, _ in pages))
    stored = dict(zip(places, store.read(places), strict=True))
    for place, reading in pages:
        raw = stored[place]
        archived = read_record(raw, extraction.settings.max_bytes) if isinstance(raw, bytes) else raw
        if isinstance(archived, Fault):
            rows.add_refused(reading.url or "", reading, "fault", archived)
        else:
            rows.add_page(archived, reading)


def _unwanted(archived: Archived, url: str) -> _Refusal | None:
    """Why an answer is no page, by its address, status and type; what a live crawl would have said of it."""
    if urlsplit(url).path == "/robots.txt":
        return _Refusal("dropped", Fault("not-a-page", "robots.txt"))
    if archived.kind == REVISIT:
        return _Refusal("dropped", Fault("revisit", archived.without))
    status = archived.status
    if status is not None and status // 100 == 3 and (target := archived.headers.get("location")):
        found = Fault("redirected", f"leads to {target}, which is read under its own address")
        return _Refusal("dropped", found, normalise_url(target, url))
    if status is not None and status // 100 != 2:
        return _Refusal("fault", Fault(f"http-{status}", f"answered with status {status}"))
    media_type = archived.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not is_text(media_type):
        return _Refusal("dropped", Fault("not-html", f"Content-Type {media_type}"))
    return None


def _asked_off(page: Page, robots_tag: str | None, extraction: Extraction) -> _Refusal | None:
    asked, settings = page.directives(robots_tag, extraction.user_agent), extraction.settings
    if asked.noindex and settings.noindex == "drop":
        return _Refusal("dropped", Fault("noindex", "the page asks robots not to keep it"))
    if asked.noai and settings.noai == "drop":
        return _Refusal("dropped", Fault("noai", "the page asks not to be used for training"))
    return None
