"""The anatomy of a synthetic patient, as shapes with HU values.

Coordinates are RAS, mm: x to the patient's right, y to the front, z to the head; the liver's
centre is near the middle of the scanned length. HU values depend on the contrast phase
(`stages.cohort.phantom.phases`).
"""

from __future__ import annotations

import numpy as np

from stages.cohort.phantom import lookalikes, plan
from stages.cohort.phantom.latent import PATIENT, STUDY, generator
from stages.cohort.phantom.lesions import lesions
from stages.cohort.phantom.phases import PHASES, Phase
from stages.cohort.phantom.settings import Preset
from stages.cohort.phantom.shapes import Capsule, Ellipsoid, Lobed, Ribs, Union, waves
from stages.cohort.phantom.tissue import Tissue
from stages.common.manifest import LIVER

AIR_HU = -1000.0
CAVITY = np.inf


def scene(preset: Preset, study: plan.Study) -> list[Tissue]:
    """Return the tissues of a study in the order in which they are painted, later ones on top."""
    random = generator(preset, PATIENT, study.patient)
    phase, scale = PHASES[study.phase], random.uniform(0.92, 1.08)
    domain = plan.domain(preset, study.cohort)
    liver_hu = random.uniform(*phase.liver)
    liver = _liver(random, scale)
    body = Ellipsoid((0, 0, 0), (150 * scale, 108 * scale, CAVITY))
    tissues = [*_trunk(body, scale), *lookalikes.ascites(random, liver, body, scale, domain.looks),
               *_organs(random, scale, phase), *_vessels_and_bones(body, scale, phase),
               Tissue(liver, liver_hu, LIVER, waves(random, 25), 3.0),
               *_liver_vessels(random, scale, liver_hu, phase, domain.looks.vessel_trees),
               *lookalikes.mimics(random, liver, domain.looks)]
    return tissues + lesions(domain, study, generator(preset, STUDY, study.number), liver, liver_hu,
                             phase.conspicuity)


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


def _liver_vessels(random, scale, liver_hu, phase: Phase, trees: int):
    """Branches from the hilum: each a trunk that ends in two or three thinner ones."""
    hilum, contrast = scale * np.array([22.0, 0, -14]), random.uniform(*phase.vessels)
    branches = []
    for _ in range(trees):
        middle = hilum + scale * random.uniform((-40, -35, -25), (60, 40, 35))
        ends = middle + scale * random.uniform((-35, -35, -35), (35, 35, 35), (2, 3))
        branches.append(Capsule(tuple(hilum), tuple(middle), scale * random.uniform(3, 5.5)))
        branches += [Capsule(tuple(middle), tuple(end), scale * random.uniform(1.5, 3))
                     for end in ends]
    return [Tissue(branch, liver_hu + contrast, LIVER, in_liver=True) for branch in branches]
