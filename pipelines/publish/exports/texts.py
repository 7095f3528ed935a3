"""Texts that a line or an XML element can hold, and columns of text as bytes of a file."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Whatever some reader takes for the end of a line (Python's str.splitlines knows most), and tabs.
_BREAKS = r"[\t\n\x{0b}\x{0c}\r\x{1c}-\x{1e}\x{85}\x{2028}\x{2029}]+"
# Characters that XML 1.0 has no place for; C tools end a text at NUL.
_CONTROLS = r"[\x{00}-\x{08}\x{0e}-\x{1f}\x{fffe}\x{ffff}]+"
_FAULTS = f"{_BREAKS}|{_CONTROLS}"
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


def on_one_line(texts: pa.Array) -> tuple[pa.Array, int]:
    """Texts without what breaks a line, a column or an XML file.

    Ends of lines and tabs become a space, and so do runs of them; controls go.

    Args:
        texts: strings, nulls among them.
    Returns:
        The texts, nulls in their places, and how many were changed.
    """
    faulty = pc.sum(pc.match_substring_regex(texts, _FAULTS)).as_py() or 0
    if faulty:
        parted = pc.replace_substring_regex(texts, _BREAKS, " ")
        texts = pc.utf8_trim_whitespace(pc.replace_substring_regex(parted, _CONTROLS, ""))
    return texts, faulty


def escaped(texts: pa.Array) -> pa.Array:
    """Texts as XML writes them, in elements and in attributes."""
    for character, entity in _ENTITIES.items():
        texts = pc.replace_substring(texts, character, entity)
    return texts


def lines_of(*columns: pa.Array | str) -> pa.Array:
    """Columns side by side, none of them with nulls, each row ended by a newline."""
    return pc.binary_join_element_wise(*columns, "\n", "")


def content_of(texts: pa.Array) -> memoryview:
    """All texts, one right after the other, without a copy; none may be null."""
    _, offsets, data = texts.buffers()
    if not len(texts) or data is None:
        return memoryview(b"")
    bounds = np.frombuffer(offsets, np.int32)[[texts.offset, texts.offset + len(texts)]]
    return memoryview(data)[int(bounds[0]) : int(bounds[1])]


def figures(values: pa.Array) -> pa.Array:
    """Numbers as text, as short as they can be told from their neighbours; none is null."""
    return values.cast(pa.string())
