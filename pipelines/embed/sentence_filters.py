"""Which sentences are worth encoding, by their characters and by what an identifier says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.runtime.characters import kind_counts, property_table
from pipelines.runtime.dropped import dropped_rows
from pipelines.runtime.labels import Labels, accepted_for
from pipelines.runtime.scripts import density_of, script_of, script_share, without_verbatim
from schemas.recipe.pair_filters import SentenceFilterSettings

PUNCTUATION = "punctuation"
WRONG_SCRIPT = "wrong-script"
WRONG_LANGUAGE = "wrong-language"

_MARK, _OTHER = 1, 2

_JAPANESE = "jpn_Jpan"
_KANA = r"[\p{Hiragana}\p{Katakana}]"

Failing = tuple[str, npt.NDArray[np.bool_], npt.NDArray[np.float64]]
"""Reason, which sentences fail, and what of each was compared with the limit."""


def filter_characters(
    sentences: pa.RecordBatch, settings: SentenceFilterSettings, labels: Labels | None = None
) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """Part sentences by punctuation, script and language, in this order.

    Args:
        sentences: SENTENCE rows, of any languages.
        labels: what an identifier says of each; none: languages are not judged.
    Returns:
        SENTENCE rows to encode, and DROPPED rows for the others.
    """
    count = sentences.num_rows
    deciding, scores = np.zeros(count, dtype=np.int64), np.zeros(count)
    failing = list(_failing(sentences, settings, labels))
    for place, (_, failed, measured) in enumerate(failing, start=1):
        first = failed & (deciding == 0)
        deciding[first], scores[first] = place, measured[first]
    out = deciding > 0
    dropped = sentences.filter(pa.array(out))
    reasons = pa.array([reason for reason, _, _ in failing], pa.string()).take(pa.array(deciding[out] - 1))
    labelled = None if labels is None else labels.languages.filter(pa.array(out))
    details = None if labelled is None else pc.if_else(pc.equal(reasons, WRONG_LANGUAGE), labelled, None)
    rows = dropped_rows(dropped, reasons, score=pa.array(scores[out]), detail=details)
    return sentences.filter(pa.array(~out)), rows


def punctuation_share(texts: pa.StringArray, language: str) -> npt.NDArray[np.float64]:
    """Punctuation, symbols and digits by all characters other than white space; 1 for a text with no other.

    Addresses and placeholders are left out. Letters count by how much text they stand for, as in `script_share`: else
    a fifth of all Chinese had too much punctuation. Marks between syllables, as in Tibetan, are no punctuation.
    """
    counts = kind_counts(without_verbatim(texts), _kinds(), 3)
    others = counts[:, _OTHER] / density_of(script_of(language))
    return np.where(others > 0, counts[:, _MARK] / np.maximum(counts[:, _MARK] + others, 1e-9), 1.0)


def _failing(sentences: pa.RecordBatch, settings: SentenceFilterSettings, labels: Labels | None) -> Iterator[Failing]:
    texts, languages = sentences.column("text"), sentences.column("language")
    if settings.max_punctuation_share is not None:
        shares = _by_language(languages, lambda language, rows: punctuation_share(texts.take(pa.array(rows)), language))
        yield PUNCTUATION, shares > settings.max_punctuation_share, shares
    if settings.min_script_share is not None:
        shares = _by_language(languages, lambda language, rows: script_share(texts.take(pa.array(rows)), language))
        yield WRONG_SCRIPT, shares < settings.min_script_share, shares
    if labels is not None and (least := settings.min_language_confidence) is not None:
        wrong = _by_language(
            languages,
            lambda language, rows: (
                labels.take(rows)
                .others_than(accepted_for(language, settings.interchangeable), least)
                .astype(np.float64)
            ),
        )
        yield WRONG_LANGUAGE, (wrong > 0) & ~_han_alone(texts, labels), labels.confidences.astype(np.float64)


def _han_alone(texts: pa.StringArray, labels: Labels) -> npt.NDArray[np.bool_]:
    """Sentences labelled Japanese that have no kana: of Chinese in short sentences lid.176 says so, and is sure."""
    japanese = pc.fill_null(pc.equal(labels.languages, _JAPANESE), False)
    alone: npt.NDArray[np.bool_] = pc.and_(japanese, pc.invert(pc.match_substring_regex(texts, _KANA))).to_numpy(
        zero_copy_only=False
    )
    return alone


def _by_language(
    languages: pa.StringArray, measure: Callable[[str, npt.NDArray[np.int64]], npt.NDArray[np.floating]]
) -> npt.NDArray[np.float64]:
    """What is measured of the sentences of each language, at their places."""
    encoded = languages.dictionary_encode()
    indices = encoded.indices.to_numpy(zero_copy_only=False)
    measured = np.zeros(len(languages))
    for place, language in enumerate(encoded.dictionary.to_pylist()):
        rows = np.flatnonzero(indices == place)
        measured[rows] = measure(language, rows)
    return measured


@cache
def _kinds() -> npt.NDArray[np.uint8]:
    """uint8 array of shape (0x110000,): what each code point counts as; 0 for white space."""
    # Tsheg and its like, and the Ethiopic word space, do what a space does.
    blank = property_table({1: r"[\s\u0f0b\u0f0c\u1361]"}) > 0
    table = np.where(property_table({1: r"[\p{P}\p{S}\p{Nd}]"}) > 0, _MARK, _OTHER)
    return np.where(blank, 0, table).astype(np.uint8)
