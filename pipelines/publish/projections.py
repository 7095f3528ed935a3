"""Master rows to published rows, for each kind of set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from schemas.records import DOCUMENT, GROUP_MEMBER, INSTRUCTION, PAIR, PREFERENCE

MESSAGE = pa.struct([pa.field("role", pa.string(), nullable=False), pa.field("content", pa.string(), nullable=False)])
"""A turn as TRL and chat templates take it."""


@dataclass(frozen=True)
class Kind:
    """A kind of published set.

    Attributes:
        title: what its rows are, in the plural.
        description: a paragraph for the card.
        schema: of the published rows.
        project: rows of the record -> rows of the schema, one for one.
        config: column that names a row's config.
        split: column that names its split; all rows are `train` where None.
        task_categories: as the Hugging Face hub names them.
        trainer: how the rows are trained on, for the card.
    """

    title: str
    description: str
    schema: pa.Schema
    project: Callable[[pa.RecordBatch], pa.RecordBatch]
    config: str
    split: str | None
    task_categories: tuple[str, ...]
    trainer: str | None = None

    @property
    def partition(self) -> tuple[str, ...]:
        return (self.config,) if self.split is None else (self.config, self.split)

    @property
    def layout(self) -> str:
        """Path of a shard as the hub names it: config, split, number."""
        return "{partition}/train" if self.split is None else "{partition}"

    def partition_name(self, config: str, split: str) -> str:
        return config if self.split is None else f"{config}/{split}"


def _select(schema: pa.Schema, *names: str) -> pa.Schema:
    return pa.schema([schema.field(name) for name in names])


def _messages(name: str, doc: str) -> pa.Field:
    return pa.field(name, pa.list_(MESSAGE), nullable=False, metadata={"doc": doc})


_PUBLISHED_DOCUMENT = _select(
    DOCUMENT,
    *("id", "url", "text", "title", "language", "script", "confidence", "declared_language", "published"),
    *("source", "snapshot", "warc_file", "warc_offset", "licence", "cluster_id", "cluster_size", "weight"),
)
_PUBLISHED_PAIR = _select(
    PAIR,
    *("id", "pair", "source_id", "target_id", "source_language", "target_language", "source_text", "target_text"),
    *("cosine", "margin", "score", "mode", "source", "encoder", "licence"),
)
_PUBLISHED_GROUP_MEMBER = _select(GROUP_MEMBER, *GROUP_MEMBER.names)
_PUBLISHED_INSTRUCTION = pa.schema(
    [
        *_select(INSTRUCTION, "id", "group_id", "task"),
        _messages("messages", "The conversation; roles system, user, assistant."),
        *_select(
            INSTRUCTION,
            *("instruction_language", "response_language", "origin", "engine", "revision", "parents", "source"),
            *("licence", "licence_class", "flags", "split"),
        ),
    ]
)
_PUBLISHED_PREFERENCE = pa.schema(
    [
        *_select(PREFERENCE, "id", "group_id"),
        _messages("prompt", "The conversation before the answer."),
        _messages("chosen", "The answer preferred, as one message of the assistant."),
        _messages("rejected", "The answer not preferred, as one message of the assistant."),
        *_select(
            PREFERENCE,
            *("prompt_language", "chosen_language", "rejected_language", "negative", "origin", "parents", "source"),
            *("licence", "licence_class", "split"),
        ),
    ]
)


def publish_documents(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Rows of DOCUMENT without what only later stages need."""
    return rows.select(_PUBLISHED_DOCUMENT.names)


def publish_pairs(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Rows of PAIR without ranks and audio."""
    return rows.select(_PUBLISHED_PAIR.names)


def publish_groups(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Rows of GROUP_MEMBER as they are."""
    return rows.select(_PUBLISHED_GROUP_MEMBER.names)


def publish_instructions(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Rows of INSTRUCTION with `messages` in the place of turns (TRL's conversational format)."""
    return _with(_PUBLISHED_INSTRUCTION, rows, {"messages": messages(rows["turns"])})


def publish_preferences(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Rows of PREFERENCE with prompt, chosen and rejected as messages (TRL's explicit prompt)."""
    changed = {
        "prompt": messages(rows["prompt"]),
        "chosen": _said_by_assistant(rows["chosen"]),
        "rejected": _said_by_assistant(rows["rejected"]),
    }
    return _with(_PUBLISHED_PREFERENCE, rows, changed)


def messages(turns: pa.Array) -> pa.Array:
    """Lists of TURN -> lists of MESSAGE."""
    fields = [turns.values.field(turns.type.value_type.get_field_index(field.name)) for field in MESSAGE]
    return pa.ListArray.from_arrays(turns.offsets, pa.StructArray.from_arrays(fields, fields=list(MESSAGE)))


def _said_by_assistant(texts: pa.Array) -> pa.Array:
    rows = len(texts)
    message = pa.StructArray.from_arrays([pa.repeat("assistant", rows), texts], fields=list(MESSAGE))
    return pa.ListArray.from_arrays(pa.array(np.arange(rows + 1), pa.int32()), message)


def _with(schema: pa.Schema, rows: pa.RecordBatch, changed: dict[str, pa.Array]) -> pa.RecordBatch:
    columns = [changed[name] if name in changed else rows[name] for name in schema.names]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


KINDS = {
    "documents": Kind(
        title="documents",
        description="Web pages as plain text, one language a config: language and script told, quality rules applied, "
        "duplicates removed. `cluster_size` says how many near-duplicates a document stands for, `weight` how often to "
        "repeat it for that when training.",
        schema=_PUBLISHED_DOCUMENT,
        project=publish_documents,
        config="language",
        split=None,
        task_categories=("text-generation",),
    ),
    "pairs": Kind(
        title="sentence pairs",
        description="Sentences that mean the same in two languages, found by nearest-neighbour search over "
        "multilingual embeddings; a larger margin is a surer pair.",
        schema=_PUBLISHED_PAIR,
        project=publish_pairs,
        config="pair",
        split=None,
        task_categories=("translation",),
    ),
    "groups": Kind(
        title="groups of translations",
        description="Sentences that mean the same in many languages, one language a config: rows of one `group_id` are "
        "a group, which has one sentence a language. They were found through the sentence with `pivot`, by "
        "nearest-neighbour search over multilingual embeddings; of the `checked` other members with which one was "
        "compared without it, `agreed` are translations of it by that comparison too.",
        schema=_PUBLISHED_GROUP_MEMBER,
        project=publish_groups,
        config="language",
        split=None,
        task_categories=("translation", "sentence-similarity"),
    ),
    "instructions": Kind(
        title="instructions",
        description="Conversations of one question and one answer: translation both ways of mined pairs, and native "
        "web text as the answer. Instructions are written in many languages. Rows of one `group_id` are the same item; "
        "a group is in one split only.",
        schema=_PUBLISHED_INSTRUCTION,
        project=publish_instructions,
        config="response_language",
        split="split",
        task_categories=("text-generation", "translation"),
        trainer="SFTTrainer",
    ),
    "preferences": Kind(
        title="preferences",
        description="A prompt with a right answer and a worse one. The worse one says the same in a language that was "
        "not asked for (`wrong-language`), or is an answer to something else (`misaligned`).",
        schema=_PUBLISHED_PREFERENCE,
        project=publish_preferences,
        config="chosen_language",
        split="split",
        task_categories=("text-generation",),
        trainer="DPOTrainer",
    ),
}
"""The kinds of sets by name."""
