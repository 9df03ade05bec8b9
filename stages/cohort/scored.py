"""List the series that classification and statistics are about: those with NE score and group.

Writes OUT/reference.csv (masks of the cohort) and OUT/predicted.csv (masks that a network is going
to write into the folder --predictions), both with the manifest's columns and rows.
"""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from stages.common import canonical, cli
from stages.common.columns import GROUP, PATIENT, SCORE, SERIES, STUDY
from stages.common.errors import InputError

IMAGE, MASK = "image", "mask"


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
        If there is none, or one lacks its study or patient.
    """
    kept = manifest[(manifest[SCORE] != "") & (manifest[GROUP] != "")]
    if kept.empty:
        raise InputError("no series has an NE score and a group: the pipeline ends with the "
                         "detection", source, "fill the columns NE_Score and Group to go on")
    for column in (STUDY, PATIENT):
        if (kept[column] == "").any():
            name = kept.loc[kept[column] == "", SERIES].iloc[0]
            raise InputError(f"series {name} names no {column}", source, f"fill '{column}'")
    return kept


def moved(rows: pd.DataFrame, home: Path, out: Path, predictions: Path | None) -> pd.DataFrame:
    """Return rows whose paths are relative to the folder ``out``, not ``home``.

    ``predictions`` replaces the masks by ``predictions/FILE.nii.gz``.
    """
    if predictions is None:
        masks = [home / name if name else None for name in rows[MASK]]
    else:
        masks = [predictions / f"{name}.nii.gz" for name in rows[SERIES]]
    paths = {IMAGE: [home / name for name in rows[IMAGE]], MASK: masks}
    return rows.assign(**{kind: [os.path.relpath(path, out) if path else "" for path in found]
                          for kind, found in paths.items()})


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.cohort.scored", __doc__)
    parser.add_argument("--manifest", type=Path, required=True, help="cohort manifest (CSV)")
    parser.add_argument("--predictions", type=Path, required=True, help="folder of masks to come")
    parser.add_argument("--out", type=Path, required=True, help="folder of the two lists")
    options = parser.parse_args()
    columns = (SERIES, STUDY, PATIENT, SCORE, GROUP, IMAGE, MASK)
    manifest = canonical.read_csv(options.manifest, columns, dtype=str, keep_default_na=False)
    rows = scored(manifest, options.manifest)
    for name, predictions in (("reference", None), ("predicted", options.predictions)):
        canonical.write_csv(options.out / f"{name}.csv",
                            moved(rows, options.manifest.parent, options.out, predictions))


if __name__ == "__main__":
    cli.main(stage)
