"""Looking values up among sorted ones."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.runtime.lookup import places_among

VALUES = st.lists(st.integers(0, 20), max_size=12)


@given(VALUES, VALUES)
def test_each_value_is_placed_where_it_stands_and_others_nowhere(wanted: list[int], known: list[int]) -> None:
    ascending = sorted(set(known))
    expected = [ascending.index(value) if value in ascending else -1 for value in wanted]
    assert places_among(np.array(wanted, np.int64), np.array(ascending, np.int64)).tolist() == expected
