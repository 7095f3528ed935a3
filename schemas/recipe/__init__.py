"""The recipe: one TOML file a data set, validated into frozen settings, one object a stage.

A stage's fingerprint covers its own settings only, so that a change of one section redoes
that stage and those that depend on it. Where a run happens (workers, runner) is no setting:
it never changes the result.
"""

from schemas.recipe.acquire import (
    AcquireSettings,
    ArchiveSettings,
    CatalogueSettings,
    CommonCrawlSettings,
    CrawlSettings,
    ExtractSettings,
)
from schemas.recipe.corpus import (
    AddressList,
    ClusterSettings,
    DedupeSettings,
    FilterSettings,
    FitSettings,
    IdentifySettings,
    Limits,
    MeasureSettings,
    PersonalSettings,
    SubstringSettings,
    WordList,
)
from schemas.recipe.exports import (
    Codes,
    Compression,
    ExportFormat,
    ExportSettings,
    LinesLayout,
    LinesSettings,
    PairFormat,
)
from schemas.recipe.groups import GroupSettings
from schemas.recipe.mining import (
    AlignmentMode,
    Backend,
    Dtype,
    EmbedSettings,
    EncoderSettings,
    Engine,
    MarginKind,
    MineSettings,
    PairPlan,
    Pooling,
)
from schemas.recipe.page_pairs import PagePairSettings
from schemas.recipe.pair_filters import PairFilterSettings, SentenceFilterSettings
from schemas.recipe.reading import load_recipe, parse_recipe
from schemas.recipe.sets import AuditSettings, InstructSettings, PreferSettings
from schemas.recipe.settings import LanguageKey, RecipeError, Settings
from schemas.recipe.store import StoreSettings
from schemas.recipe.whole import Recipe

__all__ = [
    "AcquireSettings",
    "AddressList",
    "AlignmentMode",
    "ArchiveSettings",
    "AuditSettings",
    "Backend",
    "CatalogueSettings",
    "ClusterSettings",
    "Codes",
    "CommonCrawlSettings",
    "Compression",
    "CrawlSettings",
    "DedupeSettings",
    "Dtype",
    "EmbedSettings",
    "EncoderSettings",
    "Engine",
    "ExportFormat",
    "ExportSettings",
    "ExtractSettings",
    "FilterSettings",
    "FitSettings",
    "GroupSettings",
    "IdentifySettings",
    "InstructSettings",
    "LanguageKey",
    "Limits",
    "LinesLayout",
    "LinesSettings",
    "MarginKind",
    "MeasureSettings",
    "MineSettings",
    "PagePairSettings",
    "PairFilterSettings",
    "PairFormat",
    "PairPlan",
    "PersonalSettings",
    "Pooling",
    "PreferSettings",
    "Recipe",
    "RecipeError",
    "SentenceFilterSettings",
    "Settings",
    "StoreSettings",
    "SubstringSettings",
    "WordList",
    "load_recipe",
    "parse_recipe",
]
