"""Searching within page pairs finds what comparing all their sentences does, however the sides lie in shards."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.mine.context.local import Pages, local_edges, search_local
from pipelines.mine.context.occurrences import numbered
from pipelines.mine.context.transforms import occurrences_of
from pipelines.mine.language import Choice, Language, load_language
from pipelines.mine.nearest import LostNeighboursError, best_of, nearest_schema
from pipelines.mine.neighbours.found import ABSENT, rescore
from pipelines.mine.search import united
from tests.mine.context.paged import PAIR, SOURCE, TARGET, on_pages, page_pairs
from tests.mine.neighbours.sorting import unit
from tests.mine.stored import embedded, parts

PLAIN = Choice(0, 17, centre=False)
DIRECTIONS = unit(np.array([[1, 0, 0], [1, 0, 0.01], [0, 1, 0], [1, 1, 0], [-1, 1, 0], [1, 1, 1]], np.float64))
"""So few that random sides are full of ties."""

drawn_rows = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 7), st.integers(0, len(DIRECTIONS) - 1), st.integers(0, 2)), max_size=9
)
"""Of each sentence its page, its text, its direction and its shard; equal texts have the direction of the first."""
drawn_pairs = st.sets(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=5)


def sides_of(
    folder: Path, rows: dict[str, list[tuple[int, int, int, int]]], known: set[tuple[int, int]], most: int = 10**6
) -> tuple[Language, Language, Pages]:
    given_parts = {}
    for language, drawn in rows.items():
        vectors: dict[int, int] = {}
        directions = [vectors.setdefault(text, direction) for _, text, direction, _ in drawn]
        table = on_pages(language, [(page, f"{language} {text}") for page, text, _, _ in drawn])
        given_parts[language] = parts((table, DIRECTIONS[directions]), [shard for *_, shard in drawn], 3)
    manifest = embedded(folder, given_parts, DIRECTIONS.shape[1])
    one, other = (occurrences_of(manifest, language, PLAIN) for language in rows)
    pages = Pages.of(one, other, numbered(page_pairs(known), one, other), most)
    source, target = (load_language(manifest, language, PLAIN) for language in rows)
    return source, target, pages


def searched(source: Language, target: Language, pages: Pages, k: int) -> list[dict[str, list[tuple[int, float]]]]:
    """By id what was found of it, of each direction."""
    forward: list[pa.RecordBatch] = []
    back: dict[int, list[pa.RecordBatch]] = {}
    for shard in range(len(source.vectors)):
        rows, found = search_local(source, target, pages, PAIR, shard, k)
        forward.append(rows)
        for number, part in found:
            back.setdefault(number, []).append(part)
    backward = [united(batches, PAIR, k) for batches in back.values()]
    return [listed(pa.Table.from_batches(batches, nearest_schema(k))) for batches in (forward, backward)]


def listed(rows: pa.Table) -> dict[str, list[tuple[int, float]]]:
    best = best_of(rows)
    return {
        name: [(int(one), float(score)) for one, score in zip(ids, scores, strict=True) if one != ABSENT]
        for name, ids, scores in zip(rows.column("id").to_pylist(), best.ids, best.scores, strict=True)
    }


@settings(max_examples=60)
@given(drawn_rows, drawn_rows, drawn_pairs, st.integers(1, 3))
def test_each_sentence_has_its_nearest_on_the_partner_pages(
    ours: list[tuple[int, int, int, int]],
    theirs: list[tuple[int, int, int, int]],
    known: set[tuple[int, int]],
    k: int,
) -> None:
    with TemporaryDirectory() as folder:
        source, target, pages = sides_of(Path(folder), {SOURCE: ours, TARGET: theirs}, known)
        found = searched(source, target, pages, k)
        table = rescore(source.all_vectors(), target.all_vectors(), np.tile(np.arange(len(target)), (len(source), 1)))
    texts = [
        {f"{language} {text}": {page for page, other, *_ in drawn if other == text} for _, text, *_ in drawn}
        for language, drawn in ((SOURCE, ours), (TARGET, theirs))
    ]
    joined = np.zeros((len(source), len(target)), bool)
    for i, one in enumerate(taking_part(ours, SOURCE)):
        for j, other in enumerate(taking_part(theirs, TARGET)):
            joined[i, j] = any((a, b) in known for a in texts[0][one] for b in texts[1][other])
    for side, names, scores, there in ((0, source.ids, table, joined), (1, target.ids, table.T, joined.T)):
        for row, name in enumerate(names.to_pylist()):
            near = sorted(np.flatnonzero(there[row]), key=lambda place: (-scores[row, place], place))[:k]
            assert found[side].get(name, []) == [(int(place), float(scores[row, place])) for place in near]


def taking_part(drawn: list[tuple[int, int, int, int]], language: str) -> list[str]:
    """Texts by position: each by the smallest of its ids."""
    table = on_pages(language, [(page, f"{language} {text}") for page, text, _, _ in drawn])
    first: dict[str, str] = {}
    for name, text in sorted(zip(table["id"].to_pylist(), table["text"].to_pylist(), strict=True)):
        first.setdefault(text, name)
    return sorted(first, key=lambda text: first[text])


def test_pages_too_large_are_left_out_and_counted(tmp_path: Path) -> None:
    drawn = [(page, number, 0, 0) for number, page in enumerate((0, 0, 0, 1))]
    rows = dict.fromkeys((SOURCE, TARGET), drawn)
    source, target, pages = sides_of(tmp_path, rows, {(0, 0), (1, 1)}, most=8)
    assert pages.left_out == 1
    forward, _ = searched(source, target, pages, 3)
    assert [len(near) for near in forward.values()] == [1]


def test_rows_of_other_sentences_are_refused(tmp_path: Path) -> None:
    rows = {language: [(0, 0, 0, 0), (0, 1, 1, 0)] for language in (SOURCE, TARGET)}
    source, target, pages = sides_of(tmp_path, rows, {(0, 0)})
    batch, found = search_local(source, target, pages, PAIR, 0, 2)
    united_rows = united([part for _, part in found], PAIR, 2)
    forward, backward = (pa.Table.from_batches([one]) for one in (batch, united_rows))
    edges = local_edges(forward, backward, source.ids, target.ids, "search-pages")
    assert sorted(set(zip(edges.source.tolist(), edges.target.tolist(), strict=True))) == [
        (0, 0), (0, 1), (1, 0), (1, 1),
    ]  # fmt: skip
    with pytest.raises(LostNeighboursError, match="1 of 2 rows are of other sentences"):
        local_edges(forward, backward, source.ids.slice(1), target.ids, "search-pages")
