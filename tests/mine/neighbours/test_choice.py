"""The engine of a pair: exact while that is affordable, said in one line, and what the recipe says."""

import pytest

from pipelines.mine.neighbours.choice import EXACT_SECONDS, EngineError, EngineSetting, Hardware, choose, hardware

LAPTOP = Hardware(cores=2, memory_bytes=16 * 2**30)
SERVER = Hardware(cores=64, memory_bytes=512 * 2**30)
CARD = Hardware(cores=16, memory_bytes=128 * 2**30, gpus=(80 * 2**30,))


@pytest.mark.parametrize(
    ("machine", "rows", "engine"),
    [
        (LAPTOP, 0, "exact"),
        (LAPTOP, 200_000, "exact"),
        (LAPTOP, 2_000_000, "exact"),
        (LAPTOP, 100_000_000, "exact"),
        (SERVER, 3_000_000, "exact"),
        (SERVER, 50_000_000, "ivf"),
        (LAPTOP, 20_000_000, "ivfpq"),
        (CARD, 10_000_000, "torch"),
        (CARD, 500_000_000, "torch"),
    ],
)
def test_exact_is_chosen_while_it_is_affordable(machine: Hardware, rows: int, engine: str) -> None:
    assert choose(rows, rows, 384, 16, machine).engine == engine


def test_an_index_is_chosen_only_where_exact_takes_too_long_and_it_is_faster_and_fits() -> None:
    engines = set()
    for rows in range(1_000_000, 80_000_000, 4_000_000):
        plan = choose(rows, rows, 384, 16, SERVER)
        exact = choose(rows, rows, 384, 16, SERVER, "exact")
        engines.add(plan.engine)
        if plan.engine != "exact":
            assert exact.seconds > EXACT_SECONDS
            assert plan.seconds < exact.seconds
            assert plan.memory_bytes <= SERVER.memory_bytes / 2
    assert len(engines) > 1


@pytest.mark.parametrize("setting", ["exact", "faiss-flat", "ivf", "ivfpq", "hnsw"])
def test_a_recipe_overrides(setting: EngineSetting) -> None:
    plan = choose(1000, 1000, 384, 16, CARD, setting)
    assert plan.engine == setting
    assert plan.why == "as the recipe says"


@pytest.mark.parametrize("setting", ["torch", "faiss-gpu"])
def test_an_engine_that_cannot_run_here_is_refused_with_a_remedy(setting: EngineSetting) -> None:
    with pytest.raises(EngineError, match=f'engine = "{setting}" under .mine.: .* sees no GPU.*set engine = "exact"'):
        choose(1000, 1000, 384, 16, LAPTOP, setting)


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(EngineError, match=r'engine = "scann".*name one of'):
        choose(1, 1, 384, 16, LAPTOP, "scann")  # type: ignore[arg-type]


def test_a_plan_is_one_line_with_reason_time_and_memory() -> None:
    assert str(choose(200_000, 200_000, 384, 16, LAPTOP)) == (
        "exact: exact in one pass on 2 cores; about 102 seconds and 2.2 GiB"
    )


def test_a_search_of_few_sentences_is_not_said_to_take_no_time() -> None:
    assert str(choose(40, 60, 384, 16, LAPTOP)).endswith("; less than a second and 2.0 GiB")


@pytest.mark.parametrize("engine", ["ivf", "ivfpq", "hnsw"])
def test_more_cores_never_make_an_index_slower_nor_more_rows_faster(engine: EngineSetting) -> None:
    for rows in (5_000, 20_000, 1_000_000, 20_000_000):
        by_cores = [choose(rows, rows, 384, 4, Hardware(cores, 2**40), engine).seconds for cores in (64, 8, 1)]
        assert by_cores == sorted(by_cores)
    by_rows = [choose(rows, rows, 384, 4, LAPTOP, engine).seconds for rows in (0, 5_000, 20_000, 1_000_000)]
    assert by_rows == sorted(by_rows)


def test_an_approximate_engine_says_what_exact_would_have_taken() -> None:
    assert "exact would take about" in str(choose(50_000_000, 50_000_000, 384, 16, SERVER))


def test_exact_that_takes_too_long_says_why_there_is_nothing_better() -> None:
    assert "no index is faster and fits in half the memory" in str(choose(50_000_000, 50_000_000, 384, 16, LAPTOP))


def test_this_machine_has_cores_and_memory() -> None:
    here = hardware()
    assert here.cores >= 1
    assert here.memory_bytes > 2**28
