"""The records that flow between stages: one explicit Arrow schema a kind, every field field.

A writer always passes its schema, so a shard whose first rows are null cannot change a type.
The sentence describing a field is stored in the field's metadata under ``doc`` and travels
with every Parquet file.
"""

from schemas.records.accounts import (
    CUT,
    DROPPED,
    FAULT,
    FIRING,
    LIMIT,
)
from schemas.records.documents import (
    ALTERNATE,
    DOCUMENT,
    LISTED,
    MOVED,
    PERSONAL,
    SCORED_LANGUAGE,
    SIGNALS,
    SPAN,
)
from schemas.records.fields import field_doc
from schemas.records.parallel import (
    AUDIO_SPAN,
    GROUP_MEMBER,
    PAGE_PAIR,
    PAIR,
    SEGMENT,
    SENTENCE,
    vector_schema,
)
from schemas.records.sets import (
    CANDIDATE,
    CHECK,
    INSTRUCTION,
    PREFERENCE,
    TURN,
)

__all__ = [
    "ALTERNATE",
    "AUDIO_SPAN",
    "CANDIDATE",
    "CHECK",
    "CUT",
    "DOCUMENT",
    "DROPPED",
    "FAULT",
    "FIRING",
    "GROUP_MEMBER",
    "INSTRUCTION",
    "LIMIT",
    "LISTED",
    "MOVED",
    "PAGE_PAIR",
    "PAIR",
    "PERSONAL",
    "PREFERENCE",
    "SCORED_LANGUAGE",
    "SEGMENT",
    "SENTENCE",
    "SIGNALS",
    "SPAN",
    "TURN",
    "field_doc",
    "vector_schema",
]
