"""Take in an own CT cohort: NIfTI, NRRD or DICOM series named by a table (CSV).

The table has one row per series: series, study, patient (pseudonyms), path (a NIfTI or NRRD file,
or a folder with the DICOM files of one series; relative to the table), and where known mask, a
score (NE_Score, or sample with --scores), Group (train, val, test) and Segmentation (train, test).
Writes OUT/manifest.csv, OUT/series.csv, OUT/images/SERIES.nii.gz (HU) and OUT/masks/SERIES.nii.gz
(0 background, 1 liver, 2 lesion), all in the axes in which the series is stored. Nothing of an
image header but its geometry is written; names that give away what a header holds are refused. Of a
series that --record knows nothing but its header is read again, and that only where the table has
new names.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from stages.cohort import dicom, identity, own_volumes
from stages.cohort.own_table import NAME, PATH, Own, check, hold_out, read
from stages.common import canonical, cli, nifti
from stages.common import manifest as cohort_manifest
from stages.common.columns import GROUP, PATIENT, SCORE, SERIES, STUDY
from stages.common.done import Record, context
from stages.common.errors import InputError
from stages.common.manifest import COHORT, LESION, LIVER, MASK, PART
from stages.common.parameters import section

OWN = "own"
FOUND = (SERIES, "format", "columns", "rows", "slices", "x_mm", "y_mm", "z_mm", "minimum_hu",
         "maximum_hu", "not_finite", "liver_voxels", "lesion_voxels")
PACKAGES = ("numpy", "pydicom", "pynrrd", "python-gdcm")


@dataclass(frozen=True)
class Place:
    """Where a series comes from and goes to.

    Attributes
    ----------
    source : Path
        The table, for error messages.
    path, mask : Path
        A file or a DICOM folder; its mask, if there is one.
    outputs : list of Path
        Image, and mask if there is one.
    """

    source: Path
    path: Path
    mask: Path | None
    outputs: list[Path]

    @classmethod
    def of(cls, row: dict, source: Path, out: Path) -> Place:
        """Return the place of a row of the table ``source`` in the cohort ``out``."""
        home, kinds = source.parent, ("images", "masks") if row[MASK] else ("images",)
        return cls(source, home / row[PATH], home / row[MASK] if row[MASK] else None,
                   [out / kind / f"{row[NAME]}.nii.gz" for kind in kinds])

    def inputs(self) -> list[Path]:
        """Return every file that the series is read from."""
        files = ([item for item in sorted(self.path.iterdir()) if item.is_file()]
                 if self.path.is_dir() else [self.path])
        return [*files, self.mask] if self.mask else files

    def require_pseudonyms(self, texts: list[str]) -> None:
        """Read the headers alone; refuse names that they give away.

        Raises
        ------
        InputError
            Quoting the name, or naming a file that cannot be read.
        """
        named = (identity.of_dicom(dicom.headers(self.path)) if self.path.is_dir()
                 else identity.of_file(self.path))
        identity.require_absent(named, texts, self.source)
        if self.mask:
            identity.require_absent(identity.of_file(self.mask), texts, self.source)


def manifest(table: pd.DataFrame, own: Own, boundary: float) -> pd.DataFrame:
    """Return the cohort manifest, one row per series of the table.

    Where the table gives no Group (no Segmentation), scored series (series with a mask) get that
    of their patient from `hold_out`.
    """
    drawn = hold_out(table[PATIENT], own)
    rows = []
    for row in table.to_dict("records"):
        scored, group = not np.isnan(row[SCORE]), drawn[row[PATIENT]]
        part = "test" if group == "test" else "train"
        rows.append({
            SERIES: row[NAME], STUDY: row[STUDY], PATIENT: row[PATIENT], COHORT: OWN,
            **cohort_manifest.labelled(row[SCORE] if scored else None, boundary),
            GROUP: (row[GROUP] or group) if scored else row[GROUP],
            PART: (row[PART] or part) if row[MASK] else row[PART],
            **cohort_manifest.files(row[NAME]), **({} if row[MASK] else {MASK: ""})})
    return cohort_manifest.table(rows)


def take(name: str, place: Place, own: Own, texts: list[str]) -> dict:
    """Read, check and write one series; return its row of ``series.csv``.

    Raises
    ------
    InputError
        If a file cannot be used, or its header names what ``texts`` hold.
    """
    volume, kind, named = own_volumes.read_series(place.path, own)
    identity.require_absent(named, texts, place.source)
    image, lost = own_volumes.hounsfield(volume, own.padding_hu, place.path)
    mask = None
    if place.mask:
        mask = own_volumes.labels(place.mask, image, place.path, own)
        identity.require_absent(identity.of_file(place.mask), texts, place.source)
    for path, made in zip(place.outputs, (image, mask)):
        nifti.write(path, made, as_stored=True)
    counts = [int((mask.data == label).sum()) if mask else None for label in (LIVER, LESION)]
    # Six digits: the rotation of an oblique series leaves rounding in the lengths of its axes.
    spacing = [round(float(length), 6) for length in image.spacing]
    extremes = [float(image.data.min()), float(image.data.max())]
    found = name, kind, *image.data.shape, *spacing, *extremes, lost, *counts
    return dict(zip(FOUND, found))


def take_changed(row: dict, place: Place, own: Own, texts: list[str], record: Record) -> dict:
    """Return the series' row of ``series.csv``, from ``record`` where nothing changed (see `take`).

    The names of the whole cohort are compared with every header: a new one with all of them.
    """
    inputs = place.inputs()
    names = hashlib.sha256("\n".join(texts).encode()).hexdigest()
    known = record.get(row[NAME], inputs, place.outputs)
    if known and known["names"] == names:
        return known["row"]
    if known:
        place.require_pseudonyms(texts)
    found = known["row"] if known else take(row[NAME], place, own, texts)
    record.put(row[NAME], inputs, place.outputs, {"names": names, "row": found})
    return found


def known(path: Path | None, own: Own) -> Record:
    """Return the record of what was taken in before.

    Raises
    ------
    InputError
        If something else stands in its place.
    """
    if path and os.path.lexists(path) and not path.is_file():
        raise InputError("is no file", path, "take it away: the intake writes its record")
    try:
        return Record(path, context(asdict(own), PACKAGES, __file__))
    except UnicodeDecodeError:
        raise InputError("is a damaged record", path, "remove it: it is made again") from None


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.cohort.own", __doc__)
    parser.add_argument("--table", type=Path, required=True, help="the cohort's table (CSV)")
    parser.add_argument("--scores", type=Path, help="NE scores by sample (CSV)")
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--record", type=Path, help="what was taken in before: only changes are")
    parser.add_argument("--out", type=Path, required=True, help="folder of the cohort")
    options = parser.parse_args()
    own = section(options.params, "own", Own)
    check(own, options.params)
    boundary = section(options.params, "classification.boundary", float)
    table = read(options.table, options.scores)
    listed = manifest(table, own, boundary)
    texts = sorted({name for column in (SERIES, STUDY, PATIENT) for name in listed[column]})
    places = [Place.of(row, options.table, options.out) for row in table.to_dict("records")]
    for path in (path for place in places for path in (place.path, place.mask) if path):
        own_volumes.require_there(path)
    own_volumes.require_lesions([place.mask for place in places if place.mask], own, options.table)
    record, rows = known(options.record, own), []
    with cli.progress("own: series", len(table)) as step:
        for count, (row, place) in enumerate(zip(table.to_dict("records"), places), 1):
            step(count)
            rows.append(take_changed(row, place, own, texts, record))
    record.close(options.out)
    canonical.write_csv(options.out / "series.csv", pd.DataFrame(rows, columns=FOUND, dtype=object))
    canonical.write_csv(options.out / "manifest.csv", listed)


if __name__ == "__main__":
    cli.main(stage)
