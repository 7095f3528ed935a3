"""The group-pairs stage: mined pairs of many languages to groups of sentences that mean the same in them."""

from __future__ import annotations

from collections import Counter

from pipelines.mine.groups.reading import Mined
from pipelines.mine.groups.transforms import GroupPairs
from pipelines.mine.language import Choice
from pipelines.runtime.manifest import Manifest
from pipelines.runtime.runner import Runner
from pipelines.runtime.shards import Output
from pipelines.runtime.stage import Input, Stage, run_stage
from schemas.languages import pair_key
from schemas.recipe import GroupSettings, MineSettings, Settings
from schemas.records import DROPPED, GROUP_MEMBER

ROWS_PER_PIECE = 500_000
"""Pairs, some 100 bytes each, that one step of a worker holds."""

MEMBERS_PER_PIECE = 100_000
"""Members, some 900 bytes each with their vectors, that one step of a worker holds."""

_ROWS_PER_WORKER = 100_000


class GroupingSettings(Settings):
    """Of the recipe's settings those that decide groups."""

    pairs: tuple[tuple[str, str], ...]
    pivots: tuple[str, ...]
    min_languages: int
    agreement: float
    holdout_percent: float


def group_pairs(
    embedded: Manifest,
    pairs: Manifest,
    folder: str,
    settings: MineSettings,
    seed: int,
    runner: Runner,
) -> Manifest:
    """Make groups around the sentences of pivot languages, and drop members that others speak against.

    The ledger counts sentences that stand in a pair with a pivot: each is in one group, or dropped.

    Args:
        embedded: the stage embed that was mined.
        pairs: the stage mine.
        folder: URL of the folder that the stage owns.
        seed: the recipe's.
    Returns:
        Manifest with outputs kept (GROUP_MEMBER, by language) and dropped. Its counters say how many groups there are
        of so many languages, as `groups/003`.
    """
    groups = settings.groups or GroupSettings()
    mined = Mined(
        pairs,
        embedded,
        settings.language_pairs(),
        settings.group_pivots(),
        # The rule of the check is for centred vectors, whatever was mined.
        Choice(settings.holdout_percent, seed, centre=True),
    )
    partitions = tuple(pair_key(*pair) for pair in mined.with_pivot)
    expected = Counter[str]()
    for pair in mined.with_pivot:
        expected.update(dict.fromkeys(pair, pairs.rows("kept", pair_key(*pair))))
    inputs = {"pairs": Input(pairs, "kept", counted=False)}
    for name in ("sentences", "vectors"):
        inputs[name] = Input(embedded, name, partitions=mined.languages, counted=False)
    stage = Stage(
        name="group-pairs",
        folder=folder,
        packages=("pipelines.mine",),
        settings=GroupingSettings(
            pairs=mined.mined,
            pivots=mined.pivots,
            min_languages=groups.min_languages,
            agreement=groups.agreement,
            holdout_percent=settings.holdout_percent,
        ),
        outputs=(
            Output("kept", GROUP_MEMBER, partition=("language",), layout="{partition}/part", expected=expected),
            Output("dropped", DROPPED, partition=("language",), expected=expected),
        ),
        inputs=inputs,
        counts_in="counters",
        extra={"seed": str(seed)},
        rows_per_worker=_ROWS_PER_WORKER,
    )
    rows = sum(pairs.rows("kept", partition) for partition in partitions)
    step = GroupPairs(
        folder,
        mined,
        pieces=_pieces(rows, ROWS_PER_PIECE),
        group_pieces=_pieces(rows, MEMBERS_PER_PIECE),
        min_languages=groups.min_languages,
        agreement=groups.agreement,
    )
    return run_stage(stage, lambda pipeline: pipeline | "Group pairs" >> step, runner)


def _pieces(rows: int, rows_per_piece: int) -> int:
    return max(1, -(-rows // rows_per_piece))
