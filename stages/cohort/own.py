"""Take in an own CT cohort: NIfTI, NRRD or DICOM series named by a table (CSV).

The table has one row per series: series, study, patient (pseudonyms), path (a NIfTI or NRRD file,
or a folder with DICOM files, and SeriesInstanceUID where it holds several series; relative to the
table), and where known mask (a file, or a folder: `stages.cohort.masks`) with the names of lesion and
liver in it, liver_mask, a score (NE_Score, or sample with --scores), Group (train, val, test) and
Segmentation (train, test). All series are looked at before what is wrong is told.
Writes OUT/manifest.csv, OUT/series.csv, OUT/images/SERIES.nii.gz (HU) and OUT/masks/SERIES.nii.gz
(0 background, 1 liver, 2 lesion), all in the axes in which the series is stored. Nothing of an
image header but its geometry is written; names that give away what a header holds are refused. Of a
series that --record knows nothing but its header is read again, and that only where the table has
new names.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from stages.cohort import dicom_files, identity, masks, own_table, own_volumes
from stages.cohort.dicom_files import UID
from stages.cohort.named import Named
from stages.cohort.own_table import NAME, PATH, Own, check, hold_out, read
from stages.common import canonical, cli, nifti
from stages.common import manifest as cohort_manifest
from stages.common.columns import GROUP, PATIENT, SCORE, SERIES, STUDY
from stages.common.done import Record, context
from stages.common.errors import InputError
from stages.common.faults import require_none
from stages.common.manifest import BACKGROUND, COHORT, LESION, LIVER, MASK, PART
from stages.common.nifti import Volume
from stages.common.parameters import section

OWN = "own"
FOUND = (SERIES, "format", "columns", "rows", "slices", "x_mm", "y_mm", "z_mm", "minimum_hu",
         "maximum_hu", "not_finite", "liver_voxels", "lesion_voxels")
PACKAGES = ("numpy", "highdicom", "pydicom", "pynrrd", "python-gdcm")


@dataclass(frozen=True)
class Place:
    """Where a series comes from and goes to.

    Attributes
    ----------
    source : Path
        The table, for error messages.
    path : Path
        A file or a DICOM folder.
    uid : str
        SeriesInstanceUID of the series in the folder; "" where there is one only.
    mask, liver_mask : Path or None
        What marks lesions (and the liver), and what marks the liver besides.
    named : Named
        What in them is lesion and liver.
    outputs : list of Path
        Image, and mask if there is one.
    """

    source: Path
    path: Path
    uid: str
    mask: Path | None
    liver_mask: Path | None
    named: Named
    outputs: list[Path]

    @classmethod
    def of(cls, row: dict, source: Path, out: Path) -> Place:
        """Return the place of a row of the table ``source`` in the cohort ``out``."""
        home, kinds = source.parent, ("images", "masks") if row[MASK] else ("images",)
        mask, liver = (home / row[name] if row[name] else None
                       for name in (MASK, own_table.LIVER_MASK))
        return cls(source, home / row[PATH], row[UID], mask, liver,
                   Named.of(row[own_table.LESION_NAMES], row[own_table.LIVER_NAMES]),
                   [out / kind / f"{row[NAME]}.nii.gz" for kind in kinds])

    def inputs(self) -> list[Path]:
        """Return every file that the series is read from."""
        given = dict.fromkeys(path for path in (self.path, self.mask, self.liver_mask) if path)
        return list(dict.fromkeys(file for path in given for file in (
            dicom_files.files(path) if path.is_dir() else [path])))

    def asked(self) -> list:
        """Return what the table says of the series besides its files."""
        return [self.uid, list(self.named.lesion), list(self.named.liver)]

    def labelled(self) -> list[Path]:
        """Return the masks whose values are the labels of the parameters."""
        return [self.mask] if self.mask and not self.named and own_volumes.kind_of(self.mask) else []

    def require_pseudonyms(self, texts: list[str]) -> None:
        """Read the headers alone; refuse names that they give away.

        Raises
        ------
        InputError
            Quoting the name, or naming a file that cannot be read.
        """
        for path in (self.path, self.mask, self.liver_mask):
            if path:
                identity.require_absent(masks.identity_of(path), texts, self.source)

    def read_mask(self, target: masks.Target, own: Own, texts: list[str]) -> Volume | None:
        """Read the mask, and the liver's (see `masks.read`); None where there is none."""
        if not self.mask:
            return None
        named = replace(self.named, liver=()) if self.liver_mask else self.named
        mask, found = masks.read(self.mask, named, target, own)
        identity.require_absent(found, texts, self.source)
        if self.liver_mask:
            liver, found = masks.read(self.liver_mask, replace(self.named, lesion=()), target, own)
            identity.require_absent(found, texts, self.source)
            mask.data[(mask.data == BACKGROUND) & (liver.data != BACKGROUND)] = LIVER
        return mask


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


def take(name: str, place: Place, own: Own, texts: list[str], tissue_above: float = -np.inf,
         write: bool = True) -> dict:
    """Read, check and write one series; return its row of ``series.csv``.

    Parameters
    ----------
    name : str
    place : Place
    own : Own
    texts : list of str
        Names that must not hold what a header says.
    tissue_above : float
        HU that the voxels of lesions must not be below.
    write : bool
        Or read and check only.

    Raises
    ------
    InputError
        If a file cannot be used, or its header names what ``texts`` hold.
    """
    series = own_volumes.read_series(place.path, own, place.uid)
    identity.require_absent(series.identity, texts, place.source)
    image, lost = own_volumes.hounsfield(series.volume, own.padding_hu, place.path)
    mask = place.read_mask(masks.Target(place.path, image, series.frame, series.uid), own, texts)
    if mask:
        masks.require_tissue(mask, image, tissue_above, place.mask)
    for path, made in zip(place.outputs if write else (), (image, mask)):
        nifti.write(path, made, as_stored=True)
    counts = [int((mask.data == label).sum()) if mask else None for label in (LIVER, LESION)]
    # Six digits: the rotation of an oblique series leaves rounding in the lengths of its axes.
    spacing = [round(float(length), 6) for length in image.spacing]
    extremes = [float(image.data.min()), float(image.data.max())]
    found = name, series.format, *image.data.shape, *spacing, *extremes, lost, *counts
    return dict(zip(FOUND, found))


def take_changed(name: str, place: Place, own: Own, texts: list[str], record: Record,
                 tissue_above: float = -np.inf) -> dict:
    """Return the series' row of ``series.csv``, from ``record`` where nothing changed (see `take`).

    The names of the whole cohort are compared with every header: a new one with all of them.
    """
    inputs = place.inputs()
    names = hashlib.sha256("\n".join(texts).encode()).hexdigest()
    known = record.get(name, inputs, place.outputs)
    if known and known["asked"] != place.asked():
        known = None
    if known and known["names"] == names:
        return known["row"]
    if known:
        place.require_pseudonyms(texts)
    found = known["row"] if known else take(name, place, own, texts, tissue_above)
    record.put(name, inputs, place.outputs,
               {"names": names, "asked": place.asked(), "row": found})
    return found


def every(places: dict[str, Place], do) -> tuple[list[dict], list[InputError]]:
    """Take in every series, whatever is wrong with others.

    Parameters
    ----------
    places : dict
        By name.
    do : callable
        Takes name and place; returns the row of ``series.csv``.

    Returns
    -------
    rows : list of dict
    errors : list of InputError
        One for each series that cannot be used.
    """
    rows, errors = [], []
    with cli.progress("own: series", len(places)) as step:
        for count, (name, place) in enumerate(places.items(), 1):
            step(count)
            try:
                rows.append(do(name, place))
            except InputError as error:
                errors.append(error)
    if any(isinstance(error, identity.Revealed) for error in errors):
        # Its file may have been written before the header that it repeats was read.
        for output in (path for place in places.values() for path in place.outputs):
            output.unlink(missing_ok=True)
    return rows, errors


def remembered(path: Path | None, own: Own) -> Record:
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
    places = {row[NAME]: Place.of(row, options.table, options.out) for row in table.to_dict("records")}
    own = masks.lesions_only([path for place in places.values() for path in place.labelled()], own,
                             options.table)
    record = remembered(options.record, own)
    rows, errors = every(places, lambda name, place: take_changed(name, place, own, texts, record))
    require_none(errors)
    record.close(options.out)
    canonical.write_csv(options.out / "series.csv", pd.DataFrame(rows, columns=FOUND, dtype=object))
    canonical.write_csv(options.out / "manifest.csv", listed)


if __name__ == "__main__":
    cli.main(stage)
