"""How mined pairs become groups of sentences that mean the same in many languages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pydantic import Field, field_validator

from schemas.recipe.settings import LanguageKey, Settings


class GroupSettings(Settings):
    pivots: tuple[LanguageKey, ...] = Field(
        default=(),
        description="Languages around whose sentences groups are built, the first before all others; unless named, "
        "those of `mine.plan`, else the language that stands in most pairs.",
    )
    min_languages: int = Field(
        default=3, ge=2, description="Languages of a group, its pivot's among them; with fewer `too-few-languages`."
    )
    agreement: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Members whose languages were not mined with each other agree where their cosine is at least this "
        "share of what members have with their pivots, by the median.",
    )

    @field_validator("pivots")
    @classmethod
    def _names_each_once(cls, pivots: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(pivots)) < len(pivots):
            raise ValueError("a pivot stands twice; their order says which comes first")
        return pivots


def most_paired(pairs: Iterable[tuple[str, str]]) -> str:
    """The language of most pairs; of several the one that comes first in them."""
    return Counter(language for pair in pairs for language in pair).most_common(1)[0][0]
