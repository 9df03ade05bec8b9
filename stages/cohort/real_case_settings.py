"""Section ``real_case`` of ``params.yaml``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stages.common.errors import InputError
from stages.common.parameters import section


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


def load(params: Path) -> RealCase:
    """Read and check the section.

    Raises
    ------
    InputError
        If it has an unusable parameter.
    """
    case = section(params, "real_case", RealCase)
    pairs = sorted("".join(sorted(pair)) for pair in ("LR", "AP", "SI") if
                   sum(case.axes.count(letter) for letter in pair) == 1)
    if len(case.axes) != 3 or len(pairs) != 3:
        raise InputError(f"parameter 'real_case.axes' is '{case.axes}'", params,
                         "name the directions of the three axes, such as LPS")
    if len(case.spacing_mm) != 3 or min(case.spacing_mm) <= 0:
        raise InputError("parameter 'real_case.spacing_mm' must be three positive numbers", params,
                         "correct it")
    return case
