import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.mine.filters.features import measure
from pipelines.mine.filters.findings import Candidates
from pipelines.mine.filters.verdicts import ABSENT, Verdicts, filter_pairs, judged
from schemas.recipe.pair_filters import PairFilterSettings
from tests.mine.filters.gold import translated

SOURCES = (
    "The committee met in Geneva in 1998.",
    "You cannot save this file here.",
    "Contact support@debian.org for help.",
    "Choose a new password for your account.",
    "Your session has expired, please log in again.",
    "The committee met in Geneva in 1998!",
)
TARGETS = (
    "Das Komitee tagte 1998 in Genf.",
    "Sie können diese Datei hier nicht speichern.",
    "Bei Fragen hilft support@debian.org weiter.",
    "Wählen Sie ein neues Passwort für Ihr Konto.",
    "Ihre Sitzung ist abgelaufen, bitte melden Sie sich erneut an.",
    "Das Komitee tagte 1998 in Genf",
)


def verdicts(sources=SOURCES, targets=TARGETS, settings=None, **more) -> Verdicts:
    texts = (pa.array(side, pa.string()) for side in (sources, targets))
    return filter_pairs(Candidates(*texts, "eng_Latn", "deu_Latn", **more), settings or PairFilterSettings())


def with_target(place: int, text: str) -> tuple[str, ...]:
    return (*TARGETS[:place], text, *TARGETS[place + 1 :])


def test_right_pairs_stay_and_a_near_duplicate_names_the_better_pair() -> None:
    found = verdicts()
    assert found.reasons.to_pylist() == [None] * 5 + ["near-duplicate-pair"]
    assert found.matched.tolist() == [ABSENT] * 5 + [0]
    assert found.details.to_pylist() == [None] * 5 + ["similarity 1.000"]
    assert np.isnan(found.scores[:5]).all()
    assert found.kept.tolist() == [True] * 5 + [False]


@pytest.mark.parametrize(
    ("place", "text", "reason", "detail"),
    [
        (1, "you cannot save  this file here", "copied", "both sides are equal"),
        (1, "You cannot save this file in here.", "near-copied", "similarity 0.921"),
        (0, "Das Komitee tagte 1989 in Genf.", "number-mismatch", "only source: 1998; only target: 1989"),
        (0, "Das Komitee tagte damals in Genf.", "number-mismatch", "only source: 1998; only target: –"),
        (
            2,
            "Bei Fragen hilft hilfe@debian.org.",
            "url-mismatch",
            "source: support@debian.org; target: hilfe@debian.org",
        ),
        (3, "Neu", "length-ratio", "source 13.00 times as long as expected, 6.5 deviations"),
    ],
)
def test_a_planted_fault_is_found_and_told(place: int, text: str, reason: str, detail: str) -> None:
    found = verdicts(targets=with_target(place, text))
    assert found.reasons[place].as_py() == reason
    assert found.details[place].as_py() == detail
    assert found.failed[reason][place]


def test_a_filter_that_is_off_says_nothing() -> None:
    off = PairFilterSettings(min_number_agreement=None, max_pair_similarity=None)
    found = verdicts(targets=with_target(0, "Das Komitee tagte 1989 in Genf."), settings=off)
    assert found.kept.all()
    assert "number-mismatch" not in found.failed
    assert found.columns["number_agreement"][0] == 0


def test_everything_off_keeps_everything() -> None:
    names = (name for name, field in PairFilterSettings.model_fields.items() if field.default is not None)
    nullable = {name: None for name in names if name.startswith(("max", "min"))}
    assert verdicts(SOURCES, SOURCES, PairFilterSettings(copied=False, **nullable)).kept.all()


def test_the_first_filter_that_fails_decides_and_the_others_are_told() -> None:
    found = verdicts(targets=with_target(0, "The committee met in Geneva in 1999."))
    assert found.reasons[0].as_py() == "near-copied"
    assert found.failed["number-mismatch"][0]


def test_toxic_words_on_one_side_alone_are_dropped() -> None:
    toxic = np.array([0, 3, 4, 2, 0, 0]), np.array([0, 0, 3, 0, 3, 0])
    found = verdicts(toxic=toxic)
    reason = "toxicity-imbalance"
    assert found.reasons.to_pylist() == [None, reason, None, None, reason, "near-duplicate-pair"]
    assert found.details[4].as_py() == "source: 0 listed words; target: 3"


def test_a_sentence_with_many_partners_is_boilerplate() -> None:
    sources = ["Read the article about it."] * 6 + ["The museum is closed on Mondays."]
    topics = ("das Wetter", "den Sport", "die Wahl", "die Börse", "das Kino", "den Verkehr")
    targets = [f"Hier steht ein Artikel über {topic}." for topic in topics] + ["Das Museum ist montags geschlossen."]
    found = verdicts(sources, targets)
    assert found.reasons.to_pylist() == ["boilerplate"] * 6 + [None]
    assert found.details[0].as_py() == "source has 6 different partners"


def test_a_heading_left_untranslated_is_a_copy_and_no_name() -> None:
    prose = ("Open the menu to insert a page break.", "You may choose another break.")
    sources = (*prose, "Choose Insert - Page Break", "Debian GNU/Linux")
    targets = ("Seite: Menü aufklappen, Umbruch wählen.", "Ein anderer Umbruch ist wählbar.", *sources[2:])
    assert verdicts(sources, targets).reasons.to_pylist() == [None, None, "copied", None]


def test_names_and_numbers_may_be_copied() -> None:
    sources = ["LibreOffice Writer 7.2", "Albert Einstein, Princeton 1935", "Save as template"]
    assert verdicts(sources, sources).reasons.to_pylist() == [None, None, "copied"]


def test_copies_between_close_languages_stay() -> None:
    from tests.mine.filters.gold import between

    one, other, sources, targets = between("nb", "nn")
    alone = PairFilterSettings(max_pair_similarity=None, max_partners=None, max_length_z=None)
    found = filter_pairs(Candidates(sources, targets, one, other), alone)
    assert np.mean([source == target for source, target in zip(sources, targets, strict=True)]) > 0.1
    assert not found.failed["copied"].any()
    assert not found.failed["near-copied"].any()
    strict = alone.model_copy(update={"close_languages": 1.0})
    assert filter_pairs(Candidates(sources, targets, one, other), strict).failed["copied"].mean() > 0.1


def test_no_pairs_have_no_verdicts() -> None:
    found = verdicts((), ())
    assert len(found.kept) == len(found.reasons) == len(found.details) == 0


def test_sides_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="2 source texts and 1 target texts"):
        verdicts(("one", "two"), ("eins",))


def test_a_null_text_is_refused() -> None:
    with pytest.raises(ValueError, match="1 texts of pairs are null"):
        verdicts(("one", None), ("eins", "zwei"))


@settings(max_examples=25)
@given(st.lists(st.integers(0, 399), max_size=400, unique=True))
def test_pairs_taken_of_others_are_judged_as_if_measured_alone(places: list[int]) -> None:
    _, sources, targets = translated("de")
    half = pa.concat_arrays([targets.slice(0, 200), targets.slice(0, 200)])
    whole = measure(sources.slice(0, 400), half, "eng_Latn", "deu_Latn")
    rows = np.array(places, np.int64)
    some = whole.take(rows)
    alone = filter_pairs(Candidates(some.sources, some.targets, "eng_Latn", "deu_Latn"), PairFilterSettings())
    taken = judged(some, PairFilterSettings())
    assert taken.reasons.equals(alone.reasons)
    assert taken.details.equals(alone.details)
    assert taken.matched.tolist() == alone.matched.tolist()
    assert taken.lengths == alone.lengths
    assert all(np.array_equal(taken.columns[name], alone.columns[name]) for name in alone.columns)
