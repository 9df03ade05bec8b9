"""Name CT series, pair them with masks of the same name; write the table of `stages.cohort.masked`.

CT is one series or a folder of them (`stages.cohort.incoming`). A mask, where any are given, has the
name of its series, without the ending (and without nnU-Net's ``_0000``): a NIfTI or NRRD file, a DICOM
file (SEG or RTSTRUCT), or a folder. With one series, whatever is named as masks is its mask. A series
is named as its file or folder; where that is no usable name, is taken, or holds what a header says of a
patient, it is called case-1, case-2 and so on, which is said on standard error.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pandas as pd

from stages.cohort import incoming, masks, named
from stages.cohort.own_table import LESION_NAMES, LIVER_MASK, LIVER_NAMES, NAME, PATH
from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.common.faults import require_none
from stages.common.manifest import MASK

ENDINGS = (*incoming.ENDINGS, ".dcm")
# What nnU-Net adds to the name of a case's only channel.
CHANNEL = re.compile(r"_0000$")
COLUMNS = (NAME, PATH, MASK, LIVER_MASK, LESION_NAMES, LIVER_NAMES)


def stem(path: Path) -> str:
    """Return the name that a series and its mask share.

    Examples
    --------
    >>> stem(Path("ct/a_0000.nii.gz")), stem(Path("masks/a.nrrd")), stem(Path("masks/a"))
    ('a', 'a', 'a')
    """
    name = path.resolve().name
    ending = next((end for end in ENDINGS if name.lower().endswith(end)), "")
    return CHANNEL.sub("", name[:len(name) - len(ending)])


def matched(series: list[Path], given: Path) -> tuple[dict[Path, Path], list[InputError]]:
    """Return the mask of each series.

    Parameters
    ----------
    series : list of Path
    given : Path
        The mask of the only series, or a folder of masks.

    Returns
    -------
    found : dict
        Series to mask.
    errors : list of InputError
        One for each series that has none, or several.

    Raises
    ------
    InputError
        If nothing is there.
    """
    if not given.exists():
        raise InputError("no such file or folder", given, "name the mask, or the folder of masks")
    if len(series) == 1 and len(inside := incoming.find(given)) == 1:
        # One series, one mask: their names do not matter.
        return {series[0]: inside[0]}, []
    known: dict[str, list[Path]] = {}
    for item in sorted(given.iterdir()) if given.is_dir() else ():
        if not item.name.startswith("."):
            known.setdefault(stem(item), []).append(item)
    found, errors = {}, []
    for path in series:
        listed = known.get(stem(path), [])
        if len(listed) == 1:
            found[path] = listed[0]
            continue
        what = f"holds {len(listed)} masks" if listed else "holds no mask"
        errors.append(InputError(
            f"{what} called {stem(path)}, for {path} (it has: {named.listed(sorted(known))})", given,
            f"call it {stem(path)}.nii.gz, or name series and masks in a table (MASKS=cohort.csv)"))
    return found, errors


class Names:
    """Names of series, none of which gives away what a header says.

    Parameters
    ----------
    header : dict
        Identifying values of all headers (see `stages.cohort.identity`).
    """

    def __init__(self, header: dict[str, str]):
        self.header, self.taken, self.renamed = header, set(), []

    def of(self, path: Path, number: int) -> str:
        """Return the name of the series ``number``, counted from 1."""
        name = incoming.own_name(path, self.header)
        if name is None or name.lower() in self.taken:
            name = f"case-{number}"
            self.renamed.append(f"{path}: called {name} in every output")
        self.taken.add(name.lower())
        return name


def headers(paths: list[Path]) -> dict[str, str]:
    """Return the identifying values of the headers of all series and masks.

    What cannot be read is told of by the stage that takes the series in.
    """
    found: dict[str, str] = {}
    for path in paths:
        try:
            found |= masks.identity_of(path)
        except InputError:
            continue
    return found


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.cohort.paired", __doc__)
    parser.add_argument("--ct", type=Path, required=True, help="CT file or folder")
    parser.add_argument("--masks", type=Path, help="mask, or folder of masks (default: CT alone)")
    parser.add_argument("--liver-mask", type=Path, help="the liver in a file of its own, or a folder")
    parser.add_argument("--lesion", default="", help="names or labels of lesions in the masks")
    parser.add_argument("--liver", default="", help="names or labels of the liver")
    parser.add_argument("--out", type=Path, required=True, help="the table (CSV)")
    options = parser.parse_args()
    series = incoming.find(options.ct)
    lesions, errors = matched(series, options.masks) if options.masks else ({}, [])
    livers, more = matched(series, options.liver_mask) if options.liver_mask else ({}, [])
    require_none([*errors, *more])
    names = Names(headers([*series, *lesions.values(), *livers.values()]))
    rows = [[names.of(path, number), path.resolve(),
             *(found[path].resolve() if found else "" for found in (lesions, livers)),
             options.lesion, options.liver] for number, path in enumerate(series, 1)]
    for line in names.renamed:
        print(line, file=sys.stderr)
    canonical.write_csv(options.out, pd.DataFrame(rows, columns=COLUMNS).astype(str))


if __name__ == "__main__":
    cli.main(stage)
