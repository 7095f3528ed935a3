"""The stages that a share of the corpus is counted in, with a few planted sentences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.publish.exports.shares import Stages
from schemas.identifiers import content_id
from schemas.records import DROPPED, PAIR, SENTENCE
from tests.instruct.mined import document_row, documents, pair_row, written

# Sentences that are encoded; the last of each language is searched with no other language.
TEXTS = {
    "eng_Latn": ("All human beings are born free.", "Everyone has the right to life.", "No one shall be held."),
    "deu_Latn": ("Alle Menschen sind frei geboren.", "Jeder hat das Recht auf Leben.", "Niemand darf."),
    "tha_Thai": ("มนุษย์ทั้งปวงเกิดมามีอิสระ", "คนทุกคนมีสิทธิในชีวิต"),
    "nob_Latn": (),
}
# Places of sentences that stand in a pair: one English sentence in three of them.
PAIRED = {
    "eng_Latn-deu_Latn": ((0, 0), (0, 1)),
    "eng_Latn-tha_Thai": ((0, 0),),
    "deu_Latn-tha_Thai": (),
}
SEARCHED = {
    "forward": {"eng_Latn-deu_Latn": (0, 1), "eng_Latn-tha_Thai": (0,), "deu_Latn-tha_Thai": (0, 1)},
    "backward": {"eng_Latn-deu_Latn": (0, 1), "eng_Latn-tha_Thai": (0, 1), "deu_Latn-tha_Thai": (0,)},
}
LEFT_OUT = {"eng_Latn": 2, "nob_Latn": 1}


def sentence_id(key: str, place: int) -> str:
    return content_id(key, TEXTS[key][place])


def _sentences() -> list[dict[str, Any]]:
    return [
        {
            "id": sentence_id(key, place),
            "document_id": content_id(key),
            "position": place,
            "text": text,
            "language": key,
            "source": "crawl",
        }
        for key, texts in TEXTS.items()
        for place, text in enumerate(texts)
    ]


def _dropped() -> list[dict[str, Any]]:
    return [
        {"id": content_id(key, "dropped", str(number)), "source": "crawl", "language": key, "reason": "too-short"}
        for key, count in LEFT_OUT.items()
        for number in range(count)
    ]


def _searched(direction: str) -> pa.Table:
    rows = [
        {"id": sentence_id(pair.split("-")[direction == "backward"], place), "pair": pair, "source": "crawl"}
        for pair, places in SEARCHED[direction].items()
        for place in places
    ]
    return pa.Table.from_pylist(rows, schema=pa.schema([(name, pa.string()) for name in ("id", "pair", "source")]))


def _pairs() -> list[dict[str, Any]]:
    rows = []
    for pair, found in PAIRED.items():
        keys = pair.split("-")
        for places in found:
            sides: Sequence[tuple[str, str]] = [
                (key, TEXTS[key][place]) for key, place in zip(keys, places, strict=True)
            ]
            rows.append(pair_row(sides[0], sides[1]))
    return rows


def stages(folder: Path) -> Stages:
    pages = [document_row(key, "".join(texts) or "Alle mennesker.", 0) for key, texts in TEXTS.items()]
    return Stages(
        corpus=written(folder / "corpus", {"kept": documents(pages)}, "language"),
        embedded=written(
            folder / "embed",
            {
                "sentences": pa.Table.from_pylist(_sentences(), schema=SENTENCE),
                "dropped": pa.Table.from_pylist(_dropped(), schema=DROPPED),
            },
            "language",
        ),
        searched=written(folder / "search", {name: _searched(name) for name in ("forward", "backward")}, "pair"),
        mined=written(folder / "pairs", {"kept": pa.Table.from_pylist(_pairs(), schema=PAIR)}, "pair"),
    )
