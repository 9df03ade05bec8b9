"""List the series that classification and statistics are about: those with NE score and group.

Writes OUT/predicted.csv (masks that a network is going to write into the folder --predictions) and
OUT/reference.csv (masks of the cohort, the series that have one), both with the manifest's columns.
"""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from stages.common import canonical, cli
from stages.common import manifest as cohort_manifest
from stages.common.columns import GROUP, GROUPS, PATIENT, SCORE, SERIES, STUDY
from stages.common.errors import InputError
from stages.common.manifest import IMAGE, MASK


def scored(manifest: pd.DataFrame, source: str | Path) -> pd.DataFrame:
    """Return the rows with NE score and group.

    Parameters
    ----------
    manifest : DataFrame
        A cohort manifest as text: n rows, one per series.
    source : path
        Its file, for error messages.

    Raises
    ------
    InputError
        If there is none, one lacks its image, study or patient, or has a score or a group that means
        nothing.
    """
    kept = manifest[(manifest[SCORE] != "") & (manifest[GROUP] != "")]
    if kept.empty:
        raise InputError("no series has an NE score and a group: the pipeline ends with the "
                         "detection", source, "fill the columns NE_Score and Group to go on")
    scores = pd.to_numeric(kept[SCORE], errors="coerce")
    checks = {column: (kept[column] == "", f"names no {column}", f"fill '{column}'")
              for column in (STUDY, PATIENT, IMAGE)}
    checks |= {SCORE: (~scores.between(-1, 1), f"has no {SCORE} from -1 to 1", "correct it"),
               GROUP: (~kept[GROUP].isin(GROUPS), f"has another {GROUP} than {', '.join(GROUPS)}",
                       "correct it")}
    for wrong, what, fix in checks.values():
        if wrong.any():
            raise InputError(f"series {kept.loc[wrong, SERIES].iloc[0]} {what}", source, fix)
    return kept


def moved(rows: pd.DataFrame, home: Path, out: Path, predictions: Path | None) -> pd.DataFrame:
    """Return rows whose paths are relative to the folder ``out``, not ``home``.

    ``predictions`` replaces the masks by ``predictions/FILE.nii.gz``.
    """
    if predictions is None:
        masks = [home / name for name in rows[MASK]]
    else:
        masks = [predictions / f"{name}.nii.gz" for name in rows[SERIES]]
    paths = {IMAGE: [home / name for name in rows[IMAGE]], MASK: masks}
    return rows.assign(**{kind: [os.path.relpath(path, out) for path in found]
                          for kind, found in paths.items()})


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.cohort.scored", __doc__)
    parser.add_argument("--manifest", type=Path, required=True, help="cohort manifest (CSV)")
    parser.add_argument("--predictions", type=Path, required=True, help="folder of masks to come")
    parser.add_argument("--out", type=Path, required=True, help="folder of the two lists")
    options = parser.parse_args()
    columns = (STUDY, PATIENT, SCORE, GROUP, IMAGE, MASK)
    manifest = cohort_manifest.read(options.manifest, columns)
    rows = scored(manifest, options.manifest)
    home = options.manifest.parent
    for name, chosen, predictions in (("reference", rows[rows[MASK] != ""], None),
                                      ("predicted", rows, options.predictions)):
        canonical.write_csv(options.out / f"{name}.csv",
                            moved(chosen, home, options.out, predictions))


if __name__ == "__main__":
    cli.main(stage)
