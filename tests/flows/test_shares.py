"""What `glotmill share` says."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows import cli, shares
from pipelines.runtime.manifest import ManifestError
from schemas.recipe import load_recipe
from tests.end_to_end.sources import catalogue_table, write_recipe
from tests.publish.exports.mined_run import stages

MINE = '[acquire]\nsnapshot = "test"\n' + catalogue_table("locale", "eng_Latn") + '[mine]\npairs = [["en", "de"]]\n'


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe whose run has been mined."""
    stages(tmp_path / "run")
    return write_recipe(tmp_path, MINE)


def told(recipe: Path, *arguments: str) -> str:
    done = CliRunner().invoke(cli.app, ["share", str(recipe), *arguments], catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def test_languages_are_told_most_paired_first_and_those_not_searched_are_counted(recipe: Path) -> None:
    lines = told(recipe).splitlines()
    languages = [line.split()[0] for line in lines[2:5]]
    assert languages == ["deu_Latn", "eng_Latn", "tha_Thai"]
    assert lines[3].split() == ["eng_Latn", "1", "5", "2", "1", "50.0", "%", "20.0", "%", "37.3", "%"]
    assert "1 more of the corpus were not searched" in lines[5]
    assert "nob_Latn" not in told(recipe)


def test_json_has_every_language_and_pair(recipe: Path) -> None:
    found = json.loads(told(recipe, "--json"))
    assert [row["language"] for row in found["languages"]] == ["deu_Latn", "eng_Latn", "tha_Thai", "nob_Latn"]
    assert [(row["pair"], row["pairs"]) for row in found["pairs"]] == [
        ("eng_Latn-deu_Latn", 2),
        ("eng_Latn-tha_Thai", 1),
        ("deu_Latn-tha_Thai", 0),
    ]
    assert found["languages"][-1]["share_of_searched"] is None


def test_a_long_table_says_how_many_rows_it_leaves_out(recipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "_MOST_ROWS", 1)
    printed = told(recipe)
    assert "2 further rows: --json" in printed
    assert "tha_Thai" not in printed


def test_a_run_that_was_not_mined_is_told_which_command_does_it(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="glotmill refresh"):
        shares.describe_share(load_recipe(write_recipe(tmp_path, MINE)))
