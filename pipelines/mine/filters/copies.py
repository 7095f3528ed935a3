"""Whether two texts are the same, or nearly."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.mine.filters.folding import Folded

MIN_JUDGED = 200
"""Pairs from which the closeness of two languages is judged."""

# Letters without case are lower case here: a copied sentence in Hindi is no name.
_LOWER_CASE_WORD = r"(?:^|[^\p{L}\p{M}\p{N}])[\p{Ll}\p{Lo}\p{Lm}][\p{Ll}\p{Lo}\p{Lm}\p{M}]*(?:$|[^\p{L}\p{M}\p{N}])"
_ONE_PLAIN_WORD = r"^[^\p{L}\p{N}]*\p{Lu}[\p{Ll}\p{M}]*[^\p{L}\p{N}]*$"

VOCABULARY_TEXTS = 20_000
"""Texts of a side, the best ones, whose words tell what is no name: enough for the words of any heading."""

ORDINARY_SHARE = 0.5
"""Share of words that stand elsewhere in lower case, from which on a text is no name."""

_PARTS = r"[^\p{L}\p{M}]+"
_LOWER_CASE = r"^[\p{Ll}\p{M}]{2,}$"
_EDGES = ".,;:!?\"'()[]«»“”„‘’…"


def copy_similarity(source: Folded, target: Folded) -> npt.NDArray[np.float32]:
    """Dice coefficient of the character trigrams of each pair, with their numbers, 0 … 1; 0 where a text is empty."""
    from pipelines.mine.filters.kernels.ngrams import dice  # compiles at its import

    similarities = np.empty(len(source.offsets) - 1, dtype=np.float32)
    dice(source.points, source.offsets, target.points, target.offsets, similarities)
    return similarities


def are_names(texts: pa.StringArray) -> npt.NDArray[np.bool_]:
    """Texts of names and numbers alone, which a translation may keep as they are.

    Every word has a capital or a digit first, no letter at all, or one further in (`eBay`); a single word, which any
    sentence might begin with, must have the latter or a digit.
    """
    has_word_in_lower_case = pc.match_substring_regex(texts, _LOWER_CASE_WORD)
    one_plain_word = pc.match_substring_regex(texts, _ONE_PLAIN_WORD)
    names: npt.NDArray[np.bool_] = pc.invert(pc.or_(has_word_in_lower_case, one_plain_word)).to_numpy(
        zero_copy_only=False
    )
    return names


def ordinary_words(*sides: pa.StringArray) -> pa.StringArray:
    """Words that stand in lower case between spaces in any of the first VOCABULARY_TEXTS texts of some sides."""
    words = pa.concat_arrays([pc.split_pattern_regex(side[:VOCABULARY_TEXTS], r"\s+").flatten() for side in sides])
    plain = pc.utf8_trim(words, _EDGES).unique()
    return plain.filter(pc.match_substring_regex(plain, _LOWER_CASE))


def ordinary_shares(texts: pa.StringArray, ordinary: pa.StringArray) -> npt.NDArray[np.float64]:
    """Share of the words of each text, of two letters or more, that are ordinary ones; 0 where it has none.

    So a heading that English writes with capitals, `Choose Insert - Page Break`, is told from a name.
    """
    words = pc.split_pattern_regex(texts, _PARTS)
    row = pc.list_parent_indices(words).to_numpy(zero_copy_only=False)
    single = words.flatten()
    counted = pc.greater(pc.utf8_length(single), 1).to_numpy(zero_copy_only=False)
    known = pc.is_in(pc.utf8_lower(single), ordinary).to_numpy(zero_copy_only=False)
    total = np.bincount(row[counted], minlength=len(texts))
    return np.bincount(row[counted & known], minlength=len(texts)) / np.maximum(total, 1)


def language_closeness(similarities: npt.NDArray[np.float32], max_copy_similarity: float) -> float:
    """Median similarity of the pairs of two languages that are no near copies; 0 with fewer than MIN_JUDGED."""
    translated = similarities[similarities <= max_copy_similarity]
    return float(np.median(translated)) if len(translated) >= MIN_JUDGED else 0.0
