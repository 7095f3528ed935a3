"""Scores in words."""

import pytest

from pipelines.embed.alignment import AlignmentScore
from pipelines.embed.verdicts import verdict_of


@pytest.mark.parametrize(
    ("sentences", "mexa", "verdict"),
    [
        (300, 0.95, "can be mined"),
        (300, 0.7, "can be mined"),
        (300, 0.69, "doubtful"),
        (300, 0.39, "cannot be mined"),
        (29, 0.95, "too few sentences"),
    ],
)
def test_a_score_is_said_in_words(sentences: int, mexa: float, verdict: str) -> None:
    assert verdict_of(AlignmentScore("tha_Thai", sentences, mexa, 0.1, 0.1)) == verdict
