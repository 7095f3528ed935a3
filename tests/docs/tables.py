"""The tables that the documentation must hold, made from the models and schemas they describe."""

from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
import pyarrow as pa
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from pipelines.dedupe.records import CHANGE, TOMBSTONE
from pipelines.dedupe.substrings.records import REPEAT
from pipelines.mine.nearest import nearest_schema
from pipelines.mine.records import CALIBRATION, EVALUATION
from pipelines.publish.card import type_in_words
from pipelines.publish.exports.records import (
    EXPORTED_MEMBER,
    EXPORTED_PAIR,
    LANGUAGE_COST,
    LANGUAGE_SHARE,
    PAIR_SHARE,
)
from schemas import recipe, records
from schemas.records import field_doc

RECIPE_TABLES: dict[str, type[BaseModel]] = {
    "Top level": recipe.Recipe,
    "[acquire]": recipe.AcquireSettings,
    "[acquire.crawl]": recipe.CrawlSettings,
    "[[acquire.archives]]": recipe.ArchiveSettings,
    "[[acquire.common_crawl]]": recipe.CommonCrawlSettings,
    "[[acquire.catalogues]]": recipe.CatalogueSettings,
    "[acquire.extract]": recipe.ExtractSettings,
    "[identify]": recipe.IdentifySettings,
    "[measure]": recipe.MeasureSettings,
    "[measure.personal]": recipe.PersonalSettings,
    "[[measure.words]]": recipe.WordList,
    "[filter]": recipe.FilterSettings,
    "[filter.limits]": recipe.Limits,
    "[filter.fit]": recipe.FitSettings,
    "[[filter.addresses]]": recipe.AddressList,
    "[dedupe]": recipe.DedupeSettings,
    "[dedupe.substrings]": recipe.SubstringSettings,
    "[store]": recipe.StoreSettings,
    "[embed]": recipe.EmbedSettings,
    "[embed.filters]": recipe.SentenceFilterSettings,
    "[mine]": recipe.MineSettings,
    "[mine.plan]": recipe.PairPlan,
    "[mine.filters]": recipe.PairFilterSettings,
    "[mine.groups]": recipe.GroupSettings,
    "[mine.pages]": recipe.PagePairSettings,
    "[mine.exports]": recipe.ExportSettings,
    "[mine.exports.lines]": recipe.LinesSettings,
    "[instruct]": recipe.InstructSettings,
    "[prefer]": recipe.PreferSettings,
    "[audit]": recipe.AuditSettings,
}
RECORD_TABLES: dict[str, pa.Schema] = {
    "Document": records.DOCUMENT,
    "Signals": pa.schema(list(records.SIGNALS)),
    "Alternate": records.ALTERNATE,
    "Moved": records.MOVED,
    "Sentence": records.SENTENCE,
    "Segment": records.SEGMENT,
    "Pair": records.PAIR,
    "Group member": records.GROUP_MEMBER,
    "Page pair": records.PAGE_PAIR,
    "Instruction": records.INSTRUCTION,
    "Preference": records.PREFERENCE,
    "Dropped": records.DROPPED,
    "Change": CHANGE,
    "Tombstone": TOMBSTONE,
    "Repeat": REPEAT,
    "Limit": records.LIMIT,
    "Firing": records.FIRING,
    "Fault": records.FAULT,
    "Vector": records.vector_schema(384),
    "Evaluation": EVALUATION,
    "Calibration": CALIBRATION,
    "Exported pair": EXPORTED_PAIR,
    "Exported member": EXPORTED_MEMBER,
    "Language cost": LANGUAGE_COST,
    "Language share": LANGUAGE_SHARE,
    "Pair share": PAIR_SHARE,
    "Nearest": nearest_schema(recipe.MineSettings.model_fields["neighbours"].default),
}
_NAMES = {str: "text", int: "whole number", float: "number", bool: "true or false"}
_BOUNDS = {annotated_types.Gt: ">", annotated_types.Ge: "≥", annotated_types.Lt: "<", annotated_types.Le: "≤"}


def record_rows(schema: pa.Schema) -> list[tuple[str, ...]]:
    """Name, type and meaning of each field; a type that takes null says so."""
    return [
        (f"`{field.name}`", type_in_words(field.type) + (", or null" if field.nullable else ""), field_doc(field))
        for field in schema
    ]


def recipe_rows(model: type[BaseModel]) -> list[tuple[str, str, str, str | None]]:
    """Name, what may be written, default and description of each field; None where the model has no description."""
    return [
        (f"`{name}`", _kind(field.annotation, field), _default(field), field.description)
        for name, field in model.model_fields.items()
    ]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.default
    if default in (None, (), {}, PydanticUndefined) or isinstance(default, BaseModel):
        return "–"
    return f"`{str(default).lower() if isinstance(default, bool) else repr(default).replace(chr(39), chr(34))}`"


def _kind(annotation: Any, field: FieldInfo | None = None) -> str:
    bounds = [
        f"{sign} {value:g}"
        for constraint in (field.metadata if field else ())
        for kind, sign in _BOUNDS.items()
        if isinstance(constraint, kind)
        for value in [getattr(constraint, kind.__name__.lower())]
    ]
    return ", ".join([_type(annotation), *bounds])


def _type(annotation: Any) -> str:
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return "language" if annotation == recipe.LanguageKey else _type(parts[0])
    if origin in (Union, UnionType):
        return " or ".join(_type(part) for part in parts if part is not NoneType)
    if origin is Literal:
        return " or ".join(f"`{part}`" for part in parts)
    if origin is dict:
        return f"{_type(parts[1])} by {_type(parts[0])}"
    if origin is tuple and parts[-1] is Ellipsis:
        return f"list of {_type(parts[0])}"
    if origin is tuple:
        return "[" + ", ".join(_type(part) for part in parts) + "]"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "table"
    return _NAMES[annotation]
