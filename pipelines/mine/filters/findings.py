"""The filters of pairs, one finding each, in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.mine.filters.boilerplate import partners, templates
from pipelines.mine.filters.copies import ORDINARY_SHARE, language_closeness, ordinary_shares, ordinary_words
from pipelines.mine.filters.duplicates import near_duplicates
from pipelines.mine.filters.features import Measures
from pipelines.mine.filters.folding import Folded
from pipelines.mine.filters.lengths import LengthModel
from pipelines.mine.filters.numbers import written_by
from schemas.recipe.pair_filters import PairFilterSettings

COPIED = "copied"
NEAR_COPIED = "near-copied"
LENGTH_RATIO = "length-ratio"
NUMBER_MISMATCH = "number-mismatch"
URL_MISMATCH = "url-mismatch"
TOXICITY_IMBALANCE = "toxicity-imbalance"
BOILERPLATE = "boilerplate"
NEAR_DUPLICATE = "near-duplicate-pair"

Toxic: TypeAlias = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]

_SIDES = ("source", "target")
_NEAR_COPY = 0.9
"""What counts as a copy where near copies are not filtered, but the closeness of two languages is asked for."""


@dataclass(frozen=True)
class Candidates:
    """Pairs of two languages, best first.

    Attributes:
        source_texts, target_texts: n texts each, none null.
        source_language, target_language: language keys.
        toxic: int64, words of the recipe's lists in each source and each target; none: toxicity is not judged.
        lengths: what is usual of their lengths; none: fitted to these pairs.
    """

    source_texts: pa.StringArray
    target_texts: pa.StringArray
    source_language: str
    target_language: str
    toxic: Toxic | None = None
    lengths: LengthModel | None = None


@dataclass(frozen=True)
class Finding:
    """What one filter says of n pairs.

    Attributes:
        reason: of those that fail it.
        failed: booleans.
        scores: float64, what was compared with the limit.
        describe: what was found, in words, of the pairs at some places.
        kept: int64, of each pair the one that is kept for it; none: the filter knows of none.
    """

    reason: str
    failed: npt.NDArray[np.bool_]
    scores: npt.NDArray[np.float64]
    describe: Callable[[npt.NDArray[np.int64]], list[str]]
    kept: npt.NDArray[np.int64] | None = None


def findings_of(measures: Measures, settings: PairFilterSettings, toxic: Toxic | None = None) -> Iterator[Finding]:
    """What each filter that is on says, but for near duplicates, which only pairs that pass all these can be."""
    yield from _copies(measures, settings)
    if settings.max_length_ratio is not None or settings.max_length_z is not None:
        yield _lengths(measures, settings)
    if (least := settings.min_number_agreement) is not None:
        agreement = measures.columns["number_agreement"].astype(np.float64)
        yield Finding(NUMBER_MISMATCH, agreement < least, agreement, lambda rows: _numbers(measures, rows))
    if (least := settings.min_url_agreement) is not None:
        agreement = measures.columns["verbatim_agreement"].astype(np.float64)
        yield Finding(URL_MISMATCH, agreement < least, agreement, lambda rows: _verbatim(measures, rows))
    if toxic is not None and settings.max_toxicity_difference is not None:
        yield _toxicity(*toxic, settings.max_toxicity_difference)
    if settings.max_partners is not None or settings.max_template is not None:
        yield _boilerplate(measures.folded, settings)


def near_duplicates_of(measures: Measures, passed: npt.NDArray[np.bool_], min_similarity: float) -> Finding:
    """Of the pairs that pass all else, those that are like an earlier one."""
    places = np.flatnonzero(passed)
    source, target = (side.take(places) for side in measures.folded)
    first, alike = near_duplicates(source, target, min_similarity)
    kept, scores = np.arange(measures.pairs), np.zeros(measures.pairs)
    kept[places], scores[places] = places[first], alike
    failed = kept != np.arange(measures.pairs)
    return Finding(
        NEAR_DUPLICATE, failed, scores, lambda rows: [f"similarity {score:.3f}" for score in scores[rows]], kept
    )


def _copies(measures: Measures, settings: PairFilterSettings) -> Iterator[Finding]:
    similarity = measures.columns["copy_similarity"]
    near = settings.max_copy_similarity
    closeness = language_closeness(similarity, _NEAR_COPY if near is None else near)
    source, target = measures.folded
    equal = (source.keys == target.keys) & (source.lengths == target.lengths) & (source.lengths > 0)
    judged = np.full(measures.pairs, closeness < settings.close_languages)
    judged &= ~_names(measures, equal | (similarity > (_NEAR_COPY if near is None else near)))
    if settings.copied:
        yield Finding(
            COPIED, judged & equal, similarity.astype(np.float64), lambda rows: ["both sides are equal"] * len(rows)
        )
    if near is not None:
        yield Finding(
            NEAR_COPIED,
            judged & (similarity > near) & ~equal,
            similarity.astype(np.float64),
            lambda rows: [f"similarity {score:.3f}" for score in similarity[rows]],
        )


def _names(measures: Measures, alike: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which of the pairs that are alike are names on both sides, and not a heading that another page says in prose."""
    names: npt.NDArray[np.bool_] = alike & measures.names
    places = np.flatnonzero(names)
    if len(places):
        ordinary = ordinary_words(measures.sources, measures.targets)
        shares = ordinary_shares(measures.sources.take(pa.array(places)), ordinary)
        names[places] = shares < ORDINARY_SHARE
    return names


def _lengths(measures: Measures, settings: PairFilterSettings) -> Finding:
    ratio = np.exp(np.abs(measures.columns["length_ratio"].astype(np.float64)))
    z = measures.columns["length_z"].astype(np.float64)
    failed = np.zeros(measures.pairs, dtype=bool)
    if settings.max_length_ratio is not None:
        failed |= ratio > settings.max_length_ratio
    if settings.max_length_z is not None:
        failed |= np.abs(z) > settings.max_length_z

    def describe(rows: npt.NDArray[np.int64]) -> list[str]:
        return [
            f"{_SIDES[deviation > 0]} {times:.2f} times as long as expected, {abs(deviation):.1f} deviations"
            for times, deviation in zip(ratio[rows].tolist(), z[rows].tolist(), strict=True)
        ]

    return Finding(LENGTH_RATIO, failed, np.abs(z), describe)


def _numbers(measures: Measures, rows: npt.NDArray[np.int64]) -> list[str]:
    measures, rows = measures.first(rows)
    counted = measures.numbers.counted
    source, target = (written_by(counted, left, rows) for left in (counted.source_only, counted.target_only))
    return [
        f"only source: {ours or '–'}; only target: {theirs or '–'}" for ours, theirs in zip(source, target, strict=True)
    ]


def _verbatim(measures: Measures, rows: npt.NDArray[np.int64]) -> list[str]:
    measures, rows = measures.first(rows)
    source, target = (side.written_in(rows) for side in measures.verbatim)
    return [f"source: {ours or '–'}; target: {theirs or '–'}" for ours, theirs in zip(source, target, strict=True)]


def _toxicity(source: npt.NDArray[np.int64], target: npt.NDArray[np.int64], most: int) -> Finding:
    difference = np.abs(source - target)
    return Finding(
        TOXICITY_IMBALANCE,
        difference > most,
        difference.astype(np.float64),
        lambda rows: [
            f"source: {ours} listed words; target: {theirs}"
            for ours, theirs in zip(source[rows].tolist(), target[rows].tolist(), strict=True)
        ],
    )


def _boilerplate(folded: tuple[Folded, Folded], settings: PairFilterSettings) -> Finding:
    found: list[tuple[npt.NDArray[np.int64], int, str]] = []
    if settings.max_partners is not None:
        for side, counts in zip(_SIDES, partners(*folded), strict=True):
            found.append((counts, settings.max_partners, f"{side} has {{}} different partners"))
    if settings.max_template is not None:
        for side, texts in zip(_SIDES, folded, strict=True):
            found.append((templates(texts), settings.max_template, f"{{}} {side}s differ in numbers alone"))
    over = np.stack([counts > most for counts, most, _ in found])
    which = over.argmax(axis=0)
    scores = np.stack([counts for counts, _, _ in found])[which, np.arange(over.shape[1])]
    return Finding(
        BOILERPLATE,
        np.logical_or.reduce(over),
        scores.astype(np.float64),
        lambda rows: [
            found[kind][2].format(count)
            for kind, count in zip(which[rows].tolist(), scores[rows].tolist(), strict=True)
        ],
    )
