"""Two sides of any size whose vectors lie as an encoder lays sentences: mixtures of real ones, drawn by seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from gettext import GNUTranslations
from importlib.util import find_spec
from pathlib import Path
from string import ascii_lowercase

import numpy as np
import numpy.typing as npt

from benchmarks.mine_vectors import Vectors
from benchmarks.pages import BenchmarkError

SOURCES = ("de", "es", "fr", "ru")
TARGETS = ("ar", "fa", "ko", "zh_Hans")
SHORTEST = 25
"""Characters of the English message: shorter ones are labels."""

_SEED = 6
_NOISE = 0.25
_AT_ONCE = 8192


def write_sides(folder: Path, rows: int) -> dict[str, object]:
    """Write `source.npy` and `target.npy`, float32 of unit length, `source.txt` and `target.txt`, a line a row, and
    `partners.npy`, the rows that have a partner: the row of their number on the other side. Tells what they are.

    Real vectors are those of Django's messages in eight languages. A row mixes two messages of one language, the first
    of which weighs 0.5 to 1, and adds noise of a quarter of its length. Half of the target's rows are the source's
    mixtures in another language, so that they have a partner; every row is another one.

    Raises:
        BenchmarkError: Django is not installed.
    """
    real = {language: real_vectors(language) for language in (*SOURCES, *TARGETS)}
    words = {language: _messages(language) for language in real}
    messages = len(next(iter(real.values())))
    draw = np.random.default_rng(_SEED)
    shape = rows, 2
    source = draw.integers(messages, size=shape), draw.uniform(0.5, 1, rows)
    target = draw.integers(messages, size=shape), draw.uniform(0.5, 1, rows)
    partnered = draw.permutation(rows)[: rows // 2]
    for mine, theirs in zip(target, source, strict=True):
        mine[partnered] = theirs[partnered]
    np.save(folder / "partners.npy", np.sort(partnered))
    for name, languages, (pairs, weights) in (("source", SOURCES, source), ("target", TARGETS, target)):
        table = np.stack([real[language] for language in languages]).astype(np.float32)
        drawn = draw.integers(len(table), size=rows)
        np.save(folder / f"{name}.npy", _mixed(table, draw, drawn, pairs, weights.astype(np.float32)))
        lines = _lines([words[language] for language in languages], drawn, pairs)
        (folder / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return {"sources": rows, "targets": rows, "dimensions": table.shape[2], "real_vectors": messages * len(real)}


def _mixed(
    table: npt.NDArray[np.float32],
    draw: np.random.Generator,
    languages: npt.NDArray[np.int64],
    pairs: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float32],
) -> npt.NDArray[np.float32]:
    """Mixtures within one language each; table is (languages, messages, d)."""
    mixed = np.empty((len(pairs), table.shape[2]), np.float32)
    for start in range(0, len(pairs), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        first, second = (table[languages[part], pairs[part, place]] for place in (0, 1))
        weight = weights[part, np.newaxis]
        rows = weight * first + (1 - weight) * second
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        rows += draw.normal(0, _NOISE / rows.shape[1] ** 0.5, rows.shape).astype(np.float32)
        mixed[part] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return mixed


def _lines(
    words: Sequence[Sequence[str]], languages: npt.NDArray[np.int64], pairs: npt.NDArray[np.int64]
) -> Iterator[str]:
    """Both messages of each row, and a word of its number, so that no two lines are equal."""
    for row, (language, (first, second)) in enumerate(zip(languages.tolist(), pairs.tolist(), strict=True)):
        yield f"{words[language][first]} {words[language][second]} {_word(row)}"


def _word(number: int) -> str:
    letters = ""
    while number or not letters:
        number, letter = divmod(number, len(ascii_lowercase))
        letters = ascii_lowercase[letter] + letters
    return letters


def real_vectors(language: str) -> npt.NDArray[np.float16]:
    """float16 (messages, d): one language's vectors of the messages that all of the languages translate."""
    return Vectors().of(f"messages-{language}", _messages(language))


def _messages(language: str) -> list[str]:
    """One language's translations of the messages that all of the languages translate."""
    catalogues = {name: _catalogue(name) for name in (*SOURCES, *TARGETS)}
    shared = sorted(set.intersection(*map(set, catalogues.values())))
    return [" ".join(catalogues[language][message].split()) for message in shared]


@cache
def _catalogue(language: str) -> dict[str, str]:
    spec = find_spec("django")
    if spec is None or spec.origin is None:
        raise BenchmarkError("the vectors are those of Django's messages: install it with `pip install glotmill[demo]`")
    found: dict[str, str] = {}
    for path in sorted(Path(spec.origin).parent.glob(f"**/locale/{language}/LC_MESSAGES/django.mo")):
        with path.open("rb") as file:
            catalogue: Mapping[object, str] = GNUTranslations(file)._catalog  # type: ignore[attr-defined]
        found |= {
            message: text
            for message, text in catalogue.items()
            if isinstance(message, str) and len(message) >= SHORTEST and text
        }
    return found
