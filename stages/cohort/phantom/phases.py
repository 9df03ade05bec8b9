"""HU values of organs in each contrast phase."""

from __future__ import annotations

from dataclasses import dataclass

from stages.cohort.phantom.settings import ARTERIAL, PORTAL, UNENHANCED


@dataclass(frozen=True)
class Phase:
    """One contrast phase.

    Attributes
    ----------
    liver, spleen, vessels : tuple of 2 floats
        Ranges over patients, HU; of the liver's vessels the difference from the liver.
    kidney, aorta, cava : float
        HU.
    conspicuity : float
        Difference between lesion and liver as a share of that in the portal venous phase.
    """

    liver: tuple[float, float]
    spleen: tuple[float, float]
    vessels: tuple[float, float]
    kidney: float
    aorta: float
    cava: float
    conspicuity: float


# The unenhanced liver has 50 to 70 HU, the spleen about 10 less (radiology textbooks); contrast medium
# raises the liver by about 50 HU in the portal venous phase, and by a quarter of that in the late
# arterial one, as the hepatic artery gives a quarter of its blood. All else: free choices.
PHASES = {
    PORTAL: Phase((95, 115), (108, 122), (35, 60), 165, 165, 140, 1.0),
    ARTERIAL: Phase((66, 82), (110, 140), (5, 25), 185, 280, 80, 0.6),
    UNENHANCED: Phase((50, 66), (42, 52), (-16, -8), 30, 40, 38, 0.4),
}
