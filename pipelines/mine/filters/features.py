"""What is measured of pairs, whatever is made of it: columns to filter by, and to calibrate with beside a margin."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.mine.filters.copies import are_names, copy_similarity
from pipelines.mine.filters.folding import Folded, fold
from pipelines.mine.filters.lengths import LengthModel, length_model
from pipelines.mine.filters.numbers import NumbersCompared, compare_numbers
from pipelines.mine.filters.verbatim import Verbatim, compare_verbatim, verbatim_in
from pipelines.runtime.scripts import script_share

Measured = dict[str, npt.NDArray[np.float32]]

_ENDINGS = (
    r"[?\x{FF1F}\x{061F}\x{037E}\x{055E}\x{1367}][\p{P}\s]*$",
    r"[!\x{FF01}\x{055C}][\p{P}\s]*$",
    r"[.\x{3002}\x{06D4}\x{0964}\x{104B}\x{17D4}\x{0589}\x{1362}\x{FF0E}\x{FF61}][\p{P}\s]*$",
    r"[:\x{FF1A}]\s*$",
)
"""How questions, exclamations, statements and what comes before a list end, in all scripts."""

_TAIL = 8
"""Characters at the end of a text in which its last mark is looked for."""


@dataclass(frozen=True)
class Measures:
    """What filters look at in n pairs of texts of two languages.

    Attributes:
        sources, targets: the texts.
        source_language, target_language: language keys.
        lengths: what is usual of their lengths.
        taken: where these are some of others that were measured before, those, and int64 (n,), their places there.
    """

    sources: pa.StringArray
    targets: pa.StringArray
    source_language: str
    target_language: str
    lengths: LengthModel
    taken: tuple[Measures, npt.NDArray[np.int64]] | None = None

    @property
    def pairs(self) -> int:
        return len(self.sources)

    def take(self, places: npt.NDArray[np.int64]) -> Measures:
        """Some of the pairs, each once, in the order named; what is usual of lengths is told by them alone.

        What is measured of a pair by itself is measured once, however many times it is taken.
        """
        texts = self.sources.take(pa.array(places)), self.targets.take(pa.array(places))
        languages = self.source_language, self.target_language
        source, target = (size[places] for size in self.sizes)
        return Measures(*texts, *languages, length_model(source, target, *languages), (self, places))

    def first(self, rows: npt.NDArray[np.int64]) -> tuple[Measures, npt.NDArray[np.int64]]:
        """Those measured first, and the places of some of these among them."""
        if self.taken is None:
            return self, rows
        measures, places = self.taken
        return measures.first(places[rows])

    @cached_property
    def sizes(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Characters of both sides."""
        return characters_of(self.sources), characters_of(self.targets)

    @cached_property
    def folded(self) -> tuple[Folded, Folded]:
        if self.taken is not None:
            measures, places = self.taken
            source, target = measures.folded
            return source.take(places), target.take(places)
        return fold(self.sources), fold(self.targets)

    @cached_property
    def names(self) -> npt.NDArray[np.bool_]:
        """Pairs of names and numbers alone, see `are_names`."""
        if self.taken is not None:
            measures, places = self.taken
            return measures.names[places]
        return are_names(self.sources) & are_names(self.targets)

    @cached_property
    def numbers(self) -> NumbersCompared:
        return compare_numbers(self.sources, self.targets)

    @cached_property
    def verbatim(self) -> tuple[Verbatim, Verbatim]:
        return verbatim_in(self.sources), verbatim_in(self.targets)

    @cached_property
    def columns(self) -> Measured:
        """See `features`."""
        measured = {
            "length_ratio": self.lengths.log_ratio(*self.sizes).astype(np.float32),
            "length_z": self.lengths.z(*self.sizes).astype(np.float32),
        }
        return {**measured, **self._of_each}

    @cached_property
    def _of_each(self) -> Measured:
        """Columns that do not depend on other pairs."""
        if self.taken is not None:
            measures, places = self.taken
            return {name: values[places] for name, values in measures._of_each.items()}
        measured = {
            "number_agreement": self.numbers.agreement,
            "numbers_shared": self.numbers.shared,
            "numbers_differing": self.numbers.differing,
            "verbatim_agreement": compare_verbatim(*self.verbatim, self.pairs),
            "verbatim_parts": sum(np.bincount(side.whole.rows, minlength=self.pairs) for side in self.verbatim),
            "copy_similarity": copy_similarity(*self.folded),
            "ending_agreement": _endings(self.sources) == _endings(self.targets),
            "source_script_share": script_share(self.sources, self.source_language),
            "target_script_share": script_share(self.targets, self.target_language),
        }
        return {name: np.asarray(values).astype(np.float32) for name, values in measured.items()}


def features(
    source_texts: pa.StringArray,
    target_texts: pa.StringArray,
    source_language: str,
    target_language: str,
    lengths: LengthModel | None = None,
) -> Measured:
    """Measure n pairs of texts of one pair of languages; arguments and errors as of `measure`.

    Returns:
        float32 arrays of shape (n,):
        length_ratio: natural logarithm of the target's length by what the source's makes expect.
        length_z: the same in deviations, see `LengthModel`.
        number_agreement: share of the numbers that both sides have, 1 where none can be judged.
        numbers_shared, numbers_differing: how many; evidence grows with them.
        verbatim_agreement: the same share of addresses, e-mail addresses and placeholders; 1 where none stands.
        verbatim_parts: how many stand on both sides together.
        copy_similarity: Dice coefficient of the sides' character trigrams.
        ending_agreement: 1 where both end as a question, exclamation, statement or before a list, or neither ends so.
        source_script_share, target_script_share: how much of each is in its side's script.
    """
    return measure(source_texts, target_texts, source_language, target_language, lengths).columns


def measure(
    source_texts: pa.StringArray,
    target_texts: pa.StringArray,
    source_language: str,
    target_language: str,
    lengths: LengthModel | None = None,
) -> Measures:
    """What filters look at in pairs of texts of two languages.

    Args:
        lengths: what is usual of their lengths; none: fitted to these pairs.
    Raises:
        ValueError: a text is null, or there are more texts on one side.
    """
    if len(source_texts) != len(target_texts):
        raise ValueError(f"{len(source_texts)} source texts and {len(target_texts)} target texts; pairs need as many")
    if nulls := source_texts.null_count + target_texts.null_count:
        raise ValueError(f"{nulls} texts of pairs are null; a text may be empty, not null")
    model = lengths or length_model(
        characters_of(source_texts), characters_of(target_texts), source_language, target_language
    )
    return Measures(source_texts, target_texts, source_language, target_language, model)


def characters_of(texts: pa.StringArray) -> npt.NDArray[np.int64]:
    """Characters of each text."""
    return pc.utf8_length(texts).to_numpy(zero_copy_only=False).astype(np.int64)


def _endings(texts: pa.StringArray) -> npt.NDArray[np.int8]:
    """How each text ends: a place in `_ENDINGS` from 1, or 0."""
    found = np.zeros(len(texts), dtype=np.int8)
    tails = pc.utf8_slice_codeunits(texts, -_TAIL, None)
    for kind, pattern in enumerate(_ENDINGS, start=1):
        matches = pc.match_substring_regex(tails, pattern).to_numpy(zero_copy_only=False)
        found[(found == 0) & matches] = kind
    return found
