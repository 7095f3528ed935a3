"""A field of a record, with the sentence that documents it."""

from __future__ import annotations

import pyarrow as pa


def field(name: str, kind: pa.DataType, doc: str, *, nullable: bool = False) -> pa.Field:
    return pa.field(name, kind, nullable=nullable, metadata={"doc": doc})


def field_doc(of: pa.Field) -> str:
    """The sentence that documents a field of a record, or an empty string."""
    return (of.metadata or {}).get(b"doc", b"").decode()
