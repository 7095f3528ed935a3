"""Pages of LibreOffice's help as crawled text of two languages: some pages stand in both, others in one alone.

Every block has an id, so that its translation is known, and what English says of it tells which blocks of other pages
are translations of it as well. Of a page that stands in both languages each side lacks some blocks, as pages that were
translated at another time do; the pages of one side alone have no partner.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import pyarrow as pa
import regex

from benchmarks.held_out import blocks_of, help_root, is_translated
from benchmarks.pages import cache_folder, version_of
from pipelines.mine.gold import aligned_texts
from schemas.identifiers import content_id
from schemas.languages import normalise
from schemas.records import PAGE_PAIR, SENTENCE

Part = Literal["small", "fitted", "held-out"]

PAGES: Mapping[Part, int] = {"small": 60, "fitted": 120, "held-out": 240}
"""Pages of each part, of which a quarter stands in both languages."""

PAIRS: Mapping[Part, tuple[tuple[str, str], ...]] = {
    "small": (("en-us", "de"), ("en-us", "ja")),
    "fitted": (("en-us", "de"), ("en-us", "ja"), ("en-us", "tr"), ("en-us", "km")),
    "held-out": (
        *(("en-us", other) for other in ("de", "fr", "tr", "km", "ko", "ja", "vi")),
        *(("ru", "de"), ("ru", "ko"), ("zh-cn", "ja"), ("zh-cn", "vi")),
    ),
}
"""Pairs of tags; a language is on one side in all of its pairs."""

_LEFT = {"en-us", "ru", "zh-cn"}
_SHARE_IN_BOTH, _SHARE_OF_LEFT = 25, 37
_PERCENT_LACKING = 20
_SHORTEST, _LONGEST, _SHORTEST_ENGLISH = 10, 400, 25
_LEAST_BYTES, _MOST_BLOCKS = 6_000, 100
_NO_LETTER = regex.compile(r"[^\p{L}\p{M}]+")


@dataclass(frozen=True)
class PageTask:
    """Two sides to mine, and what is known of their pages.

    Attributes:
        name: both languages' keys.
        languages: the keys.
        source, target: SENTENCE rows; as of crawled pages, nothing in them says what is aligned.
        pages: PAGE_PAIR rows.
        aligned: columns source_text and target_text, of all texts whose English sides are equal in letters.
    """

    name: str
    languages: tuple[str, str]
    source: pa.Table
    target: pa.Table
    pages: pa.Table
    aligned: pa.Table


def page_task(left: str, right: str, part: Part) -> PageTask:
    """One task."""
    keys = normalise(left), normalise(right)
    sides = [_side(tag, part) for tag in (left, right)]
    documents = [set(side.column("document_id").to_pylist()) for side in sides]
    pairs = []
    for page, share in _pages(part):
        ids = _document(left, page), _document(right, page)
        if share == "both" and all(one in known for one, known in zip(ids, documents, strict=True)):
            pairs.append(
                {
                    "id": content_id(*ids),
                    "pair": "-".join(keys),
                    "source_document": ids[0],
                    "target_document": ids[1],
                    "source_url": f"https://help.invalid/{left}/{page}",
                    "target_url": f"https://help.invalid/{right}/{page}",
                    "evidence": "url",
                    "source": "help",
                }
            )
    pages = pa.Table.from_pylist(pairs, schema=PAGE_PAIR)
    aligned = aligned_texts(sides[0], sides[1])
    return PageTask("-".join(keys), keys, _crawled(sides[0]), _crawled(sides[1]), pages, aligned)


def _crawled(side: pa.Table) -> pa.Table:
    place = SENTENCE.get_field_index("alignment_id")
    return side.set_column(place, SENTENCE.field(place), pa.nulls(side.num_rows, pa.string()))


def _side(tag: str, part: Part) -> pa.Table:
    key, own = normalise(tag), "left" if tag in _LEFT else "right"
    english = _blocks("en-us", part)
    rows = []
    for page, share in _pages(part):
        if share not in ("both", own):
            continue
        texts = _blocks(tag, part).get(page, {})
        for position, (name, text) in enumerate(texts.items()):
            original = english.get(page, {}).get(name, "")
            if not _fits(original, text) or not (tag == "en-us" or is_translated(text, original, key)):
                continue
            if share == "both" and _percent(tag, page, name) < _PERCENT_LACKING:
                continue
            rows.append(
                {
                    "id": content_id(tag, page, name),
                    "document_id": _document(tag, page),
                    "position": position,
                    "text": text,
                    "language": key,
                    "source": "help",
                    "alignment_id": _NO_LETTER.sub(" ", original.casefold()).strip(),
                    "licence": "MPL-2.0",
                }
            )
    return pa.Table.from_pylist(rows, schema=SENTENCE)


def _fits(english: str, text: str) -> bool:
    return _SHORTEST <= len(text) <= _LONGEST and _SHORTEST_ENGLISH <= len(english) <= _LONGEST


def _document(tag: str, page: str) -> str:
    return content_id("page", tag, page)


def _percent(*parts: str) -> int:
    return int(hashlib.sha256("\n".join(parts).encode()).hexdigest()[-8:], 16) % 100


@cache
def _pages(part: Part) -> tuple[tuple[str, str], ...]:
    """Pages of a part, each with who has it: `both`, `left` or `right`. No page is in two parts but `small`'s, which
    are some of those `fitted` on."""
    root = help_root("en-us")
    paths = (path for path in root.rglob("*.html") if path.stat().st_size > _LEAST_BYTES)
    drawn = sorted((path.relative_to(root).as_posix() for path in paths), key=lambda page: content_id("drawn", page))
    start = PAGES["fitted"] if part == "held-out" else 0
    shares = []
    for page in drawn[start : start + PAGES[part]]:
        percent = _percent("share", page)
        beyond = "left" if percent < _SHARE_IN_BOTH + _SHARE_OF_LEFT else "right"
        shares.append((page, "both" if percent < _SHARE_IN_BOTH else beyond))
    return tuple(shares)


@cache
def _blocks(tag: str, part: Part) -> Mapping[str, Mapping[str, str]]:
    """Text of each numbered block of the pages of a part by page and id, in the order of the page; read once a version
    of the packages. Pages of very many blocks, which are lists of functions, are left out."""
    pages: Sequence[str] = [page for page, _ in _pages(part)]
    versions = json.dumps([version_of(f"libreoffice-help-{one}") for one in (tag, "en-us")])
    file = cache_folder() / "translations" / f"pages-{tag}-{content_id(versions, *pages)[:12]}.json"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        root = help_root(tag)
        read = {page: blocks_of(root / page) for page in pages if (root / page).is_file()}
        unfinished = file.with_suffix(".tmp")
        unfinished.write_text(json.dumps(read, ensure_ascii=False), encoding="utf-8")
        unfinished.replace(file)
    found: dict[str, dict[str, str]] = json.loads(file.read_text(encoding="utf-8"))
    return {page: blocks for page, blocks in found.items() if len(blocks) <= _MOST_BLOCKS}
