"""Pairs as Moses text and as TMX 1.4b: what each row becomes in each file, and what stands around the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.publish.exports.naming import Naming
from pipelines.publish.exports.texts import escaped, figures, lines_of
from schemas.languages import bcp47, split_pair
from schemas.recipe import PairFormat

COLUMNS = (
    *("id", "pair", "source_id", "target_id", "source_text", "target_text", "cosine", "margin", "score", "source"),
    "licence",
)
"""What is read of a pair."""


@dataclass(frozen=True)
class Rendered:
    """A file of one language pair: its extension, and the bytes before and after its rows."""

    extension: str
    head: bytes = b""
    foot: bytes = b""


def files_of(form: PairFormat, pair: str, naming: Naming) -> tuple[Rendered, ...]:
    """The files of a language pair, in the order in which `render` gives their contents."""
    if form == "moses":
        return tuple(Rendered(extension) for extension in (*naming.sides(pair), "scores", "ids"))
    return (Rendered("tmx", _head(pair), b"</body>\n</tmx>\n"),)


def render(form: PairFormat, rows: pa.RecordBatch, pair: str) -> Sequence[pa.Array]:
    """Rows of pairs (`COLUMNS`), texts on one line and not null, as text for each file, newlines included."""
    return _moses(rows) if form == "moses" else (_units(rows, *map(bcp47, split_pair(pair))),)


def _moses(rows: pa.RecordBatch) -> tuple[pa.Array, ...]:
    """Source, target, score; and ids of pair, source and target, parted by tabs."""
    ids = pc.binary_join_element_wise(rows["id"], rows["source_id"], rows["target_id"], "\t")
    return (
        lines_of(rows["source_text"]),
        lines_of(rows["target_text"]),
        lines_of(figures(rows["score"])),
        lines_of(ids),
    )


def _head(pair: str) -> bytes:
    """Declaration and header. No date: the same rows are the same bytes. No DOCTYPE: its file would be asked for."""
    source, _ = split_pair(pair)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<tmx version="1.4">\n'
        f'<header creationtool="Glotmill" creationtoolversion="{version("glotmill")}" segtype="sentence" '
        f'o-tmf="Glotmill" adminlang="en" srclang="{bcp47(source)}" datatype="plaintext"/>\n<body>\n'
    ).encode()


def _units(rows: pa.RecordBatch, source: str, target: str) -> pa.Array:
    """Translation units; types of `prop` that are not the standard's begin with `x-`, as it asks (TMX 1.4b, prop)."""
    licence = pc.if_else(
        pc.is_valid(rows["licence"]),
        _joined('<prop type="x-licence">', escaped(pc.fill_null(rows["licence"], "")), "</prop>"),
        "",
    )
    return _joined(
        *('<tu tuid="', rows["id"], '">'),
        *('<prop type="x-score">', figures(rows["score"]), "</prop>"),
        *('<prop type="x-margin">', figures(rows["margin"]), "</prop>"),
        *('<prop type="x-cosine">', figures(rows["cosine"]), "</prop>"),
        *('<prop type="x-source">', escaped(rows["source"]), "</prop>"),
        licence,
        *_variant(source, rows["source_id"], rows["source_text"]),
        *_variant(target, rows["target_id"], rows["target_text"]),
        "</tu>\n",
    )


def _variant(tag: str, ids: pa.Array, texts: pa.Array) -> tuple[pa.Array | str, ...]:
    head = f'<tuv xml:lang="{tag}"><prop type="x-id">'
    return head, ids, "</prop><seg>", escaped(texts), "</seg></tuv>"


def _joined(*parts: pa.Array | str) -> pa.Array:
    return pc.binary_join_element_wise(*parts, "")
