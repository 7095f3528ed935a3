"""Sentences and spoken segments, their vectors, and what is found to mean the same in two languages or more."""

from __future__ import annotations

import pyarrow as pa

from schemas.records.fields import field

AUDIO_SPAN = pa.struct(
    [
        pa.field("audio_url", pa.string(), nullable=False),
        pa.field("start_frame", pa.int64(), nullable=False),
        pa.field("end_frame", pa.int64(), nullable=False),
    ]
)

SENTENCE = pa.schema(
    [
        field("id", pa.string(), "XXH3-128 in hex of document, position and text."),
        field("document_id", pa.string(), "The document or catalogue the sentence stands in."),
        field("position", pa.int32(), "Place of the sentence in its document, from 0."),
        field("text", pa.string(), "The sentence, NFC, on one line."),
        field("language", pa.string(), "Language key."),
        field("source", pa.string(), "Name of the source in the recipe."),
        field(
            "alignment_id",
            pa.string(),
            "Message that the source itself aligns across languages: gold for mining, hidden from it.",
            nullable=True,
        ),
        field("licence", pa.string(), "SPDX identifier, or the source's own words.", nullable=True),
    ],
    metadata={"record": "sentence"},
)

SEGMENT = pa.schema(
    [
        field("id", pa.string(), "XXH3-128 in hex of audio URL, start and end frame."),
        field("audio_url", pa.string(), "The recording."),
        field("start_frame", pa.int64(), "First frame, 16 kHz mono."),
        field("end_frame", pa.int64(), "Frame after the last, 16 kHz mono."),
        field("start_seconds", pa.float64(), "start_frame / 16000."),
        field("end_seconds", pa.float64(), "end_frame / 16000."),
        field("language", pa.string(), "Language key of the speech."),
        field("speech_probability", pa.float32(), "Mean probability of speech over the segment."),
        field("transcript", pa.string(), "Words spoken, where known.", nullable=True),
        field("source", pa.string(), "Name of the source in the recipe."),
        field("licence", pa.string(), "SPDX identifier, or the source's own words.", nullable=True),
    ],
    metadata={"record": "segment"},
)

PAIR = pa.schema(
    [
        field("id", pa.string(), "XXH3-128 in hex of both sides' ids."),
        field("pair", pa.string(), "Language pair, source-target, as in eng_Latn-deu_Latn."),
        field("source_id", pa.string(), "Id of the source sentence or segment."),
        field("target_id", pa.string(), "Id of the target sentence or segment."),
        field("source_language", pa.string(), "Language key of the source side."),
        field("target_language", pa.string(), "Language key of the target side."),
        field("source_text", pa.string(), "Source sentence; null for speech without transcript.", nullable=True),
        field("target_text", pa.string(), "Target sentence; null for speech without transcript.", nullable=True),
        field("source_audio", AUDIO_SPAN, "Source segment, for speech.", nullable=True),
        field("target_audio", AUDIO_SPAN, "Target segment, for speech.", nullable=True),
        field("cosine", pa.float32(), "Cosine of the two vectors, each language centred where the recipe says so."),
        field("margin", pa.float32(), "Margin (Artetxe and Schwenk 2019)."),
        field(
            "score",
            pa.float32(),
            "What the pair was chosen by: the margin; where a precision was wanted, less what the texts disagree in, "
            "and more where their documents go together.",
        ),
        field(
            "forward_rank",
            pa.int32(),
            "Rank of the target among the source's neighbours, from 1; null where it is none of them. Both ranks are "
            "null of a pair that was found only by comparing two pages that are translations.",
            nullable=True,
        ),
        field(
            "backward_rank",
            pa.int32(),
            "Rank of the source among the target's neighbours, from 1; null where it is none of them.",
            nullable=True,
        ),
        field("mode", pa.string(), "Alignment mode that chose the pair."),
        field("source", pa.string(), "Names of all sources that were mined together, joined by +."),
        field("encoder", pa.string(), "Name and fingerprint of the encoder."),
        field(
            "licence", pa.string(), "Licence of the pair: both sides', joined by AND where they differ.", nullable=True
        ),
    ],
    metadata={"record": "pair"},
)


PAGE_PAIR = pa.schema(
    [
        field("id", pa.string(), "XXH3-128 in hex of both documents' ids."),
        field("pair", pa.string(), "Language pair, source-target, as in eng_Latn-deu_Latn."),
        field("source_document", pa.string(), "Id of the page in the source language."),
        field("target_document", pa.string(), "Id of the page in the target language."),
        field("source_url", pa.string(), "Address of the page in the source language."),
        field("target_url", pa.string(), "Address of the page in the target language."),
        field("evidence", pa.string(), "What says that they are one page: hreflang, or url."),
        field("source", pa.string(), "Names of both pages' sources, joined by + where they differ."),
    ],
    metadata={"record": "page_pair"},
)

GROUP_MEMBER = pa.schema(
    [
        field("id", pa.string(), "XXH3-128 in hex of group and sentence."),
        field(
            "group_id", pa.string(), "The same meaning in many languages: XXH3-128 in hex of the pivot sentence's id."
        ),
        field("language", pa.string(), "Language key; a group has one member a language."),
        field("sentence_id", pa.string(), "Id of the sentence."),
        field("text", pa.string(), "The sentence."),
        field("pivot", pa.bool_(), "Whether the others were found through this one."),
        field("score", pa.float32(), "Of the pair with the pivot; null for the pivot.", nullable=True),
        field("checked", pa.int32(), "Other members with which this one could be compared without the pivot."),
        field("agreed", pa.int32(), "Those of them that are translations of it by that comparison too."),
        field("source", pa.string(), "Name of the source in the recipe."),
        field("licence", pa.string(), "SPDX identifier, or the source's own words.", nullable=True),
    ],
    metadata={"record": "group_member"},
)


def vector_schema(dimensions: int) -> pa.Schema:
    """Schema of encoded sentences: id, language and a unit vector of `dimensions` float16 values."""
    return pa.schema(
        [
            field("id", pa.string(), "Id of the sentence or segment."),
            field("language", pa.string(), "Language key."),
            field("source", pa.string(), "Name of the source in the recipe."),
            field("vector", pa.list_(pa.float16(), dimensions), "Unit vector of the named encoder."),
        ],
        metadata={"record": "vector"},
    )
