"""Thresholds after mining: each pair with its interval, on one screen however many there are."""

from dataclasses import replace

import numpy as np
import pytest

from flows.calibrations import MOST_SHOWN, calibration_lines, calibration_notes, unpromised
from pipelines.mine.calibrate import Calibration, Subject, calibrated
from pipelines.mine.curve import curve
from schemas.languages import known_languages


def calibration(pair: str, right: int, wanted: float = 0.9) -> Calibration:
    """Of 200 judged pairs, the best of them right."""
    subject = Subject(pair, "mutual", "ratio", 4, 1_000, 1_000, "e5-small:8da4f53134e84a9a")
    return calibrated(curve(np.linspace(2, 1, 200), np.arange(200) < right, 200), subject, wanted)


FOUND = {
    "deu_Latn-eng_Latn": calibration("deu_Latn-eng_Latn", 180),
    "khm_Khmr-eng_Latn": calibration("khm_Khmr-eng_Latn", 5),
    "tha_Thai-eng_Latn": replace(calibration("tha_Thai-eng_Latn", 100), evidence="decoys"),
}
PAIRS = [*FOUND, "amh_Ethi-eng_Latn"]


def test_each_pair_has_its_threshold_with_an_interval_or_the_reason_why_it_has_none() -> None:
    heading, *lines = calibration_lines(PAIRS, FOUND, applied=True)
    assert heading == "thresholds for precision 90% with confidence 95%: 2 of 4 pairs"
    told = dict(line.split(maxsplit=1) for line in lines)
    assert list(told) == sorted(PAIRS)
    assert told["amh_Ethi-eng_Latn"] == "no pair could be judged"
    assert told["khm_Khmr-eng_Latn"].startswith("none     best precision 1.00 (0.55 to 1.00)")
    german = FOUND["deu_Latn-eng_Latn"]
    assert german.threshold is not None
    assert told["deu_Latn-eng_Latn"].startswith(f"{german.threshold:.4f}  precision 1.00 (0.98 to 1.00), recall 0.89 (")
    assert told["tha_Thai-eng_Latn"].endswith("by decoys")


def test_a_threshold_of_the_recipe_is_not_said_to_be_calibrated() -> None:
    assert next(calibration_lines(PAIRS, FOUND, applied=False)).endswith("to compare: the recipe sets its own")


def test_of_many_pairs_the_worst_are_shown_and_the_others_counted() -> None:
    names = [f"{language}-eng_Latn" for language in known_languages()[:120]]
    found = {name: calibration(name, 60 + number) for number, name in enumerate(names[:-1])}
    heading, *lines = calibration_lines(names, found, applied=True)
    assert heading.endswith("119 of 120 pairs")
    assert [line.split()[0] for line in lines[:-1]] == [names[-1], *names[: MOST_SHOWN - 1]]
    assert lines[-1] == f"and {120 - MOST_SHOWN} pairs with more recall"


def test_notes_tell_every_pair_in_whole_sentences() -> None:
    notes = calibration_notes(PAIRS, FOUND).splitlines()
    assert [note.split(":")[0] for note in notes] == [f"- {pair}" for pair in sorted(PAIRS)]
    assert notes[0].endswith("no pair could be judged")
    assert FOUND["deu_Latn-eng_Latn"].told() in notes[1]


def test_pairs_without_a_threshold_are_named() -> None:
    assert unpromised(PAIRS, FOUND) == ["amh_Ethi-eng_Latn", "khm_Khmr-eng_Latn"]


@pytest.mark.parametrize("applied", [True, False])
def test_a_run_that_mined_nothing_says_nothing(applied: bool) -> None:
    assert list(calibration_lines([], {}, applied)) == []
