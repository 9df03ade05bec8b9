"""The anatomy of a synthetic patient and the lesions of one study, as shapes with HU values.

Coordinates are RAS, mm: x to the patient's right, y to the front, z to the head; the liver's
centre is near the middle of the scanned length. HU values depend on the contrast phase
(`stages.cohort.phantom.phases`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stages.cohort.phantom import plan
from stages.cohort.phantom.latent import PATIENT, STUDY, generator
from stages.cohort.phantom.phases import PHASES, Phase
from stages.cohort.phantom.settings import Lesions, Preset
from stages.cohort.phantom.shapes import (
    Capsule,
    Ellipsoid,
    Lobed,
    Ribs,
    Union,
    Waves,
    Within,
    waves,
)
from stages.common.manifest import BACKGROUND, LESION, LIVER

AIR_HU = -1000.0
CAVITY = np.inf


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
    """

    shape: object
    hu: float
    label: int = BACKGROUND
    texture: Waves | None = None
    amplitude: float = 0.0


def scene(preset: Preset, study: plan.Study) -> list[Tissue]:
    """Return the tissues of a study in the order in which they are painted, later ones on top."""
    random = generator(preset, PATIENT, study.patient)
    phase, scale = PHASES[study.phase], random.uniform(0.92, 1.08)
    liver_hu = random.uniform(*phase.liver)
    liver = _liver(random, scale)
    body = Ellipsoid((0, 0, 0), (150 * scale, 108 * scale, CAVITY))
    tissues = [*_trunk(body, scale), *_organs(random, scale, phase),
               *_vessels_and_bones(body, scale, phase),
               Tissue(liver, liver_hu, LIVER, waves(random, 25), 3.0),
               *_liver_vessels(random, liver, scale, liver_hu, phase)]
    lesions, look = generator(preset, STUDY, study.number), plan.domain(preset, study.cohort).lesions
    return tissues + _lesions(look, study, lesions, liver, liver_hu, phase.conspicuity)


def _place(scale, centre, radii) -> Ellipsoid:
    return Ellipsoid(tuple(scale * c for c in centre), tuple(scale * r for r in radii))


def _liver(random, scale):
    right = _place(scale, (62, 2, 0), (62, 72, 66))
    left = _place(scale, (-8, 42, 16), (58, 34, 36))
    return Union((Lobed(right, waves(random, 90), 2.5), Lobed(left, waves(random, 70), 2.0)))


def _trunk(body, scale):
    """Fat, muscle wall, abdominal cavity."""
    inset = [Ellipsoid((0, 0, 0), (body.radii[0] - d * scale, body.radii[1] - d * scale, CAVITY))
             for d in (10, 20)]
    return [Tissue(body, -100), Tissue(inset[0], 55), Tissue(inset[1], -85)]


def _organs(random, scale, phase: Phase):
    """Lungs, spleen, kidneys, stomach with its bubble, loops of bowel."""
    lungs = [_place(scale, (side * 68, -5, 96), (58, 72, 60)) for side in (1, -1)]
    bowel = [_place(scale, tuple(random.uniform((-80, 0, -95), (70, 70, -60))),
                    tuple(random.uniform(15, 28, 3))) for _ in range(7)]
    kidneys = [_place(scale, centre, (23, 22, 46)) for centre in ((52, -62, -62), (-58, -58, -38))]
    return [*(Tissue(lung, -850, texture=waves(random, 12), amplitude=25) for lung in lungs),
            *(Tissue(loop, float(random.uniform(15, 60))) for loop in bowel),
            *(Tissue(kidney, phase.kidney, texture=waves(random, 18), amplitude=10)
              for kidney in kidneys),
            Tissue(_place(scale, (-98, -32, 8), (30, 42, 44)), float(random.uniform(*phase.spleen))),
            Tissue(_place(scale, (-72, 38, -8), (34, 32, 46)), float(random.uniform(5, 35))),
            Tissue(_place(scale, (-72, 58, 2), (18, 9, 22)), -900)]


def _vessels_and_bones(body, scale, phase: Phase):
    """Aorta, inferior vena cava, spine with its canal, ribs."""
    def tube(x, y, radius):
        return Ellipsoid((scale * x, scale * y, 0), (scale * radius, scale * radius, CAVITY))

    return [Tissue(tube(-12, -38, 11), phase.aorta), Tissue(tube(18, -34, 12), phase.cava),
            Tissue(tube(0, -68, 20), 260), Tissue(tube(0, -86, 8), 30),
            Tissue(Ribs(body, 32 * scale, 11 * scale, 6 * scale), 380)]


def _liver_vessels(random, liver, scale, liver_hu, phase: Phase):
    """Branches from the hilum: each a trunk that ends in two thinner ones."""
    hilum, contrast, branches = scale * np.array([22.0, 0, -14]), random.uniform(*phase.vessels), []
    for _ in range(7):
        middle = hilum + scale * random.uniform((-40, -35, -25), (60, 40, 35))
        ends = middle + scale * random.uniform((-35, -35, -35), (35, 35, 35), (2, 3))
        branches.append(Capsule(tuple(hilum), tuple(middle), scale * random.uniform(3, 5.5)))
        branches += [Capsule(tuple(middle), tuple(end), scale * random.uniform(1.5, 3))
                     for end in ends]
    return [Tissue(Within(branch, liver), liver_hu + contrast, LIVER) for branch in branches]


def _lesions(lesions: Lesions, study: plan.Study, random, liver, liver_hu,
             conspicuity: float) -> list[Tissue]:
    """Place lesions in the liver; volumes add up to the study's burden before any overlap."""
    if not study.lesions:
        return []
    shares = random.gamma(0.6, size=study.lesions) + 0.02
    volumes = 1000 * study.burden_ml * shares / shares.sum()
    radii = np.maximum(np.cbrt(volumes * 3 / (4 * np.pi)), lesions.smallest_mm / 2)
    contrast = conspicuity * random.uniform(*lesions.contrast_hu)
    texture = waves(random, 9, 12)
    placed = []
    for radius in np.sort(radii)[::-1]:
        stretch = random.uniform(0.8, 1.25, 3)
        stretch /= np.cbrt(stretch.prod())
        ellipsoid = Ellipsoid(_spot(random, liver, radius), tuple(radius * stretch))
        shape = Lobed(ellipsoid, waves(random, 3 * radius), 0.06 * radius)
        hu = liver_hu + contrast + random.uniform(-6, 6)
        placed.append(Tissue(Within(shape, liver), float(hu), LESION, texture, study.texture_hu))
    return placed


def _spot(random, liver, radius) -> tuple[float, float, float]:
    """Draw a point of the liver, deep enough that about half of the lesion or more lies inside."""
    box, best = liver.box, None
    for _ in range(200):
        point = random.uniform(box.low, box.high)
        depth = -float(liver.distance(*point))
        if best is None or depth > best[0]:
            best = (depth, point)
        if depth > min(0.4 * radius, 12):
            break
    else:
        point = best[1]
    return tuple(float(value) for value in point)
