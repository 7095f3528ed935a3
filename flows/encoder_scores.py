"""What `glotmill encoder` says: which languages an encoder can mine, before anything is mined."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.columns import Columns
from rich.markup import escape

from flows.console import standard_output
from flows.layout import ACQUIRE, CORPUS, EMBED, finished
from flows.progress import Reporter, current_reporter, reporting
from pipelines.embed.alignment import MEXA_SENTENCES, AlignmentScore, Side, alignment_scores
from pipelines.embed.encoder import load_encoder
from pipelines.embed.job import embed_job
from pipelines.embed.lines import encoded_sides, read_lines
from pipelines.embed.parallel import parallel_sides
from pipelines.embed.verdicts import VERDICTS, Verdict, verdict_of
from pipelines.runtime.manifest import Manifest
from pipelines.runtime.runner import Runner, default_workers
from pipelines.runtime.stage import whole
from schemas.errors import GlotmillError
from schemas.languages import normalise
from schemas.recipe import EncoderSettings, MineSettings, Recipe, RecipeError, load_recipe

PIVOT = "eng_Latn"

_SHOWN = {
    "can be mined": "green",
    "doubtful": "yellow",
    "cannot be mined": "red",
    "too few sentences": "dim",
}


class ScoresError(GlotmillError):
    """An encoder that cannot be scored on what is given."""


@dataclass(frozen=True)
class EncoderScores:
    """How an encoder aligns some languages with a pivot.

    Attributes:
        encoder: name and fingerprint.
        pivot: language that the others are compared with; None where no sentence is aligned with any other.
        scores: of the languages that share sentences with the pivot, the best first.
        unscored: the other languages asked for, by key.
    """

    encoder: str
    pivot: str | None
    scores: tuple[AlignmentScore, ...]
    unscored: tuple[str, ...]

    def of(self, verdict: Verdict) -> tuple[AlignmentScore, ...]:
        return tuple(score for score in self.scores if verdict_of(score) == verdict)

    def as_json(self) -> dict[str, Any]:
        return {
            "encoder": self.encoder,
            "pivot": self.pivot,
            "compared_among": MEXA_SENTENCES,
            "languages": [{**asdict(score), "verdict": verdict_of(score)} for score in self.scores],
            "unscored": list(self.unscored),
        }

    def in_words(self) -> str:
        """One line."""
        counts = ", ".join(f"{len(found)} {verdict}" for verdict in VERDICTS if (found := self.of(verdict)))
        none = f"{len(self.unscored)} without parallel sentences" if self.unscored else ""
        against = f"against {self.pivot}: " if self.pivot else ""
        return against + ", ".join(part for part in (counts, none) if part)


def score_sides(
    encoder: str, sides: Mapping[str, Side], languages: Iterable[str], pivot: str | None = None
) -> EncoderScores:
    """Score languages against a pivot.

    Args:
        sides: aligned sentences with vectors, by language.
        languages: keys asked for, whether they have aligned sentences or not.
        pivot: None: English, or the language with most sentences where none is in English.
    Raises:
        ScoresError: the pivot named has no aligned sentences.
    """
    if pivot is not None and pivot not in sides:
        there = ", ".join(sorted(sides)) or "none"
        raise ScoresError(f"--pivot {pivot}: no aligned sentences of it; there are some of: {there}")
    if pivot is None and sides:
        pivot = PIVOT if PIVOT in sides else max(sorted(sides), key=lambda language: len(sides[language].ids))
    scores = () if pivot is None else alignment_scores(sides, pivot)
    ordered = tuple(sorted(scores, key=lambda score: (-score.mexa, score.language)))
    unscored = set(languages) - {score.language for score in ordered} - {pivot}
    return EncoderScores(encoder, pivot, ordered, tuple(sorted(unscored)))


def scores_of_stage(embedded: Manifest, languages: Iterable[str], pivot: str | None = None) -> EncoderScores:
    """Score the encoder of a finished stage embed on the sentences that their sources align."""
    wanted = sorted(languages)
    encoder = str(embedded.settings["encoder_fingerprint"])
    return score_sides(encoder, parallel_sides(embedded, wanted), wanted, pivot)


def scores_of_lines(settings: EncoderSettings, folder: str, most: int, pivot: str | None = None) -> EncoderScores:
    """Score an encoder on line-aligned files, encoded on the spot.

    Args:
        most: lines of a file, the first.
    Raises:
        LinesError: the folder holds no line-aligned text.
        ModelError, EncoderError: as `load_encoder`.
        ScoresError: there is no file of the pivot.
    """
    lines = read_lines(folder, most)
    if pivot is not None and pivot not in lines:
        raise ScoresError(f"--pivot {pivot}: {folder} has no file of it; there are {', '.join(sorted(lines))}")
    reporter = current_reporter()
    with reporter.running(f"loading {settings.encoder}"):
        encoder = load_encoder(settings)
    with reporter.running(f"encoding {len(lines)} languages"):
        sides = encoded_sides(lines, encoder, default_workers())
    return score_sides(encoder.fingerprint, sides, lines, pivot)


def score_encoder(
    recipe: Path | None,
    lines: str | None,
    name: str | None,
    pivot: str | None,
    most: int,
    runner: Runner,
    *,
    quiet: bool = False,
) -> EncoderScores:
    """Score a recipe's encoder on its run, which is embedded where it is not yet, or any encoder on given lines.

    Args:
        recipe: a TOML file; may be missing where lines and an encoder are named.
        lines: folder of line-aligned files.
        name: encoder in place of the recipe's.
        pivot: in any spelling.
        most: lines of a file.
    Raises:
        ScoresError: too little is named, or as `score_sides`.
        RecipeError, ManifestError, LinesError, ModelError, EncoderError, LanguageError: what is named cannot be used.
    """
    from flows.run import run_encode

    key = None if pivot is None else normalise(pivot)
    if lines is None and name is not None:
        raise ScoresError(f"--encoder {name}: sentences are missing; give --lines, a folder of line-aligned files")
    settings = None if recipe is None else load_recipe(recipe)
    own = None if settings is None else settings.embed
    encoder = own if name is None else EncoderSettings(encoder=name)
    if lines is not None and encoder is not None:
        with reporting(Reporter(quiet=quiet)):
            return scores_of_lines(encoder, lines, most, key)
    if settings is None:
        raise ScoresError("nothing to score: give a recipe, or --encoder and --lines")
    _, languages = mined_languages(settings)
    return scores_of_stage(run_encode(settings, runner, quiet=quiet), languages, key)


def mined_languages(recipe: Recipe) -> tuple[MineSettings, set[str]]:
    """Settings of mining, and the languages of its pairs.

    Raises:
        RecipeError: the recipe names no pairs.
    """
    if recipe.mine is None:
        raise RecipeError(f"recipe {recipe.name}: mine: no pairs are named; add a table [mine] with `pairs`")
    return recipe.mine, {language for pair in recipe.mine.language_pairs() for language in pair}


def embedded_already(recipe: Recipe) -> Manifest | None:
    """The stage embed of a recipe where it is whole, and as the recipe now has it.

    Raises:
        RecipeError: the recipe names no pairs.
        ManifestError: it has not been refreshed.
    """
    _, languages = mined_languages(recipe)
    sources = finished(recipe, CORPUS), finished(recipe, ACQUIRE)
    return whole(embed_job(*sources, recipe.folder(EMBED), recipe.embed, languages).stage)


def print_scores(scores: EncoderScores) -> None:
    """One screen for a hundred languages: by verdict, in as many columns as the line holds."""
    console = standard_output()
    console.print(f"[bold]{escape(scores.encoder)}[/] {scores.in_words()}", soft_wrap=True)
    for verdict in VERDICTS:
        found = scores.of(verdict)
        if found:
            console.print(f"\n[{_SHOWN[verdict]}]{verdict}[/]")
            console.print(Columns([_cell(score) for score in found], padding=(0, 3), column_first=True))
    if scores.unscored:
        console.print("\n[dim]no parallel sentences with the pivot[/]")
        console.print(Columns(list(scores.unscored), padding=(0, 3), column_first=True))
    console.print(
        f"\nlanguage; share of {MEXA_SENTENCES} nearest to their translation (MEXA); "
        "errors from and to the pivot (xsim); sentences",
        style="dim",
        soft_wrap=True,
    )


def _cell(score: AlignmentScore) -> str:
    errors = f"{_share(score.error_from)} {_share(score.error_to)}"
    return f"{score.language:<8} [bold]{_share(score.mexa)}[/]  {errors}  {score.sentences:>5,}"


def _share(value: float) -> str:
    return f"{value:.2f}".removeprefix("0") if value < 0.995 else "1.0"
