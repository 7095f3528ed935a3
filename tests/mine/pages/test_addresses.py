from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.mine.pages.addresses import BARE, RAW, SLOT, address_keys, extents, marked_keys

TAGS = {
    "deu_Latn": ("de", "de-AT", "ger", "german"),
    "fra_Latn": ("fr", "fr_CA", "fra", "french"),
    "ell_Grek": ("el", "el-GR", "gre", "greek"),
    "cmn_Hans": ("zh", "zh-cn", "zh_Hans", "chinese"),
}
STYLES: tuple[Callable[[str, str], str], ...] = (
    lambda tag, name: f"https://example.org/{tag}/{name}.html",
    lambda tag, name: f"https://example.org/doc/{tag}/{name}/",
    lambda tag, name: f"https://example.org/doc-{tag}/{name}.html",
    lambda tag, name: f"https://{tag}.example.org/{name}",
    lambda tag, name: f"https://www.example.org/{name}?lang={tag}",
    lambda tag, name: f"https://www.example.org/{name}?page=1&hl={tag}&x=2",
    lambda tag, name: f"https://example.org/{name}.{tag}.html",
    lambda tag, name: f"https://example.org/{name}.html.{tag}",
    lambda tag, name: f"https://example.org/{name}_{tag}.html",
)
PATHS = st.from_regex(r"[qxyw]{2,6}(/[qxyw]{2,6}){0,2}", fullmatch=True)
"""No code or name of a language has only these letters."""


def keys(url: str, label: str, kind: int) -> set[int]:
    found = marked_keys(pa.array([url]), label)
    return set(found.keys[found.kinds == kind].tolist())


@given(style=st.sampled_from(STYLES), path=PATHS, number=st.integers(0, 3), labels=st.permutations(sorted(TAGS)))
def test_translations_of_a_page_share_a_key_however_the_address_names_the_language(
    style: Callable[[str, str], str], path: str, number: int, labels: list[str]
) -> None:
    one, other = (keys(style(TAGS[label][number], path), label, SLOT) for label in labels[:2])
    assert one & other


@given(style=st.sampled_from(STYLES), paths=st.lists(PATHS, min_size=2, max_size=2, unique=True))
def test_different_pages_share_no_key(style: Callable[[str, str], str], paths: list[str]) -> None:
    one, other = (marked_keys(pa.array([style("de", path)]), "deu_Latn").keys for path in paths)
    assert not set(one.tolist()) & set(other.tolist())


@pytest.mark.parametrize(
    ("marked", "default"),
    [
        ("https://example.org/de/news/", "https://www.example.org/news"),
        ("https://de.example.org/news", "https://www.example.org/news/"),
        ("https://example.org/index.de.html", "https://example.org/index.html"),
        ("https://example.org/index.html.de", "https://example.org/"),
        ("https://example.org/?lang=de", "https://example.org/"),
        ("https://example.org/news?a=1&lang=de", "https://example.org/news?a=1"),
        ("https://example.org/news?lang=de&a=1", "https://example.org/news?a=1"),
        ("https://example.org/maint-guide-de/html/first.de.html", "https://example.org/maint-guide/html/first.html"),
    ],
)
def test_a_page_without_a_language_in_its_address_is_the_default_of_those_that_have_one(
    marked: str, default: str
) -> None:
    assert keys(marked, "deu_Latn", BARE) & keys(default, "eng_Latn", RAW)


@pytest.mark.parametrize(
    ("url", "label"),
    [
        ("https://example.org/it/support.html", "eng_Latn"),
        ("https://example.org/no/thanks", "eng_Latn"),
        ("https://example.org/people/nan/", "tha_Thai"),
        ("https://is.example.org/at/my/so", "ces_Latn"),
        ("https://example.org/to/in.html", "fra_Latn"),
        ("https://example.de/about", "deu_Latn"),
        ("https://de.com/about", "deu_Latn"),
        ("https://example.org/design/decode.html", "deu_Latn"),
        ("https://example.org/search?q=de", "deu_Latn"),
        ("https://example.org/at/", "deu_Latn"),
    ],
)
def test_a_word_that_is_no_name_of_the_pages_own_language_is_left_alone(url: str, label: str) -> None:
    assert marked_keys(pa.array([url]), label).kinds.tolist() == [RAW]


def test_a_word_that_names_the_language_by_chance_hides_no_translation() -> None:
    spanish = keys("https://example.org/es/lo-que-es.html", "spa_Latn", SLOT)
    assert spanish & keys("https://example.org/en/lo-que-es.html", "eng_Latn", SLOT)


@given(path=PATHS, ends=st.lists(st.sampled_from(["", "/", "/index.html", "/index.php"]), min_size=2, max_size=2))
def test_addresses_of_one_page_have_one_key(path: str, ends: list[str]) -> None:
    urls = [f"http://example.org/{path}{ends[0]}", f"https://example.org/{path}{ends[1]}"]
    assert len(set(address_keys(pa.array(urls)).tolist())) == 1


@given(paths=st.lists(PATHS, min_size=2, max_size=2, unique=True))
def test_addresses_of_two_pages_have_two_keys(paths: list[str]) -> None:
    urls = [f"https://example.org/{paths[0]}", f"https://example.org/{paths[1]}", f"https://www.example.org/{paths[0]}"]
    assert len(set(address_keys(pa.array(urls)).tolist())) == 3


def test_extents_count_directories_and_characters_without_scheme() -> None:
    depths, lengths = extents(pa.array(["https://example.org/", "http://example.org/a/b/"]))
    assert np.array_equal(depths, [0, 2])
    assert np.array_equal(lengths, [11, 15])
