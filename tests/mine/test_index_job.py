"""Languages indexed once and searched by shards: the same bytes for any workers, and after a run that was killed."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.mine.index_job import index_languages, wanted_indexes
from pipelines.mine.indexing import index_places, load_index
from pipelines.mine.job import MissingIndexError, search_pairs, search_plans, search_recall
from pipelines.mine.neighbours.index_files import FILES
from pipelines.runtime import stage
from pipelines.runtime.filesystem import Folder
from pipelines.runtime.manifest import Manifest, need_manifest, write_manifest
from pipelines.runtime.models.catalogue import ModelError
from pipelines.runtime.runner import Runner
from schemas.recipe import MineSettings
from tests.end_to_end.command import ROOT
from tests.mine.indexed import spread
from tests.mine.stored import embedded, parts, sentences

LANGUAGES = ("deu_Latn", "tha_Thai", "khm_Khmr")
PAIRS = (("deu_Latn", "tha_Thai"), ("tha_Thai", "khm_Khmr"))
SETTINGS = MineSettings(pairs=PAIRS, neighbours=4, engine="ivf")
ROWS = {"deu_Latn": 11_000, "tha_Thai": 10_500, "khm_Khmr": 30}
"""Lists from 10,001 rows on; and a language so small that it is one list."""

Stages = tuple[Manifest, Manifest]
"""mine-index and mine-search."""


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    languages = {}
    for seed, (language, rows) in enumerate(ROWS.items()):
        table = sentences(language, [f"{language} {number}" for number in range(rows)])
        languages[language] = parts((table, spread(rows, seed)), [number % 3 for number in range(rows)], 3)
    manifest = embedded(tmp_path_factory.mktemp("embedded"), languages, 24)
    write_manifest(manifest)
    return manifest


def search(given: Manifest, folder: Path, settings: MineSettings = SETTINGS, *, workers: int = 1) -> Stages:
    runner, plans = Runner(workers=workers), search_plans(given, settings)
    wanted = wanted_indexes(settings, plans)
    indexed = index_languages(given, str(folder / "indexes"), settings, 17, runner, wanted)
    return indexed, search_pairs(given, str(folder / "search"), settings, 17, runner, plans, indexed=indexed)


@pytest.fixture(scope="module")
def stages(given: Manifest, tmp_path_factory: pytest.TempPathFactory) -> Stages:
    return search(given, tmp_path_factory.mktemp("searched"))


@pytest.fixture(scope="module")
def indexes(stages: Stages) -> Manifest:
    return stages[0]


@pytest.fixture(scope="module")
def searched(stages: Stages) -> Manifest:
    return stages[1]


def test_an_index_of_each_language_serves_all_its_pairs(indexes: Manifest) -> None:
    assert [file.path for file in indexes.files] == sorted(f"{key}/ivf/{name}" for key in LANGUAGES for name in FILES)
    assert {file.path for file in indexes.files} | {"_manifest.json"} == set(Folder(indexes.folder).files())
    assert {key: len(load_index(index_places(indexes), key, "ivf")) for key in LANGUAGES} == ROWS


def test_only_languages_of_pairs_that_want_an_index_are_indexed(given: Manifest) -> None:
    assert wanted_indexes(SETTINGS, search_plans(given, SETTINGS)) == tuple((key, "ivf") for key in sorted(LANGUAGES))
    exact = SETTINGS.model_copy(update={"engine": "exact"})
    plans = search_plans(given, exact) | {"deu_Latn-tha_Thai": search_plans(given, SETTINGS)["deu_Latn-tha_Thai"]}
    assert wanted_indexes(exact, plans) == (("deu_Latn", "ivf"), ("tha_Thai", "ivf"))


def test_every_sentence_has_its_neighbours_both_ways_and_recall_is_measured(searched: Manifest) -> None:
    for source, target in PAIRS:
        assert searched.rows("forward", f"{source}-{target}") == ROWS[source]
        assert searched.rows("backward", f"{source}-{target}") == ROWS[target]
    recall = search_recall(searched, 4)
    assert list(recall) == ["deu_Latn-tha_Thai", "tha_Thai-khm_Khmr"]
    assert 1500 < recall["deu_Latn-tha_Thai"].queries < 2500
    assert recall["deu_Latn-tha_Thai"].share > 0.9


def test_two_workers_write_the_same_bytes(given: Manifest, searched: Manifest, tmp_path: Path) -> None:
    indexed, again = search(given, tmp_path, workers=2)
    assert again.content == searched.content
    assert again.settings["indexes"] == searched.settings["indexes"]
    assert len(indexed.files) == 3 * len(FILES)


def test_what_a_search_finds_depends_on_the_indexes_as_they_are(
    given: Manifest, searched: Manifest, tmp_path: Path
) -> None:
    settings = SETTINGS.model_copy(update={"centre": False})
    _, other = search(given, tmp_path, settings)
    assert other.settings["indexes"] != searched.settings["indexes"]


@pytest.mark.parametrize("last", ["mine-index", "mine-search"])
def test_a_stage_that_ended_before_its_manifest_is_done_again_with_the_same_bytes(
    given: Manifest, searched: Manifest, last: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = stage.write_manifest

    def dying(manifest: Manifest) -> None:
        if manifest.stage == last:
            raise KeyboardInterrupt
        written(manifest)

    monkeypatch.setattr(stage, "write_manifest", dying)
    with pytest.raises(KeyboardInterrupt):
        search(given, tmp_path)
    monkeypatch.undo()
    indexed, again = search(given, tmp_path)
    assert again.content == searched.content
    assert again.settings["indexes"] == searched.settings["indexes"]
    assert Folder(indexed.folder).files() == ["_manifest.json", *(file.path for file in indexed.files)]


@pytest.mark.slow
@pytest.mark.parametrize(("folder", "moment"), [("indexes", "begun"), ("indexes", "written"), ("search", "begun")])
def test_a_killed_run_goes_on_to_the_same_bytes(
    given: Manifest, searched: Manifest, folder: str, moment: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "tests.mine.dying_search", given.folder, str(tmp_path), folder, moment]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not (tmp_path / folder / "_manifest.json").exists()
    assert search(need_manifest(given.folder, "embed"), tmp_path)[1].content == searched.content


def test_a_search_without_its_indexes_says_which_and_what_to_do(given: Manifest, tmp_path: Path) -> None:
    plans = search_plans(given, SETTINGS)
    with pytest.raises(MissingIndexError, match=r"deu_Latn .ivf., khm_Khmr .ivf., tha_Thai .ivf.; .*mine-index"):
        search_pairs(given, str(tmp_path / "search"), SETTINGS, 17, Runner(workers=1), plans)


def test_a_lost_index_is_named(given: Manifest, indexes: Manifest, tmp_path: Path) -> None:
    shutil.copytree(indexes.folder, tmp_path / "indexes")
    moved = indexes.model_copy(update={"folder": str(tmp_path / "indexes")})
    (tmp_path / "indexes/tha_Thai/ivf/bounds.npy").unlink()
    with pytest.raises(ModelError, match=r"tha_Thai/ivf/bounds\.npy"):
        load_index(index_places(moved), "tha_Thai", "ivf")
