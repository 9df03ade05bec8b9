"""Take in a folder of LiTS as distributed: volume-N.nii and segmentation-N.nii (or .nii.gz).

Checks every pair, writes the cohort manifest (--out), and guards the files: the first run writes
their checksums (--checksums), every later run compares with them. A pair that --record knows and
that did not change is not read again.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from stages.common import canonical, cli, nifti
from stages.common import manifest as cohort_manifest
from stages.common.columns import PATIENT, SERIES, STUDY
from stages.common.done import Record, context
from stages.common.errors import InputError
from stages.common.manifest import BACKGROUND, COHORT, IMAGE, LESION, LIVER, MASK, PART
from stages.common.parameters import section

NAME = re.compile(r"(volume|segmentation)-(\d+)\.nii(?:\.gz)?")
LITS = "lits"
LABELS = (BACKGROUND, LIVER, LESION)


@dataclass(frozen=True)
class Lits:
    """Section ``lits`` of the parameters: how many cases, how many of them for the test."""

    cases: int
    test: int
    seed: int


def find(folder: Path) -> dict[int, tuple[Path, Path]]:
    """Return volume and segmentation of each case by number.

    Raises
    ------
    InputError
        If the folder is missing or empty, a partner is missing, or a file is there twice.
    """
    if not folder.is_dir():
        raise InputError("no such folder", folder, "name the folder that holds volume-0.nii")
    found: dict[str, dict[int, Path]] = {"volume": {}, "segmentation": {}}
    for path in sorted(folder.rglob("*.nii*")):
        match = NAME.fullmatch(path.name)
        if not match:
            continue
        files, number = found[match[1]], int(match[2])
        if number in files:
            raise InputError(f"is there twice, also as {files[number].name}", path, "keep one")
        files[number] = path
    volumes, masks = found["volume"], found["segmentation"]
    lonely = sorted(set(volumes) ^ set(masks))
    if lonely:
        path = volumes.get(lonely[0]) or masks[lonely[0]]
        raise InputError("lacks its partner (volume-N.nii, segmentation-N.nii)", path,
                         "copy it too; LiTS's own test volumes have none and stay out")
    if not volumes:
        raise InputError("holds no volume-N.nii", folder, "name the folder that holds volume-0.nii")
    return {number: (volumes[number], masks[number]) for number in sorted(volumes)}


def check(image: Path, mask: Path) -> None:
    """Refuse a pair that cannot be used.

    Raises
    ------
    InputError
        Naming the file: unreadable, on another grid, an unknown label, or a single slice.
    """
    volume, labels = nifti.read(image), nifti.read(mask)
    if not nifti.same_grid(volume, labels):
        raise InputError(f"lies on another grid than {image.name}", mask, "copy both again")
    if min(volume.data.shape) < 2:
        raise InputError("is a single slice", image, "copy it again")
    other = np.setdiff1d(np.unique(labels.data), LABELS)
    if len(other):
        raise InputError(f"holds the label {other[0]:g}", mask, "copy it again; LiTS has 0, 1, 2")


def split(numbers: list[int], settings: Lits) -> set[int]:
    """Return the numbers of the test cases, a function of the seed and the numbers alone.

    Each LiTS case is a patient of its own.
    """
    generator = np.random.Generator(np.random.PCG64(settings.seed))
    return {int(number) for number in generator.permutation(numbers)[:settings.test]}


def manifest(pairs: dict[int, tuple[Path, Path]], test: set[int], folder: Path) -> pd.DataFrame:
    """Return the cohort manifest; paths are relative to ``folder``. No case has an NE score."""
    rows = []
    for number, paths in pairs.items():
        name = f"lits-{number:03d}"
        image, mask = (os.path.relpath(path, folder) for path in paths)
        rows.append({SERIES: name, STUDY: name, PATIENT: name, COHORT: LITS,
                     PART: "test" if number in test else "train", IMAGE: image, MASK: mask})
    return cohort_manifest.table(rows)


def guard(found: dict[str, str], known: Path) -> None:
    """Compare checksums with those of the first run; write them where there are none.

    Raises
    ------
    InputError
        Naming the first file that changed, appeared or went.
    """
    if known.exists():
        before = canonical.read_csv(known, ("file", "sha256"), dtype=str)
        before = dict(zip(before["file"], before["sha256"]))
        for name in sorted(set(before) | set(found)):
            if before.get(name) != found.get(name):
                state = ("is new" if name not in before else "is gone" if name not in found
                         else "has changed")
                raise InputError(f"{state} since the first run", name,
                                 f"restore it, or remove {known} to take the folder in as it is")
        return
    table = pd.DataFrame(sorted(found.items()), columns=["file", "sha256"])
    canonical.write_csv(known, table)


def checked(pairs: dict[int, tuple[Path, Path]], folder: Path, record: Record) -> dict[str, str]:
    """Check every pair that ``record`` does not know; return the SHA-256 of every file.

    Raises
    ------
    InputError
        As `check` does.
    """
    checksums = {}
    with cli.progress("lits: case", len(pairs)) as step:
        for count, (number, paths) in enumerate(pairs.items(), 1):
            step(count)
            known = record.get(f"lits-{number:03d}", paths)
            if known is None:
                check(*paths)
                known = [canonical.sha256(path) for path in paths]
                record.put(f"lits-{number:03d}", paths, value=known)
            checksums |= {str(path.relative_to(folder)): digest
                          for path, digest in zip(paths, known)}
    return checksums


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.cohort.lits", __doc__)
    parser.add_argument("--folder", type=Path, required=True, help="folder of LiTS")
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--checksums", type=Path, required=True, help="checksums (CSV)")
    parser.add_argument("--out", type=Path, required=True, help="cohort manifest (CSV)")
    parser.add_argument("--record", type=Path, help="what was checked before: only changes are")
    parser.add_argument("--cases", type=int, help="number of cases, instead of the parameter")
    parser.add_argument("--test", type=int, help="how many for the test, instead of the parameter")
    options = parser.parse_args()
    given = {name: getattr(options, name) for name in ("cases", "test")}
    settings = replace(section(options.params, "lits", Lits),
                       **{name: count for name, count in given.items() if count is not None})
    pairs = find(options.folder)
    if len(pairs) != settings.cases:
        raise InputError(f"holds {len(pairs)} cases, not {settings.cases}", options.folder,
                         "complete the folder or correct lits.cases in params/lits.yaml")
    # All may be for the test: cases that are only looked at.
    if not 0 < settings.test <= settings.cases:
        raise InputError(f"parameter 'lits.test' is {settings.test}", options.params,
                         f"give a number from 1 to {settings.cases}")
    if settings.seed < 0:
        raise InputError(f"parameter 'lits.seed' is {settings.seed}", options.params,
                         "give 0 or a larger whole number")
    record = Record(options.record, context("lits", ("numpy",), __file__))
    guard(checked(pairs, options.folder, record), options.checksums)
    # What another source left in the cohort's folder goes.
    record.close(options.out.parent)
    canonical.write_csv(options.out,
                        manifest(pairs, split(list(pairs), settings), options.out.parent))


if __name__ == "__main__":
    cli.main(stage)
