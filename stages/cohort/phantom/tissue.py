"""A shape filled with one mean HU value."""

from __future__ import annotations

from dataclasses import dataclass

from stages.cohort.phantom.shapes import Waves
from stages.common.manifest import BACKGROUND


@dataclass(frozen=True)
class Tissue:
    """A shape filled with one mean HU value.

    Attributes
    ----------
    shape : object
        Has ``box`` and ``distance``.
    hu : float
        Mean value.
    label : int
        Of the mask (see `stages.common.manifest`).
    texture : Waves, optional
        Field added to the mean.
    amplitude : float
        Standard deviation of the texture, HU.
    in_liver : bool
        Whether only the part inside the liver, as painted so far, is there.
    """

    shape: object
    hu: float
    label: int = BACKGROUND
    texture: Waves | None = None
    amplitude: float = 0.0
    in_liver: bool = False
