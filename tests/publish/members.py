"""Groups of translations out of Django's messages, which are aligned."""

import pyarrow as pa

from schemas.identifiers import content_id
from schemas.records import GROUP_MEMBER
from tests.instruct.mined import LOCALES, messages


def group_members(languages: tuple[str, ...] = ("deu_Latn", "tha_Thai", "arb_Arab"), limit: int = 20) -> pa.Table:
    """Rows of GROUP_MEMBER: messages that all of the languages have, around the English one."""
    said = {language: messages(LOCALES[language]) for language in languages}
    shared = [message for message in sorted(said[languages[0]]) if all(message in known for known in said.values())]
    rows = []
    for message in shared[-limit:]:
        group = content_id(content_id("eng_Latn", message))
        for language, text in {"eng_Latn": message, **{key: said[key][message] for key in languages}}.items():
            pivot, sentence = language == "eng_Latn", content_id(language, text)
            rows.append(
                {
                    "id": content_id(group, sentence),
                    "group_id": group,
                    "language": language,
                    "sentence_id": sentence,
                    "text": text,
                    "pivot": pivot,
                    "score": None if pivot else 1.1,
                    "checked": 0 if pivot else len(languages) - 1,
                    "agreed": 0 if pivot else len(languages) - 1,
                    "source": "django",
                    "licence": "BSD-3-Clause",
                }
            )
    return pa.Table.from_pylist(rows, schema=GROUP_MEMBER)
