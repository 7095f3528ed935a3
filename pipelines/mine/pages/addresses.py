"""Addresses that differ in nothing but the name of a language.

A page's address may name its language as a directory (`/de/`, `/zh-hans/`, `/german/`), in the name of a directory or
file (`/faq-de/`, `index.de.html`, `index.html.de`, `page_de.html`), as a host (`de.example.org`) or in the query
(`?lang=de`). What is left when the name is taken out is the same for all translations of the page (Resnik 1998,
STRAND, https://aclanthology.org/J03-3002). Only a name that fits the page's own label is taken for one (CCAligned,
El-Kishky et al. 2020, https://aclanthology.org/2020.emnlp-main.480): `/no/`, `/is/` and `/it/` are words elsewhere.

Neither country codes nor top-level domains are names here: a country has several languages, and example.de and
example.fr may be two people's.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from pipelines.mine.pages.labels import marker_pattern

Keys = npt.NDArray[np.uint64]
"""XXH3-64 of texts: where two are equal, so are the texts, but for one pair in 2**64."""

RAW, BARE, SLOT = 0, 1, 2
"""Kinds of key: of an address as it is, without the language that it names, and with a mark in that one's place."""

_MARK = "\x01"
_PARAMETERS = "lang|language|hl|locale|lng|ln|uselang|setlang|l"
_PARTS = r"^(?P<host>[^/?]*)(?P<path>[^?]*)(?P<query>.*)$"


class _Rule(NamedTuple):
    """Where a language may stand in one part of an address.

    Attributes:
        part: host, path or query.
        pattern: RE2, in which `{name}` stands for what names the language.
        slot, bare: what takes the place of all that it matches.
    """

    part: str
    pattern: str
    slot: str
    bare: str


_SURE = (
    _Rule("host", r"(?i)^{name}\.([^.]+\..+)$", rf"{_MARK}.\1", r"\1"),
    _Rule("path", r"(?i)/{name}(/|$)", rf"/{_MARK}\1", r"\1"),
    _Rule("query", rf"(?i)(^\?|&)({_PARAMETERS})={{name}}(&|$)", rf"\1\2={_MARK}\3", r"\1"),
)
_BY_CHANCE = (
    _Rule("path", r"(?i)/{name}(\.[a-z]{{3,5}})$", rf"/{_MARK}\1", ""),
    _Rule("path", r"(?i)([^/])([._-]){name}([./]|$)", rf"\1\2{_MARK}\3", r"\1\3"),
)
"""Places where a name of a language may be a word of another meaning."""


def address_keys(urls: pa.StringArray) -> Keys:
    """What addresses of one page have in common, however they are written.

    Not told apart are http and https, a directory with and without its last slash, and the file that servers show for
    it. All else is told apart, as in the normal form of addresses, which documents and alternates already have.
    """
    return _hashed(_plain(urls))


def extents(urls: pa.StringArray) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.int16]]:
    """How many directories deep each address lies, and how many characters it has."""
    plain = _plain(urls)
    depths, lengths = pc.count_substring(plain, "/"), pc.utf8_length(plain)
    return tuple(pc.min_element_wise(count, 2**15 - 1).cast(pa.int16()).to_numpy() for count in (depths, lengths))


class Marked(NamedTuple):
    """Keys by which translations of pages meet.

    Attributes:
        rows: int64, the address of each key.
        kinds: uint8, RAW, BARE or SLOT.
        keys: uint64.
    """

    rows: npt.NDArray[np.int64]
    kinds: npt.NDArray[np.uint8]
    keys: Keys


def marked_keys(urls: pa.StringArray, label: str) -> Marked:
    """Keys of pages with one label.

    Each address has a RAW key. One that names the language has a BARE and a SLOT key too; and where it also has a word
    that may name it by chance, as `/es/lo-que-es.html` has, both kinds without regard to that word.
    """
    plain = _without_www(_plain(urls))
    parts = pc.extract_regex(plain, _PARTS)
    written = {part: pc.struct_field(parts, part) for part in ("host", "path", "query")}
    slot, bare = (_replaced(written, label, _SURE, form) for form in ("slot", "bare"))
    every_slot, every_bare = (
        _replaced(texts, label, _BY_CHANCE, form) for texts, form in ((slot, "slot"), (bare, "bare"))
    )
    sure, every = _joined(slot), _joined(every_slot)
    is_marked, has_more = _differ(every, plain), _differ(sure, plain) & _differ(sure, every)
    found = [(np.arange(len(plain)), RAW, plain)]
    for rows, texts, rest in ((is_marked, every, every_bare), (has_more, sure, bare)):
        numbers = np.flatnonzero(rows)
        found.append((numbers, SLOT, texts.take(numbers)))
        found.append((numbers, BARE, _without_www(_plain(_joined(rest).take(numbers)))))
    return Marked(
        np.concatenate([numbers for numbers, _, _ in found]),
        np.concatenate([np.full(len(numbers), kind, np.uint8) for numbers, kind, _ in found]),
        np.concatenate([_hashed(texts) for _, _, texts in found]),
    )


_Parts = dict[str, pa.StringArray]


def _replaced(parts: _Parts, label: str, rules: tuple[_Rule, ...], form: str) -> _Parts:
    """Parts of addresses in one of the forms that a rule has."""
    name, parts = marker_pattern(label), dict(parts)
    for rule in rules if name else ():
        pattern = rule.pattern.format(name=name)
        parts[rule.part] = pc.replace_substring_regex(parts[rule.part], pattern, getattr(rule, form))
    # A parameter that was taken out leaves the sign before it, or after it.
    return parts | {"query": pc.replace_substring_regex(parts["query"], "[?&]+$", "")}


def _joined(parts: _Parts) -> pa.StringArray:
    return pc.binary_join_element_wise(parts["host"], parts["path"], parts["query"], "")


def _plain(urls: pa.StringArray) -> pa.StringArray:
    """Addresses without scheme, the slash at the end of the path, and the file that stands for a directory."""
    texts = pc.replace_substring_regex(urls, "^https?://", "")
    texts = pc.replace_substring_regex(texts, r"/index\.(?:x?html?|php[0-9]?|jsp|aspx?)(\?|$)", r"/\1")
    return pc.replace_substring_regex(texts, r"/+(\?|$)", r"\1")


def _without_www(texts: pa.StringArray) -> pa.StringArray:
    return pc.replace_substring_regex(texts, r"^www\.", "")


def _differ(one: pa.StringArray, other: pa.StringArray) -> npt.NDArray[np.bool_]:
    different: npt.NDArray[np.bool_] = pc.not_equal(one, other).to_numpy(zero_copy_only=False)
    return different


def _hashed(texts: pa.StringArray) -> Keys:
    # xxhash takes one value at a time: a third of a microsecond each.
    return np.array([xxhash.xxh3_64_intdigest(text) for text in texts.cast(pa.binary()).to_pylist()], np.uint64)
