"""Parameters of the preparation of own MR images: section ``preparation``."""
# dvc: no dependency (params: tracks each value that is read)

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stages.common.parameters import section
from stages.common.strict import check_range


@dataclass(frozen=True)
class Preparation:
    """How images become slices.

    Attributes
    ----------
    sequences : tuple of str
        The channels; the others are registered to the first, on which lesions are outlined.
    classes : tuple of str
        The positive one, and the other.
    register : bool
        False: all sequences must lie on the grid of the first.
    sampling : float
        Share of voxels that registration looks at.
    iterations : int
        At most, of registration at each scale; of the bias field a quarter.
    seed : int
        Of the voxels that registration looks at.
    opening_mm : float
        What is thinner is no brain.
    shrink : int
        Coarser grid of the bias field.
    margin : float
        Share added to the largest extent of a lesion in the plane.
    offsets : tuple of float
        Slices besides that with the largest area, as shares of the lesion's extent.
    size : int
        Pixels of a slice's side.
    least_voxels : int
        A smaller piece of the mask is no lesion.
    """

    sequences: tuple[str, ...]
    classes: tuple[str, ...]
    register: bool
    sampling: float
    iterations: int
    seed: int
    opening_mm: float
    shrink: int
    margin: float
    offsets: tuple[float, ...]
    size: int
    least_voxels: int


def load(path: str | Path) -> Preparation:
    """Read and check ``preparation``.

    Raises
    ------
    InputError
        Naming the parameter that cannot be used.
    """
    found = section(path, "preparation", Preparation)
    for name, holds, valid in (
            ("sequences", len(found.sequences) == len(set(found.sequences)) > 0, "different names"),
            ("classes", len(set(found.classes)) == len(found.classes) == 2, "two names"),
            ("sampling", 0 < found.sampling <= 1, "above 0, at most 1"),
            ("iterations", min(found.iterations, found.seed, found.shrink, found.least_voxels) > 0,
             "at least 1; seed, shrink and least_voxels too"),
            ("opening_mm", found.opening_mm > 0, "above 0"),
            ("margin", found.margin >= 0, "at least 0"),
            ("offsets", all(abs(share) < 0.5 for share in found.offsets), "between -0.5 and 0.5"),
            ("size", found.size >= 32, "at least 32")):
        check_range(holds, f"preparation.{name}", valid, path)
    return found
