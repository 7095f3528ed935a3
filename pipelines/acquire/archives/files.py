"""Archive files that a recipe names: which there are, and their records as rows."""

from __future__ import annotations

import glob
import hashlib
import io
import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple, cast

import pyarrow as pa

from pipelines.acquire.archives.ranges import is_http
from pipelines.acquire.archives.records import NOT_WEB, read_archive
from pipelines.acquire.archives.remote import open_ranged
from pipelines.acquire.extract import Extraction, Reading, Rows
from pipelines.acquire.faults import AcquireError, Fault
from pipelines.runtime.filesystem import Folder
from schemas.recipe import ArchiveSettings

_SUFFIXES = (".warc", ".warc.gz", ".wet", ".wet.gz")
_RECORDS_AT_ONCE = 250
# Remote files are read in blocks of so many bytes, each tried so often.
_BLOCK_BYTES = 8 * 2**20
_MAX_ATTEMPTS = 5
_DIGESTED_BYTES = 64 * 2**10


@dataclass(frozen=True)
class ArchiveFile:
    """One file of a source.

    Attributes:
        url: where it lies, a path or URL.
        name: its name below the folder that the recipe gives, or below the last one in front of a pattern's first
            wildcard; of a single file its base name. `warc_file` of its documents.
        size: bytes.
        digest: SHA-256 in hex of its last 64 KiB.
    """

    url: str
    name: str
    size: int
    digest: str


class Taken(NamedTuple):
    """What some records of a file gave: `records` of them went in, and `rows` are by output."""

    records: int
    rows: tuple[tuple[str, pa.RecordBatch], ...]


def list_files(settings: ArchiveSettings) -> list[ArchiveFile]:
    """The files of a source, sorted by name.

    A path is a file, a folder, or a pattern of files and folders with the wildcards *, **, ? and [] of fsspec. Pages of
    a crawl of our own are `runs/NAME/crawl/*-pages/warc/pages-*.warc.gz`; files called surveys-* hold robots.txt and
    sitemaps, others-* redirects, errors and what was answered for pages that do not exist.

    Raises:
        AcquireError: a path leads to no file, a file cannot be read, or two files share one name.
    """
    urls: dict[str, str] = {}
    for path in settings.paths:
        for name, url in _named_files(path, settings.name):
            if urls.setdefault(name, url) != url:
                raise AcquireError(
                    f"acquire.archives.paths: source {settings.name!r}: {urls[name]} and {url} are both called {name}, "
                    "which documents name them by; give a folder above both, or make them two sources"
                )
    return [_described(url, name, settings.name) for name, url in sorted(urls.items())]


def files_digest(files: Iterable[ArchiveFile]) -> str:
    """SHA-256 in hex over names, sizes and last bytes of files; it changes when a file is another one."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name}\0{file.size}\0{file.digest}\n".encode())
    return digest.hexdigest()


def read_file(file: ArchiveFile, settings: ArchiveSettings, extraction: Extraction) -> Iterator[Taken]:
    """Turn a file's records into rows of kept, dropped, errors, alternates and moved, in order of `read_archive`.

    Each answer, and each record that cannot be read, is one row of the first three.

    Raises:
        AcquireError: the file can be read no further.
    """
    rows, records = Rows(extraction), 0
    with open_archive(file.url, settings.name) as stream:
        for offset, found in read_archive(stream, extraction.settings.max_bytes):
            reading = Reading(settings.name, settings.licence, file.name, offset)
            if isinstance(found, Fault):
                rows.add_refused("", reading, "dropped" if found.reason == NOT_WEB else "fault", found)
            else:
                rows.add_page(found, reading)
            records += 1
            if records == _RECORDS_AT_ONCE:
                yield Taken(records, tuple(rows.named()))
                rows, records = Rows(extraction), 0
    yield Taken(records, tuple(rows.named()))


def _named_files(path: str, source: str) -> Iterator[tuple[str, str]]:
    """Name and URL of each archive that a path leads to."""
    folder = Folder(path.rstrip("/"))
    if is_http(path) or folder.filesystem.isfile(folder.path()):
        yield posixpath.basename(path.partition("?")[0]), path
        return
    if glob.has_magic(path) and not folder.exists():
        yield from _matching_files(path, source)
        return
    names = [name for name in folder.files() if name.endswith(_SUFFIXES)]
    if not names:
        raise AcquireError(
            f"acquire.archives.paths: source {source!r}: {path}: no such file, and no folder that holds "
            "*.warc, *.warc.gz, *.wet or *.wet.gz"
        )
    yield from ((name, folder.inside(name).url) for name in names)


def _matching_files(pattern: str, source: str) -> Iterator[tuple[str, str]]:
    """Name and URL of each archive that a pattern matches, or that lies in a folder that it matches."""
    parts = pattern.split("/")
    fixed = next(index for index, part in enumerate(parts) if glob.has_magic(part))
    folder = Folder("/".join(parts[:fixed]) or ("/" if fixed else "."))
    root, filesystem = folder.path(), folder.filesystem
    filesystem.invalidate_cache()
    names: set[str] = set()
    for path in filesystem.glob("/".join([glob.escape(root), *parts[fixed:]])):
        inside = [path] if path.endswith(_SUFFIXES) else filesystem.find(path)
        names.update(posixpath.relpath(file, root or "/") for file in inside if file.endswith(_SUFFIXES))
    if not names:
        raise AcquireError(
            f"acquire.archives.paths: source {source!r}: {pattern}: matches no *.warc, *.warc.gz, *.wet or *.wet.gz, "
            "and no folder that holds any; correct the pattern, or name the folder above"
        )
    yield from ((name, folder.inside(name).url) for name in sorted(names))


def _described(url: str, name: str, source: str) -> ArchiveFile:
    with open_archive(url, source, _DIGESTED_BYTES) as stream:
        size = stream.seek(0, io.SEEK_END)
        stream.seek(max(0, size - _DIGESTED_BYTES))
        return ArchiveFile(url, name, size, hashlib.sha256(stream.read(_DIGESTED_BYTES)).hexdigest())


def open_archive(url: str, source: str, block_bytes: int = _BLOCK_BYTES) -> BinaryIO:
    """A file to read; a remote one by ranges of `block_bytes`, each tried again where it fails.

    Opening and reading raise AcquireError where the file cannot be had.
    """
    place = f"acquire.archives.paths: source {source!r}: {url}"
    try:
        stream = open_ranged(url, _MAX_ATTEMPTS)
    except OSError as error:
        raise AcquireError(f"{place}: cannot be opened: {error}") from error
    if isinstance(stream, io.RawIOBase):
        stream = cast(BinaryIO, io.BufferedReader(stream, block_bytes))
    return cast(BinaryIO, _Source(stream, place))


class _Source(io.BufferedIOBase):
    """A stream whose own failures end the run: fastwarc raises OSError for broken records, which do not."""

    def __init__(self, stream: BinaryIO, place: str) -> None:
        self._stream = stream
        self._place = place

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        try:
            return self._stream.read(-1 if size is None else size)
        except OSError as error:
            raise AcquireError(
                f"{self._place}: cannot be read on from byte {self._stream.tell()}: {error}; run it again once it can"
            ) from error

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()
