"""How sentences are encoded and pairs mined."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, combinations
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from schemas.recipe.exports import ExportSettings
from schemas.recipe.groups import GroupSettings, most_paired
from schemas.recipe.page_pairs import PagePairSettings
from schemas.recipe.pair_filters import PairFilterSettings, SentenceFilterSettings
from schemas.recipe.settings import LanguageKey, Settings

Pooling = Literal["mean", "cls", "max", "last"]
Dtype = Literal["float32", "bfloat16"]
Backend = Literal["auto", "torch", "onnx"]


class EncoderSettings(Settings):
    """An encoder and how it is used: all that decides the vector of a text."""

    encoder: str = Field(default="e5-small", description="Encoder by catalogue name, hub id or folder.")
    backend: Backend = Field(
        default="auto",
        description="Engine that runs the encoder; `auto`: PyTorch where its weights are there, else ONNX Runtime.",
    )
    prefix: str | None = Field(
        default=None,
        description="Put before every sentence; unless set, what the catalogue or the model's folder says.",
    )
    pooling: Pooling | None = Field(
        default=None, description="How vectors of tokens become one; unless set, as the model's folder says."
    )
    dtype: Dtype = Field(
        default="float32",
        description="Of PyTorch's matrix products; `bfloat16` is faster only on processors that have it.",
    )
    max_tokens: int = Field(
        default=128,
        gt=0,
        description="Longer sentences are cut, prefix included; an encoder that takes fewer is refused.",
    )
    batch_size: int | None = Field(
        default=None,
        gt=0,
        description="Sentences a forward pass; vectors may differ with it by rounding. Unless set, what the catalogue "
        "says of the model, else 32.",
    )


class EmbedSettings(EncoderSettings):
    earlier: tuple[str, ...] = Field(
        default=(),
        description="Folders of the stage embed of earlier runs with the same encoder; sentences that stand there are "
        "not encoded again.",
    )
    sources: tuple[str, ...] = Field(default=(), description="Sources to take sentences from; empty: all.")
    filters: SentenceFilterSettings = SentenceFilterSettings()
    min_characters: int = Field(default=10, ge=0, description="Shorter sentences are dropped as `too-short`.")
    max_characters: int = Field(default=500, gt=0, description="Longer sentences are dropped as `too-long`.")


AlignmentMode = Literal["forward", "backward", "union", "mutual", "one-to-one", "one-to-one-optimal"]
MarginKind = Literal["ratio", "distance", "absolute"]
Engine = Literal["auto", "exact", "faiss-flat", "ivf", "ivfpq", "hnsw", "torch", "faiss-gpu"]

Pair = tuple[LanguageKey, LanguageKey]


class PairPlan(Settings):
    """Language pairs by rule, all rules together."""

    languages: tuple[LanguageKey, ...] = Field(default=(), description="Languages that `pivots` are paired with.")
    pivots: tuple[LanguageKey, ...] = Field(
        default=(), description="Each with every language: eng_Latn alone is English-centric mining."
    )
    groups: tuple[tuple[LanguageKey, ...], ...] = Field(
        default=(),
        description="All pairs inside a group, such as a family of languages; one group of all languages is every "
        "pair of them (M2M-100 mined by groups and bridges).",
    )
    bridges: tuple[LanguageKey, ...] = Field(
        default=(), description="All pairs among these, which join the groups (M2M-100: one to three a group)."
    )

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Every pair, a pivot first, else in the order in which languages are named; some may come twice."""
        for pivot in self.pivots:
            for language in chain(self.pivots, self.languages, *self.groups, self.bridges):
                if language != pivot:
                    yield pivot, language
        for group in (*self.groups, self.bridges):
            yield from combinations(dict.fromkeys(group), 2)


class MineSettings(Settings):
    pairs: tuple[Pair, ...] = Field(default=(), description="Language pairs to mine.")
    plan: PairPlan | None = Field(default=None, description="Further pairs by rule.")
    mode: AlignmentMode = Field(default="mutual", description="Mode whose pairs are kept.")
    margin: MarginKind = Field(default="ratio", description="Kind of margin (Artetxe and Schwenk 2019).")
    neighbours: int = Field(default=4, gt=0, description="k of the margin (LASER: 4; stopes: 16).")
    candidates: int = Field(
        default=4, gt=0, description="Nearest neighbours of a sentence, both ways, that may become its pair."
    )
    engine: Engine = Field(
        default="auto", description="Engine of the search; `auto`: by size and hardware, exact while that is bearable."
    )
    evidence: bool = Field(
        default=True,
        description="Where `precision` is set: take from a candidate's margin what its texts disagree in: length, "
        "numbers, addresses and placeholders, a question against a statement.",
    )
    threshold: float = Field(
        default=1.06, description="Smallest margin kept, where `precision` is not set (CCMatrix: a ratio of 1.06)."
    )
    precision: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Precision wanted: the threshold of each pair is then measured on sentences that a source aligns, "
        "or estimated by decoys where there is none. A pair for which it cannot be promised gives nothing.",
    )
    confidence: float = Field(
        default=0.95, gt=0, lt=1, description="With which the true precision is no lower than the one wanted."
    )
    calibrated: str | None = Field(
        default=None,
        min_length=1,
        description="Folder of an earlier run's stage mine, calibrated on gold for the same precision: a pair without "
        "gold of its own takes its threshold from there. Refused where anything that a margin depends on differs, or a "
        "side is over a tenth larger or smaller.",
    )
    centre: bool = Field(
        default=True, description="Subtract each language's mean vector; anisotropic encoders want it."
    )
    holdout_percent: float = Field(
        default=0, ge=0, lt=100, description="Gold partners hidden from each side: mining then has non-parallel text."
    )
    filters: PairFilterSettings = PairFilterSettings()
    pages: PagePairSettings | None = Field(
        default=None, description="Look for pages that are translations of each other; see [mine.pages](#minepages)."
    )
    groups: GroupSettings | None = Field(
        default=None, description="Groups of translations in many languages, made of the pairs where this table stands."
    )
    exports: ExportSettings | None = None

    def language_pairs(self) -> tuple[tuple[str, str], ...]:
        """Those named, then those planned, each once: the first naming tells which side is the source."""
        pairs: dict[frozenset[str], tuple[str, str]] = {}
        for pair in (*self.pairs, *(self.plan.pairs() if self.plan else ())):
            pairs.setdefault(frozenset(pair), pair)
        return tuple(pairs.values())

    def group_pivots(self) -> tuple[str, ...]:
        """Languages that groups are built around, first to last: named, else planned, else the one of most pairs."""
        pairs = self.language_pairs()
        mined = {language for pair in pairs for language in pair}
        for pivots in (self.groups.pivots if self.groups else (), self.plan.pivots if self.plan else ()):
            if found := tuple(pivot for pivot in pivots if pivot in mined):
                return found
        return (most_paired(pairs),)

    @field_validator("pairs")
    @classmethod
    def _joins_two_languages_once(cls, pairs: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        for source, target in pairs:
            if source == target:
                raise ValueError(f"a pair joins two languages, found {source} twice")
        if len({frozenset(pair) for pair in pairs}) < len(pairs):
            raise ValueError("a pair stands twice; one direction is enough, both are mined together")
        return pairs

    @model_validator(mode="after")
    def _has_a_pair(self) -> Self:
        if not self.language_pairs():
            raise ValueError("no language pair: name some in `pairs`, or plan them in [mine.plan]")
        return self

    @model_validator(mode="after")
    def _groups_around_languages_that_are_mined(self) -> Self:
        mined = {language for pair in self.language_pairs() for language in pair}
        for pivot in self.groups.pivots if self.groups else ():
            if pivot not in mined:
                raise ValueError(f"groups.pivots: {pivot} stands in no pair; name a language that is mined")
        return self

    @model_validator(mode="after")
    def _lines_are_made_of_groups(self) -> Self:
        if self.exports is not None and "lines" in self.exports.formats and self.groups is None:
            raise ValueError(
                'exports.formats has "lines", which are made of groups, and no groups are asked for: add a table '
                '[mine.groups], or leave "lines" out'
            )
        mined = {language for pair in self.language_pairs() for language in pair}
        for language in self.exports.lines.languages if self.exports else ():
            if language not in mined:
                raise ValueError(
                    f"exports.lines.languages: {language} stands in no pair; name a language that is mined"
                )
        return self

    @model_validator(mode="after")
    def _calibrated_for_a_precision(self) -> Self:
        if self.calibrated is not None and self.precision is None:
            raise ValueError("`calibrated` has thresholds for a precision: set `precision` to the one wanted there")
        return self
