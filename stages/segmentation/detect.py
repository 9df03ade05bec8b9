"""Lesion detection: what a set of predicted masks found, missed and invented.

Writes one row per reference or predicted lesion (--lesions), one per scan (--scans), on request one
per scan and rule of ``imaging.comparison.rules`` (--rules), and the
summary (--metrics): sensitivity TP / (TP + FN), positive predictive value TP / (TP + FP) with TP
the reference lesions found, false positives per scan, Dice of lesions and of scans, and the false
positives on scans without lesions with their volumes.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from stages.common import canonical, cli
from stages.common.done import Record, context
from stages.common.errors import InputError
from stages.common.manifest import LESION
from stages.common.parameters import section
from stages.segmentation import cases, compared
from stages.segmentation.matching import CONNECTIVITIES, RULES, Detection, Matched, match_all

SCAN_COLUMNS = ("File", "lesions", "found", "missed", "predicted", "false_positives", "dice",
                "lesion_ml", "predicted_ml", "false_ml")
PACKAGES = ("connected-components-3d", "numpy")
RULE_COLUMNS = ("File", "rule", "lesions", "found", "predicted", "false_positives")
# The mean of the rule iou over all thresholds from 0 to 1.
AREA = "iou-area"
LESION_COLUMNS = ("File", "mask", "lesion", "voxels", "ml", "result", "dice")


def check(settings: Detection, source: str, where: str = "detection") -> None:
    """Refuse settings (the parameters ``where``) that mean nothing.

    Raises
    ------
    InputError
        Naming the parameter and its valid values.
    """
    valid = {"connectivity": CONNECTIVITIES, "rule": RULES}
    for name, choices in valid.items():
        if getattr(settings, name) not in choices:
            raise InputError(f"parameter '{where}.{name}' is '{getattr(settings, name)}'", source,
                             f"valid: {', '.join(str(choice) for choice in choices)}")
    if not 0 <= settings.threshold < 1:
        raise InputError(f"parameter '{where}.threshold' is {settings.threshold}", source,
                         "give a share from 0 to below 1")


def scan_row(file: str, matched: Matched, voxel_ml: float) -> dict:
    """Return the scan's counts and volumes (mL); ``dice`` is None where there are no lesions."""
    found, false = int(matched.found.sum()), int(matched.false.sum())
    return {"File": file, "lesions": len(matched.found), "found": found,
            "missed": len(matched.found) - found, "predicted": len(matched.false),
            "false_positives": false, "dice": matched.scan_dice,
            "lesion_ml": float(matched.reference_voxels.sum() * voxel_ml),
            "predicted_ml": float(matched.predicted_voxels.sum() * voxel_ml),
            "false_ml": float(matched.predicted_voxels[matched.false].sum() * voxel_ml)}


def lesion_rows(file: str, matched: Matched, voxel_ml: float) -> list[dict]:
    """Return one row per reference lesion and one per predicted lesion."""
    rows = [{"mask": "reference", "lesion": number, "voxels": int(voxels),
             "result": "found" if found else "missed", "dice": float(dice)}
            for number, (voxels, found, dice) in
            enumerate(zip(matched.reference_voxels, matched.found, matched.dice), 1)]
    rows += [{"mask": "predicted", "lesion": number, "voxels": int(voxels),
              "result": "false-positive" if false else "true", "dice": None}
             for number, (voxels, false) in
             enumerate(zip(matched.predicted_voxels, matched.false), 1)]
    return [{"File": file, **row, "ml": row["voxels"] * voxel_ml} for row in rows]


def rule_rows(file: str, matched: dict[str, Matched]) -> list[dict]:
    """Return one row per rule, and one of the area under the curves over the thresholds of ``iou``.

    There, ``found`` and ``false_positives`` are means over the thresholds: a pair counts as found up to
    its intersection over union.
    """
    rows = [{"rule": name, "found": int(one.found.sum()), "false_positives": int(one.false.sum())}
            for name, one in matched.items()]
    one = next(iter(matched.values()))
    area = float(one.iou.sum())
    rows.append({"rule": AREA, "found": area, "false_positives": len(one.false) - area})
    return [{"File": file, "lesions": len(one.found), "predicted": len(one.false), **row}
            for row in rows]


def summary(scans: pd.DataFrame, lesions: pd.DataFrame) -> dict:
    """Summarise the rows of `scan_row` and `lesion_rows`; what cannot be computed is None."""
    found, missed, false = (int(scans[name].sum()) for name in
                            ("found", "missed", "false_positives"))
    bearing, free = scans[scans["lesions"] > 0], scans[scans["lesions"] == 0]
    lesion_dice = lesions.loc[lesions["mask"] == "reference", "dice"].astype(float)
    return {
        "scans": len(scans), "lesions": found + missed, "found": found, "missed": missed,
        "false_positives": false,
        "sensitivity": _ratio(found, found + missed), "ppv": _ratio(found, found + false),
        "sensitivity_per_scan": _spread(bearing["found"] / bearing["lesions"]),
        "false_positives_per_scan": _spread(scans["false_positives"]),
        "lesion_dice": _spread(lesion_dice),
        "lesion_dice_found": _spread(lesion_dice[lesion_dice > 0]),
        "scan_dice": _spread(bearing["dice"].astype(float)),
        "lesion_free": {"scans": len(free),
                        "scans_with_false_positives": int((free["false_positives"] > 0).sum()),
                        "false_ml": _spread(free["false_ml"])}}


def _ratio(part, whole):
    return part / whole if whole else None


def _spread(values):
    values = np.asarray(values, dtype=float)
    if not len(values):
        return {"n": 0}
    return {"n": len(values), "mean": values.mean(), "median": np.median(values),
            "min": values.min(), "max": values.max()}


def prediction(folder: Path, case: cases.Case) -> Path:
    """Return the predicted mask's file."""
    return folder / f"{case.file}.nii.gz"


def compare(case: cases.Case, folder: Path, settings: Detection, rules: dict[str, Detection]):
    """Return the scan's row, its lesions' rows and those of `rule_rows`.

    Raises
    ------
    InputError
        If a mask is missing, unusable, or on another grid.
    """
    path = prediction(folder, case)
    truth, guess = cases.reference(case), cases.read_mask(path)
    cases.require_same_grid(truth, guess, case.mask, path)
    found = match_all(truth.data == LESION, guess.data == LESION, {**rules, "": settings})
    matched, voxel_ml = found.pop(""), float(truth.spacing.prod() / 1000)
    return (scan_row(case.file, matched, voxel_ml), lesion_rows(case.file, matched, voxel_ml),
            rule_rows(case.file, found) if rules else [])


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.segmentation.detect", __doc__)
    parser.add_argument("--manifest", type=Path, required=True, help="cohort manifest (CSV)")
    parser.add_argument("--cohort", nargs="+", default=[], help="cohorts to compare (default: all)")
    parser.add_argument("--part", nargs="+", default=[], help="segmentation parts (default: all)")
    parser.add_argument("--predictions", type=Path, required=True, help="folder of FILE.nii.gz")
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--lesions", type=Path, required=True, help="rows per lesion (CSV)")
    parser.add_argument("--scans", type=Path, required=True, help="rows per scan (CSV)")
    parser.add_argument("--rules", type=Path, help="rows per scan and rule (CSV)")
    parser.add_argument("--metrics", type=Path, required=True, help="summary (JSON)")
    parser.add_argument("--record", type=Path, help="what was made before: only changes are made")
    options = parser.parse_args()
    settings = section(options.params, "detection", Detection)
    check(settings, str(options.params))
    rules = compared.comparison(options.params).rules if options.rules else {}
    for name, rule in rules.items():
        check(rule, str(options.params), f"imaging.comparison.rules.{name}")
    record = Record(options.record, context([asdict(settings), {
        name: asdict(rule) for name, rule in rules.items()}], PACKAGES, __file__))
    scans, lesions, by_rule = [], [], []
    for case in tqdm(cases.select(options.manifest, options.cohort, options.part), "detection"):
        inputs = [case.mask or options.manifest, prediction(options.predictions, case)]
        found = record.get(case.file, inputs)
        if found is None:
            found = compare(case, options.predictions, settings, rules)
            record.put(case.file, inputs, value=found)
        scans.append(found[0])
        lesions += found[1]
        by_rule += found[2]
    record.close()
    scans = pd.DataFrame(scans, columns=SCAN_COLUMNS, dtype=object)
    lesions = pd.DataFrame(lesions, columns=LESION_COLUMNS, dtype=object)
    canonical.write_csv(options.scans, scans)
    canonical.write_csv(options.lesions, lesions)
    if options.rules:
        canonical.write_csv(options.rules, pd.DataFrame(by_rule, columns=RULE_COLUMNS, dtype=object))
    canonical.write_json(options.metrics, {"settings": asdict(settings)} | summary(scans, lesions))


if __name__ == "__main__":
    cli.main(stage)
