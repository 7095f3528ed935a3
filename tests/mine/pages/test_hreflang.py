import pytest

from pipelines.runtime.manifest import Manifest
from tests.mine.pages.stored import SITE, Claim, dropped, kept, paired

ENGLISH, GERMAN, FRENCH = "eng_Latn", "deu_Latn", "fra_Latn"
PAGES = {
    "/hello": ENGLISH,
    "/hallo": GERMAN,
    "/morning": ENGLISH,
    "/morgen": GERMAN,
    "/evening": ENGLISH,
    "/abend": GERMAN,
    "/thanks": ENGLISH,
    "/danke": GERMAN,
    "/thanks/again": ENGLISH,
    "/please": ENGLISH,
    "/bitte": GERMAN,
    "/bonjour": FRENCH,
    "/welcome": ENGLISH,
    "/willkommen": GERMAN,
    "/moin": "nds_Latn",
    "/unread": "und",
}
MOVED = {
    "/greeting": "/welcome",
    "/gruss": "/willkommen",
    "/hallo": "/moin",
    "/hello/": "/hello",
    "/guten-abend": "/guten-morgen",
}
FALSE: dict[Claim, str] = {
    ("/hello", "/bonjour", "de"): "wrong-language",
    ("/hello", "/moin", "de"): "wrong-language",
    ("/hello", "/unread", "de"): "wrong-language",
    ("/hello", "/guten-tag", "de"): "target-not-in-corpus",
    ("/good-day", "/hallo", "de"): "page-not-in-corpus",
    ("/hello", "/hello/", "en"): "names-itself",
    ("/hello", "/thanks/again", "en-GB"): "same-language",
    ("/hello", "/bonjour", "fr"): "pair-not-mined",
    ("/hello", "/hallo", "jp"): "unknown-language",
    ("/hello", "/hallo", ""): "unknown-language",
}
TRUE: dict[str, tuple[list[Claim], tuple[str, str]]] = {
    "one page": ([("/hello", "/hallo", "de-AT")], ("/hello", "/hallo")),
    "the target page, of the default": ([("/morgen", "/morning", "x-default")], ("/morning", "/morgen")),
    "both pages": ([("/evening", "/abend", "de"), ("/abend", "/evening", "en")], ("/evening", "/abend")),
    "http and a slash": ([("/thanks", f"{SITE.replace('https', 'http')}/danke/", "de")], ("/thanks", "/danke")),
    "addresses that redirect": ([("/greeting", "/gruss", "de")], ("/welcome", "/willkommen")),
    "the file of a directory": ([("/please/index.html", "/bitte/index.php", "de")], ("/please", "/bitte")),
}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """Pages of one site, and what some of them say of others."""
    claims = [*FALSE, *(claim for told, _ in TRUE.values() for claim in told)]
    return paired(tmp_path_factory.mktemp("hreflang"), PAGES, claims, moved=MOVED, patterns=False)


@pytest.mark.parametrize("who", TRUE)
def test_what_a_site_says_of_its_pages_makes_a_pair(said: Manifest, who: str) -> None:
    assert kept(said)[TRUE[who][1]] == "hreflang"


def test_a_site_says_nothing_else(said: Manifest) -> None:
    assert kept(said).keys() == {pair for _, pair in TRUE.values()}


@pytest.mark.parametrize("claim", FALSE)
def test_a_claim_that_does_not_hold_is_dropped_with_its_reason(said: Manifest, claim: Claim) -> None:
    page, target, tag = claim
    found = [
        reason
        for (dropped_page, detail), reason in dropped(said).items()
        if dropped_page == page and detail.partition(", labelled ")[0] == f"{tag}: {target}"
    ]
    assert found == [FALSE[claim]]


def test_the_ledger_counts_a_claim_and_its_return_as_one_pair_and_each_false_claim_once(said: Manifest) -> None:
    lines = {line.language: line for line in said.ledger}
    assert (lines["eng_Latn-deu_Latn"].rows_in, lines["eng_Latn-deu_Latn"].kept) == (len(TRUE), len(TRUE))
    assert sum(line.rows_in for line in lines.values()) == len(TRUE) + len(FALSE)
