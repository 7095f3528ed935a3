"""What the benchmark of whole jobs promises: others' ways mine what their authors' steps do, ours as the stages do."""

import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks import mine_sides, mine_stages, mine_ways
from benchmarks.mine_job import RATIOS, WAYS
from benchmarks.mine_ways import Given, example_exact, laser, ours
from pipelines.mine.evaluate import LASER_NEIGHBOURS, laser_baseline
from pipelines.mine.neighbours.exact import neighbours
from pipelines.runtime.parquet import read_table
from schemas.records import PAIR

README = Path(__file__).parents[2] / "benchmarks" / "README.md"
ROWS, DIMENSIONS = 300, 16


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sides")
    rng = np.random.default_rng(6)
    source = rng.normal(size=(ROWS, DIMENSIONS))
    target = source + rng.normal(0, 0.4, source.shape)
    target[ROWS // 2 :] = rng.normal(size=(ROWS - ROWS // 2, DIMENSIONS))
    for name, rows in (("source", source), ("target", target)):
        # As the stages hold them, so that every way sees the same values.
        unit = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)
        np.save(folder / f"{name}.npy", unit.astype(np.float32))
    (folder / "source.txt").write_text("".join(f"Die Datei {word(row)} fehlt.\n" for row in range(ROWS)), "utf-8")
    (folder / "target.txt").write_text("".join(f"الملف {word(row)} مفقود.\n" for row in range(ROWS)), "utf-8")
    np.save(folder / "partners.npy", np.arange(ROWS // 2))
    return folder


def word(row: int) -> str:
    return "".join("abcdefghij"[int(digit)] for digit in str(row))


def mined(way: mine_ways.Way, sides: Path, output: Path) -> set[tuple[int, int]]:
    source, target = way(Given(sides, None, output, threads=1))
    return set(zip(source.tolist(), target.tolist(), strict=True))


def test_lasers_steps_choose_what_its_scores_on_our_search_choose(sides: Path, tmp_path: Path) -> None:
    source, target = (np.load(sides / f"{name}.npy") for name in ("source", "target"))
    graph, chosen = laser_baseline(neighbours(source, target, LASER_NEIGHBOURS))
    expected = set(zip(graph.source[chosen].tolist(), graph.target[chosen].tolist(), strict=True))
    assert mined(laser, sides, tmp_path / "pairs") == expected


def test_the_examples_steps_with_both_options_off_are_lasers(sides: Path, tmp_path: Path) -> None:
    assert mined(example_exact, sides, tmp_path / "a") == mined(laser, sides, tmp_path / "b")


def test_lasers_file_holds_score_and_both_texts_best_first(sides: Path, tmp_path: Path) -> None:
    pairs = mined(laser, sides, tmp_path / "pairs")
    lines = [line.split("\t") for line in (tmp_path / "pairs").read_text(encoding="utf-8").splitlines()]
    texts = [(sides / f"{name}.txt").read_text(encoding="utf-8").splitlines() for name in ("source", "target")]
    assert {(first, second) for _, first, second in lines} == {(texts[0][one], texts[1][two]) for one, two in pairs}
    scores = [float(score) for score, _, _ in lines]
    assert scores == sorted(scores, reverse=True)


def test_the_stages_keep_nothing_that_the_bare_functions_do_not_find(sides: Path, tmp_path: Path) -> None:
    """Filters may take pairs away; they take none of these."""
    given = mine_stages.embedded(sides, tmp_path)
    rows = read_table(mine_stages.mine(given, tmp_path).urls("kept"), PAIR, ("source_text", "target_text"))
    texts = [(sides / f"{name}.txt").read_text(encoding="utf-8").splitlines() for name in ("source", "target")]
    bare = {(texts[0][one], texts[1][two]) for one, two in mined(ours, sides, tmp_path / "pairs")}
    kept = set(zip(*(rows.column(name).to_pylist() for name in rows.column_names), strict=True))
    assert kept
    assert kept <= bare


@pytest.mark.parametrize("way", WAYS)
def test_every_way_is_explained(way: str) -> None:
    section = README.read_text(encoding="utf-8").partition("## Whole mining jobs")[2].partition("\n## ")[0]
    assert f"| `{way}` |" in section


def test_ratios_are_of_ways_that_run() -> None:
    assert {way for pair in RATIOS.values() for way in pair} <= set(WAYS)


def test_partners_say_the_same_in_another_language_and_no_two_lines_are_equal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mine_sides, "_messages", lambda language: [f"{language}{number}" for number in range(9)])
    monkeypatch.setattr(mine_sides, "real_vectors", lambda _: np.eye(9, DIMENSIONS, dtype=np.float16))
    mine_sides.write_sides(tmp_path, ROWS)
    lines = [(tmp_path / f"{side}.txt").read_text(encoding="utf-8").splitlines() for side in ("source", "target")]
    assert [len(set(side)) for side in lines] == [ROWS, ROWS]
    said = [[re.findall(r"\d", line) for line in side] for side in lines]
    same = [row for row in range(ROWS) if said[0][row] == said[1][row]]
    partners = np.load(tmp_path / "partners.npy")
    assert len(partners) == ROWS // 2
    assert set(partners.tolist()) <= set(same)
    vectors = [np.load(tmp_path / f"{side}.npy") for side in ("source", "target")]
    cosines = (vectors[0] * vectors[1]).sum(axis=1)
    assert cosines[partners].min() > 0.8
