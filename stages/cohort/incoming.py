"""Take in CT series to predict: a NIfTI or NRRD file, a folder of one DICOM series, or of these.

Writes OUT/manifest.csv and OUT/images/NAME.nii.gz (HU, in the axes of the input); the manifest
names the masks that will be predicted, OUT/masks/NAME.nii.gz. A series is named as its file or
folder; where that is no usable name, is taken, or holds what the header says of the patient, it is
called case-1, case-2 and so on in the order of the files, which is said on standard error.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from stages.cohort import identity, own, own_volumes
from stages.cohort.own_table import Own, check
from stages.common import canonical, cli, manifest, nifti
from stages.common.columns import SERIES
from stages.common.errors import InputError
from stages.common.parameters import section

ENDINGS = (".nii.gz", ".nii", ".nrrd")


def find(path: Path) -> list[Path]:
    """Return the series of a path: itself, or everything in it that is a series.

    A folder with neither a NIfTI or NRRD file nor a folder in it is a DICOM series.

    Raises
    ------
    InputError
        If there is nothing at all.
    """
    if not path.exists():
        raise InputError("no such file or folder", path, "name a CT file or a folder")
    if path.is_file():
        return [path]
    inside = sorted(item for item in path.iterdir() if not item.name.startswith("."))
    if not inside:
        raise InputError("is an empty folder", path, "name a CT file or a folder with CT series")
    found = [item for item in inside if item.is_dir() or item.name.lower().endswith(ENDINGS)]
    return found or [path]


def own_name(path: Path, header: dict[str, str]) -> str | None:
    """Return the name of a file or folder, None where it must not or cannot name a series.

    Parameters
    ----------
    path : Path
        The series.
    header : dict
        Identifying values of its header (see `identity`).
    """
    name = path.resolve().name
    ending = next((end for end in ENDINGS if name.lower().endswith(end)), "")
    name = name[:len(name) - len(ending)] if path.is_file() else name
    if not manifest.SAFE.fullmatch(name):
        return None
    try:
        identity.require_absent(header, [name], path)
    except InputError:
        return None
    return name


def take(paths: list[Path], settings: Own, out: Path) -> pd.DataFrame:
    """Read and write every series; return the manifest."""
    rows, taken, renamed = [], set(), []
    with cli.progress("reading CT: series", len(paths)) as step:
        for number, path in enumerate(paths, 1):
            step(number)
            series = own_volumes.read_series(path, settings)
            image, _ = own_volumes.hounsfield(series.volume, settings.padding_hu, path)
            name = own_name(path, series.identity)
            if name is None or name in taken:
                name = f"case-{number}"
                renamed.append(f"{path}: called {name} in every output")
            taken.add(name)
            nifti.write(out / "images" / f"{name}.nii.gz", image, as_stored=True)
            rows.append({SERIES: name, manifest.COHORT: own.OWN, manifest.PART: "",
                         **manifest.files(name)})
    for line in renamed:
        print(line, file=sys.stderr)
    return manifest.table(rows, manifest.UNKNOWN)


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.cohort.incoming", __doc__)
    parser.add_argument("--ct", type=Path, required=True, help="CT file or folder")
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder of the images")
    options = parser.parse_args()
    settings = section(options.params, "own", Own)
    check(settings, options.params)
    canonical.write_csv(options.out / "manifest.csv",
                        take(find(options.ct), settings, options.out))


if __name__ == "__main__":
    cli.main(stage)
