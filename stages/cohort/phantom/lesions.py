"""The lesions of one study: where, how large, how bright, with rim and core."""

from __future__ import annotations

import numpy as np

from stages.cohort.phantom.lookalikes import FLUID_HU, spot
from stages.cohort.phantom.plan import Study
from stages.cohort.phantom.settings import LARGE_MM, Domain, Looks
from stages.cohort.phantom.shapes import Ellipsoid, Lobed, Waves, waves
from stages.cohort.phantom.tissue import Tissue
from stages.common.manifest import LESION

# Difference of a lesion from the liver that is called isodense, HU.
ISODENSE_HU = 8.0
# How much a rim is brighter than its lesion, HU, and its share of the radius.
RIM_HU = (15.0, 35.0)
RIM_SHARE = 0.25
# Radius of a dark core as a share of the lesion's.
CORE_SHARE = (0.35, 0.6)


def lesions(domain: Domain, study: Study, random, liver, liver_hu: float,
            conspicuity: float) -> list[Tissue]:
    """Place lesions in the liver; volumes add up to the study's burden before any overlap."""
    if not study.lesions:
        return []
    shares = random.gamma(0.6, size=study.lesions) + 0.02
    volumes = 1000 * study.burden_ml * shares / shares.sum()
    radii = np.maximum(np.cbrt(volumes * 3 / (4 * np.pi)), domain.lesions.smallest_mm / 2)
    contrast = conspicuity * random.uniform(*domain.lesions.contrast_hu)
    texture = waves(random, 9, 12)
    placed = []
    for radius in np.sort(radii)[::-1]:
        stretch = random.uniform(0.8, 1.25, 3)
        stretch /= np.cbrt(stretch.prod())
        centre = spot(random, liver, radius)
        surface = waves(random, 3 * radius)
        hu = liver_hu + _difference(random, contrast, domain.looks)
        placed += _one(random, centre, radius * stretch, surface, hu, domain.looks,
                       (texture, study.texture_hu))
    return placed


def _difference(random, contrast: float, looks: Looks) -> float:
    """Draw the difference of one lesion from the liver: as its study's, hardly any, or brighter."""
    kind, own = random.random(), random.uniform(-6, 6)
    if kind < looks.isodense_share:
        return ISODENSE_HU * own / 6
    if kind < looks.isodense_share + looks.hyperdense_share:
        return -0.6 * contrast + own
    return contrast + own


def _one(random, centre, radii, surface: Waves, hu: float, looks: Looks,
         texture: tuple[Waves, float]) -> list[Tissue]:
    """Return one lesion: rim, body and core, each inside the one before."""
    rimmed, cored = random.random(2)
    rim, share, dark = (random.uniform(*RIM_HU), random.uniform(*CORE_SHARE),
                        random.uniform(*FLUID_HU))
    large = 2 * np.cbrt(np.prod(radii)) >= LARGE_MM

    def part(size: float, value: float) -> Tissue:
        ellipsoid = Ellipsoid(centre, tuple(size * radii))
        shape = Lobed(ellipsoid, surface, 0.06 * size * float(np.cbrt(np.prod(radii))))
        return Tissue(shape, float(value), LESION, *texture, in_liver=True)

    if not large:
        return [part(1.0, hu)]
    body = [part(1.0, hu)]
    if rimmed < looks.rim_share:
        body = [part(1.0, hu + rim), part(1 - RIM_SHARE, hu)]
    core = [part(share, dark)] if cored < looks.necrosis_share else []
    return body + core
