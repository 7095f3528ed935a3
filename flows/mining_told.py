"""What the flow mine says while it goes: of the encoder before it mines, of the thresholds behind it."""

from __future__ import annotations

from prefect.artifacts import create_markdown_artifact, create_table_artifact
from rich.markup import escape

from flows.calibrations import calibration_lines, calibration_notes, unpromised
from flows.encoder_scores import EncoderScores, scores_of_stage
from flows.progress import current_reporter
from pipelines.mine.calibrations import calibrations_of
from pipelines.runtime.manifest import Manifest
from schemas.recipe import MineSettings, Recipe

_NAMED = 8


def tell_embedded(recipe: Recipe, settings: MineSettings, sentences: Manifest) -> None:
    """Warn of languages without sentences, and of those that the encoder cannot mine so far as sources tell."""
    languages = {language for pair in settings.language_pairs() for language in pair}
    for language in sorted(languages.difference(sentences.partitions("sentences"))):
        current_reporter().warn(
            f"recipe {recipe.name}: mine.pairs: {language}: no sentences of it, so its pairs are empty; "
            "check the languages of the sources, and embed.sources"
        )
    scores = scores_of_stage(sentences, languages)
    if not scores.scores:
        return
    current_reporter().line(f"  [dim]encoder {escape(scores.in_words())}[/]")
    create_table_artifact(
        scores.as_json()["languages"], key="encoder-scores", description=f"{scores.encoder} against {scores.pivot}"
    )
    warning = lost_languages(recipe, scores)
    if warning is not None:
        current_reporter().warn(warning)


def lost_languages(recipe: Recipe, scores: EncoderScores) -> str | None:
    """What to say of the languages that the encoder cannot mine; None where there are none."""
    lost = [score.language for score in scores.of("cannot be mined")]
    if not lost:
        return None
    named = ", ".join(lost[:_NAMED]) + (f" and {len(lost) - _NAMED} more" if len(lost) > _NAMED else "")
    return (
        f"recipe {recipe.name}: embed.encoder = {recipe.embed.encoder} cannot mine {named}: most of their sentences do "
        f"not find their translation in {scores.pivot}; take another encoder, or leave them out (`glotmill encoder` "
        "shows the scores)"
    )


def tell_thresholds(recipe: Recipe, settings: MineSettings, pairs: Manifest) -> None:
    """Show each language pair's threshold with what it promises, and warn of those that it cannot be promised for."""
    found = calibrations_of(pairs)
    mined = {line.language for line in pairs.ledger if line.language is not None}
    for line in calibration_lines(mined, found, applied=settings.precision is not None):
        current_reporter().line(f"  [dim]{escape(line)}[/]")
    notes = calibration_notes(mined, found)
    create_markdown_artifact(notes, key="thresholds", description=f"Thresholds of the pairs in {pairs.folder}")
    if settings.precision is None:
        return
    for pair in unpromised(mined, found):
        current_reporter().warn(
            f"recipe {recipe.name}: mine.precision = {settings.precision:g} cannot be promised for {pair}, so it "
            "has no pairs: want less, add sources that align it, or take an encoder that knows both languages"
        )
