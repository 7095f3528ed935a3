"""Calibrations read back from a finished stage, and used by a later run."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pipelines.mine.calibrate import Calibration, CalibrationMismatchError, Subject, calibrated, calibration_rows
from pipelines.mine.calibrations import calibration_of, calibrations_of, carried, earlier_calibrations
from pipelines.mine.curve import curve
from pipelines.mine.records import CALIBRATION
from pipelines.runtime.filesystem import Folder
from pipelines.runtime.manifest import Manifest, ManifestError, OutputFacts, Shard, need_manifest, write_manifest
from pipelines.runtime.parquet import ParquetFormat
from schemas.recipe import MineSettings

OWN = "runs/november/pairs"
PAIR, OTHER = "deu_Latn-tha_Thai", "deu_Latn-khm_Khmr"


def calibration(pair: str = PAIR, right: int = 300, wanted: float = 0.9) -> Calibration:
    """Of 400 judged pairs, the best of them right."""
    subject = Subject(pair, "mutual", "ratio", 4, 1_000, 1_200, "e5-small:8da4f53134e84a9a, centred")
    return calibrated(curve(np.linspace(2, 1, 400), np.arange(400) < right, 350), subject, wanted)


def written(folder: Path, *calibrations: Calibration, stage: str = "mine") -> str:
    """A finished stage with some calibrations."""
    rows = pa.Table.from_batches([calibration_rows(one) for one in calibrations], CALIBRATION)
    ParquetFormat().write(rows, Folder(str(folder)), "calibration.parquet")
    shard = Shard(
        path="calibration.parquet",
        output="calibration",
        rows=rows.num_rows,
        row_groups=1,
        bytes=1,
        sha256="0",
        counts=(),
    )
    write_manifest(
        Manifest(
            stage=stage,
            folder=str(folder),
            fingerprint="0",
            code="0",
            settings={},
            inputs={},
            outputs={"calibration": OutputFacts(role="other", language=None)},
            by_language=True,
            counts_in="counters",
            shards=(shard,),
            ledger=(),
            counters={},
            created="2026-11-20T00:00:00Z",
        )
    )
    return str(folder)


def wanting(folder: str, **settings: object) -> MineSettings:
    named = {"pairs": [["deu_Latn", "tha_Thai"]], "precision": 0.9, "calibrated": folder}
    return MineSettings.model_validate(named | settings)


@pytest.mark.parametrize("right", [300, 5])
def test_a_calibration_is_read_back_as_it_was(tmp_path: Path, right: int) -> None:
    was = calibration(right=right)
    (now,) = calibrations_of_folder(written(tmp_path, was)).values()
    assert (now.subject, now.evidence, now.wanted, now.confidence) == (was.subject, "gold", 0.9, 0.95)
    assert (now.threshold, now.precision, now.recall) == (was.threshold, was.precision, was.recall)
    assert now.told() == was.told()


def calibrations_of_folder(folder: str) -> dict[str, Calibration]:
    return calibrations_of(need_manifest(folder, "mine"))


def test_the_order_of_rows_says_nothing() -> None:
    rows = pa.Table.from_batches([calibration_rows(calibration())])
    mixed = rows.take(pa.array(np.random.default_rng(3).permutation(rows.num_rows)))
    assert calibration_of(mixed).curve.threshold.tolist() == calibration_of(rows).curve.threshold.tolist()
    assert calibration_of(mixed).threshold == calibration().threshold


def test_an_earlier_run_gives_the_pairs_that_it_has_gold_for(tmp_path: Path) -> None:
    by_decoys = replace(calibration(OTHER), evidence="decoys")
    settings = wanting(
        written(tmp_path, calibration(), by_decoys), pairs=[["deu_Latn", "tha_Thai"], ["de", "khm_Khmr"]]
    )
    found = earlier_calibrations(settings, OWN)
    assert found is not None
    assert {pair: one.threshold for pair, one in found[1].items()} == {PAIR: calibration().threshold}


def test_a_recipe_that_names_no_earlier_run_takes_none() -> None:
    assert earlier_calibrations(MineSettings(pairs=(("deu_Latn", "tha_Thai"),)), OWN) is None


def test_an_earlier_run_that_cannot_serve_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="the stage mine has not finished"):
        earlier_calibrations(wanting(str(tmp_path / "none")), OWN)
    whole = written(tmp_path / "mine", calibration())
    with pytest.raises(CalibrationMismatchError, match=r"calibrated for precision 0.9, and this recipe wants 0.8"):
        earlier_calibrations(wanting(whole, precision=0.8), OWN)
    with pytest.raises(CalibrationMismatchError, match=r"calibrated for confidence 0.95, and this recipe wants 0.8"):
        earlier_calibrations(wanting(whole, confidence=0.8), OWN)
    with pytest.raises(CalibrationMismatchError, match="no pair of this recipe was calibrated there on gold"):
        earlier_calibrations(wanting(whole, pairs=[["tha_Thai", "khm_Khmr"]]), OWN)
    with pytest.raises(CalibrationMismatchError, match="this run writes there"):
        earlier_calibrations(wanting(whole), f"{whole}/")
    with pytest.raises(CalibrationMismatchError, match="this run writes there"):
        earlier_calibrations(wanting(whole), f"{Path(whole).parent}/./{Path(whole).name}")
    with pytest.raises(CalibrationMismatchError, match="it is of the stage embed"):
        earlier_calibrations(wanting(written(tmp_path / "embed", calibration(), stage="embed")), OWN)


def test_an_earlier_threshold_is_carried_to_sides_of_about_the_size() -> None:
    earlier = calibration()
    larger = replace(earlier.subject, source_sentences=1_090)
    now = carried(earlier, larger)
    assert (now.threshold, now.evidence, now.subject) == (earlier.threshold, "earlier", larger)
    assert now.told().endswith("measured in an earlier run")
    with pytest.raises(CalibrationMismatchError, match=r"mine.calibrated: .*target_sentences was 1,200, is 12,000"):
        carried(earlier, replace(earlier.subject, target_sentences=12_000))


def test_a_calibration_without_a_precision_to_keep_is_refused() -> None:
    with pytest.raises(ValueError, match="set `precision`"):
        wanting("runs/october/pairs", precision=None)
