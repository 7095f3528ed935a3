import re

import pytest

from pipelines.mine.pages.labels import fits, marker_pattern


@pytest.mark.parametrize(
    ("tag", "label"),
    [
        ("de", "deu_Latn"),
        ("de-AT", "deu_Latn"),
        ("en-UK", "eng_Latn"),
        ("es-419", "spa_Latn"),
        ("fa", "pes_Arab"),
        ("nan", "nan_Latn"),
        ("sr", "srp_Latn"),
        ("sr-Latn-RS", "srp_Latn"),
        ("zh-CN", "cmn_Hans"),
        ("zh-TW", "cmn_Hant"),
        ("zh-hant", "cmn_Hani"),
    ],
)
def test_a_tag_fits_the_label_of_its_language(tag: str, label: str) -> None:
    assert fits(tag, label)


@pytest.mark.parametrize(("tag", "label"), [("no", "nno_Latn"), ("zh", "yue_Hant"), ("ar", "arz_Arab")])
def test_the_code_of_a_macrolanguage_fits_its_languages(tag: str, label: str) -> None:
    assert fits(tag, label)


@pytest.mark.parametrize(
    ("tag", "label"),
    [
        ("de", "nds_Latn"),
        ("nb", "nno_Latn"),
        ("in", "eng_Latn"),
        ("sr-Cyrl", "srp_Latn"),
        ("zh-TW", "cmn_Hans"),
        ("zh-Hans", "cmn_Hant"),
        ("jp", "jpn_Jpan"),
        ("english", "eng_Latn"),
        ("", "eng_Latn"),
    ],
)
def test_no_tag_fits_another_language_or_script(tag: str, label: str) -> None:
    assert not fits(tag, label)


def marks(word: str, label: str) -> bool:
    pattern = marker_pattern(label)
    return pattern is not None and re.fullmatch(pattern, word, re.IGNORECASE) is not None


@pytest.mark.parametrize(
    ("word", "label"),
    [
        *((word, "deu_Latn") for word in ("de", "deu", "ger", "de-at", "DE_CH", "de_Latn", "german", "deutsch")),
        *((word, "cmn_Hans") for word in ("zh", "zh-cn", "zh_Hans", "chi", "chinese", "%E4%B8%AD%E6%96%87")),
        *((word, "nno_Latn") for word in ("nn", "no", "nynorsk", "norwegian")),
        ("el", "ell_Grek"),
        ("kiswahili", "swh_Latn"),
        ("deu_Latn", "deu_Latn"),
    ],
)
def test_a_label_is_marked_by_codes_and_names_of_its_language(word: str, label: str) -> None:
    assert marks(word, label)


@pytest.mark.parametrize(
    ("word", "label"),
    [("de-en", "deu_Latn"), ("des", "deu_Latn"), ("zh-tw", "cmn_Hans"), ("jp", "jpn_Jpan"), ("it", "eng_Latn")],
)
def test_a_label_is_not_marked_by_other_words(word: str, label: str) -> None:
    assert not marks(word, label)
