"""What a recipe may say of exports."""

import pytest

from schemas.recipe import ExportSettings, MineSettings, RecipeError, parse_recipe

RECIPE = """
name = "test"
output = "runs/test"
[acquire]
snapshot = "2026-12"
[[acquire.archives]]
paths = ["a.warc"]
[mine]
pairs = [["en", "de"]]
[mine.exports]
"""


def test_nothing_is_exported_unless_a_recipe_asks_for_it() -> None:
    assert MineSettings.model_validate({"pairs": [["en", "de"]]}).exports is None
    mine = parse_recipe(RECIPE, "test.toml").mine
    assert mine is not None
    assert mine.exports == ExportSettings()
    assert mine.exports.formats == ("moses", "tmx")


def test_lines_are_refused_in_a_recipe_without_groups() -> None:
    with pytest.raises(RecipeError, match=r"add a table \[mine\.groups\]"):
        parse_recipe(RECIPE + 'formats = ["moses", "lines"]\n', "test.toml")


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ('formats = ["moses", "moses"]', "a format stands twice"),
        ('formats = ["xliff"]', "formats"),
        ('[mine.exports.lines]\nlanguages = ["en"]', "names one language alone"),
        ('[mine.exports.lines]\nlanguages = ["en", "eng_Latn"]', "a language stands twice"),
        ('[mine.exports.lines]\nlanguages = ["en", "jp"]', "jp"),
        ('[mine.exports.lines]\nlanguages = ["en", "sw"]', "swh_Latn stands in no pair"),
        ("max_rows = 0", "max_rows"),
        ('compression = "zip"', "compression"),
    ],
)
def test_what_cannot_be_written_is_refused_by_name(tables: str, said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        parse_recipe(RECIPE + tables + "\n", "test.toml")


def test_languages_of_lines_are_read_in_any_spelling() -> None:
    recipe = RECIPE.replace('pairs = [["en", "de"]]', 'pairs = [["en", "zh_Hans"], ["en", "sw"], ["en", "fa"]]')
    mine = parse_recipe(recipe + '[mine.exports.lines]\nlanguages = ["zh", "sw", "fas_Arab"]\n', "test.toml").mine
    assert mine is not None
    assert mine.exports is not None
    assert mine.exports.lines.languages == ("cmn_Hans", "swh_Latn", "pes_Arab")
