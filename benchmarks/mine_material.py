"""Translations hidden among twenty times as many sentences without one, after BUCC's shared tasks.

Gold comes from one part of a source's pages or messages, the other sentences of either side from two more parts, so
that none of them has a translation on the other side (Zweigenbaum, Sharoff and Rapp 2017, https://aclanthology.org/W17-2512,
inserted translations into two Wikipedias so). Every sentence's English side is known, and of sentences whose English
sides differ in digits, case or punctuation alone one is taken. What shares much of its rarer words in English with a
sentence of the other side is left out, and so is a text that translates a sentence of the other side as well.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from gettext import GNUTranslations
from pathlib import Path
from typing import Literal
from unicodedata import normalize

import numpy as np
import numpy.typing as npt
import regex
from resiliparse.parse.html import HTMLTree
from scipy.sparse import csr_matrix

from benchmarks.desktop import PACKAGES as DESKTOP_PACKAGES
from benchmarks.held_out import help_root, is_translated
from benchmarks.pages import BenchmarkError, Size, cache_folder, unpacked, version_of
from schemas.identifiers import content_id
from schemas.languages import normalise

Kind = Literal["help", "catalogues"]

PACKAGES = (
    *DESKTOP_PACKAGES,
    "gimp-data",
    "gnome-control-center-data",
    "gnucash-common",
    "libgtk-3-common",
    "vlc-l10n",
)
OTHERS_A_GOLD = 20
MOST_GOLD: Mapping[Size, int] = {"small": 30, "full": 200}
MOST_SHARED = 0.4
"""Share of words (Jaccard; words are weighed by how rare they are and cut to five letters) from which two English sides
are too near: one may translate the other, as `some programs are still running` does `a program is still running`."""
_STEM = 5

SHORTEST, LONGEST = 10, 400
_SHORTEST_ENGLISH: Mapping[Kind, int] = {"help": 40, "catalogues": 25}
_ELEMENTS = ("p", "h1", "h2", "h3", "h4", "h5", "h6", "td", "th", "li", "div", "span")

PAIRS: Mapping[Kind, tuple[tuple[str, str], ...]] = {
    "help": tuple(("en-us", other) for other in ("de", "tr", "ko", "ja", "km")),
    "catalogues": tuple(("en", other) for other in ("hi", "ar", "he", "th", "ta", "te", "uk")),
}
"""Pairs of tags; a language is on one side in all of its pairs."""

SMALL_PAIRS: Mapping[Kind, tuple[tuple[str, str], ...]] = {
    "help": (("en-us", "de"), ("en-us", "vi")),
    "catalogues": (("en", "hi"), ("en", "th")),
}

_SHARES: Mapping[str, int] = {"gold": 6, "left": 44}
"""Percent of pages: of 100, 6 are gold's, those up to 44 the left side's, the others the right side's."""
_NO_SHORTCUT = str.maketrans("", "", "_~")
"""Either stands before the letter that a menu's entry is chosen by."""
_NO_LETTER = regex.compile(r"[^\p{L}\p{M}]+")


@dataclass(frozen=True)
class Sentence:
    """A sentence and what it says in English, in letters alone; of two with one English side one is a translation
    of the other."""

    text: str
    english: str
    part: str


@dataclass(frozen=True)
class Task:
    """Two sides to mine.

    Attributes:
        name: kind and both languages' keys.
        source: sentences, in an order that says nothing.
        target: likewise.
        gold: int64 (g, 2), positions of translations.
    """

    name: str
    kind: Kind
    languages: tuple[str, str]
    source: tuple[str, ...]
    target: tuple[str, ...]
    gold: npt.NDArray[np.int64]


def task(kind: Kind, left: str, right: str, size: Size) -> Task:
    """One task; where a language has too few sentences it is smaller, in the same proportion."""
    known = aligned_sentences(kind, left), aligned_sentences(kind, right)
    parts = [{part: _of_part(side, part) for part in ("gold", "left", "right")} for side in known]
    hidden = sorted(set(parts[0]["gold"]) & set(parts[1]["gold"]), key=_draw)
    # A sentence that English says twice, once in gold, would be a translation that nobody knows of.
    others = [parts[0]["left"], parts[1]["right"]]
    all_gold = set(parts[0]["gold"]) | set(parts[1]["gold"])
    others[0] = {key: text for key, text in others[0].items() if key not in all_gold}
    others[1] = {key: text for key, text in others[1].items() if key not in all_gold and key not in others[0]}
    said = [_said(side) for side in known]
    most = min(MOST_GOLD[size], len(hidden), *(len(side) // OTHERS_A_GOLD for side in others))
    drawn: list[list[str]] = []
    for side in (0, 1):
        known_keys = [*hidden[:most], *(drawn[0] if drawn else ())]
        taken = {parts[side]["gold"][key] for key in hidden[:most]}
        candidates = sorted(_with_own_text(others[side], taken), key=_draw)[: 2 * most * OTHERS_A_GOLD]
        other_keys = set(known_keys)
        candidates = [key for key in candidates if not said[side][others[side][key]] & other_keys]
        near = _near(candidates, known_keys)
        drawn.append([key for key, is_near in zip(candidates, near, strict=True) if not is_near])
        most = min(most, len(drawn[side]) // OTHERS_A_GOLD)
    if not most:
        raise BenchmarkError(f"{kind}: {left} and {right} share too few sentences to hide any")
    drawn = [keys[: most * OTHERS_A_GOLD] for keys in drawn]
    sides, places = [], []
    for side in (0, 1):
        texts = {others[side][key]: key for key in drawn[side]}
        texts |= {parts[side]["gold"][key]: key for key in hidden[:most]}
        ordered = sorted(texts, key=_draw)
        sides.append(tuple(ordered))
        places.append({texts[text]: place for place, text in enumerate(ordered)})
    gold = [(places[0][key], places[1][key]) for key in hidden[:most] if key in places[0] and key in places[1]]
    keys = normalise(left), normalise(right)
    return Task(f"{kind}:{keys[0]}-{keys[1]}", kind, keys, sides[0], sides[1], np.array(sorted(gold), np.int64))


def _of_part(sentences: Sequence[Sentence], part: str) -> dict[str, str]:
    return {one.english: one.text for one in sentences if one.part == part}


def _said(sentences: Sequence[Sentence]) -> dict[str, set[str]]:
    """All that a text says in English: of messages that differ a little, some have one translation."""
    said: dict[str, set[str]] = {}
    for one in sentences:
        said.setdefault(one.text, set()).add(one.english)
    return said


def _with_own_text(sentences: Mapping[str, str], taken: set[str]) -> Iterator[str]:
    """Keys of sentences whose text neither is taken nor stands under a key before theirs."""
    seen = set(taken)
    for key in sorted(sentences):
        if sentences[key] not in seen:
            seen.add(sentences[key])
            yield key


def _near(keys: Sequence[str], known: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Whether a key shares most words with one that is known: such sentences say almost, or just, the same."""
    sets = [[{word[:_STEM] for word in key.split()} for key in side] for side in (keys, known)]
    columns = {word: place for place, word in enumerate(sorted(set().union(*sets[0], *sets[1])))}
    tables = []
    for side in sets:
        rows = np.repeat(np.arange(len(side)), [len(words) for words in side])
        places = [columns[word] for words in side for word in sorted(words)]
        tables.append(csr_matrix((np.ones(len(rows), np.float32), (rows, places)), (len(side), len(columns))))
    having = sum(np.asarray(table.sum(axis=0)).ravel() for table in tables)
    rarity = np.log((len(keys) + len(known) + 1) / having).astype(np.float32)
    shared = (tables[0].multiply(rarity).tocsr() @ tables[1].T).tocoo()
    sizes = [table @ rarity for table in tables]
    share = shared.data / (sizes[0][shared.row] + sizes[1][shared.col] - shared.data)
    near = np.zeros(len(keys), np.bool_)
    near[shared.row[share >= MOST_SHARED]] = True
    return near


def _draw(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _part_of(page: str) -> str:
    percent = int(content_id("part", page)[-8:], 16) % 100
    return next((name for name, share in _SHARES.items() if percent < share), "right")


@cache
def aligned_sentences(kind: Kind, tag: str) -> tuple[Sentence, ...]:
    """All of a language, read once a version of the packages."""
    packages = (f"libreoffice-help-{tag}", "libreoffice-help-en-us") if kind == "help" else _catalogue_packages(tag)
    versions = json.dumps([version_of(package) for package in packages])
    file = cache_folder() / "translations" / f"{kind}-{tag}-{content_id(versions)[:12]}.json"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        read = _help(tag) if kind == "help" else _catalogues(tag)
        found = [row for row in read if _fits(kind, *row)]
        unfinished = file.with_suffix(".tmp")
        unfinished.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
        unfinished.replace(file)
    rows: list[tuple[str, str, str]] = json.loads(file.read_text(encoding="utf-8"))
    return tuple(Sentence(text, _letters(english), _part_of(page)) for page, english, text in rows)


def _fits(kind: Kind, page: str, english: str, text: str) -> bool:
    return SHORTEST <= len(text) <= LONGEST and _SHORTEST_ENGLISH[kind] <= len(english) <= LONGEST


def _letters(text: str) -> str:
    return _NO_LETTER.sub(" ", text.casefold()).strip()


def _help(tag: str) -> Iterator[tuple[str, str, str]]:
    """Page, English text and translation of LibreOffice's help, translated blocks alone."""
    english, key = _help_blocks("en-us"), normalise(tag)
    for (page, name), text in _help_blocks(tag).items():
        original = english.get((page, name))
        if original and (tag == "en-us" or is_translated(text, original, key)):
            yield page, original, text


@cache
def _help_blocks(tag: str) -> dict[tuple[str, str], str]:
    """Text of each numbered block of all pages, by page and id."""
    root, found = help_root(tag), {}
    for path in sorted(root.rglob("*.html")):
        document = HTMLTree.parse(path.read_text(encoding="utf-8")).document
        area = document.get_element_by_id("DisplayArea") if document else None
        if area is None:
            continue
        for element in _ELEMENTS:
            for block in area.get_elements_by_tag_name(element):
                if block.id and block.id.startswith(("par_id", "hd_id")):
                    text = " ".join(normalize("NFC", block.text or "").split())
                    found[path.relative_to(root).as_posix(), block.id] = text
    return found


def _catalogues(tag: str) -> Iterator[tuple[str, str, str]]:
    """Message, message and translation of desktop programs; a message is a page of its own."""
    files = [
        file
        for package in _catalogue_packages(tag)
        for file in unpacked(package).glob(f"**/{_catalogue_of(tag)}/LC_MESSAGES/*.mo")
    ]
    for file in sorted(files):
        for message, text in _messages(file):
            plain, translated = (" ".join(side.translate(_NO_SHORTCUT).split()) for side in (message, text))
            if tag == "en":
                yield plain, plain, plain
            elif is_translated(translated, plain, normalise(tag)):
                yield plain, plain, translated


def _catalogue_packages(tag: str) -> tuple[str, ...]:
    return (*PACKAGES, f"libreoffice-l10n-{_catalogue_of(tag)}")


def _catalogue_of(tag: str) -> str:
    """The locale that a language's messages are read from; English ones are what another's translate."""
    return "uk" if tag == "en" else tag


def _messages(file: Path) -> Iterator[tuple[str, str]]:
    with file.open("rb") as opened:
        try:
            entries = GNUTranslations(opened)._catalog  # type: ignore[attr-defined]
        except (IndexError, ValueError):  # its plural rule cannot be read
            return
    for message, text in sorted((key, text) for key, text in entries.items() if isinstance(key, str)):
        # A context may stand before the message.
        yield message.rpartition("\x04")[2], text
