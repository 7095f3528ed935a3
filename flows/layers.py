"""The layers of one document's label, asked again: each model alone, all together, and the second opinion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from flows.layout import IDENTIFY, LEARN, learnt_files, strings
from pipelines.identify.confusables import SecondOpinions
from pipelines.identify.decide import Identifier, Thresholds
from pipelines.identify.job import MODEL, SECOND_OPINIONS
from pipelines.runtime.language_models.fasttext_model import LanguageModel
from pipelines.runtime.manifest import Manifest, read_manifest
from pipelines.runtime.models import ModelError, find_model, model_fingerprint

_LEARNT = "learnt here"
_NO_THRESHOLDS = Thresholds(confidence=0, script_share=0)


def label_layers(run: str, text: str) -> dict[str, Any]:
    """What each layer of a run's identification says of a text, by the models that the run was labelled with.

    Args:
        run: output folder of the run.
        text: a document's text as it was labelled.
    Returns:
        ``votes``: of each model its name and candidates (language and score, best first); ``together``: the
        candidates of all; ``second_opinion``: those after it, None where it changes nothing or the run has none;
        ``missing``: of each model that is not here, or is another by now, what was found. Where one is missing,
        `together` is empty. All are empty where the run's manifest names no models.
    """
    identified, learnt = (read_manifest(f"{run.rstrip('/')}/{stage}") for stage in (IDENTIFY, LEARN))
    said: dict[str, Any] = {"votes": [], "together": [], "second_opinion": None, "missing": []}
    if identified is None or not isinstance(named := identified.given.get("models"), list):
        return said
    # A run may have been moved since.
    files = {} if learnt is None else learnt_files(learnt.model_copy(update={"folder": f"{run.rstrip('/')}/{LEARN}"}))
    models, said["missing"] = _models(identified, [*named, *([files[MODEL]] if MODEL in files else [])])
    names = [*named, _LEARNT]
    texts = pa.array([text], pa.string())
    said["votes"] = [
        {"model": names[place], "candidates": _candidates(Identifier([model], _NO_THRESHOLDS), texts)}
        for place, model in models.items()
    ]
    if said["missing"] or not models:
        return said
    own = models.pop(len(named), None)
    languages = strings(identified.settings.get("languages"))
    together = Identifier(list(models.values()), _NO_THRESHOLDS, learnt=own, languages=languages)
    said["together"] = _candidates(together, texts)
    if SECOND_OPINIONS in files and identified.settings.get("confusables"):
        together.second_opinions = SecondOpinions.load(find_model(files[SECOND_OPINIONS]))
        revised = _candidates(together, texts)
        said["second_opinion"] = revised if revised != said["together"] else None
    return said


def _models(identified: Manifest, names: Sequence[str]) -> tuple[dict[int, LanguageModel], list[str]]:
    """The models by place among the names, and what is wrong with the others."""
    known = str(identified.settings.get("models", "")).split()
    models: dict[int, LanguageModel] = {}
    missing: list[str] = []
    for place, name in enumerate(names):
        try:
            path = find_model(name)
            if model_fingerprint(path) not in known:
                missing.append(f"{name}: another model by now than the run was labelled with")
            else:
                models[place] = LanguageModel(path)
        except ModelError as error:
            missing.append(str(error))
    return models, missing


def _candidates(identifier: Identifier, texts: pa.StringArray) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = identifier.label(texts).candidates[0].as_py() or []
    return found
