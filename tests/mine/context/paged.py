"""Sentences that stand on pages, and pages that are translations of each other."""

from collections.abc import Iterable, Sequence

import pyarrow as pa

from schemas.identifiers import content_id
from schemas.records import PAGE_PAIR, SENTENCE

SOURCE, TARGET, PAIR = "deu_Latn", "tha_Thai", "deu_Latn-tha_Thai"

Row = tuple[int, str]
"""Of a sentence its page, and its text."""


def document(language: str, page: int) -> str:
    return content_id(language, f"page {page}")


def on_pages(language: str, rows: Sequence[Row], *, aligned: bool = False) -> pa.Table:
    """SENTENCE rows, in the order of their pages as given."""
    places: dict[int, int] = {}
    table = []
    for number, (page, text) in enumerate(rows):
        places[page] = places.get(page, -1) + 1
        table.append(
            {
                "id": content_id(language, str(number)),
                "document_id": document(language, page),
                "position": places[page],
                "text": text,
                "language": language,
                "source": "crawl",
                "alignment_id": f"message {number}" if aligned else None,
                "licence": None,
            }
        )
    return pa.Table.from_pylist(table, schema=SENTENCE)


def page_pairs(pairs: Iterable[tuple[int, int]]) -> pa.Table:
    rows = [
        {
            "id": content_id(str(one), str(other)),
            "pair": PAIR,
            "source_document": document(SOURCE, one),
            "target_document": document(TARGET, other),
            "source_url": f"https://a.example/de/{one}",
            "target_url": f"https://a.example/th/{other}",
            "evidence": "hreflang",
            "source": "crawl",
        }
        for one, other in pairs
    ]
    return pa.Table.from_pylist(rows, schema=PAGE_PAIR)
