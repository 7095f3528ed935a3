"""What became of the rest: rows dropped, texts cut, limits and how often they fire, inputs that cannot be read."""

from __future__ import annotations

import pyarrow as pa

from schemas.records.fields import field

DROPPED = pa.schema(
    [
        field("id", pa.string(), "Id of the row that was dropped."),
        field("url", pa.string(), "Where it came from.", nullable=True),
        field("source", pa.string(), "Name of the source in the recipe."),
        field("language", pa.string(), "Language key (or pair) as the stage knew it."),
        field("reason", pa.string(), "Name of the rule, in kebab-case."),
        field("score", pa.float64(), "Value that the rule judged.", nullable=True),
        field("matched_id", pa.string(), "The row kept in its place, for duplicates.", nullable=True),
        field("detail", pa.string(), "The rule and its limit in words.", nullable=True),
    ],
    metadata={"record": "dropped"},
)

CUT = pa.schema(
    [
        field("id", pa.string(), "XXH3-128 in hex of document, start and end."),
        field("document_id", pa.string(), "The document that the segment was cut out of."),
        field("url", pa.string(), "Where the document was read."),
        field("start", pa.int32(), "First code point of the segment in the document's text as it was read."),
        field("end", pa.int32(), "Code point after the last."),
        field("text", pa.string(), "The segment, unchanged."),
        field("language", pa.string(), "Language key of the segment; und where none was told."),
        field("source", pa.string(), "Name of the source in the recipe."),
        field("licence", pa.string(), "SPDX identifier, or the source's own words.", nullable=True),
    ],
    metadata={"record": "cut"},
)

LIMIT = pa.schema(
    [
        field("id", pa.string(), "XXH3-128 in hex of language and limit."),
        field("language", pa.string(), "Language key."),
        field("name", pa.string(), "Name of the limit in the recipe, such as min_words."),
        field("value", pa.float64(), "The limit; null for a rule that is off.", nullable=True),
        field("origin", pa.string(), "default, recipe, fitted or inherited."),
        field("relative", pa.string(), "Language that the limit is inherited from.", nullable=True),
        field(
            "documents",
            pa.int64(),
            "Documents of the language that have the signal: those it was, or would be, fitted on.",
        ),
        field("median", pa.float64(), "Median of the signal over them.", nullable=True),
        field("deviation", pa.float64(), "Standard deviation of the signal over them.", nullable=True),
        field("smallest", pa.float64(), "Smallest value of the signal.", nullable=True),
        field("largest", pa.float64(), "Largest value of the signal.", nullable=True),
        field("outside", pa.int64(), "Documents beyond the limit, whatever other rules say of them."),
        field(
            "can_fire",
            pa.bool_(),
            "Whether a document has the signal, and a value that it may have lies beyond the limit.",
        ),
    ],
    metadata={"record": "limit"},
)

FIRING = pa.schema(
    [
        field("id", pa.string(), "XXH3-128 in hex of language, rule and limit."),
        field("language", pa.string(), "Language key."),
        field("rule", pa.string(), "Reason that the rule gives."),
        field("limit", pa.string(), "Name of its limit in the recipe; null for labels and lists.", nullable=True),
        field("value", pa.float64(), "The limit; null for a rule that is off.", nullable=True),
        field("documents", pa.int64(), "Documents of the language that came in."),
        field("judged", pa.int64(), "Those that have the rule's signal."),
        field("removed", pa.int64(), "Those that the rule was the first to fail."),
        field("outside", pa.int64(), "Those that fail the rule, whatever other rules say of them."),
        field("smallest", pa.float64(), "Smallest value of the signal.", nullable=True),
        field("largest", pa.float64(), "Largest value of the signal.", nullable=True),
        field(
            "can_fire",
            pa.bool_(),
            "Whether a document has the signal, and a value that it may have lies beyond the limit.",
        ),
    ],
    metadata={"record": "firing"},
)

FAULT = pa.schema(
    [
        field("id", pa.string(), "XXH3-128 in hex of place and reason."),
        field("place", pa.string(), "URL, or file and position, of the broken input."),
        field("source", pa.string(), "Name of the source in the recipe."),
        field("language", pa.string(), "Language key where known, else und."),
        field("reason", pa.string(), "Kind of fault, in kebab-case."),
        field("detail", pa.string(), "What was found."),
    ],
    metadata={"record": "fault"},
)
