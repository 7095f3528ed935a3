"""Which languages an encoder can mine at all: two scores of parallel sentences, before anything is mined.

Both ask of the vectors of the same sentences in two languages whether each finds its translation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.special import gammaln

XSIM_NEIGHBOURS = 4
"""k of LASER's xsim (https://github.com/facebookresearch/LASER, source/xsim.py)."""

MEXA_SENTENCES = 100
"""Pairs that MEXA compares (https://github.com/cisnlp/MEXA, compute_mexa.py: the first 100)."""

_BLOCK_ROWS = 1_024

# One product of two vectors may come out this different at two places of a matrix.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class AlignmentScore:
    """How well the encoder aligns a language with the pivot.

    Attributes:
        language: its key.
        sentences: parallel sentences that were compared.
        mexa: as `mexa` among MEXA_SENTENCES, so that languages with more sentences are not put to a harder task.
        error_from: share of the language's sentences that do not find the pivot's among all, as `xsim_error`.
        error_to: share of the pivot's that do not find the language's.
    """

    language: str
    sentences: int
    mexa: float
    error_from: float
    error_to: float


@dataclass(frozen=True)
class Side:
    """Sentences of one language that their source aligns with those of others.

    Attributes:
        ids: string (n,), `alignment_id` of each.
        texts: string (n,).
        vectors: (n, d).
    """

    ids: pa.Array
    texts: pa.Array
    vectors: npt.NDArray[np.floating]


def alignment_scores(sides: Mapping[str, Side], pivot: str) -> Iterator[AlignmentScore]:
    """Score every language against the pivot, by key; those that share no sentence with it are left out.

    Args:
        sides: by language key.
    Raises:
        ValueError: the pivot is not among them, or as `mexa`.
    """
    if pivot not in sides:
        raise ValueError(f"no sentences of the pivot {pivot}; there are {', '.join(sorted(sides))}")
    for language in sorted(set(sides) - {pivot}):
        rows, pivot_rows = parallel_rows(sides[language], sides[pivot])
        if len(rows):
            source, target = sides[language].vectors[rows], sides[pivot].vectors[pivot_rows]
            share = mexa(source, target, MEXA_SENTENCES)
            yield AlignmentScore(language, len(rows), share, xsim_error(source, target), xsim_error(target, source))


def parallel_rows(source: Side, target: Side) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows of two sides that are translations, in the order of the source.

    Of an id, and of a text, the first row of its side counts. A text that stands unchanged on the other side does not:
    nothing was translated there, and the encoder would be praised for it.
    """
    ids = pc.unique(source.ids.drop_null())
    ids = ids.filter(pc.is_in(ids, target.ids))
    rows, target_rows = pc.index_in(ids, source.ids), pc.index_in(ids, target.ids)
    texts, target_texts = source.texts.take(rows), target.texts.take(target_rows)
    counts = pc.not_equal(texts, target_texts).to_numpy(zero_copy_only=False)
    counts &= _first_of_its_text(texts) & _first_of_its_text(target_texts)
    return rows.to_numpy().astype(np.int64)[counts], target_rows.to_numpy().astype(np.int64)[counts]


def _first_of_its_text(texts: pa.Array) -> npt.NDArray[np.bool_]:
    first: npt.NDArray[np.bool_] = pc.index_in(texts, texts).to_numpy() == np.arange(len(texts))
    return first


def mexa(source: npt.NDArray[np.floating], target: npt.NDArray[np.floating], among: int | None = None) -> float:
    """Share of pairs whose cosine is larger than any other in their row and in their column (Kargaran et al. 2024).

    The more pairs there are, the fewer stand out, so shares of different numbers of pairs cannot be compared.

    Args:
        source: (n, d); row i is the translation of row i of the other.
        target: (n, d).
        among: pairs compared at a time: the share that as many of them, drawn at random, have on average. None, or no
            fewer than there are: all.
    Raises:
        ValueError: the shapes differ, there is no pair, or a value is not finite; among is not positive.
    """
    if among is not None and among < 1:
        raise ValueError(f"pairs are compared among 1 or more; found among = {among}")
    source, target = _unit(source, target)
    rivals = _rivals(source, target)
    if among is None or among >= len(rivals):
        return float((rivals == 0).mean())
    others, drawn = len(rivals) - 1, among - 1
    # None of a pair's rivals is among those drawn with it: hypergeometric.
    free = others - rivals
    without = gammaln(free + 1) - gammaln(np.maximum(free - drawn, 0) + 1)
    any_of_them = gammaln(others + 1) - gammaln(others - drawn + 1)
    return float(np.where(free >= drawn, np.exp(without - any_of_them), 0.0).mean())


def _rivals(source: npt.NDArray[np.float64], target: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Pairs that share a row or a column with a cosine no smaller than each pair's own: int64 (n,)."""
    own = np.einsum("nd,nd->n", source, target) - _ROUNDING
    rivals = np.empty(len(own), np.int64)
    for start in range(0, len(own), _BLOCK_ROWS):
        part = slice(start, start + _BLOCK_ROWS)
        least = own[part, np.newaxis]
        above = (source[part] @ target.T >= least) | (target[part] @ source.T >= least)
        rows = np.arange(len(above))
        above[rows, start + rows] = False
        rivals[part] = above.sum(axis=1)
    return rivals


def xsim_error(source: npt.NDArray[np.floating], target: npt.NDArray[np.floating], k: int = XSIM_NEIGHBOURS) -> float:
    """Share of sources whose best target is another's: LASER's xsim with the ratio margin (Heffernan et al. 2022).

    The best of a source's k nearest targets is the one whose cosine is largest beside the mean of the source's k
    nearest targets and the target's k nearest sources; of equal ones the nearer, then the first.

    Args:
        source, target: as `mexa`.
    Raises:
        ValueError: as `mexa`.
    """
    source, target = _unit(source, target)
    k = min(k, len(source))
    near, scores = _nearest(source, target, k)
    means, target_means = scores.mean(axis=1), _nearest(target, source, k)[1].mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        margins = scores / ((means[:, np.newaxis] + target_means[near]) / 2)
    margins[~np.isfinite(margins)] = -np.inf
    best = near[np.arange(len(near)), margins.argmax(axis=1)]
    return float((best != np.arange(len(best))).mean())


def _nearest(
    source: npt.NDArray[np.float64], target: npt.NDArray[np.float64], k: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The k nearest targets of each source and their cosines, the nearest first and of equal ones the first."""
    near, scores = np.empty((len(source), k), np.int64), np.empty((len(source), k))
    for start in range(0, len(source), _BLOCK_ROWS):
        cosines = source[start : start + _BLOCK_ROWS] @ target.T
        rows = np.arange(len(cosines))
        # The largest k times over, which costs less than sorting thousands for four.
        for place in range(k):
            best = cosines.argmax(axis=1)
            near[start + rows, place], scores[start + rows, place] = best, cosines[rows, best]
            cosines[rows, best] = -np.inf
    return near, scores


def _unit(*sides: npt.NDArray[np.floating]) -> tuple[npt.NDArray[np.float64], ...]:
    first, second = sides
    if first.shape != second.shape or first.ndim != 2 or not len(first):
        raise ValueError(f"parallel vectors have one shape (n, d), n > 0; found {first.shape} and {second.shape}")
    wide = [side.astype(np.float64) for side in sides]
    if not all(np.isfinite(side).all() for side in wide):
        raise ValueError("a vector holds a value that is not finite")
    norms = [np.linalg.norm(side, axis=1, keepdims=True) for side in wide]
    return tuple(side / np.where(norm > 0, norm, 1) for side, norm in zip(wide, norms, strict=True))
