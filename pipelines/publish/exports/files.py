"""Text files written as they grow: under a temporary name, moved when whole; plain or gzip, always the same bytes."""

from __future__ import annotations

import gzip
import uuid
from types import TracebackType
from typing import BinaryIO, cast

from pipelines.runtime.filesystem import Folder
from schemas.recipe import Compression

_GZIP_LEVEL = 6


def ending(compression: Compression) -> str:
    """What a compression adds to a file's name."""
    return "" if compression == "none" else f".{compression}"


class TextFile:
    """A file that is there under its name once the block ends well, and not at all if it ends badly."""

    def __init__(self, folder: Folder, name: str, compression: Compression = "none") -> None:
        self.folder = folder
        self.name = name
        self._temporary = f"{name}.{uuid.uuid4().hex}.tmp"
        self._file = folder.open(self._temporary, "wb")
        # A name or a time in the header of a gzip file would change its bytes from run to run.
        self._content = self._file if compression == "none" else _gzip(self._file)

    def write(self, content: bytes | memoryview) -> None:
        self._content.write(content)

    def close(self) -> None:
        """End the file and give it its name."""
        self._end()
        self.folder.move(self._temporary, self.name)

    def abandon(self) -> None:
        """End the file and remove it."""
        self._end()
        self.folder.remove(self._temporary)

    def _end(self) -> None:
        if self._content is not self._file:
            self._content.close()
        self._file.close()

    def __enter__(self) -> TextFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()


def _gzip(file: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, gzip.GzipFile(filename="", mode="wb", compresslevel=_GZIP_LEVEL, fileobj=file, mtime=0))
