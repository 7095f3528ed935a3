"""Groups as a job on messages in several scripts."""

from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pipelines.mine.groups import job
from pipelines.mine.groups.job import group_pairs
from pipelines.runtime.manifest import Manifest, read_manifest
from pipelines.runtime.parquet import read_table
from pipelines.runtime.runner import JobError, Runner
from schemas.identifiers import content_id
from schemas.recipe import GroupSettings, MineSettings, PairPlan
from schemas.records import DROPPED, GROUP_MEMBER
from tests.mine.groups import planted
from tests.mine.groups.planted import Place, sentence_id

COUNT = 12
OTHERS = ("arb_Arab", "deu_Latn", "hin_Deva", "tha_Thai")
CENTRIC = tuple(("eng_Latn", language) for language in OTHERS)
WRONG = {("hin_Deva", 3): 4}
"""Hindi sentences that mining gave to another meaning than theirs."""
Found = Mapping[tuple[Place, Place], float]


def mined(wrong: Mapping[Place, int] = WRONG) -> dict[tuple[Place, Place], float]:
    """English-centric pairs of all messages, but for those that a wrong pair has taken the sentence of."""
    return {
        (("eng_Latn", number), (language, wrong.get((language, number), number))): 1.1 + number / 100
        for number in range(COUNT)
        for language in OTHERS
        if number not in {taken for (key, _), taken in wrong.items() if key == language}
    }


def grouped(
    folder: Path,
    found: Found,
    pairs: tuple[tuple[str, str], ...] = CENTRIC,
    *,
    workers: int = 1,
    shards: int = 1,
    **settings: Any,
) -> Manifest:
    languages = sorted({language for pair in pairs for language in pair})
    embedded = planted.embedded(folder / "embed", languages, COUNT, shards)
    stage = planted.pairs(folder / "mine", pairs, found)
    recipe = MineSettings(pairs=pairs, groups=GroupSettings(**settings))
    return group_pairs(embedded, stage, str(folder / "groups"), recipe, 17, Runner(workers=workers))


@pytest.fixture(scope="module")
def groups(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return grouped(tmp_path_factory.mktemp("groups"), mined())


def kept(manifest: Manifest) -> pa.Table:
    return read_table(manifest.urls("kept"), GROUP_MEMBER).sort_by("id")


def dropped(manifest: Manifest) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in read_table(manifest.urls("dropped"), DROPPED).to_pylist()}


def test_sentences_that_mean_the_same_are_a_group_with_their_texts_and_licences(groups: Manifest) -> None:
    rows = kept(groups)
    group = content_id(sentence_id(("eng_Latn", 0)))
    found = {row["language"]: row for row in rows.to_pylist() if row["group_id"] == group}
    texts = {language: planted.texts(language, 1)[0] for language in ("eng_Latn", *OTHERS)}
    assert {language: row["text"] for language, row in found.items()} == texts
    assert {language for language, row in found.items() if row["pivot"]} == {"eng_Latn"}
    assert [found[language]["score"] for language in ("eng_Latn", "deu_Latn")] == [None, pytest.approx(1.1)]
    assert {(row["source"], row["licence"]) for row in found.values()} == {("messages", "BSD-3-Clause")}
    assert {row["id"] for row in found.values()} == {content_id(group, row["sentence_id"]) for row in found.values()}


def test_a_planted_member_that_means_something_else_is_dropped_and_the_others_stay(groups: Manifest) -> None:
    found = dropped(groups)
    assert {name: (row["reason"], row["detail"]) for name, row in found.items()} == {
        sentence_id(("hin_Deva", 4)): ("inconsistent", "agrees with 0 of 3 other members")
    }
    assert groups.counters == {"groups/004": 2, "groups/005": COUNT - 2}


def test_the_ledger_counts_every_sentence_in_a_pair_with_a_pivot(groups: Manifest) -> None:
    lines = {line.language: (line.rows_in, line.kept, line.dropped) for line in groups.ledger}
    assert lines == {
        **dict.fromkeys(("eng_Latn", "arb_Arab", "deu_Latn", "tha_Thai"), (COUNT, COUNT, {})),
        "hin_Deva": (COUNT - 1, COUNT - 2, {"inconsistent": 1}),
    }


def test_two_workers_and_many_pieces_write_the_same_bytes(
    groups: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "ROWS_PER_PIECE", 20)
    monkeypatch.setattr(job, "MEMBERS_PER_PIECE", 15)
    assert grouped(tmp_path, mined(), workers=2).content == groups.content


def test_sentences_of_many_shards_make_the_groups_of_one(groups: Manifest, tmp_path: Path) -> None:
    assert kept(grouped(tmp_path, mined(), shards=4)).equals(kept(groups))


def test_a_second_sentence_of_a_language_is_dropped_for_the_better_one(tmp_path: Path) -> None:
    again = {(("eng_Latn", 0), ("deu_Latn", 1)): 1.05}
    without = {sides: score for sides, score in mined({}).items() if sides[1] != ("deu_Latn", 1)}
    found = dropped(grouped(tmp_path, without | again))
    row = found[sentence_id(("deu_Latn", 1))]
    assert (row["reason"], row["score"]) == ("second-of-language", pytest.approx(1.05))
    assert sentence_id(("eng_Latn", 0)) in str(row["detail"])


def test_a_group_of_fewer_languages_than_wanted_is_dropped_whole(tmp_path: Path) -> None:
    few = {sides: score for sides, score in mined({}).items() if sides[0][1] > 0 or sides[1][0] == "deu_Latn"}
    found = dropped(grouped(tmp_path, few))
    assert {name: row["reason"] for name, row in found.items()} == {
        sentence_id((language, 0)): "too-few-languages" for language in ("eng_Latn", "deu_Latn")
    }
    assert {row["detail"] for row in found.values()} == {"2 languages are left of its group, min_languages = 3"}


def test_languages_mined_with_each_other_speak_for_themselves(tmp_path: Path) -> None:
    """German and Thai mined directly say that the Thai sentence of the first meaning is another's."""
    direct = ("deu_Latn", "tha_Thai")
    others = {(("deu_Latn", number), ("tha_Thai", number)): 1.2 for number in range(2, COUNT)}
    against = {(("deu_Latn", 0), ("tha_Thai", 1)): 1.2}
    rows = kept(grouped(tmp_path, mined({}) | others | against, (*CENTRIC, direct)))
    counts = {
        (row["language"], row["text"]): (row["checked"], row["agreed"]) for row in rows.to_pylist() if not row["pivot"]
    }
    said = {key: counts[key, planted.texts(key, 1)[0]] for key in OTHERS}
    assert said == {"arb_Arab": (3, 3), "deu_Latn": (3, 2), "hin_Deva": (3, 3), "tha_Thai": (3, 2)}


def test_a_second_pivot_adds_languages_that_the_first_was_not_mined_with(tmp_path: Path) -> None:
    pairs = (("eng_Latn", "deu_Latn"), ("eng_Latn", "arb_Arab"), ("deu_Latn", "hin_Deva"), ("tha_Thai", "deu_Latn"))
    found = {((one, number), (other, number)): 1.1 for one, other in pairs for number in range(COUNT)}
    manifest = grouped(tmp_path, found, pairs, pivots=("eng_Latn", "deu_Latn"))
    assert manifest.counters == {"groups/005": COUNT}
    rows = kept(manifest)
    assert pc.sum(rows["pivot"]).as_py() == COUNT
    assert {row["checked"] for row in rows.to_pylist() if row["language"] == "deu_Latn"} == {1}
    assert {row["checked"] for row in rows.to_pylist() if row["language"] == "arb_Arab"} == {3}


def test_the_language_of_most_pairs_is_the_pivot_unless_one_is_named() -> None:
    plan = PairPlan(pivots=("fra_Latn",), languages=("deu_Latn",))
    assert MineSettings(pairs=(("deu_Latn", "tha_Thai"), ("ell_Grek", "deu_Latn"))).group_pivots() == ("deu_Latn",)
    assert MineSettings(pairs=CENTRIC, plan=plan).group_pivots() == ("fra_Latn",)
    named = MineSettings(pairs=CENTRIC, plan=plan, groups=GroupSettings(pivots=("tha_Thai",)))
    assert named.group_pivots() == ("tha_Thai",)


@pytest.mark.parametrize("pivots", [("swh_Latn",), ("eng_Latn", "en")])
def test_a_pivot_that_is_not_mined_or_stands_twice_is_refused(pivots: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"swh_Latn stands in no pair|a pivot stands twice"):
        MineSettings(pairs=CENTRIC, groups=GroupSettings(pivots=pivots))


def test_pairs_of_sentences_that_were_not_embedded_are_refused_by_language(tmp_path: Path) -> None:
    embedded = planted.embedded(tmp_path / "embed", ("eng_Latn", *OTHERS), 2)
    stage = planted.pairs(tmp_path / "mine", CENTRIC, mined())
    with pytest.raises(JobError, match=r"pairs name \d+ sentences, of which .*embed has 2 "):
        group_pairs(embedded, stage, str(tmp_path / "groups"), MineSettings(pairs=CENTRIC), 17, Runner(workers=1))


def test_killed_before_its_manifest_and_run_again_it_writes_the_same_bytes(
    groups: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded = planted.embedded(tmp_path / "embed", sorted(("eng_Latn", *OTHERS)), COUNT)
    stage = planted.pairs(tmp_path / "mine", CENTRIC, mined())
    recipe = MineSettings(pairs=CENTRIC, groups=GroupSettings())

    def group(folder: Path) -> Manifest:
        return group_pairs(embedded, stage, str(folder / "groups"), recipe, 17, Runner(workers=1))

    def killed(_manifest: Manifest) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("pipelines.runtime.stage.write_manifest", killed)
        with pytest.raises(KeyboardInterrupt):
            group(tmp_path)
    assert not read_manifest(str(tmp_path / "groups"))
    assert group(tmp_path).content == groups.content


def test_nothing_mined_makes_no_groups(tmp_path: Path) -> None:
    manifest = grouped(tmp_path, {}, CENTRIC)
    assert (manifest.rows("kept"), manifest.rows("dropped"), manifest.ledger) == (0, 0, ())


def test_every_pair_of_languages_may_be_mined_and_every_one_of_them_counts(tmp_path: Path) -> None:
    every = tuple(combinations(("deu_Latn", "eng_Latn", "hin_Deva", "tha_Thai"), 2))
    found = {((one, number), (other, number)): 1.1 for one, other in every for number in range(COUNT)}
    rows = kept(grouped(tmp_path, found, every, pivots=("eng_Latn",), agreement=1.0))
    assert {(row["checked"], row["agreed"]) for row in rows.to_pylist() if not row["pivot"]} == {(2, 2)}
