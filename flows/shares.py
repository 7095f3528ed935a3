"""What `glotmill share` says: how much of a run's corpus stands in mined pairs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.table import Table

from flows.console import standard_output
from flows.layout import CORPUS, EMBED, PAIRS, SEARCH, finished
from pipelines.publish.exports.shares import Stages, dropped_sentences, language_share, pair_share
from schemas.recipe import Recipe

_MOST_ROWS = 24
"""Rows of a table for people; `--json` has all."""

_COUNTS = ("documents", "sentences", "searched", "paired")
_SHARES = ("share_of_searched", "share_of_sentences", "share_of_characters")
_SIDES = ("source", "target")


def describe_share(recipe: Recipe) -> dict[str, Any]:
    """Count the share of the corpus in the shards of a run; no counter and no earlier count is believed.

    Returns:
        ``languages``: rows of LANGUAGE_SHARE, ``pairs``: rows of PAIR_SHARE, without ids, most paired first.
    Raises:
        ManifestError: a stage has not run; names the command that runs it.
    """
    stages = Stages(*(finished(recipe, stage) for stage in (CORPUS, EMBED, SEARCH, PAIRS)))
    dropped = dropped_sentences(stages)
    languages = [language_share(stages, key, dropped.get(key, 0)) for key in stages.languages()]
    pairs = [pair_share(stages, pair) for pair in stages.pairs()]
    return {
        "name": recipe.name,
        "languages": _ordered(languages, "paired", "documents"),
        "pairs": _ordered(pairs, "pairs"),
    }


def _ordered(rows: Iterable[Mapping[str, Any]], *by: str) -> list[dict[str, Any]]:
    told = [{name: value for name, value in row.items() if name != "id"} for row in rows]
    return sorted(told, key=lambda row: (*(-row[name] for name in by), str(row.get("language", row.get("pair")))))


def print_share(told: Mapping[str, Any]) -> None:
    """Two tables: languages that were searched, and language pairs."""
    console = standard_output()
    searched = [row for row in told["languages"] if row["searched"]]
    table = _table("Languages", "language", *_COUNTS, "of searched", "of sentences", "of characters")
    for row in searched[:_MOST_ROWS]:
        table.add_row(
            row["language"], *(f"{row[name]:,}" for name in _COUNTS), *(_percent(row[name]) for name in _SHARES)
        )
    console.print(table)
    others = len(told["languages"]) - len(searched)
    _say_more(searched, f"; {others:,} more of the corpus were not searched" if others else "")
    console.print()
    table = _table("Language pairs", "pair", "pairs", *(f"{side} paired" for side in _SIDES), "of source", "of target")
    for row in told["pairs"][:_MOST_ROWS]:
        paired = (f"{row[f'{side}_paired']:,}" for side in _SIDES)
        table.add_row(row["pair"], f"{row['pairs']:,}", *paired, *(_percent(row[f"{side}_share"]) for side in _SIDES))
    console.print(table)
    _say_more(told["pairs"])


def _say_more(rows: Sequence[object], more: str = "") -> None:
    rest = len(rows) - _MOST_ROWS
    said = (f"{rest:,} further rows: --json" if rest > 0 else "") + more
    if said:
        standard_output().print(f"  {said.removeprefix('; ')}", style="dim")


def _table(title: str, first: str, *names: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1))
    table.add_column(first, no_wrap=True)
    for name in names:
        table.add_column(name, justify="right")
    return table


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"
