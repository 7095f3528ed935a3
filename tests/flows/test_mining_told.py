"""What a user is warned of before mining."""

from flows.encoder_scores import EncoderScores
from flows.mining_told import lost_languages
from pipelines.embed.alignment import AlignmentScore
from schemas.recipe import parse_recipe

RECIPE = """
name = "coast"
output = "runs/coast"
[acquire]
snapshot = "2026-11"
[[acquire.archives]]
paths = ["/data/coast.warc.gz"]
[embed]
encoder = "use-multilingual"
"""


def scores(**shares: float) -> EncoderScores:
    found = tuple(AlignmentScore(language, 200, share, 0.1, 0.1) for language, share in shares.items())
    return EncoderScores("use-multilingual:b8b05b01f0861094", "eng_Latn", found, ())


def test_languages_that_the_encoder_cannot_mine_are_named() -> None:
    recipe = parse_recipe(RECIPE, "coast.toml")
    warning = lost_languages(recipe, scores(tha_Thai=0.9, ukr_Cyrl=0.6, khm_Khmr=0.2, ell_Grek=0.3))
    assert warning is not None
    assert "embed.encoder = use-multilingual cannot mine khm_Khmr, ell_Grek: most of their sentences" in warning
    assert "tha_Thai" not in warning
    assert "ukr_Cyrl" not in warning


def test_of_many_languages_some_are_named_and_the_others_counted() -> None:
    shares = {f"x{letter}x_Latn": 0.1 for letter in "abcdefghijk"}
    warning = lost_languages(parse_recipe(RECIPE, "coast.toml"), scores(**shares))
    assert warning is not None
    assert "xhx_Latn and 3 more: " in warning


def test_an_encoder_that_knows_every_language_is_not_warned_of() -> None:
    assert lost_languages(parse_recipe(RECIPE, "coast.toml"), scores(tha_Thai=0.9, ukr_Cyrl=0.6)) is None
