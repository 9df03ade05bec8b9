"""What looks like a lesion in a synthetic liver and is none, and fluid around it."""

from __future__ import annotations

import numpy as np

from stages.cohort.phantom.settings import Looks
from stages.cohort.phantom.shapes import Ellipsoid, Grown, Within
from stages.cohort.phantom.tissue import Tissue
from stages.common.manifest import LIVER

# At most 20 HU without solid parts is called benign. Source: Gore et al. 2017, J Am Coll Radiol
# 14:1429. Ascites: the same fluid.
FLUID_HU = (0.0, 18.0)
CALCIUM_HU = (180.0, 400.0)
CALCIUM_MM = (1.5, 4.0)
ASCITES_MM = (4.0, 14.0)


def mimics(random, liver, looks: Looks) -> list[Tissue]:
    """Return cysts and calcifications of a patient: parts of the liver, no lesions."""
    found = []
    for _ in range(random.poisson(looks.cysts)):
        radius = random.uniform(*looks.cyst_mm) / 2
        found.append(_spot(random, liver, radius, random.uniform(*FLUID_HU)))
    for _ in range(random.poisson(looks.calcifications)):
        radius = random.uniform(*CALCIUM_MM) / 2
        found.append(_spot(random, liver, radius, random.uniform(*CALCIUM_HU)))
    return found


def _spot(random, liver, radius: float, hu: float) -> Tissue:
    ball = Ellipsoid(spot(random, liver, radius), tuple(radius * random.uniform(0.85, 1.15, 3)))
    return Tissue(ball, float(hu), LIVER, in_liver=True)


def ascites(random, liver, body, scale: float, looks: Looks) -> list[Tissue]:
    """Return fluid between liver and wall, for some patients."""
    there, depth, hu = random.random(), random.uniform(*ASCITES_MM), random.uniform(*FLUID_HU)
    if there >= looks.ascites_share:
        return []
    cavity = Ellipsoid(body.centre, tuple(radius - 20 * scale for radius in body.radii))
    return [Tissue(Within(Grown(liver, depth), cavity), float(hu))]


def spot(random, liver, radius: float) -> tuple[float, float, float]:
    """Draw a point of the liver, deep enough that about half of a ball or more lies inside."""
    points = random.uniform(liver.box.low, liver.box.high, (200, 3))
    depth = -liver.distance(*points.T)
    deep = np.flatnonzero(depth > min(0.4 * radius, 12))
    return tuple(float(value) for value in points[deep[0] if len(deep) else np.argmax(depth)])
