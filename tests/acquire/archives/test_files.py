import hashlib
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pipelines.acquire.archives.files import ArchiveFile, files_digest, list_files, read_file
from pipelines.acquire.archives.records import Archived, read_record
from pipelines.acquire.archives.writer import WarcWriter
from pipelines.acquire.extract import Extraction
from pipelines.acquire.faults import AcquireError
from pipelines.acquire.transforms import ReadArchives
from pipelines.runtime.filesystem import Folder
from pipelines.runtime.manifest import Manifest
from pipelines.runtime.runner import Runner
from pipelines.runtime.shards import Output
from pipelines.runtime.stage import Stage, run_stage
from schemas.recipe import ArchiveSettings
from schemas.records import ALTERNATE, DOCUMENT, DROPPED, FAULT, MOVED
from tests.acquire.archives.exchanges import HTML, answer, exchange, member, page, write

URL = "https://site.example/"
EXTRACTION = Extraction("2026-11", "glotmill")


def text(index: int) -> str:
    return f"Ukurasa wa {index} una maneno mengi ya Kiswahili, nao unasomwa na watu wote."


def rows(file: ArchiveFile, settings: ArchiveSettings) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = {}
    for taken in read_file(file, settings, EXTRACTION):
        for name, batch in taken.rows:
            found.setdefault(name, []).extend(batch.to_pylist())
    return found


def settings(*paths: Path | str) -> ArchiveSettings:
    return ArchiveSettings(paths=tuple(map(str, paths)), name="archive", licence="CC-BY-4.0")


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A file with a page, a redirect, a missing page, a revisit, a picture, a crawler's log and a broken member."""
    file = tmp_path / "mixed.warc.gz"
    broken = bytearray(member("response", f"{URL}broken", answer(b"x" * 100)))
    broken[40] ^= 0xFF
    file.write_bytes(
        b"".join(
            [
                member("warcinfo", "", b"software: x", "application/warc-fields"),
                member("request", f"{URL}page", b"GET / HTTP/1.1\r\n\r\n", "application/http;msgtype=request"),
                member("response", f"{URL}page", answer(page("sw", text(0)))),
                member("response", f"{URL}old", answer(b"", b"Location: /page", status=b"301 Moved")),
                member("response", f"{URL}gone", answer(b"gone", status=b"404 Not Found")),
                member("revisit", f"{URL}again", answer(b"")),
                member("resource", f"{URL}a.png", b"\x89PNG", "image/png"),
                member("resource", "metadata://gnu.org/software/wget/warc/wget.log", b"a log", "text/plain"),
                bytes(broken),
                member(
                    "conversion", f"{URL}wet", text(1).encode(), "text/plain", "WARC-Identified-Content-Language: swh"
                ),
            ]
        )
    )
    return file


def test_every_record_of_an_answer_is_one_row(mixed: Path) -> None:
    (file,) = list_files(settings(mixed))
    taken = list(read_file(file, settings(mixed), EXTRACTION))
    found = rows(file, settings(mixed))
    assert Counter(row["reason"] for row in found["dropped"]) == {
        "redirected": 1,
        "revisit": 1,
        "not-html": 1,
        "not-web": 1,
    }
    assert Counter(row["reason"] for row in found["errors"]) == {"http-404": 1, "broken-record": 1}
    assert len(found["kept"]) == 2
    assert sum(one.records for one in taken) == 8


def test_a_document_names_the_record_it_was_read_from(mixed: Path) -> None:
    (file,) = list_files(settings(mixed))
    for document in rows(file, settings(mixed))["kept"]:
        assert document["warc_file"] == "mixed.warc.gz"
        found = read_record(mixed.read_bytes()[document["warc_offset"] :], 2**20)
        assert isinstance(found, Archived)
        assert found.url == document["url"]
        assert document["content_sha256"] == hashlib.sha256(found.body).hexdigest()


def test_text_of_a_wet_file_is_the_document(mixed: Path) -> None:
    (file,) = list_files(settings(mixed))
    (wet,) = (document for document in rows(file, settings(mixed))["kept"] if document["url"] == f"{URL}wet")
    assert wet["text"] == text(1)
    assert wet["declared_language"] == "swh"
    assert wet["licence"] == "CC-BY-4.0"


def test_robots_txt_is_no_document(tmp_path: Path) -> None:
    kinds = [(f"{URL}robots.txt", 200), ("https://other.example/robots.txt", 404), (f"{URL}a/robots.txt", 200)]
    exchanges = [exchange(url, text(0).encode(), (b"Content-Type", b"text/plain"), status=s) for url, s in kinds]
    (file,) = list_files(settings(write(tmp_path, exchanges)[0]))
    found = rows(file, settings(tmp_path))
    assert [row["url"] for row in found["kept"]] == [f"{URL}a/robots.txt"]
    assert {row["url"]: (row["reason"], row["detail"]) for row in found["dropped"]} == {
        url: ("not-a-page", "robots.txt") for url, _ in kinds[:2]
    }


def test_pages_of_one_body_are_documents_of_their_own_addresses(tmp_path: Path) -> None:
    bodies = [page("sw", text(index % 3)) for index in range(9)]
    path, _ = write(tmp_path, [exchange(f"{URL}{index}", body, *HTML) for index, body in enumerate(bodies)])
    (file,) = list_files(settings(path))
    found = rows(file, settings(path))
    assert found.keys() == {"kept"}
    assert {row["url"]: row["content_sha256"] for row in found["kept"]} == {
        f"{URL}{index}": hashlib.sha256(body).hexdigest() for index, body in enumerate(bodies)
    }
    assert len({row["warc_offset"] for row in found["kept"]}) == 9
    with served(tmp_path, failures=1) as base:
        remote = settings(f"{base}/{path.name}")
        assert rows(*list_files(remote), remote) == found


def test_a_revisit_of_another_file_is_dropped_and_says_so(tmp_path: Path) -> None:
    path, (place, _) = write(tmp_path, [exchange(f"{URL}{index}", page("sw", text(0)), *HTML) for index in range(2)])
    raw = path.read_bytes()
    # From the original's end on, in a file of its own.
    path.write_bytes(raw[: place.offset + place.length])
    (tmp_path / "rest.warc.gz").write_bytes(raw[place.offset + place.length :])
    by_name = {file.name: rows(file, settings(tmp_path)) for file in list_files(settings(tmp_path))}
    assert [row["url"] for row in by_name[path.name]["kept"]] == [f"{URL}0"]
    (dropped,) = by_name["rest.warc.gz"]["dropped"]
    assert (dropped["url"], dropped["reason"]) == (f"{URL}1", "revisit")
    assert "does not stand before it in this file" in str(dropped["detail"])


def test_each_file_of_a_writer_holds_the_bodies_of_its_pages(tmp_path: Path) -> None:
    with WarcWriter(Folder(str(tmp_path)), "pages", {}, max_bytes=4_000) as writer:
        for index in range(12):
            writer.response(exchange(f"{URL}{index}", page("sw", text(0)), *HTML))
    files = list_files(settings(tmp_path))
    assert len(files) > 1
    found = [rows(file, settings(tmp_path)) for file in files]
    assert {row["url"] for one in found for row in one["kept"]} == {f"{URL}{index}" for index in range(12)}


def test_folders_are_searched_and_names_are_below_them(tmp_path: Path) -> None:
    for name in ("a/x.warc.gz", "b/x.warc", "b/y.wet.gz", "b/z.warc.wet.gz", "b/notes.txt", "b/x.warc.gz.tmp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert [file.name for file in list_files(settings(tmp_path))] == [
        "a/x.warc.gz",
        "b/x.warc",
        "b/y.wet.gz",
        "b/z.warc.wet.gz",
    ]
    assert [file.name for file in list_files(settings(f"file://{tmp_path}/b/x.warc"))] == ["x.warc"]


def test_a_path_without_archives_is_told(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "gone.warc.gz"):
        with pytest.raises(AcquireError, match="no such file, and no folder"):
            list_files(settings(path))


def test_patterns_choose_files_and_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("000-pages/warc/pages-1.warc.gz", "000-pages/warc/others-1.warc.gz", "001-pages/warc/pages-2.warc.gz"):
        (tmp_path / "crawl[1]" / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / "crawl[1]" / name).write_bytes(b"")
        (tmp_path / "crawl[1]" / f"{name}.abc.tmp").write_bytes(b"")
    wanted = ["000-pages/warc/pages-1.warc.gz", "001-pages/warc/pages-2.warc.gz"]
    crawl = tmp_path / "crawl[[]1]"
    found = list_files(settings(crawl / "*-pages" / "warc" / "pages-*"))
    assert [file.name for file in found] == [f"crawl[1]/{name}" for name in wanted]
    assert [file.url for file in found] == [str(tmp_path / file.name) for file in found]
    monkeypatch.chdir(tmp_path / "crawl[1]")
    assert [file.name for file in list_files(settings("*-pages/warc/pages-*"))] == wanted
    (tmp_path / "crawl[1]").rename(tmp_path / "crawl")
    for pattern in ("*-pages/warc/pages-*.warc.gz", "**/pages-*.warc.gz", "*/warc/pages-?.warc*"):
        for base in (str(tmp_path / "crawl"), f"file://{tmp_path}/crawl"):
            assert [file.name for file in list_files(settings(f"{base}/{pattern}"))] == wanted
    assert len(list_files(settings(tmp_path / "crawl" / "000*"))) == 2


def test_names_that_look_like_patterns_are_names_where_they_exist(tmp_path: Path) -> None:
    (tmp_path / "a[1]").mkdir()
    (tmp_path / "a[1]" / "x[2].warc").write_bytes(b"")
    for path in (tmp_path / "a[1]", tmp_path / "a[1]" / "x[2].warc"):
        assert [file.name for file in list_files(settings(path))] == ["x[2].warc"]


def test_a_pattern_that_matches_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "pages-1.txt").write_bytes(b"")
    with pytest.raises(AcquireError, match=r"source 'archive': .*pages-\*: matches no \*\.warc"):
        list_files(settings(tmp_path / "pages-*"))


def test_two_files_of_one_name_are_told(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.warc.gz").write_bytes(b"")
    with pytest.raises(AcquireError, match=r"both called x\.warc\.gz"):
        list_files(settings(tmp_path / "a" / "x.warc.gz", tmp_path / "b" / "x.warc.gz"))


def test_another_file_of_the_same_name_and_size_has_another_digest(tmp_path: Path) -> None:
    digests = set()
    for content in (b"one", b"two", b"three"):
        (tmp_path / "x.warc").write_bytes(content)
        digests.add(files_digest(list_files(settings(tmp_path))))
    assert len(digests) == 3


class _Ranges(BaseHTTPRequestHandler):
    """Answers ranges, but not before it has broken some connections in the middle of a body."""

    protocol_version = "HTTP/1.1"
    failures: list[str]
    folder: Path

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str((self.folder / self.path[1:]).stat().st_size))
        self.end_headers()

    def do_GET(self) -> None:
        raw = (self.folder / self.path[1:]).read_bytes()
        start, end = map(int, self.headers["Range"].removeprefix("bytes=").split("-"))
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {start}-{end}/{len(raw)}")
        self.send_header("Content-Length", str(end + 1 - start))
        self.end_headers()
        part = raw[start : end + 1]
        if self.failures:
            self.failures.pop()
            self.wfile.write(part[: len(part) // 2])
            self.close_connection = True
            return
        self.wfile.write(part)

    def log_message(self, format: str, *args: object) -> None:
        return None


@contextmanager
def served(folder: Path, failures: int) -> Iterator[str]:
    handler = type("Handler", (_Ranges,), {"folder": folder, "failures": ["broken"] * failures})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def test_a_broken_connection_is_taken_up_where_it_broke(mixed: Path) -> None:
    (local,) = list_files(settings(mixed))
    with served(mixed.parent, failures=2) as base:
        source = settings(f"{base}/mixed.warc.gz")
        (file,) = list_files(source)
        assert (file.name, file.size, file.digest) == (local.name, local.size, local.digest)
        assert rows(file, source) == rows(local, settings(mixed))


def test_a_server_that_stays_away_ends_the_run_with_a_message(mixed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.acquire.archives.files._MAX_ATTEMPTS", 1)
    with served(mixed.parent, failures=0) as base:
        source = settings(f"{base}/mixed.warc.gz")
        (file,) = list_files(source)
    with pytest.raises(AcquireError, match=r"acquire\.archives\.paths"):
        list(read_file(file, source, EXTRACTION))


def acquired(folder: Path, source: ArchiveSettings, workers: int) -> Manifest:
    """A stage that reads one source and nothing else."""
    files = tuple(list_files(source))
    stage = Stage(
        name="acquire",
        folder=str(folder),
        packages=("pipelines.acquire",),
        settings=source,
        outputs=tuple(
            Output(name, schema)
            for name, schema in {
                "kept": DOCUMENT,
                "dropped": DROPPED,
                "errors": FAULT,
                "alternates": ALTERNATE,
                "moved": MOVED,
            }.items()
        ),
        counts_in="counters",
        extra={"archives": files_digest(files)},
    )
    return run_stage(
        stage, lambda pipeline: pipeline | "Read" >> ReadArchives(source, files, EXTRACTION), Runner(workers=workers)
    )


def test_the_ledger_balances_and_workers_change_nothing(mixed: Path, tmp_path: Path) -> None:
    archives = mixed.parent / "archives"
    for part in range(4):
        exchanges = [exchange(f"{URL}{part}/{index}", page("sw", text(index)), *HTML) for index in range(300)]
        write(archives, exchanges, f"part-{part}")
    mixed.rename(archives / mixed.name)
    manifests = [acquired(tmp_path / str(workers), settings(archives), workers) for workers in (1, 2)]
    assert [line.rows_in for line in manifests[0].ledger] == [1_208]
    assert manifests[0].ledger[0].difference == 0
    assert manifests[0].rows("kept") == 1_202
    assert manifests[0].content == manifests[1].content


def test_batches_stay_small(tmp_path: Path) -> None:
    exchanges = [exchange(f"{URL}{index}", page("sw", text(index)), *HTML) for index in range(600)]
    path, _ = write(tmp_path, exchanges)
    (file,) = list_files(settings(path))
    sizes = [one.records for one in read_file(file, settings(path), EXTRACTION)]
    assert sizes == [250, 250, 100]
