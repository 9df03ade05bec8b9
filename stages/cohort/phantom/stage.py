"""Make a synthetic cohort: CT series, liver and lesion masks, NE scores with a known effect.

Writes OUT/manifest.csv with one row per series, and for each series OUT/images/FILE.nii.gz (HU) and
OUT/masks/FILE.nii.gz (0 background, 1 liver, 2 lesion). With --series only these series are drawn;
the manifest always names the whole cohort. A series that --record knows is not drawn again.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from stages.cohort.phantom import plan, settings
from stages.cohort.phantom.render import render
from stages.common import canonical, cli, nifti
from stages.common import manifest as cohort_manifest
from stages.common.columns import GROUP, PATIENT, SERIES, STUDY
from stages.common.done import Record, context
from stages.common.errors import InputError
from stages.common.manifest import COHORT, PART
from stages.common.parameters import choose, section

COLUMNS = (*cohort_manifest.COLUMNS, "thickness_mm", "scanner", "phase", "planted_lesions",
           "planted_ml", "planted_texture_hu")
# What a series is for; its voxels do not depend on it, nor on the score.
PARTS = ("group", "segmentation")


def row(series: plan.Series, boundary: float) -> dict:
    """Return a series' row of the manifest; a LiTS series has neither score nor label."""
    study = series.study
    patient = f"{study.cohort}-{series.file.split('-')[1].split('_')[0]}"
    return {
        SERIES: series.file, PATIENT: patient, STUDY: series.file.rsplit("_", 1)[0],
        COHORT: study.cohort, **cohort_manifest.labelled(study.score, boundary),
        GROUP: series.group, PART: series.segmentation, **cohort_manifest.files(series.file),
        "thickness_mm": series.thickness_mm, "scanner": f"{study.cohort}-{study.scanner}",
        "phase": study.phase, "planted_lesions": study.lesions,
        "planted_ml": study.burden_ml, "planted_texture_hu": study.texture_hu}


def manifest(cohort: list[plan.Series], boundary: float) -> pd.DataFrame:
    """Return the manifest: one row per series, `COLUMNS`, sorted by name.

    Parameters
    ----------
    cohort : list of Series
        The plan.
    boundary : float
        NE score above which a series is NE-positive.
    """
    rows = [row(series, boundary) for series in cohort]
    return cohort_manifest.table(rows, COLUMNS)


def write(preset: settings.Preset, series: plan.Series, out: Path, record: Record) -> None:
    """Draw one series and write its image and its mask, unless ``record`` knows it."""
    outputs = [out / kind / f"{series.file}.nii.gz" for kind in ("images", "masks")]
    planned = canonical.plain({name: value for name, value in asdict(series).items()
                               if name not in PARTS})
    del planned["study"]["score"]
    if record.get(series.file, [], outputs) != planned:
        for path, volume in zip(outputs, render(preset, series)):
            nifti.write(path, volume)
        record.put(series.file, [], outputs, planned)


def _wanted(cohort, names):
    known = {series.file: series for series in cohort}
    for name in names or ():
        if name not in known:
            raise InputError(f"the cohort has no series '{name}'", "--series",
                             f"valid names run from {min(known)} to {max(known)}")
    return [known[name] for name in (names or sorted(known))]


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.cohort.phantom.stage", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--preset", help="a preset of phantom.presets (default: phantom.preset)")
    parser.add_argument("--series", nargs="+", metavar="FILE", help="draw only these series")
    parser.add_argument("--record", type=Path, help="what was drawn before: only changes are")
    parser.add_argument("--out", type=Path, required=True, help="folder of the cohort")
    options = parser.parse_args()
    found = section(options.params, "phantom", settings.Phantom)
    preset = choose(found.presets, options.preset or found.preset, "phantom preset")
    settings.check(preset, str(options.params))
    cohort = plan.plan(preset)
    wanted = _wanted(cohort, options.series)
    boundary = section(options.params, "classification.boundary", float)
    plan.check_classes(cohort, boundary, str(options.params))
    canonical.write_csv(options.out / "manifest.csv", manifest(cohort, boundary))
    # How many others there are and what the score follows say nothing of a series' voxels.
    drawn = {name: value for name, value in asdict(preset).items() if name not in ("counts", "twin")}
    record = Record(options.record, context(drawn, ("numpy",), __file__))
    for number, series in enumerate(wanted, 1):
        print(f"\rphantom: series {number} of {len(wanted)}", end="", file=sys.stderr, flush=True)
        write(preset, series, options.out, record)
    print(file=sys.stderr)
    if not options.series:
        record.close(options.out)


if __name__ == "__main__":
    cli.main(stage)
