"""How pages that are translations of each other are found, and what mining makes of them."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from schemas.recipe.settings import Settings


class PagePairSettings(Settings):
    hreflang: bool = Field(
        default=True, description="Take what pages and sitemaps say of a page's other languages (`hreflang`)."
    )
    patterns: bool = Field(
        default=True, description="Take addresses of one site that differ in nothing but the name of a language."
    )
    local: bool = Field(
        default=True,
        description="Compare the sentences of two pages that are translations, all with all, beside the search of all.",
    )
    max_products: int = Field(
        default=4_000_000,
        gt=0,
        description="Sentences of one page times those of the other, above which two pages are not compared so.",
    )
    bonus: bool = Field(
        default=True,
        description="Where `precision` is set: add to the score of a candidate whose documents are translations or are "
        "joined by other sentences, and more where sentences before or behind it are joined in the same order.",
    )

    @model_validator(mode="after")
    def _looks_at_something(self) -> Self:
        if not (self.hreflang or self.patterns):
            raise ValueError("hreflang and patterns are both off, so no page has a partner: remove [mine.pages]")
        return self
