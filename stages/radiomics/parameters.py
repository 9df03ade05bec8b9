"""Parameters of this room: section ``radiomics``, and what it needs of ``imaging``."""
# dvc: no dependency (params: tracks each value that is read)

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stages.common.errors import InputError
from stages.common.parameters import choose, section
from stages.common.strict import check_choice, check_range

METHODS = ("fast", "plain")
LESION_COUNTS = ("components", "components-and-background")


@dataclass(frozen=True)
class Radiomics:
    """Feature extraction: which voxels, on which grid, and how lesions are counted."""

    spacing: tuple[float, ...]
    label: int
    other_labels: tuple[int, ...]
    padding_below: float
    method: str
    lesion_count: dict[str, str]


def read(path: str | Path) -> Radiomics:
    """Read and check the section.

    Raises
    ------
    InputError
        Naming the parameter and its valid values.
    """
    found = section(path, "radiomics", Radiomics)
    check_choice(found.method, METHODS, "radiomics.method", path)
    for name, rule in found.lesion_count.items():
        check_choice(rule, LESION_COUNTS, f"radiomics.lesion_count.{name}", path)
    if len(found.spacing) != 3 or not all(0 < size <= 100 for size in found.spacing):
        raise InputError("parameter 'radiomics.spacing' must be three numbers above 0, up to 100",
                         path, "give x, y and z in mm")
    return found


def read_lesion_count(path: str | Path, protocol: str) -> str:
    """Read the rule by which lesions are counted under a protocol; errors as `read`."""
    return choose(read(path).lesion_count, protocol, "protocol")


def read_jobs(path: str | Path) -> int:
    """Read of how many series the features are computed at the same time; errors as `read`."""
    jobs = section(path, "imaging.jobs", int)
    check_range(jobs > 0, "imaging.jobs", "at least 1", path)
    return jobs
