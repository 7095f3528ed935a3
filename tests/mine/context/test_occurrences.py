"""In which documents sentences stand, and which documents are page pairs."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipelines.mine.context.occurrences import Occurrences, numbered
from pipelines.mine.language import Choice
from pipelines.mine.sentences import Side
from tests.mine.context.paged import SOURCE, TARGET, document, on_pages, page_pairs

PLAIN = Choice(0, 17, centre=False)
TEXTS = ("Datei öffnen", "Datei schließen", "Hilfe", "Drucken", "Bearbeiten")

rows = st.lists(st.tuples(st.integers(0, 4), st.sampled_from(TEXTS)), max_size=14)


def stands(side: Side, found: Occurrences) -> dict[str, set[tuple[str, int]]]:
    """By text its documents, each with the place there."""
    texts = side.texts().to_pylist()
    return {
        text: {
            (found.ids[int(found.document[row])].as_py(), int(found.place[row]))
            for row in range(found.bounds[position], found.bounds[position + 1])
        }
        for position, text in enumerate(texts)
    }


@given(rows)
def test_a_text_stands_once_in_each_of_its_documents_where_it_comes_first(drawn: list[tuple[int, str]]) -> None:
    side = Side.of(SOURCE, on_pages(SOURCE, drawn), PLAIN)
    wanted: dict[str, dict[str, int]] = {}
    places: dict[int, int] = {}
    for page, text in drawn:
        places[page] = places.get(page, -1) + 1
        wanted.setdefault(text, {}).setdefault(document(SOURCE, page), places[page])
    assert stands(side, side.occurrences()) == {text: set(where.items()) for text, where in wanted.items()}


def test_a_text_of_every_page_tells_of_none() -> None:
    menu = [(page, "Startseite") for page in range(9)]
    side = Side.of(SOURCE, on_pages(SOURCE, [*menu, (0, "Nur hier")]), PLAIN)
    found = stands(side, side.occurrences())
    assert found == {"Startseite": set(), "Nur hier": {(document(SOURCE, 0), 1)}}


def test_a_catalogue_is_no_document() -> None:
    side = Side.of(SOURCE, on_pages(SOURCE, [(0, "Datei öffnen"), (0, "Drucken")], aligned=True), PLAIN)
    assert not len(side.occurrences().document)


@given(rows)
def test_sentences_by_document_are_documents_by_sentence(drawn: list[tuple[int, str]]) -> None:
    found = Side.of(SOURCE, on_pages(SOURCE, drawn), PLAIN).occurrences()
    bounds, sentences = found.members
    by_document = {
        (int(sentence), number)
        for number in range(len(found.ids))
        for sentence in sentences[bounds[number] : bounds[number + 1]]
    }
    sentence = np.repeat(np.arange(len(found.bounds) - 1), found.counts)
    assert by_document == set(zip(sentence.tolist(), found.document.tolist(), strict=True))


def test_page_pairs_are_numbered_once_and_unknown_pages_left_out() -> None:
    sides = [
        Side.of(language, on_pages(language, [(page, f"Seite {page}") for page in range(3)]), PLAIN).occurrences()
        for language in (SOURCE, TARGET)
    ]
    pages = pa.concat_tables([page_pairs([(0, 1), (2, 2)]), page_pairs([(0, 1), (7, 1)])])
    found = numbered(pages, *sides)
    named = {(sides[0].ids[int(a)].as_py(), sides[1].ids[int(b)].as_py()) for a, b in found}
    assert len(found) == 2
    assert named == {(document(SOURCE, 0), document(TARGET, 1)), (document(SOURCE, 2), document(TARGET, 2))}
