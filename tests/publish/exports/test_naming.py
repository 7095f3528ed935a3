import pytest

from pipelines.publish.exports.naming import Naming


@pytest.mark.parametrize(
    ("pair", "canonical", "bcp47"),
    [
        ("eng_Latn-deu_Latn", "eng_Latn-deu_Latn/set.eng_Latn-deu_Latn", "en-de/set.en-de"),
        ("eng_Latn-cmn_Hans", "eng_Latn-cmn_Hans/set.eng_Latn-cmn_Hans", "en-zh_Hans/set.en-zh_Hans"),
        ("srp_Latn-srp_Cyrl", "srp_Latn-srp_Cyrl/set.srp_Latn-srp_Cyrl", "sr_Latn-sr/set.sr_Latn-sr"),
        ("nob_Latn-yue_Hant", "nob_Latn-yue_Hant/set.nob_Latn-yue_Hant", "nb-yue_Hant/set.nb-yue_Hant"),
    ],
)
def test_files_are_named_as_opus_names_its_own(pair: str, canonical: str, bcp47: str) -> None:
    assert Naming("set", "canonical").stem(pair, 0) == canonical
    assert Naming("set", "bcp47").stem(pair, 0) == bcp47


def test_the_two_sides_of_a_name_are_told_apart_by_its_one_hyphen() -> None:
    for codes in ("canonical", "bcp47"):
        naming = Naming("demo", codes)
        folder = naming.stem("zho_Hans-srp_Latn", 0).partition("/")[0]
        assert tuple(folder.split("-")) == naming.sides("zho_Hans-srp_Latn")


def test_files_of_several_parts_are_numbered_before_the_languages() -> None:
    naming = Naming("demo-pairs", "bcp47", numbered=True, compression="gz")
    assert naming.file("eng_Latn-tha_Thai", 12, "th") == "en-th/demo-pairs-00012.en-th.th.gz"
