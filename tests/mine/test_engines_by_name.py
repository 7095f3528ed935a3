"""Every engine that a recipe may name is one that a search has."""

from typing import Any, get_args

import numpy as np
import pytest

from pipelines.mine.engines import INDEXES, block_engine, index_engine
from pipelines.mine.neighbours.choice import Engine
from pipelines.mine.neighbours.designs import IndexKind
from pipelines.mine.neighbours.found import Neighbours
from schemas.errors import GlotmillError
from schemas.recipe import Engine as EngineSetting
from tests.mine.neighbours.sorting import check_sorted, random_side

BLOCKS = tuple(name for name in get_args(Engine) if name not in INDEXES)
GPU = ("torch", "faiss-gpu")
SOURCE, TARGET = random_side(30, 1), random_side(20, 2)


def test_a_recipe_names_auto_and_the_engines_that_a_plan_may_choose() -> None:
    assert set(get_args(EngineSetting)) == {"auto", *get_args(Engine)}
    assert set(INDEXES) < set(get_args(Engine))


@pytest.mark.parametrize("name", BLOCKS)
def test_an_engine_that_is_no_index_searches_blocks_or_asks_for_its_gpu(name: Engine) -> None:
    found = found_or_refusal(name)
    if isinstance(found, Neighbours):
        check_sorted(found, SOURCE, TARGET, 4)
    else:
        assert name in GPU
        assert 'set engine = "exact"' in found


def found_or_refusal(name: Engine) -> Neighbours | str:
    try:
        return block_engine(name, 1)(SOURCE.astype(np.float32), TARGET.astype(np.float32), 4)
    except GlotmillError as error:
        return str(error)


@pytest.mark.parametrize("kind", INDEXES)
def test_an_index_finds_all_of_sides_too_small_to_part(kind: IndexKind) -> None:
    found = index_engine(kind, 17, 1)(SOURCE.astype(np.float32), TARGET.astype(np.float32), 4)
    check_sorted(found, SOURCE, TARGET, 4)


@pytest.mark.parametrize("name", ["auto", *INDEXES, "annoy"])
def test_what_is_no_engine_for_blocks_is_refused_by_name(name: Any) -> None:
    with pytest.raises(ValueError, match=f"^{name} is no engine for blocks"):
        block_engine(name, 1)
