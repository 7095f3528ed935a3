"""Visits and records to documents: one row each, with its reason."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.acquire.archives.exchange import Place
from pipelines.acquire.archives.records import Archived
from pipelines.acquire.archives.store import Store
from pipelines.acquire.archives.writer import WarcWriter
from pipelines.acquire.crawl.state import VISIT, to_batch, visit
from pipelines.acquire.extract import Extraction, Reading, Rows, extract, stand_ins
from pipelines.acquire.faults import Fault, UnexpectedError
from pipelines.acquire.pages.page import Page
from pipelines.runtime.filesystem import Folder
from schemas.identifiers import content_id
from schemas.recipe import ExtractSettings
from schemas.records import ALTERNATE, DOCUMENT, DROPPED, FAULT, MOVED
from tests.acquire.archives.exchanges import exchange

SAID = "Binadamu wote wamezaliwa huru, hadhi na haki zao ni sawa. " * 3
HTML = f"<html lang=sw><head><title>Haki</title><body><nav><a href=/>Nyumbani</a></nav><main><p>{SAID}</p></main>"
SCHEMAS = {"kept": DOCUMENT, "dropped": DROPPED, "errors": FAULT, "alternates": ALTERNATE, "moved": MOVED}
READING = Reading(source="archives", warc_file="x.warc.gz", warc_offset=7)


def archived(body: bytes | str = HTML, status: int | None = 200, kind: str = "response", **headers: str) -> Archived:
    raw = body if isinstance(body, bytes) else body.encode()
    named = {"content-type": "text/html; charset=utf-8", **{k.replace("_", "-"): v for k, v in headers.items()}}
    return Archived("http://example.org/a", kind, status, named, raw, "2026-11-01T00:00:00Z", len(raw))


def rows_of(rows: Rows) -> dict[str, list[dict[str, object]]]:
    batches = dict(rows.named())
    assert all(batch.schema.equals(SCHEMAS[name]) for name, batch in batches.items())
    return {name: batch.to_pylist() for name, batch in batches.items()}


def read(page: Archived, reading: Reading = READING, **settings: object) -> dict[str, list[dict[str, object]]]:
    extraction = Extraction("one", "glotmill", ExtractSettings.model_validate(settings))
    rows = Rows(extraction)
    rows.add_page(page, reading)
    found = rows_of(rows)
    extraction.close()
    assert sum(len(found.get(name, ())) for name in ("kept", "dropped", "errors")) == 1
    return found


def reason(found: dict[str, list[dict[str, object]]]) -> tuple[str, object]:
    return next((name, found[name][0]["reason"]) for name in ("dropped", "errors") if name in found)


def visits(*rows: dict[str, object]) -> pa.RecordBatch:
    return to_batch(rows, VISIT)


def stored(url: str, place: Place, **facts: object) -> dict[str, object]:
    where = {"stored_file": place.file, "stored_offset": place.offset, "stored_length": place.length}
    return {**visit(url, 0, "page"), **where, **facts}


def test_a_document_holds_what_the_page_says_and_where_it_was_read() -> None:
    html = HTML.replace(
        "<title>", "<link rel=alternate hreflang=de href=/de><meta name=date content=2020-01-02><title>"
    )
    found = read(archived(html, link='<https://creativecommons.org/licenses/by/4.0/>; rel="license"'))
    document = found["kept"][0]
    assert document["text"] == SAID.strip()
    assert document["id"] == content_id("http://example.org/a", SAID.strip())
    assert document["content_sha256"] == hashlib.sha256(html.encode()).hexdigest()
    said = ("title", "declared_language", "published", "licence", "source", "warc_file", "warc_offset", "language")
    assert [document[name] for name in said] == [
        *("Haki", "sw", "2020-01-02", "CC-BY-4.0", "archives", "x.warc.gz", 7, "und"),
    ]
    assert [(row["hreflang"], row["target"]) for row in found["alternates"]] == [("de", "http://example.org/de")]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (archived("", 404), ("errors", "http-404")),
        (archived("", 301, location="/b"), ("dropped", "redirected")),
        (archived("", 304), ("errors", "http-304")),
        (archived("%PDF", content_type="application/pdf"), ("dropped", "not-html")),
        (archived(b"%PDF-1.7\n\x00"), ("dropped", "not-html")),
        (archived("<html><body><script>x</script>"), ("dropped", "no-text")),
        (archived("", kind="revisit"), ("dropped", "revisit")),
        (archived("<div>" * 600 + "x"), ("errors", "nested-too-deep")),
        (archived(b"\xff\xff\x81\x00\x01", content_type="text/html; charset=euc-kr"), ("errors", "undecodable-text")),
    ],
)
def test_what_is_no_page_leaves_with_its_reason(page: Archived, expected: tuple[str, str]) -> None:
    assert reason(read(page)) == expected


def test_where_a_redirect_of_an_archive_leads_is_told() -> None:
    [moved] = read(archived("", 301, location="../b"))["moved"]
    assert (moved["url"], moved["target"], moved["source"]) == (
        *("http://example.org/a", "http://example.org/b", "archives"),
    )


def test_a_skipped_media_type_is_told() -> None:
    found = read(archived("%PDF", content_type="application/pdf"))
    assert found["dropped"][0]["detail"] == "Content-Type application/pdf"


def test_wishes_given_since_a_page_was_stored_count_in_place_of_the_record_s() -> None:
    since = replace(READING, robots_tag="noai")
    assert reason(read(archived(), since)) == ("dropped", "noai")
    assert reason(read(archived(x_robots_tag="noindex"), since)) == ("dropped", "noai")
    assert "kept" in read(archived(x_robots_tag="noindex"), replace(READING, robots_tag="all"))


def test_wishes_of_pages_are_policies() -> None:
    noindex, noai = archived(x_robots_tag="noindex"), archived(x_robots_tag="otherbot: all\nnoai")
    assert reason(read(noindex)) == ("dropped", "noindex")
    assert reason(read(noai)) == ("dropped", "noai")
    assert "kept" in read(noindex, noindex="keep")
    assert "kept" in read(noai, noai="keep")
    assert reason(read(noai, noindex="keep")) == ("dropped", "noai")


def test_nesting_and_repair_are_settings() -> None:
    deep = archived("<div>" * 100 + SAID)
    assert "kept" in read(deep)
    assert reason(read(deep, max_nesting=50)) == ("errors", "nested-too-deep")
    broken = archived(f"<main><p>{SAID} schÃ¶n")
    assert str(read(broken)["kept"][0]["text"]).endswith("schön")
    assert str(read(broken, repair=False)["kept"][0]["text"]).endswith("schÃ¶n")


def test_plain_text_is_kept_whole_by_either_extractor() -> None:
    page = archived(f"{SAID}\r\n\r\n<b>haki</b>", content_type="text/plain")
    for extractor in ("resiliparse", "trafilatura"):
        assert read(page, extractor=extractor)["kept"][0]["text"] == f"{SAID.strip()}\n<b>haki</b>"


def test_trafilatura_is_an_option_and_its_time_a_bound() -> None:
    assert read(archived(), extractor="trafilatura")["kept"][0]["text"] == SAID.strip()
    slow = archived("<article>" + "<p>x <b>y</b> " * 200_000)
    assert reason(read(slow, extractor="trafilatura", seconds_per_page=0.5)) == ("errors", "extraction-timeout")


def test_an_extraction_travels_without_its_child() -> None:
    extraction = Extraction("one", "glotmill", ExtractSettings(extractor="trafilatura"), frozenset({"a"}))
    Rows(extraction).add_page(archived(), READING)
    assert "_child" in vars(extraction)
    copied = pickle.loads(pickle.dumps(extraction))
    assert copied == extraction
    assert "_child" not in vars(copied)
    extraction.close()


def test_every_visit_is_one_row_and_bodies_come_from_their_records(tmp_path: Path) -> None:
    base = "http://example.org"
    with WarcWriter(Folder(str(tmp_path)), "x", {}) as writer:
        first = writer.response(exchange(f"{base}/a", HTML.encode()))
        again = writer.response(exchange(f"{base}/b", HTML.encode()))
        big = writer.response(exchange(f"{base}/big", b"<p>x" * 20_000))
    assert first == again
    batch = visits(
        stored(f"{base}/a", first),
        stored(f"{base}/b", again),
        stored(f"{base}/big", big),
        stored(f"{base}/gone", Place("lost.warc.gz", 0, 10)),
        stored(f"{base}/other", first, canonical=f"{base}/a"),
        stored(f"{base}/unwanted", first, robots_tag="noai"),
        visit(f"{base}/moved", 0, "redirect", target=f"{base}/a"),
        visit(f"{base}/loop", 0, "redirect", target=f"{base}/loop"),
        visit(f"{base}/private", 0, "dropped", reason="robots-disallowed", detail="no"),
        visit(f"{base}/dead", 0, "fault", reason="http-500", detail="no"),
        visit(f"{base}/bodiless", 0, "page"),
    )
    extraction = Extraction(
        "one", "glotmill", ExtractSettings(max_bytes=50_000), frozenset({f"{base}/loop"}), frozenset({f"{base}/other"})
    )
    found = rows_of(extract(batch, Store(str(tmp_path)), extraction, {"crawl": "CC0-1.0"}))
    kept = {str(row["url"]): row for row in found["kept"]}
    assert set(kept) == {f"{base}/a", f"{base}/b"}
    assert kept[f"{base}/b"]["text"] == SAID.strip()
    assert {(row["licence"], row["warc_file"], row["warc_offset"]) for row in kept.values()} == {
        ("CC0-1.0", None, None)
    }
    assert {(row["url"], row["reason"], row["id"]) for row in found["dropped"]} == {
        (f"{base}/{name}", why, content_id(f"{base}/{name}"))
        for name, why in (
            ("other", "canonical-elsewhere"),
            ("unwanted", "noai"),
            ("moved", "redirected"),
            ("private", "robots-disallowed"),
        )
    }
    assert {(row["place"], row["reason"]) for row in found["errors"]} == {
        (f"{base}/big", "too-large"),
        (f"{base}/gone", "stored-record-missing"),
        (f"{base}/loop", "redirect-loop"),
        (f"{base}/dead", "http-500"),
        (f"{base}/bodiless", "no-body"),
    }


def test_refused_records_of_one_address_stay_apart_by_their_place() -> None:
    rows = Rows(Extraction("one", "glotmill"))
    for offset in (1, 2):
        reading = Reading(source="archives", warc_file="x.warc.gz", warc_offset=offset)
        rows.add_page(archived("", 500), reading)
        rows.add_page(archived("<p>"), reading)
        rows.add_refused("", reading, "fault", Fault("broken-record", "no HTTP in it"))
    found = rows_of(rows)
    assert len({row["id"] for row in found["dropped"]}) == len(found["dropped"]) == 2
    assert len({row["id"] for row in found["errors"]}) == len(found["errors"]) == 4
    assert {row["place"] for row in found["errors"]} == {"archives/x.warc.gz:1", "archives/x.warc.gz:2"}
    assert found["errors"][0]["detail"] == "http://example.org/a: answered with status 500"


def test_alternates_of_a_page_read_twice_stay_apart_by_its_place() -> None:
    rows = Rows(Extraction("one", "glotmill"))
    for offset in (1, 2):
        reading = Reading(source="archives", warc_file="x.warc.gz", warc_offset=offset)
        rows.add_page(archived(link='</de>; rel=alternate; hreflang="de"; hreflang=fr'), reading)
    rows.add_page(archived(link="</de>; rel=alternate; hreflang=de"), Reading(source="crawl"))
    found = rows_of(rows)["alternates"]
    assert len({row["id"] for row in found}) == len(found) == 5
    page, target = "http://example.org/a", "http://example.org/de"
    assert found[0]["id"] == content_id(page, page, target, "de", "archives/x.warc.gz", "1")
    assert found[-1]["id"] == content_id(page, page, target, "de")


def test_a_text_read_twice_at_one_address_leaves_a_row_that_names_it() -> None:
    rows = Rows(Extraction("one", "glotmill"))
    for offset in (1, 2, 3):
        rows.add_page(archived(), Reading(source="archives", warc_file="x.warc.gz", warc_offset=offset))
    documents = pa.Table.from_batches([dict(rows.named())["kept"]])
    dropped = stand_ins(documents.slice(1))
    assert dropped.schema.equals(DROPPED)
    assert set(dropped.column("matched_id").to_pylist()) == set(documents.column("id").to_pylist())
    assert len(set(dropped.column("id").to_pylist()) - set(documents.column("id").to_pylist())) == 2
    assert dropped.column("reason").to_pylist() == ["repeated-reading"] * 2
    assert stand_ins(documents.slice(0, 0)).num_rows == 0


@pytest.mark.parametrize("method", ["title", "text"])
def test_an_error_that_nobody_foresaw_names_the_address(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("not foreseen")

    monkeypatch.setattr(Page, method, fail)
    with pytest.raises(UnexpectedError, match=r"^at http://example\.org/a: ZeroDivisionError: not foreseen$"):
        read(archived())
