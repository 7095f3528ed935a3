import numpy as np
import pyarrow as pa
import pytest

from pipelines.embed.sentence_filters import filter_characters, punctuation_share
from pipelines.runtime.labels import Labels
from schemas.identifiers import content_id
from schemas.recipe.pair_filters import SentenceFilterSettings
from schemas.records import DROPPED, SENTENCE
from tests.mine.filters.gold import all_translated

SETTINGS = SentenceFilterSettings()


def rows(*sentences: tuple[str, str]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(
        [
            {
                "id": content_id(language, text),
                "document_id": content_id(text),
                "position": position,
                "text": text,
                "language": language,
                "source": "pages",
                "alignment_id": None,
                "licence": None,
            }
            for position, (language, text) in enumerate(sentences)
        ],
        schema=SENTENCE,
    )


SENTENCES = (
    ("deu_Latn", "Die Sitzung beginnt um neun Uhr."),
    ("deu_Latn", "|| 12 | 13 | 14 || Januar ||"),
    ("rus_Cyrl", "Заседание начинается в девять часов."),
    ("rus_Cyrl", "The meeting begins at nine o'clock, сказал он."),
    ("dzo_Tibt", "ཁྱོད་ཀྱིས་སྣ་མང་ཨང་ཡིག་བལྟ་དགོ་མནོ་བ་ཅིན།"),
    ("cmn_Hans", "请访问 https://www.debian.org/ ，了解更多（中文）。"),
)


def test_sentences_of_marks_or_of_another_script_are_dropped_with_their_shares() -> None:
    kept, dropped = filter_characters(rows(*SENTENCES), SETTINGS)
    assert kept.schema == SENTENCE
    assert dropped.schema == DROPPED
    assert kept.column("position").to_pylist() == [0, 2, 4, 5]
    assert dropped.column("reason").to_pylist() == ["punctuation", "wrong-script"]
    assert dropped.column("score").to_pylist() == pytest.approx([14 / 20, 8 / 36])


def test_a_sure_label_of_another_language_drops_a_sentence_and_is_told() -> None:
    languages = pa.array(["nld_Latn", "nld_Latn", "bel_Cyrl", None, "und", "cmn_Hani"], pa.string())
    labels = Labels(languages, np.array([0.95, 0.95, 0.3, 0.95, 0.95, 0.95], dtype=np.float32))
    kept, dropped = filter_characters(rows(*SENTENCES), SETTINGS, labels)
    assert kept.column("position").to_pylist() == [2, 4, 5]
    assert dropped.column("reason").to_pylist() == ["wrong-language", "punctuation", "wrong-script"]
    assert dropped.column("detail").to_pylist() == ["nld_Latn", None, None]


def test_a_label_says_japanese_of_no_sentence_without_kana() -> None:
    chinese, japanese = "标记要插入复制的公式的单元格。", "列の項目欄として年を入力します。"
    labels = Labels(pa.array(["jpn_Jpan"] * 2, pa.string()), np.array([0.93, 0.99], dtype=np.float32))
    kept, dropped = filter_characters(rows(("cmn_Hans", chinese), ("cmn_Hans", japanese)), SETTINGS, labels)
    assert kept.column("text").to_pylist() == [chinese]
    assert dropped.column("reason").to_pylist() == ["wrong-language"]


def test_all_filters_off_keep_all() -> None:
    off = SentenceFilterSettings(max_punctuation_share=None, min_script_share=None, min_language_confidence=None)
    kept, dropped = filter_characters(rows(*SENTENCES), off)
    assert (kept.num_rows, dropped.num_rows) == (6, 0)


def test_no_sentences_give_none() -> None:
    kept, dropped = filter_characters(rows(), SETTINGS)
    assert (kept.num_rows, dropped.num_rows) == (0, 0)


def test_no_script_has_more_than_a_tenth_of_its_messages_dropped_for_punctuation() -> None:
    for locale, language, _, targets in all_translated():
        assert np.mean(punctuation_share(targets, language) > SETTINGS.max_punctuation_share) < 0.1, locale


def test_a_text_without_words_is_all_punctuation() -> None:
    texts = pa.array(["https://www.debian.org/", "12 %(count)s", "…", "ab."])
    assert punctuation_share(texts, "eng_Latn").tolist() == pytest.approx([1, 1, 1, 1 / 3])
