"""Rows of the data sets made from documents and pairs."""

from __future__ import annotations

import pyarrow as pa

from schemas.records.fields import field

TURN = pa.struct(
    [
        pa.field("role", pa.string(), nullable=False),
        pa.field("content", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
    ]
)
CHECK = pa.struct(
    [
        pa.field("name", pa.string(), nullable=False),
        pa.field("passed", pa.bool_(), nullable=False),
        pa.field("score", pa.float32()),
    ]
)
CANDIDATE = pa.struct(
    [
        pa.field("text", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("score", pa.float32()),
        pa.field("judge", pa.string()),
    ]
)

INSTRUCTION = pa.schema(
    [
        field("id", pa.string(), "XXH3-128 in hex of what the row was made of and its languages."),
        field("group_id", pa.string(), "The same item in many languages."),
        field("task", pa.string(), "What is asked: translation, continuation or writing."),
        field("turns", pa.list_(TURN), "The conversation; roles system, user, assistant."),
        field("instruction_language", pa.string(), "Language key of the instruction."),
        field("response_language", pa.string(), "Language key of the answer."),
        field("origin", pa.string(), "human, native, mined, template, mt or llm: where the answer came from."),
        field(
            "engine", pa.string(), "What produced the row beyond copying: encoder, translator, model.", nullable=True
        ),
        field("revision", pa.string(), "Revision or fingerprint of the engine.", nullable=True),
        field("parents", pa.list_(pa.string()), "Ids of the pairs or documents the row was made of."),
        field("source", pa.string(), "Names of the sources in the recipe."),
        field("licence", pa.string(), "Licence of the content.", nullable=True),
        field("licence_class", pa.string(), "open, share-alike, non-commercial or unknown."),
        field("checks", pa.list_(CHECK), "Checks the row went through."),
        field("flags", pa.list_(pa.string()), "What a user may want to exclude."),
        field("split", pa.string(), "train, validation or test; one for a whole group."),
    ],
    metadata={"record": "instruction"},
)

PREFERENCE = pa.schema(
    [
        field("id", pa.string(), "XXH3-128 in hex of the instruction id and the rejected answer."),
        field("group_id", pa.string(), "The same item in many languages."),
        field("prompt", pa.list_(TURN), "The conversation before the answer."),
        field("chosen", pa.string(), "The answer preferred."),
        field("rejected", pa.string(), "The answer not preferred."),
        field("prompt_language", pa.string(), "Language key of the instruction."),
        field("chosen_language", pa.string(), "Language key of the chosen answer."),
        field("rejected_language", pa.string(), "Language key of the rejected answer."),
        field("negative", pa.string(), "Why the rejected answer is worse: wrong-language or misaligned."),
        field("candidates", pa.list_(CANDIDATE), "All answers considered, with scores and judges."),
        field(
            "agreement",
            pa.float32(),
            "Share of judgements that agree with the choice; null without judges.",
            nullable=True,
        ),
        field("origin", pa.string(), "Where the chosen answer came from, as in the instruction."),
        field("parents", pa.list_(pa.string()), "Ids of the instruction and of the rows the answers came from."),
        field("source", pa.string(), "Names of the sources in the recipe."),
        field("licence", pa.string(), "Licence of the content.", nullable=True),
        field("licence_class", pa.string(), "open, share-alike, non-commercial or unknown."),
        field("split", pa.string(), "train, validation or test; one for a whole group."),
    ],
    metadata={"record": "preference"},
)
