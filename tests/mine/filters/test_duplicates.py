import numpy as np
import pyarrow as pa

from pipelines.mine.filters.copies import copy_similarity
from pipelines.mine.filters.duplicates import near_duplicates
from pipelines.mine.filters.folding import Folded, fold
from pipelines.mine.filters.kernels.ngrams import NGRAM, minima
from tests.mine.filters.gold import translated


def changed(texts: pa.StringArray, word: str) -> pa.StringArray:
    return pa.array([f"{text} {word}" for text in texts.to_pylist()])


def long_messages(locale: str) -> tuple[pa.StringArray, pa.StringArray]:
    _, sources, targets = translated(locale)
    first, _ = near_duplicates(fold(sources), fold(targets), 0.8)
    long = np.array([len(text) > 60 for text in sources.to_pylist()]) & (first == np.arange(len(first)))
    return sources.filter(pa.array(long)), targets.filter(pa.array(long))


def test_pairs_alike_on_both_sides_name_the_first_and_those_alike_on_one_stay() -> None:
    sources, targets = long_messages("ru")
    count = len(sources)
    all_sources = pa.concat_arrays([sources, changed(sources, "now"), changed(sources, "now")])
    all_targets = pa.concat_arrays([targets, changed(targets, "это"), targets.take(pa.array(range(count - 1, -1, -1)))])
    kept, similarity = near_duplicates(fold(all_sources), fold(all_targets), 0.9)
    assert kept[:count].tolist() == list(range(count))
    assert np.mean(kept[count : 2 * count] == np.arange(count)) > 0.99
    assert similarity[count : 2 * count].min() >= 0.9
    apart = np.flatnonzero(np.arange(count) != np.arange(count)[::-1])
    assert kept[2 * count :][apart].tolist() == (2 * count + apart).tolist()


def test_what_each_is_dropped_for_is_kept_and_as_alike_as_told() -> None:
    _, sources, targets = translated("th")
    sides = [fold(pa.concat_arrays([side, side])) for side in (sources, targets)]
    kept, similarity = near_duplicates(*sides, 0.85)
    dropped = np.flatnonzero(kept != np.arange(len(kept)))
    assert set(kept[dropped].tolist()).isdisjoint(dropped.tolist())
    assert (kept[dropped] < dropped).all()
    alike = [copy_similarity(side.take(dropped), side.take(kept[dropped])) for side in sides]
    np.testing.assert_allclose(similarity[dropped], np.minimum(*alike), atol=1e-6)
    assert len(dropped) >= len(sources)


def test_all_pairs_that_are_alike_are_found_among_gold() -> None:
    _, sources, targets = translated("de")
    source, target = fold(sources), fold(targets)
    kept, _ = near_duplicates(source, target, 0.95)
    assert kept.tolist() == kept_by_comparing_all(source, target, 0.95)


def kept_by_comparing_all(source: Folded, target: Folded, threshold: float) -> list[int]:
    """The first kept pair that each is like, all being compared with all."""
    kept: list[int] = []
    for pair in range(len(source.lengths)):
        firsts = np.array(sorted({*kept, pair}))
        same = np.full(len(firsts), pair)
        alike = np.minimum(*(copy_similarity(side.take(same), side.take(firsts)) for side in (source, target)))
        kept.append(int(firsts[np.flatnonzero(alike >= threshold)[0]]) if (alike >= threshold).any() else pair)
    return kept


def test_no_pairs_are_no_duplicates() -> None:
    none = fold(pa.array([], pa.string()))
    kept, similarity = near_duplicates(none, none, 0.95)
    assert len(kept) == len(similarity) == 0


def test_empty_sides_are_like_nothing() -> None:
    sources, targets = fold(pa.array(["", "", "…"])), fold(pa.array(["", "leer", ""]))
    assert near_duplicates(sources, targets, 0.95)[0].tolist() == [0, 1, 2]


def test_the_order_of_letters_counts_in_what_texts_share() -> None:
    # The same letters as often: alike to whoever compares n-grams of order one.
    sources, targets = (
        fold(pa.array(["stressed diaper", "desserts repaid"])),
        fold(pa.array(["лампа роза", "азор апмал"])),
    )
    for side in (sources, targets):
        assert copy_similarity(side.take(np.array([0])), side.take(np.array([1])))[0] < 0.2
    assert near_duplicates(sources, targets, 0.5)[0].tolist() == [0, 1]


def test_signatures_are_of_ngrams_of_a_higher_order() -> None:
    texts = fold(pa.array(["stressed diaper", "desserts repaid", "stressed diaper"]))
    lowest = np.full((3, 32), np.uint32(2**32 - 1), np.uint32)
    minima(
        texts.points,
        texts.offsets,
        np.arange(1, 65, 2, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) | np.uint64(1),
        lowest,
    )
    assert NGRAM > 1
    assert (lowest[0] == lowest[2]).all()
    assert (lowest[0] == lowest[1]).mean() < 0.3
