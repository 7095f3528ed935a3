"""Messages in several languages, mined into pairs as a test says, with vectors that tell what each of them means."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipelines.runtime.manifest import Manifest
from schemas.identifiers import content_id
from schemas.records import PAIR
from tests.instruct.mined import messages, pair_row, written
from tests.mine import stored

LOCALES = {"arb_Arab": "ar", "deu_Latn": "de", "fra_Latn": "fr", "hin_Deva": "hi", "tha_Thai": "th", "ell_Grek": "el"}
DIMENSIONS = 32
Place = tuple[str, int]
"""A language, and the number of what its sentence means."""


@cache
def texts(language: str, count: int) -> list[str]:
    """Messages that all languages have, in one order, so that equal numbers mean the same."""
    catalogues = {key: messages(locale) for key, locale in LOCALES.items()}
    shared = [message for message in messages("de") if all(message in known for known in catalogues.values())]
    said = [{key: known[message] for key, known in catalogues.items()} | {"eng_Latn": message} for message in shared]
    return [row[language] for row in said[:count]]


def sentence_id(place: Place) -> str:
    """As `stored.sentences` makes it."""
    return content_id(place[0], str(place[1]))


def embedded(folder: Path, languages: Sequence[str], count: int, shards: int = 1) -> Manifest:
    """A stage embed of so many messages; a vector is what its message means, its language's lean, and some noise."""
    draws = np.random.default_rng(7)
    meanings = draws.normal(size=(count, DIMENSIONS))
    given = {}
    for language in languages:
        noise = draws.normal(size=(count, DIMENSIONS))
        vectors = meanings + 2 * draws.normal(size=DIMENSIONS) + 0.4 * noise
        vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)
        rows = stored.sentences(language, texts(language, count))
        given[language] = stored.parts((rows, vectors), [number % shards for number in range(count)], shards)
    return stored.embedded(folder, given, DIMENSIONS)


def pairs(folder: Path, mined: Iterable[tuple[str, str]], found: Mapping[tuple[Place, Place], float]) -> Manifest:
    """A stage mine that found pairs of sentences with a score each; the other `mined` language pairs gave none."""
    rows = []
    for (source, target), score in found.items():
        ids = {"source_id": sentence_id(source), "target_id": sentence_id(target)}
        sides = [(language, texts(language, number + 1)[number]) for language, number in (source, target)]
        rows.append(pair_row(*sides, **ids, id=content_id(*ids.values()), score=score))
    assert {(row["source_language"], row["target_language"]) for row in rows} <= set(mined)
    return written(folder, {"kept": pa.Table.from_pylist(rows, schema=PAIR)}, "pair")
