"""What the maintained registries say of languages and scripts: ISO 639 (iso639-lang), CLDR (Babel), Google Fonts'
language data (gflanguages), and Glotmill's table of clashes. Facts only; `schemas.languages` decides.

The registries take up to 100 ms to read, so each is imported and read when first asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True)
class Iso639:
    """One entry of ISO 639: `code` is its 639-3 code, or its 639-2/5 code if it is a group (`nah`, `ber`)."""

    code: str
    two_letters: str | None
    name: str
    macrolanguage: str | None


@dataclass(frozen=True)
class Clashes:
    """The table of clashes, by code. See clashes.toml for what each part means."""

    plain: dict[str, str]
    scripted: dict[tuple[str, str], str]
    also: dict[str, tuple[str, ...]]
    tag: dict[str, str]
    alias: dict[str, str]
    label: dict[str, str]
    modifier: dict[str, str]
    script: dict[str, str]
    mixed: dict[str, dict[str, str]]
    usual: dict[str, str]
    right_to_left: frozenset[str]
    flores: tuple[str, ...]


@cache
def clashes() -> Clashes:
    import tomllib

    table = tomllib.loads(Path(__file__).with_name("clashes.toml").read_text(encoding="utf-8"))
    rows = table["clash"]
    return Clashes(
        plain={code: row["code"] for row in rows if "script" not in row for code in row["also"]},
        scripted={(code, row["script"]): row["code"] for row in rows if "script" in row for code in row["also"]},
        also={row["code"]: tuple(row["also"]) for row in rows if "script" not in row},
        tag={row["code"]: row["tag"] for row in rows if "tag" in row},
        alias=table["alias"],
        label=table["label"],
        modifier=table["modifier"],
        script=table["script"],
        mixed=table["mixed"],
        usual=table["usual"],
        right_to_left=frozenset(table["right_to_left"]["scripts"].split()),
        flores=tuple(table["flores"]["codes"].split()),
    )


@cache
def iso639(code: str) -> Iso639 | None:
    """The entry of a 639-1, -2/B, -2/T, -3 or -5 code in lower case.

    A retired code gives its successor, where ISO 639-3 names one or, of several, CLDR's choice.
    """
    from iso639 import Lang  # reads 1.8 MB of JSON
    from iso639.exceptions import DeprecatedLanguageValue, InvalidLanguageValue

    if not 2 <= len(code) <= 3:
        return None
    try:
        entry = Lang(code)
    except DeprecatedLanguageValue as retired:
        successor = retired.change_to or _global("language_aliases").get(code)
        return iso639(successor) if successor else None
    except InvalidLanguageValue:
        return None
    macro = entry.macro()
    return Iso639(
        code=entry.pt3 or entry.pt2t or entry.pt5,
        two_letters=entry.pt1 or None,
        name=entry.name,
        macrolanguage=macro.pt3 if macro else None,
    )


def codes_of(code: str) -> tuple[str, ...]:
    """All codes of an entry of ISO 639, its own in any part among them: deu, de, ger for each of these."""
    from iso639 import Lang

    entry = Lang(code)
    named = (entry.pt3, entry.pt1, entry.pt2b, entry.pt2t, entry.pt5)
    return tuple(dict.fromkeys(name for name in named if name))


def members(macrolanguage: str) -> tuple[str, ...]:
    """ISO 639-3 codes of a macrolanguage's individual languages; none for any other."""
    from iso639 import Lang

    return tuple(member.pt3 for member in Lang(macrolanguage).individuals())


def remedy_of_retired(code: str) -> str | None:
    """What ISO 639-3 says to use in place of a code that was split or withdrawn."""
    from iso639 import Lang
    from iso639.exceptions import DeprecatedLanguageValue, InvalidLanguageValue

    try:
        Lang(code)
    except DeprecatedLanguageValue as retired:
        return retired.ret_remedy or "it was withdrawn"
    except InvalidLanguageValue:
        pass
    return None


def code_of_name(name: str) -> str | None:
    """Shortest code of a language by its English name, in any case."""
    from iso639 import Lang
    from iso639.exceptions import DeprecatedLanguageValue, InvalidLanguageValue

    try:
        entry = Lang(name=name.title())
        return entry.pt1 or entry.pt3 or None
    except (DeprecatedLanguageValue, InvalidLanguageValue):
        return None


@cache
def _global(table: Literal["language_aliases", "likely_subtags"]) -> dict[str, Any]:
    from babel.core import get_global

    return dict(get_global(table))


def likely_script(language: str, region: str | None = None) -> str | None:
    """CLDR's likely script of a language subtag, or of what CLDR replaces it by; in a region, if given."""
    for code in (language, str(_global("language_aliases").get(language))):
        if likely := _global("likely_subtags").get(f"{code}_{region}" if region else code):
            return str(likely).split("_")[1]
    return None


@cache
def locale_scripts(language: str) -> frozenset[str]:
    """Scripts of CLDR's locales of a language subtag that name one: Cyrl and Latn for sr, none for de."""
    from babel.localedata import locale_identifiers

    tags = (name.split("_") for name in locale_identifiers())
    return frozenset(tag[1] for tag in tags if tag[0] == language and len(tag) > 1 and len(tag[1]) == 4)


def languages_of_region(region: str) -> tuple[str, ...]:
    """Official languages of a region (JP: ja), those of most speakers first."""
    from babel.languages import get_official_languages

    return tuple(get_official_languages(region, de_facto=True))


def regions_by_speakers(language: str) -> tuple[str, ...]:
    """Regions where a language is official, those of most speakers first (CLDR's shares, Google Fonts' populations).

    A region where it is official in a part counts if it has a quarter as many speakers as the largest.

    Args:
        language: the subtag that CLDR uses, such as de or yo.
    """
    return _regions_by_language().get(language, ())


@cache
def _regions_by_language() -> dict[str, tuple[str, ...]]:
    from babel.languages import get_territory_language_info

    speakers: dict[str, dict[tuple[str, str], float]] = {}
    for path in sorted(_fonts().joinpath("regions").glob("*.textproto")):
        found = re.search(r"^population: (\d+)", path.read_text(encoding="utf-8"), re.MULTILINE)
        for tag, facts in get_territory_language_info(path.stem).items():
            status = facts["official_status"]
            if found and status in ("official", "de_facto_official", "official_regional"):
                counted = float(facts["population_percent"] or 0) * int(found[1])
                speakers.setdefault(tag.split("_")[0], {})[str(status), path.stem] = counted
    return {
        language: tuple(
            dict.fromkeys(
                region
                for (status, region), counted in sorted(counts.items(), key=lambda item: (-item[1], item[0][1]))
                if status != "official_regional" or counted >= max(counts.values()) / 4
            )
        )
        for language, counts in speakers.items()
    }


def name_of_region(region: str) -> str:
    from babel import Locale

    return str(Locale("en").territories.get(region, region))


@cache
def regions() -> frozenset[str]:
    """Codes of regions that CLDR knows: ISO 3166-1 and UN M.49."""
    from babel import Locale

    return frozenset(Locale("en").territories)


@cache
def scripts() -> frozenset[str]:
    """Codes of ISO 15924 that CLDR or Google Fonts know."""
    from babel import Locale

    fonts = {path.stem for path in _fonts().joinpath("scripts").glob("*.textproto")}
    return frozenset(fonts | set(Locale("en").scripts))


@cache
def _fonts() -> Path:
    """The folder of gflanguages' data, found without the 70 ms that importing it takes."""
    found = find_spec("gflanguages")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("gflanguages is not installed: install glotmill with its dependencies")
    return Path(found.origin).parent / "data"


@cache
def font_languages() -> tuple[str, ...]:
    """Names of gflanguages' entries, such as sw_Latn, sorted."""
    return tuple(sorted(path.stem for path in _fonts().joinpath("languages").glob("*.textproto")))


def font_language(name: str) -> Any | None:
    """gflanguages' entry (a LanguageProto) of that name; one file is parsed, not all 1,693."""
    path = _fonts() / "languages" / f"{name}.textproto"
    if not path.is_file():
        return None
    from gflanguages import LanguageProto, text_format

    return text_format.Parse(path.read_text(encoding="utf-8"), LanguageProto())
