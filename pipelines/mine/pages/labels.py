"""How sites write a language, set against the label that a page's text was given."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from urllib.parse import quote

from schemas import registry
from schemas.languages import LanguageError, language, normalise

DEFAULT = "x-default"
"""hreflang of the page for readers of any other language: it names none.

https://developers.google.com/search/docs/specialty/international/localized-versions
"""

_HAN = frozenset({"Hans", "Hant"})
# Not in ISO 3166-1, which says GB, and written all the same.
_UNITED_KINGDOM = "UK"


@lru_cache(maxsize=65_536)
def fits(tag: str, label: str) -> bool:
    """Whether a text with this label may be what a tag such as `de-AT`, `zh-hans` or `no` announces.

    The tag's language is the label's, or the macrolanguage that it belongs to: `no` fits nno_Latn, and `zh` yue_Hant.
    A script that the tag names, or that its region decides, is the label's; Hani stands for Hans and Hant, between
    which identification may not decide.
    """
    named, _, script = label.partition("_")
    try:
        key, alone = normalise(tag, script=script or None), normalise(tag)
    except LanguageError:
        return False
    claimed, _, written = key.partition("_")
    if not _same_script(written, script):
        return False
    first, *further = re.split("[-_]", tag.strip())
    region = next((part.upper() for part in further if re.fullmatch("[A-Za-z]{2}|[0-9]{3}", part)), None)
    if region and registry.likely_script(first.lower(), region) and not _same_script(alone.partition("_")[2], script):
        return False
    return claimed == named or _is_macrolanguage(first.lower(), named)


@lru_cache(maxsize=65_536)
def fits_closely(tag: str, label: str) -> bool:
    """Whether a tag that fits a label names its very language."""
    return normalise(tag, script=label.partition("_")[2] or None).partition("_")[0] == label.partition("_")[0]


@cache
def marker_pattern(label: str) -> str | None:
    """RE2 of all that may mark a page with this label in its address, in capitals or not; None where nothing is known.

    These are the language's codes with a script or region, as in `de`, `ger`, `de-at`, `zh_Hans`, `sr-latn`, and its
    names in English and in itself (`german`, `deutsch`), percent-encoded as addresses have them.
    """
    named, _, script = label.partition("_")
    codes = [code for code in _codes(named) if fits(code, label)]
    if not codes:
        return None
    scripts = sorted(code for code in registry.scripts() if code == script or _same_script(code, script))
    regions = [region for region in (*registry.regions(), _UNITED_KINGDOM) if fits(f"{codes[0]}-{region}", label)]
    tags = f"(?:{_any_of(codes)})(?:[-_](?:{_any_of(scripts)}))?(?:[-_](?:{_any_region(regions)}))?"
    return f"(?:{tags}|{_any_of(_names(label))})"


def _any_region(regions: list[str]) -> str:
    """RE2 of codes of two letters by their first one, which compiles in a tenth of the time, and of three digits."""
    by_first: dict[str, str] = {}
    for region in sorted(regions):
        if len(region) == 2:
            by_first[region[0]] = by_first.get(region[0], "") + region[1]
    return "|".join([*(f"{first}[{others}]" for first, others in by_first.items()), "[0-9]{3}"])


def _any_of(words: list[str]) -> str:
    return "|".join(map(re.escape, words))


def _same_script(one: str, other: str) -> bool:
    return one == other or (one in _HAN and other == "Hani") or (other in _HAN and one == "Hani")


def _is_macrolanguage(code: str, member: str) -> bool:
    entry, individual = registry.iso639(code), registry.iso639(member)
    return entry is not None and individual is not None and individual.macrolanguage == entry.code


def _codes(iso639_3: str) -> list[str]:
    """Every code of a language, of what is read as it, and of its macrolanguage; BCP 47's first."""
    entry, table = registry.iso639(iso639_3), registry.clashes()
    if entry is None:
        return []
    scripted = (also for (also, _), code in table.scripted.items() if code == iso639_3)
    meant = [iso639_3, *table.also.get(iso639_3, ()), *scripted, entry.macrolanguage]
    found = [code for one in meant if one and registry.iso639(one) for code in registry.codes_of(one)]
    return sorted(dict.fromkeys(found), key=len)


def _names(label: str) -> list[str]:
    """Names of a language in English and in itself, up to the first bracket or comma, as a path may have them."""
    described, entry = language(label), registry.iso639(label.partition("_")[0])
    macro = registry.iso639(entry.macrolanguage) if entry and entry.macrolanguage else None
    written = [described.name, described.autonym, *(known.name for known in (entry, macro) if known)]
    stems = (re.split(r"[(,（]", name)[0].strip().lower() for name in written if name)
    spelt = [quote(stem.replace(" ", joint), safe="") for stem in stems for joint in ("-", "_")]
    return sorted({name for name in spelt if name}, key=lambda name: (-len(name), name))
