"""Texts of known language that no model here was trained on: declarations, messages of programs, pages of a manual."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from gettext import GNUTranslations
from importlib.util import find_spec
from pathlib import Path
from unicodedata import normalize

import regex
from gflanguages import LoadLanguages
from resiliparse.parse.html import HTMLTree

from benchmarks.pages import BenchmarkError, Size, unpacked
from schemas.languages import key_of, normalise

HELP_LANGUAGES = (
    "ca cs da de dz el es et eu fi fr gl hi hu id it ja km ko nl om pl pt pt-br ru sk sl sv tr vi zh-cn zh-tw"
)
TEXTS_PER_LANGUAGE: Mapping[Size, int] = {"small": 10, "full": 100}
PAGES_READ: Mapping[Size, int] = {"small": 12, "full": 150}

SHORTEST_MESSAGE = 20
MESSAGES_PER_TEXT = 3
SHORTEST_BLOCK = 60
MOST_SHARED_WORDS = 0.5
_SHORTEST_SENTENCE = 20
# Written without spaces, a character of these says as much as three Latin letters.
_DENSE = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]")
_LATIN, _LETTER = regex.compile(r"\p{Latin}"), regex.compile(r"\p{L}")
_SENTENCE_END = regex.compile(r"(?<=[\p{Sentence_Terminal};])\s+|(?<=[。！？])|\n+")
_SPECIMENS = ("specimen_16", "specimen_21", "specimen_32", "specimen_36", "specimen_48")
_HELP = "usr/share/libreoffice/help"
_BLOCKS = '#DisplayArea [id^="par_id"], #DisplayArea [id^="hd_id"]'


@dataclass(frozen=True)
class Texts:
    """Texts and, in the same order, the keys of the languages that they are known to be in."""

    languages: tuple[str, ...]
    texts: tuple[str, ...]

    @staticmethod
    def of(by_language: Mapping[str, Sequence[str]], most: int | None = None) -> Texts:
        """All texts, languages in order; of one with more than `most`, some from every part."""
        pairs = [
            (language, text)
            for language in sorted(by_language)
            for text in spread(by_language[language], most or len(by_language[language]))
        ]
        return Texts(tuple(language for language, _ in pairs), tuple(text for _, text in pairs))

    def __add__(self, other: Texts) -> Texts:
        return Texts(self.languages + other.languages, self.texts + other.texts)

    def __len__(self) -> int:
        return len(self.texts)


def spread(texts: Sequence[str], most: int) -> list[str]:
    """At most so many of them, at equal distances, in order."""
    taken = min(most, len(texts))
    return [texts[place * len(texts) // taken] for place in range(taken)]


def declaration() -> tuple[Texts, Texts]:
    """Sentences of gflanguages' excerpts, mostly of the Universal Declaration: to learn from, and to judge by.

    Every other sentence of a language stands on either side. A sentence that several languages have (gflanguages
    gives some of them another's text) is in neither: nobody could tell whose it is.
    """
    sentences: dict[str, dict[str, None]] = defaultdict(dict)
    for name, entry in sorted(LoadLanguages().items()):
        key = key_of(name)
        if key is not None:
            lines = (line for part in _SPECIMENS for line in _sentences(getattr(entry.sample_text, part)))
            sentences[key].update(dict.fromkeys(lines))
    owners = Counter(sentence for own in sentences.values() for sentence in own)
    learnt, judged = {}, {}
    for key, own in sentences.items():
        kept = [
            sentence
            for sentence in own
            if owners[sentence] == 1 and not any(sentence in other for other in own if other != sentence)
        ]
        learnt[key], judged[key] = kept[::2], kept[1::2]
    return Texts.of(learnt), Texts.of(judged)


def _sentences(text: str) -> Iterator[str]:
    for sentence in _SENTENCE_END.split(normalize("NFC", text)):
        line = " ".join(sentence.split())
        if _weight(line) >= _SHORTEST_SENTENCE:
            yield line


def _weight(text: str) -> int:
    """Characters, each of a dense script counted three times."""
    return len(text) + 2 * len(_DENSE.findall(text))


def catalogues(size: Size) -> Texts:
    """Translated messages of Django, three a text; the English ones are the messages' own names.

    Raises:
        BenchmarkError: Django is not installed.
    """
    return Texts.of(
        {
            language: ["\n".join(part) for part in in_threes(messages)]
            for language, messages in catalogue_messages().items()
        },
        TEXTS_PER_LANGUAGE[size],
    )


def catalogue_messages() -> dict[str, list[str]]:
    """By language the messages of Django whose English side has 20 characters or more; of several locales of one
    language that with the shortest name is taken.

    Raises:
        BenchmarkError: Django is not installed.
    """
    found = find_spec("django")
    if found is None or not found.submodule_search_locations:
        raise BenchmarkError("Django's message catalogues are missing: pip install 'glotmill[demo]'")
    root = Path(found.submodule_search_locations[0])
    return messages_by_language(sorted(root.glob("**/locale/*/LC_MESSAGES/django.mo")))


def messages_by_language(files: Sequence[Path]) -> dict[str, list[str]]:
    """Translations by language in compiled catalogues (`LOCALE/LC_MESSAGES/NAME.mo`), each once, those equal to their
    English side left out; under English that side itself."""
    locales: dict[str, str] = {}
    for locale in sorted({file.parts[-3] for file in files}, key=lambda name: (len(name), name)):
        key = key_of(locale)
        if key is not None:
            locales.setdefault(key, locale)
    english: dict[str, None] = {}
    messages = {}
    for key, locale in locales.items():
        translated: dict[str, None] = {}
        for message, text in _catalogue(file for file in files if file.parts[-3] == locale):
            english[message] = None
            if text != message:
                translated[text] = None
        if key != "eng_Latn" and translated:
            messages[key] = list(translated)
    messages["eng_Latn"] = list(english)
    return messages


def _catalogue(files: Iterable[Path]) -> Iterator[tuple[str, str]]:
    for file in files:
        with file.open("rb") as opened:
            try:
                entries = GNUTranslations(opened)._catalog  # type: ignore[attr-defined]
            except (IndexError, ValueError):  # its plural rule cannot be read
                continue
        # Plural messages are keyed by message and number; others by the message alone.
        for message, text in sorted((key, text) for key, text in entries.items() if isinstance(key, str)):
            if len(message) >= SHORTEST_MESSAGE and "\x04" not in message:
                yield " ".join(message.split()), " ".join(text.split())


def in_threes(messages: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(messages) - MESSAGES_PER_TEXT + 1, MESSAGES_PER_TEXT):
        yield messages[start : start + MESSAGES_PER_TEXT]


def help_blocks(size: Size) -> Texts:
    """Translated paragraphs of LibreOffice's help, one a text.

    Paragraphs that were never translated are left out. English itself is that of the United States.

    Raises:
        BenchmarkError: a package cannot be had.
    """
    by_language: dict[str, dict[str, None]] = defaultdict(dict)
    for key, page in help_pages(size):
        by_language[key].update(dict.fromkeys(page))
    return Texts.of({key: list(texts) for key, texts in by_language.items()}, TEXTS_PER_LANGUAGE[size])


def help_pages(size: Size) -> Iterator[tuple[str, list[str]]]:
    """Language key and translated paragraphs of some pages of LibreOffice's help, the same pages in each language."""
    root = help_root("en-us")
    paths = sorted(path.relative_to(root) for path in root.rglob("*.html") if path.stat().st_size > 6_000)
    chosen = [Path(path) for path in spread([str(path) for path in paths], PAGES_READ[size])]
    english = {path: blocks_of(root / path) for path in chosen}
    for language in ("en-us", *HELP_LANGUAGES.split()):
        key, folder = normalise(language), help_root(language)
        for path in chosen:
            if (folder / path).is_file():
                blocks = blocks_of(folder / path)
                own = [
                    text
                    for name, text in blocks.items()
                    if key == "eng_Latn" or is_translated(text, english[path].get(name, text), key)
                ]
                yield key, [text for text in own if _weight(text) >= SHORTEST_BLOCK]


def is_translated(text: str, english: str, key: str) -> bool:
    """Whether a paragraph is in the language of its page, seen from the English one of the same id.

    Not if it is the English one, or shares half of its words (an older wording of it that was never translated), or if
    most letters of a language in another script are Latin.
    """
    words, known = (set(part.casefold().split()) for part in (text, english))
    if len(words & known) > MOST_SHARED_WORDS * len(words):
        return False
    return key.endswith("_Latn") or 2 * len(_LATIN.findall(text)) < len(_LETTER.findall(text))


def help_root(language: str) -> Path:
    """The folder of a language's pages; a region stands in capitals in its name (`pt-BR`)."""
    folders = (unpacked(f"libreoffice-help-{language}") / _HELP).iterdir()
    return next(folder for folder in folders if folder.name.lower() == language) / "text"


def blocks_of(path: Path) -> dict[str, str]:
    """Text of each numbered paragraph and heading of a page by its id; a block within another stands alone."""
    document = HTMLTree.parse(path.read_text(encoding="utf-8")).document
    if document is None:
        return {}
    return {
        block.id or "": " ".join(normalize("NFC", block.text or "").split())
        for block in document.query_selector_all(_BLOCKS)
    }
