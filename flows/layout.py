"""Where the stages of a run lie below its output folder."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.dedupe.store import Generation, place_in
from pipelines.runtime.filesystem import Folder
from pipelines.runtime.manifest import Manifest, need_manifest, read_manifest
from pipelines.runtime.models import PINNED
from schemas.recipe import Recipe

ACQUIRE = "acquire"
LEARN = "language-model"
IDENTIFY = "identify"
MEASURE = "measure"
THRESHOLDS = "thresholds"
FILTER = "filter"
DEDUPE = "dedupe"
REPEATS = f"{DEDUPE}/repeats"
CORPUS = "corpus"
PAGES = "pages"
EMBED = "embed"
INDEXES = "indexes"
SEARCH = "search"
SEARCH_PAGES = "search-pages"
PAIRS = "pairs"
GROUPS = "groups"
INSTRUCT = "instruct"
PREFER = "prefer"
DATASETS = "datasets"

_FLOW = {
    ACQUIRE: "refresh",
    CORPUS: "refresh",
    EMBED: "mine",
    SEARCH: "mine",
    PAIRS: "mine",
    GROUPS: "mine",
    INSTRUCT: "instruct",
}


def finished(recipe: Recipe, stage: str) -> Manifest:
    """The manifest of a stage that another flow has written.

    Raises:
        ManifestError: it has not; names the command that does.
    """
    return need_manifest(recipe.folder(stage), f"{stage} (`glotmill {_FLOW[stage]}`)")


_TO_PAIRS = (ACQUIRE, IDENTIFY, MEASURE, FILTER, CORPUS, PAGES, EMBED, INDEXES, SEARCH, SEARCH_PAGES, PAIRS)
_WAY = (*_TO_PAIRS, INSTRUCT, PREFER)
_WAYS = {"group-pairs": (*_TO_PAIRS, GROUPS)}
"""The way to stages that lie beside it, by their names."""


def lineage(recipe: Recipe, rows: Manifest) -> tuple[Manifest, ...]:
    """The stages that lead to some rows, first to last, the rows' own stage left out."""
    unused = _unused(recipe)
    found = (read_manifest(recipe.folder(stage)) for stage in _WAYS.get(rows.stage, _WAY) if stage not in unused)
    before = []
    for manifest in found:
        if manifest is not None and manifest.stage == rows.stage:
            break
        if manifest is not None:
            before.append(manifest)
    return tuple(before)


def strings(value: object) -> tuple[str, ...]:
    """Texts of a list in a manifest's settings; none where it is no list."""
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _unused(recipe: Recipe) -> set[str]:
    """Stages that an earlier recipe may have left in the folder, and that nothing reads now."""
    unused = {PAGES, SEARCH_PAGES} if recipe.mine is None or recipe.mine.pages is None else set[str]()
    searched = read_manifest(recipe.folder(SEARCH))
    if searched is not None and not any(strings(searched.settings.get("approximate"))):
        unused.add(INDEXES)
    return unused


@dataclass(frozen=True)
class Place:
    """Where the dedupe stages of a run lie.

    Attributes:
        folder: URL of the folder that holds theirs: the run's own, or a generation of the store.
        older: what the store holds of earlier snapshots, whose documents the run's are compared with.
    """

    folder: str
    older: tuple[Generation, ...] = ()


def place_of(recipe: Recipe) -> Place:
    """Where a run of the recipe is deduplicated, as things are now.

    Raises:
        StoreError: the recipe's snapshot cannot be added to its store.
        ManifestError: a manifest of the store cannot be read.
    """
    if recipe.store is None:
        return Place(recipe.folder(DEDUPE))
    return Place(*place_in(recipe.store.folder, recipe.acquire.snapshot, recipe.dedupe))


def learnt_files(learnt: Manifest) -> dict[str, str]:
    """Where any worker finds the files of the stage `learn-languages`, as `find_model` takes it, by their names."""
    folder = Folder(learnt.folder)
    return {
        file.path: folder.path(file.path) if folder.is_local else f"{folder.url}/{file.path}{PINNED}{file.sha256}"
        for file in learnt.files
    }
