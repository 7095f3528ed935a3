"""Judged seats and sentences in no group as rows of records, with their texts."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.mine.groups.checking import INCONSISTENT
from pipelines.mine.groups.records import as_ids, as_text
from pipelines.runtime.dropped import dropped_rows
from schemas.identifiers import content_id
from schemas.records import GROUP_MEMBER

SECOND_OF_LANGUAGE = "second-of-language"


def kept_rows(sentences: pa.RecordBatch, verdicts: pa.RecordBatch, language: str) -> pa.RecordBatch:
    """Rows of GROUP_MEMBER.

    Args:
        sentences: columns id, text, source and licence.
        verdicts: VERDICT of each; none has a reason.
    """
    groups = as_text(as_ids(verdicts.column("group"))).to_pylist()
    names = {group: content_id(group) for group in set(groups)}
    ids = [content_id(names[group], one) for group, one in zip(groups, sentences["id"].to_pylist(), strict=True)]
    columns = {
        "id": pa.array(ids, pa.string()),
        "group_id": pa.array([names[group] for group in groups], pa.string()),
        "language": pa.repeat(language, len(ids)),
        "sentence_id": sentences["id"],
        "text": sentences["text"],
        "pivot": pc.is_null(verdicts["via"]),
        "score": verdicts["score"],
        "checked": verdicts["checked"],
        "agreed": verdicts["agreed"],
        "source": sentences["source"],
        "licence": sentences["licence"],
    }
    return pa.RecordBatch.from_arrays([columns[name] for name in GROUP_MEMBER.names], schema=GROUP_MEMBER)


def dropped_members(
    sentences: pa.RecordBatch, verdicts: pa.RecordBatch, language: str, min_languages: int
) -> pa.RecordBatch:
    """Rows of DROPPED of members with a reason.

    Args:
        sentences: columns id and source.
        verdicts: VERDICT of each.
    """
    checked, agreed, left = (verdicts[name].cast(pa.string()) for name in ("checked", "agreed", "languages"))
    said = pc.binary_join_element_wise("agrees with ", agreed, " of ", checked, " other members", "")
    few = pc.binary_join_element_wise(left, f" languages are left of its group, min_languages = {min_languages}", "")
    return dropped_rows(
        sentences.select(["id", "source"]),
        verdicts["reason"],
        language=language,
        score=verdicts["score"].cast(pa.float64()),
        detail=pc.if_else(pc.equal(verdicts["reason"], INCONSISTENT), said, few),
    )


def left_rows(sentences: pa.RecordBatch, left: pa.RecordBatch, language: str) -> pa.RecordBatch:
    """Rows of DROPPED of sentences in no group.

    Args:
        sentences: columns id and source.
        left: LEFT of each.
    """
    return dropped_rows(
        sentences.select(["id", "source"]),
        SECOND_OF_LANGUAGE,
        language=language,
        score=left["score"].cast(pa.float64()),
        detail=pc.binary_join_element_wise(
            "the group of its best pair, with",
            as_text(as_ids(left["pivot"])),
            "has another sentence of the language",
            " ",
        ),
    )
