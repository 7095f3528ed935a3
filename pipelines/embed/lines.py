"""Line-aligned text, a file a language, as MEXA and FLORES have it: line n says the same in every file."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from unicodedata import normalize

import numpy as np
import pyarrow as pa

from pipelines.embed.alignment import Side
from pipelines.embed.handle import SentenceEncoder
from pipelines.runtime.filesystem import Folder
from schemas.errors import GlotmillError
from schemas.languages import LanguageError, normalise


class LinesError(GlotmillError):
    """A folder that holds no line-aligned text."""


@dataclass(frozen=True)
class Lines:
    """Lines of one language that hold something.

    Attributes:
        ids: string (n,), numbers of the lines.
        texts: string (n,), NFC, white space folded.
    """

    ids: pa.StringArray
    texts: pa.StringArray


def read_lines(folder: str, most: int) -> dict[str, Lines]:
    """The first lines of every file of a folder, by language key.

    Args:
        folder: path or URL; its files are named by language in any spelling, as `eng_Latn.txt` or `eng_Latn.devtest`.
        most: lines of a file.
    Raises:
        LinesError: there are no files, one is not named by a language or not UTF-8, two are of one language, or two
            have different numbers of lines.
    """
    place = Folder(folder)
    names = [name for name in place.files() if "/" not in name and not name.startswith(".")]
    if not names:
        raise LinesError(
            f"{folder}: no files; name a folder of line-aligned ones, such as eng_Latn.txt, one a language"
        )
    of: dict[str, str] = {}
    found: dict[str, Lines] = {}
    counted: tuple[str, int] | None = None
    for name in names:
        language = _language(folder, name)
        if language in of:
            raise LinesError(f"{folder}: {of[language]} and {name} are both {language}; keep one of them")
        of[language] = name
        lines = _lines(place, name)
        if counted is not None and len(lines) != counted[1]:
            raise LinesError(
                f"{folder}: {counted[0]} has {counted[1]:,} lines, {name} {len(lines):,}; line n must say the same in "
                "every file"
            )
        counted = (name, len(lines))
        found[language] = _filled(lines[:most])
    return found


def encoded_sides(
    lines: Mapping[str, Lines], encoder: SentenceEncoder, workers: int, done: Callable[[str], None] = lambda _: None
) -> dict[str, Side]:
    """Lines with their vectors, by language; languages without any are left out.

    Args:
        workers: languages encoded at a time; it does not change a vector.
        done: called with each language in turn, as it is encoded.
    """
    some = {language: of for language, of in sorted(lines.items()) if len(of.texts)}
    sides = {}
    with ThreadPoolExecutor(workers) as pool:
        for language, vectors in zip(some, pool.map(encoder.encode, [of.texts for of in some.values()]), strict=True):
            sides[language] = Side(some[language].ids, some[language].texts, vectors.astype(np.float32))
            done(language)
    return sides


def _language(folder: str, name: str) -> str:
    code = posixpath.basename(name).partition(".")[0]
    try:
        return normalise(code)
    except LanguageError as error:
        raise LinesError(f"{folder}: {name}: {error}; name each file by its language, as eng_Latn.txt") from error


def _lines(place: Folder, name: str) -> list[str]:
    try:
        text = place.read(name).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LinesError(f"{place.url}: {name}: not UTF-8 (byte {error.start}); convert it") from error
    # Other ends of lines, such as U+2028, stand inside sentences and would shift what follows.
    lines = text.split("\n")
    return lines if lines[-1] else lines[:-1]


def _filled(lines: list[str]) -> Lines:
    folded = [" ".join(normalize("NFC", line).split()) for line in lines]
    there = [number for number, line in enumerate(folded) if line]
    ids, texts = pa.array([str(number) for number in there], pa.string()), [folded[number] for number in there]
    return Lines(ids, pa.array(texts, pa.string()))
