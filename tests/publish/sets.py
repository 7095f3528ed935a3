"""One run of instruct, prefer and publish over the same small material."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipelines.audit.cards import read_card
from pipelines.instruct.job import instruct
from pipelines.prefer.job import prefer
from pipelines.publish.card import CARD_NAME
from pipelines.publish.job import PublishSettings, publish
from pipelines.runtime.filesystem import Folder
from pipelines.runtime.manifest import Manifest
from schemas.recipe import InstructSettings, PreferSettings
from tests.instruct.mined import IN_PROCESS, documents, mined_pairs, written
from tests.publish.members import group_members


@dataclass(frozen=True)
class Sets:
    rows: dict[str, Manifest]
    published: dict[str, Manifest]


def stated_rows(folder: str) -> dict[tuple[str, str], int | None]:
    """Rows that the card of a folder states, by config and split."""
    splits = read_card(Folder(folder).read(CARD_NAME).decode())
    assert splits is not None
    return {(split.config, split.name): split.examples for split in splits}


def make_sets(folder: Path) -> Sets:
    """Each kind of set: the rows that are published and what was published."""
    pairs = written(folder / "mine", {"kept": mined_pairs(limit=20)}, "pair")
    corpus = written(folder / "dedupe", {"kept": documents()}, "language")
    settings = InstructSettings(validation_percent=20)
    instructions = instruct(pairs, corpus, str(folder / "instruct"), settings, 17, IN_PROCESS)
    preferences = prefer(instructions, str(folder / "prefer"), PreferSettings(), 17, IN_PROCESS)
    groups = written(folder / "groups", {"kept": group_members(limit=20)}, "language")
    rows = {
        "documents": corpus,
        "pairs": pairs,
        "groups": groups,
        "instructions": instructions,
        "preferences": preferences,
    }
    published = {
        kind: publish(
            manifest,
            str(folder / "datasets" / kind),
            PublishSettings(name=f"small-{kind}", kind=kind),
            IN_PROCESS,
            lineage=(corpus, pairs),
        )
        for kind, manifest in rows.items()
    }
    return Sets(rows, published)
