"""Groups of translations as the stage group-pairs leaves them: Django's messages in several languages, by message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.runtime.manifest import Manifest
from schemas.identifiers import content_id
from schemas.records import GROUP_MEMBER
from tests.instruct.mined import LOCALES, messages, written

PIVOT = "eng_Latn"


def member(group: str, language: str, text: str, **changes: Any) -> dict[str, Any]:
    """A member of the group of an English message."""
    sentence = content_id(language, text)
    group_id = content_id(content_id(PIVOT, group))
    return {
        "id": content_id(group_id, sentence),
        "group_id": group_id,
        "language": language,
        "sentence_id": sentence,
        "text": text,
        "pivot": language == PIVOT,
        "score": None if language == PIVOT else 1.25,
        "checked": 2,
        "agreed": 1,
        "source": "django",
        "licence": "BSD-3-Clause",
        **changes,
    }


def members(languages: Sequence[str], limit: int = 60) -> list[dict[str, Any]]:
    """Members of the first messages; a language has those that are translated into it."""
    wanted = sorted(messages("de"))[:limit]
    found: Mapping[str, Mapping[str, str]] = {
        key: dict.fromkeys(wanted, "") if key == PIVOT else messages(LOCALES[key]) for key in languages
    }
    return [
        member(message, key, message if key == PIVOT else texts[message])
        for key, texts in found.items()
        for message in wanted
        if message in texts
    ]


def grouped(folder: Path, rows: Sequence[Mapping[str, Any]]) -> Manifest:
    """A finished stage of such rows."""
    return written(folder, {"kept": pa.Table.from_pylist(list(rows), schema=GROUP_MEMBER)}, "language")
