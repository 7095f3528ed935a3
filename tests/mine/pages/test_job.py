from pathlib import Path

import pytest

from pipelines.mine.pages import hreflang, job, transforms
from pipelines.runtime.ledger import LedgerError
from pipelines.runtime.manifest import Manifest
from pipelines.runtime.parquet import read_table
from schemas.identifiers import content_id
from schemas.records import PAGE_PAIR
from tests.mine.pages.stored import SITE, Claim, address, dropped, kept, paired

ENGLISH, GERMAN, FRENCH, JAPANESE = "eng_Latn", "deu_Latn", "fra_Latn", "jpn_Jpan"
PAIRS = [(ENGLISH, GERMAN), (FRENCH, GERMAN), (JAPANESE, ENGLISH)]
CHAPTERS = {
    f"/{tag}/chapter-{page}.html": label
    for tag, label in {"en": ENGLISH, "de": GERMAN, "fr": FRENCH, "ja": JAPANESE}.items()
    for page in range(5)
}
MANUAL = {
    "/manual/": ENGLISH,
    "/manual/index.html.de": GERMAN,
    "/manual/index.html.ja": JAPANESE,
}
UNTRANSLATED = {"/old/en/a.html": ENGLISH, "/old/de/a.html": "nds_Latn", "/old/fr/a.html": ENGLISH}
SAID = {"/shop/en/a": ENGLISH, "/shop/de/a": GERMAN, "/shop/de/wirklich": GERMAN}
NEWS = {"/news/en/": ENGLISH, "/news/de/": GERMAN} | {
    f"/news/{tag}/{page}": label for tag, label in {"en": ENGLISH, "de": GERMAN}.items() for page in ("one", "two")
}
PAGES = CHAPTERS | MANUAL | UNTRANSLATED | SAID | NEWS
CLAIMS: list[Claim] = [
    ("/shop/en/a", "/shop/de/wirklich", "de"),
    *((page, "/news/de/", "de") for page, label in NEWS.items() if label == ENGLISH),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """Several parts of one site, each laid out in its own way."""
    return paired(tmp_path_factory.mktemp("site"), PAGES, CLAIMS, PAIRS)


def below(manifest: Manifest, folder: str) -> dict[tuple[str, str], str]:
    return {pages: evidence for pages, evidence in kept(manifest).items() if pages[0].startswith(folder)}


def test_pages_that_differ_in_the_language_alone_are_paired_in_the_direction_of_the_recipe(site: Manifest) -> None:
    sides = (("en", "de"), ("fr", "de"), ("ja", "en"))
    pages = [(f"/{one}/chapter-{page}.html", f"/{two}/chapter-{page}.html") for one, two in sides for page in range(5)]
    assert {pair: kept(site).get(pair) for pair in pages} == dict.fromkeys(pages, "url")


def test_the_page_without_a_language_in_its_address_is_paired_with_all(site: Manifest) -> None:
    assert below(site, "/manual/") == {
        ("/manual/", "/manual/index.html.de"): "url",
        ("/manual/index.html.ja", "/manual/"): "url",
    }


def test_a_directory_that_was_never_translated_is_not_taken_for_a_translation(site: Manifest) -> None:
    assert below(site, "/old/") == {}


def test_what_the_site_says_wins_over_addresses(site: Manifest) -> None:
    assert below(site, "/shop/") == {("/shop/en/a", "/shop/de/wirklich"): "hreflang"}
    assert dropped(site)["/shop/en/a", "/shop/de/a: addresses differ in the language"] == "partner-taken"


def test_of_pages_that_all_name_the_first_page_the_first_has_it_and_others_go_by_their_addresses(
    site: Manifest,
) -> None:
    assert below(site, "/news/") == {
        ("/news/en/", "/news/de/"): "hreflang",
        ("/news/en/one", "/news/de/one"): "url",
        ("/news/en/two", "/news/de/two"): "url",
    }


def test_an_id_names_both_documents(site: Manifest) -> None:
    rows = read_table(site.urls("kept", "eng_Latn-deu_Latn"), PAGE_PAIR).to_pylist()
    [row] = (row for row in rows if row["source_url"] == address("/manual/"))
    sides = [content_id(address(path), f"text of {path}") for path in ("/manual/", "/manual/index.html.de")]
    assert row == {
        "id": content_id(*sides),
        "pair": "eng_Latn-deu_Latn",
        "source_document": sides[0],
        "target_document": sides[1],
        "source_url": f"{SITE}/manual/",
        "target_url": f"{SITE}/manual/index.html.de",
        "evidence": "url",
        "source": "crawl",
    }


def test_the_pieces_that_the_work_is_parted_into_change_nothing(
    site: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "_ROWS_PER_RANGE", 2)
    assert paired(tmp_path, dict(reversed(PAGES.items())), CLAIMS[::-1], PAIRS).content == site.content


def test_a_claim_that_is_lost_on_the_way_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lossy(*arguments: object) -> object:
        meant, verdicts = hreflang.find_targets(*arguments)  # type: ignore[arg-type]
        return meant.slice(1), verdicts

    monkeypatch.setattr(transforms, "find_targets", lossy)
    with pytest.raises(LedgerError, match="deu_Latn: 1 rows in, 0 kept"):
        paired(tmp_path, {"/hello": ENGLISH, "/hallo": GERMAN}, [("/hello", "/hallo", "de")])
