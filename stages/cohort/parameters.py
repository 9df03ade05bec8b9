"""Parameters of this room that several of its stages read: ``cohort`` and ``real_case``.

The sections ``own``, ``lits`` and ``phantom`` stand beside the one stage that reads each.
"""
# dvc: no dependency (params: tracks each value that is read)

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stages.common.errors import InputError
from stages.common.parameters import section
from stages.common.strict import check_choice, check_name, check_range

PHANTOM = "phantom"
SOURCES = (PHANTOM, "lits", "own")


@dataclass(frozen=True)
class Release:
    """One public release of the feature table, pinned by commit and content."""

    url: str
    file: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class RealCase:
    """A LiTS case inside a Python package.

    Attributes
    ----------
    package, version, file, sha256, bytes
        The package and the content of its wheel.
    number : int
        The case's number in LiTS.
    image, mask : str
        Their MRC files within the wheel.
    axes : str
        Directions in which the three array axes run: L or R, A or P, S or I.
    spacing_mm : tuple of 3 floats
        Voxel size that is assumed.
    """

    package: str
    version: str
    file: str
    sha256: str
    bytes: int
    number: int
    image: str
    mask: str
    axes: str
    spacing_mm: tuple[float, ...]


# Each reader raises an InputError that names the parameter and its valid values.

def read_source(path: str | Path) -> str:
    """Read which cohort the imaging pipeline works on, one of `SOURCES`."""
    source = section(path, "cohort.source", str)
    check_choice(source, SOURCES, "cohort.source", path)
    return source


def read_releases(path: str | Path) -> dict[str, Release]:
    """Read the public releases of the feature table."""
    releases = section(path, "cohort.releases", dict[str, Release])
    for name, release in releases.items():
        check_name(release.file, f"cohort.releases.{name}.file", path)
    return releases


def read_timeout(path: str | Path) -> float:
    """Read how many seconds to wait for a public address."""
    seconds = section(path, "cohort.timeout_seconds", float)
    check_range(seconds > 0, "cohort.timeout_seconds", "above 0", path)
    return seconds


def read_real_case(path: str | Path) -> RealCase:
    """Read the real LiTS case."""
    case = section(path, "real_case", RealCase)
    check_name(case.file, "real_case.file", path)
    pairs = sorted("".join(sorted(pair)) for pair in ("LR", "AP", "SI") if
                   sum(case.axes.count(letter) for letter in pair) == 1)
    if len(case.axes) != 3 or len(pairs) != 3:
        raise InputError(f"parameter 'real_case.axes' is '{case.axes}'", path,
                         "name the directions of the three axes, such as LPS")
    if len(case.spacing_mm) != 3 or min(case.spacing_mm) <= 0:
        raise InputError("parameter 'real_case.spacing_mm' must be three positive numbers", path,
                         "correct it")
    return case
