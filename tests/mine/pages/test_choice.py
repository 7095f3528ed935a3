import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.mine.pages.choice import choose
from pipelines.mine.pages.rows import (
    BACKWARD,
    EDGE,
    FORWARD,
    IN_BARE,
    IN_BOTH_BARE,
    IN_SLOT,
    LOOSELY,
    from_hex,
    to_arrow,
)
from schemas.identifiers import content_id

Edge = tuple[int, int, int, int, int]
"""Source page, target page, bits, and the distances of depths and of lengths."""


def ids(numbers: list[int], side: str) -> pa.Array:
    return to_arrow(from_hex(pa.array([content_id(side, str(number)) for number in numbers], pa.string())))


def edges(rows: list[Edge]) -> pa.RecordBatch:
    sources, targets, *others = (list(column) for column in zip(*rows, strict=True))
    columns = [ids(sources, "source"), ids(targets, "target")]
    types = [EDGE.field(name).type for name in EDGE.names[2:]]
    columns += [pa.array(values, kind) for values, kind in zip(others, types, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=EDGE)


def taken(rows: list[Edge]) -> set[tuple[bytes, bytes]]:
    chosen = choose(edges(rows))
    return set(zip(chosen.source[chosen.taken].tolist(), chosen.target[chosen.taken].tolist(), strict=True))


BETTER = [
    (FORWARD | BACKWARD, FORWARD | IN_SLOT),
    (FORWARD, IN_SLOT),
    (BACKWARD, IN_SLOT),
    (FORWARD, FORWARD | LOOSELY),
    (FORWARD | IN_SLOT, FORWARD),
    (IN_SLOT, IN_BARE),
    (IN_BARE, IN_BOTH_BARE),
]


@pytest.mark.parametrize(("better", "worse"), BETTER)
@pytest.mark.parametrize("turned", [False, True])
def test_the_better_evidence_wins_whatever_the_ids(better: int, worse: int, turned: bool) -> None:
    first, second = (2, 1) if turned else (1, 2)
    rows = [(0, first, better, 0, 0), (0, second, worse, 0, 0)]
    assert taken(rows) == taken(rows[:1])


@pytest.mark.parametrize("far", [(1, 0), (0, 5)])
def test_of_many_pages_that_name_one_the_one_whose_address_is_most_alike_has_it(far: tuple[int, int]) -> None:
    rows = [(page, 0, FORWARD, *(far if page else (0, 0))) for page in range(6)]
    assert taken(rows) == taken(rows[:1])


def test_evidence_of_all_rows_of_a_pair_counts_together() -> None:
    rows = [(0, 0, FORWARD, 0, 0), (1, 0, FORWARD, 0, 0), (1, 0, BACKWARD, 0, 0)]
    assert taken(rows) == taken(rows[1:])


SOME = st.lists(
    st.tuples(
        st.integers(0, 6), st.integers(0, 6), st.sampled_from([1, 2, 3, 5, 8, 9, 16, 32]), st.just(0), st.integers(0, 2)
    ),
    min_size=1,
    max_size=30,
    unique_by=lambda edge: edge[:2],
)


@given(rows=SOME, data=st.data())
def test_the_choice_does_not_depend_on_the_order_or_on_repeats(rows: list[Edge], data: st.DataObject) -> None:
    assert taken(data.draw(st.permutations(rows)) + rows[:3]) == taken(rows)


@given(rows=SOME)
def test_no_page_has_two_partners_and_each_pair_left_out_names_the_better_one_that_has_a_page_of_it(
    rows: list[Edge],
) -> None:
    chosen = choose(edges(rows))
    for side in (chosen.source[chosen.taken], chosen.target[chosen.taken]):
        assert len(np.unique(side)) == len(side)
    for lost in np.flatnonzero(~chosen.taken):
        instead = chosen.instead[lost]
        assert chosen.taken[instead]
        assert instead < lost
        assert chosen.source[instead] == chosen.source[lost] or chosen.target[instead] == chosen.target[lost]
