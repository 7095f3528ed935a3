"""The published folders, read by those they are made for."""

from __future__ import annotations

from pathlib import Path

import pytest
from datasets import get_dataset_config_names

from pipelines.publish.projections import KINDS
from tests.instruct.mined import messages
from tests.publish.sets import Sets, make_sets, stated_rows
from tests.publish.training import fine_tune, load, prefer


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Sets:
    return make_sets(tmp_path_factory.mktemp("run"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_config_loads_with_the_rows_and_columns_the_card_states(sets: Sets, kind: str, tmp_path: Path) -> None:
    folder = sets.published[kind].folder
    stated = stated_rows(folder)
    assert set(get_dataset_config_names(folder)) == {config for config, _ in stated}
    for (config, split), rows in stated.items():
        loaded = load(folder, config, split, tmp_path)
        assert loaded.num_rows == rows
        assert loaded.column_names == KINDS[kind].schema.names
        assert set(loaded[KINDS[kind].config]) == {config}


def test_sentences_of_two_languages_are_put_side_by_side_by_their_group(sets: Sets, tmp_path: Path) -> None:
    """As a reader of translations in many languages does it."""
    folder = sets.published["groups"].folder
    english, thai = (
        {row["group_id"]: row["text"] for row in load(folder, language, "train", tmp_path)}
        for language in ("eng_Latn", "tha_Thai")
    )
    both = {english[group]: thai[group] for group in english.keys() & thai.keys()}
    assert len(both) == 20
    assert both["This field is required."] == messages("th")["This field is required."]


def test_a_step_of_supervised_fine_tuning_runs_on_the_instructions(sets: Sets, tmp_path: Path) -> None:
    rows = load(sets.published["instructions"].folder, "tha_Thai", "train", tmp_path)
    assert 0 < fine_tune(rows, tmp_path) < 20


def test_a_step_of_preference_optimisation_runs_on_the_preferences(sets: Sets, tmp_path: Path) -> None:
    rows = load(sets.published["preferences"].folder, "tha_Thai", "train", tmp_path)
    # ln 2: before its first step a policy prefers nothing.
    assert prefer(rows, tmp_path) == pytest.approx(0.6931, abs=0.001)
