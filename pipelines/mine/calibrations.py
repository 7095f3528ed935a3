"""Calibrations as the stage mine has written them: read back, to be told, or to be used by another run."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.mine.align import Mode
from pipelines.mine.calibrate import (
    Calibration,
    CalibrationMismatchError,
    Evidence,
    Subject,
    check_subject,
)
from pipelines.mine.curve import Curve
from pipelines.mine.margin import MarginName
from pipelines.mine.records import CALIBRATION
from pipelines.runtime.filesystem import Folder
from pipelines.runtime.manifest import Manifest, need_manifest
from pipelines.runtime.parquet import read_table
from schemas.languages import pair_key
from schemas.recipe import MineSettings


def calibrations_of(mined: Manifest) -> dict[str, Calibration]:
    """The calibration of every language pair that had a judged pair, by pair, in order.

    Args:
        mined: the stage mine, finished.
    """
    rows = read_table(mined.urls("calibration"), CALIBRATION).combine_chunks()
    found = {}
    for pair in sorted(rows.column("pair").unique().to_pylist()):
        own = rows.filter(pc.equal(rows.column("pair"), pair))
        found[pair] = calibration_of(own)
    return found


def calibration_of(rows: pa.Table) -> Calibration:
    """The calibration out of rows of CALIBRATION of one language pair, one or more; the curve has their points."""
    ordered = rows.sort_by([("threshold", "descending")])
    first = ordered.slice(0, 1).to_pylist()[0]

    def values(name: str) -> npt.NDArray[Any]:
        column: npt.NDArray[Any] = ordered.column(name).to_numpy()
        return column

    curve = Curve(
        threshold=values("threshold"),
        found=values("found"),
        correct=values("correct"),
        gold=first["gold"],
        low=values("precision_low"),
        high=values("precision_high"),
    )
    used = np.flatnonzero(values("used"))
    at = int(used[0]) if len(used) else int(np.argmax(curve.low))
    subject = Subject(
        pair=first["pair"],
        mode=cast(Mode, first["mode"]),
        margin=cast(MarginName, first["margin_kind"]),
        neighbours=first["neighbours"],
        source_sentences=first["source_sentences"],
        target_sentences=first["target_sentences"],
        encoder=first["encoder"],
    )
    return Calibration(
        subject=subject,
        evidence=cast(Evidence, first["evidence"]),
        wanted=first["wanted"],
        confidence=first["confidence"],
        threshold=float(curve.threshold[at]) if len(used) else None,
        at=at,
        curve=curve,
    )


def earlier_calibrations(settings: MineSettings, own: str) -> tuple[Manifest, dict[str, Calibration]] | None:
    """What the recipe's `calibrated` names: the stage, and its calibrations by gold of pairs that are mined here.

    Args:
        own: folder of this run's stage, which a new run empties.
    Returns:
        None where the recipe names none.
    Raises:
        ManifestError: nothing lies there, or no whole stage.
        CalibrationMismatchError: it is this run's own or another stage, has no gold for any of the pairs, or another
            precision was wanted there.
    """
    if settings.calibrated is None:
        return None
    where = f"mine.calibrated = {settings.calibrated}"
    if posixpath.normpath(Folder(settings.calibrated).absolute) == posixpath.normpath(Folder(own).absolute):
        raise CalibrationMismatchError(f"{where}: this run writes there; name the folder of an earlier one")
    manifest = need_manifest(settings.calibrated.rstrip("/"), "mine")
    if manifest.stage != "mine":
        raise CalibrationMismatchError(f"{where}: it is of the stage {manifest.stage}; name one of mine (RUN/pairs)")
    wanted = {pair_key(*pair) for pair in settings.language_pairs()}
    by_gold = {
        pair: found for pair, found in calibrations_of(manifest).items() if pair in wanted and found.evidence == "gold"
    }
    if not by_gold:
        raise CalibrationMismatchError(
            f"{where}: no pair of this recipe was calibrated there on gold; name a run whose sources align the pairs, "
            "or leave it out"
        )
    for pair, found in by_gold.items():
        for name, was, now in (
            ("precision", found.wanted, settings.precision),
            ("confidence", found.confidence, settings.confidence),
        ):
            if was != now:
                raise CalibrationMismatchError(
                    f"{where}: {pair} was calibrated for {name} {was:g}, and this recipe wants {now:g}; want the same"
                )
    return manifest, by_gold


def carried(earlier: Calibration, subject: Subject) -> Calibration:
    """An earlier calibration for what is mined now.

    Raises:
        CalibrationMismatchError: as `check_subject`.
    """
    try:
        check_subject(earlier, subject)
    except CalibrationMismatchError as error:
        raise CalibrationMismatchError(f"mine.calibrated: {error}, or leave mine.calibrated out") from error
    return replace(earlier, subject=subject, evidence="earlier")
