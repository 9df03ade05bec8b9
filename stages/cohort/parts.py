"""Cut a cohort's table into parts that are taken in apart from each other, with the same results.

What depends on the whole table is decided here, once: what is wrong with it, and which labels of the
masks are lesions. Writes a plan (JSON): ``parts`` (names of series), ``lesion_labels``,
``liver_labels``, ``failed`` (what is wrong with single rows, by series) and ``faults`` (what is wrong
with the table). A plan that is there already is gone on with: a series stays in its part when others
come or go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from stages.cohort import masks
from stages.cohort.own import Place
from stages.cohort.own_table import LIVER_MASK, NAME, PATH, Own, check, look
from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.common.manifest import MASK
from stages.common.parameters import section

# What a series of a table lacks, and what to do about it.
LACKING = {PATH: ("has no path", "name a file (.nii, .nii.gz, .nrrd) or a folder of DICOM files"),
           MASK: ("has no mask", "name one in the column mask, or leave the series out")}


@dataclass(frozen=True)
class Understood:
    """A table, looked at as a whole.

    Attributes
    ----------
    table : DataFrame
        n rows (`own_table.look`).
    places : dict
        `Place` by series, of rows that name path and mask.
    own : Own
        With the labels that these masks have.
    failed : dict
        InputError by series, for rows that lack path or mask.
    errors : list of InputError
        What is wrong besides.
    """

    table: pd.DataFrame
    places: dict[str, Place]
    own: Own
    failed: dict[str, InputError]
    errors: list[InputError]


def understand(path: Path, out: Path, own: Own, decided: bool = False,
               images: bool = False) -> Understood:
    """Look at a table.

    Parameters
    ----------
    path : Path
        The table (CSV).
    out : Path
        Folder of the cohort.
    own : Own
    decided : bool
        Whether ``own`` has the labels of these masks; if not, masks are read (`masks.lesions_only`).
    images : bool
        Whether images are taken alone: no series needs a mask, and none is looked at.

    Raises
    ------
    InputError
        If the table cannot be read.
    """
    table, errors = look(path, needed=(NAME, PATH))
    if images:
        table = table.assign(**{MASK: "", LIVER_MASK: ""})
    needed = (PATH,) if images else tuple(LACKING)
    rows = {row[NAME]: row for row in table.to_dict("records")}
    failed = {}
    for name, row in rows.items():
        for column in [column for column in needed if not row[column]][:1]:
            what, fix = LACKING[column]
            failed[name] = InputError(f"series {name} {what}", path, fix)
    alone = {error.what for error in failed.values()}
    errors = [error for error in errors if error.what not in alone]
    places = {name: Place.of(row, path, out) for name, row in rows.items() if name not in failed}
    if not decided:
        try:
            own = masks.lesions_only([mask for place in places.values() for mask in place.labelled()],
                                     own, path)
        except InputError as error:
            errors.append(error)
    return Understood(table, places, own, failed, errors)


def cut(names: Sequence[str], count: int, before: Sequence[Sequence[str]] = ()) -> list[list[str]]:
    """Return the parts of a list of series.

    Parameters
    ----------
    names : sequence of str
        In the order of the results.
    count : int
        Number of parts; with fewer series there are fewer.
    before : sequence of sequences of str
        Parts of an earlier run, in which series stay; new ones come to the smallest part.

    Examples
    --------
    >>> cut("abcde", 2)
    [['a', 'b', 'c'], ['d', 'e']]
    >>> cut("acdex", 2, [["a", "b", "c"], ["d", "e"]])
    [['a', 'c', 'x'], ['d', 'e']]
    """
    count = len(before) or max(1, min(count, len(names)))
    place = {name: index for index, part in enumerate(before) for name in part} if before else {
        name: index * count // len(names) for index, name in enumerate(names)}
    parts: list[list[str]] = [[] for _ in range(count)]
    for name in sorted(names, key=lambda name: name not in place):
        index = place.get(name)
        if index is None:
            index = min(range(count), key=lambda index: len(parts[index]))
        parts[index].append(name)
    return parts


def labelled(plan: dict, own: Own) -> Own:
    """Return ``own`` with the labels that a plan says."""
    return replace(own, lesion_labels=tuple(plan["lesion_labels"]),
                   liver_labels=tuple(plan["liver_labels"]))


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.cohort.parts", __doc__)
    parser.add_argument("--table", type=Path, required=True, help="the cohort's table (CSV)")
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--count", type=int, required=True, help="number of parts")
    parser.add_argument("--images", action="store_true", help="take images alone, without masks")
    parser.add_argument("--out", type=Path, required=True, help="the plan (JSON)")
    options = parser.parse_args()
    if options.count < 1:
        raise InputError(f"--count is {options.count}", None, "give 1 or more")
    own = section(options.params, "own", Own)
    check(own, options.params)
    found = understand(options.table, options.out.parent, own, images=options.images)
    before = canonical.read_json(options.out)["parts"] if options.out.exists() else ()
    canonical.write_json(options.out, {
        "parts": cut(list(found.places), options.count, before),
        "lesion_labels": found.own.lesion_labels, "liver_labels": found.own.liver_labels,
        "failed": {name: str(error) for name, error in found.failed.items()},
        "faults": [str(error) for error in found.errors]})


if __name__ == "__main__":
    cli.main(stage)
