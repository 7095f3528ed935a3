"""The forms in which what was mined is written besides Parquet."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from schemas.recipe.settings import LanguageKey, Settings

PairFormat = Literal["moses", "tmx"]
ExportFormat = Literal["moses", "tmx", "lines"]
Codes = Literal["canonical", "bcp47"]
Compression = Literal["none", "gz"]
LinesLayout = Literal["flores", "mexa"]


class LinesSettings(Settings):
    """Text in many languages, line by line."""

    languages: tuple[LanguageKey, ...] = Field(
        default=(),
        description="Languages of the lines; a group that lacks one of them is not written. Unless named, those that "
        "give the most lines times languages.",
    )
    layout: LinesLayout = Field(
        default="flores",
        description="`flores`: `dev/KEY.dev` and `devtest/KEY.devtest`, as FLORES-200; `mexa`: `text/KEY.txt`.",
    )
    devtest_percent: float = Field(
        default=50, ge=0, le=100, description="Share of the lines that go to `devtest`, with the layout `flores`."
    )

    @model_validator(mode="after")
    def _names_two_languages(self) -> Self:
        if len(set(self.languages)) < len(self.languages):
            raise ValueError("a language stands twice in `languages`; name each once")
        if len(self.languages) == 1:
            raise ValueError("`languages` names one language alone; name two or more, or none to have them chosen")
        return self


class ExportSettings(Settings):
    """A share of the corpus is always told, whatever the formats."""

    formats: tuple[ExportFormat, ...] = Field(
        default=("moses", "tmx"),
        description="`moses` and `tmx`: of pairs; `lines`: of groups, which needs a table [mine.groups].",
    )
    codes: Codes = Field(
        default="canonical",
        description="Languages in the names of Moses and TMX files: keys such as `swh_Latn`, or BCP 47 such as `sw`.",
    )
    min_score: float | None = Field(
        default=None, description="Smallest `score` of what is written; below it a pair or a member is `below-score`."
    )
    compression: Compression = Field(default="none", description="Of text files; `gz` adds `.gz` to their names.")
    max_rows: int | None = Field(
        default=None,
        gt=0,
        description="Most pairs of a Moses or TMX file; further ones go to further files, numbered.",
    )
    lines: LinesSettings = LinesSettings()

    @model_validator(mode="after")
    def _names_each_format_once(self) -> Self:
        if len(set(self.formats)) < len(self.formats):
            raise ValueError("a format stands twice in `formats`; name each once")
        return self
