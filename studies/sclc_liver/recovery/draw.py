"""Make synthetic cohorts with known answers: a few drawn and measured, many with features alone.

The drawn ones teach how features vary (`recovery.measured`). Writes all cohorts for the
classification (--cohorts) and a list of what each one is (--list), with what was learnt (--learnt).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from stages.cohort.phantom.settings import Counts, Phantom, Preset, check
from stages.common import canonical, cli
from stages.common.parameters import choose, section
from studies.sclc_liver.recovery import cohorts, examined, measured
from studies.sclc_liver.recovery.parameters import (
    AGAIN,
    FEATURES,
    IMAGES,
    LABELS,
    NULL,
    PLANTED,
    SHORTCUT,
    TWINS,
    Recovery,
    read_recovery,
)


@dataclass(frozen=True)
class Case:
    """One cohort: its kind, number, what it is made of, and its features where they are measured."""

    kind: str
    number: int
    preset: Preset
    features: np.ndarray | None = None

    @property
    def effect(self) -> float:
        """Effect that the cohort is listed under: 0 where nothing is planted."""
        effect = self.preset.effect.burden_correlation
        return effect if self.preset.twin == PLANTED else 0.0

    def made(self, calibration: measured.Calibration) -> examined.Examined:
        """Return the cohort as the classification sees it."""
        layout, features = cohorts.lay_out(self.preset), self.features
        if features is None:
            features = calibration.features(layout, np.random.default_rng([self.preset.seed, 1]))
        return replace(layout.examined, features=features)


def counted(items: Sequence, what: str) -> Iterator:
    """Yield the items and say on the terminal how far they are."""
    for number, item in enumerate(items, 1):
        print(f"\r{what} {number} of {len(items)}", end="", file=sys.stderr, flush=True)
        yield item
    print(file=sys.stderr)


def small(base: Preset, settings: Recovery, number: int) -> Preset:
    """Return one of the cohorts that are drawn."""
    return replace(base, seed=settings.seed + number, counts=Counts(**settings.images.counts),
                   acquisition=replace(base.acquisition, size=settings.images.size))


def cases(base: Preset, counts: Counts, settings: Recovery, images: list[np.ndarray]) -> list[Case]:
    """Return every cohort; ``images`` holds the features of those that were drawn."""
    found = []
    for number, features in enumerate(images):
        for twin in TWINS:
            preset = replace(small(base, settings, number), twin=twin)
            found += [Case(IMAGES, number, preset, features), Case(AGAIN, number, preset)]
    large = [replace(cohorts.of_strength(base, effect), twin=PLANTED, counts=counts)
             for effect in settings.effects]
    large += [replace(base, twin=twin, counts=counts) for twin in (NULL, SHORTCUT)]
    for place, preset in enumerate(large):
        # Seeds beyond those of the drawn cohorts, another block for each twin and strength.
        first = settings.seed + (place + 1) * 100_000
        found += [Case(LABELS, number, replace(preset, seed=first + number))
                  for number in range(settings.sets[preset.twin])]
    return found


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_liver.recovery.draw", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--cohorts", type=Path, required=True, help="all cohorts (npz)")
    parser.add_argument("--list", type=Path, required=True, help="what each cohort is (CSV)")
    parser.add_argument("--learnt", type=Path, required=True, help="how features vary (JSON)")
    options = parser.parse_args()
    settings = read_recovery(options.params)
    presets = section(options.params, "phantom", Phantom).presets
    base = choose(presets, settings.preset, "phantom preset")
    counts = choose(presets, settings.counts_of, "phantom preset").counts
    for preset in (replace(base, counts=counts), small(base, settings, 0)):
        check(preset, str(options.params))
    plans = [cohorts.lay_out(small(base, settings, number)) for number in range(settings.images.sets)]
    images = [measured.drawn(small(base, settings, number), layout)
              for number, layout in enumerate(counted(plans, "drawing cohort"))]
    calibration = measured.calibrate(plans, images)
    listed = cases(base, counts, settings, images)
    examined.write(options.cohorts,
                   [case.made(calibration) for case in counted(listed, "making cohort")])
    canonical.write_csv(options.list, pd.DataFrame(
        [(case.kind, case.preset.twin, case.effect, case.number) for case in listed],
        columns=["kind", "twin", "effect", "set"]))
    canonical.write_json(options.learnt, {
        "cohorts": len(images), "series": calibration.series,
        "without_features": sum(map(len, images)) - calibration.series,
        "explained": dict(zip(FEATURES, calibration.explained))})


if __name__ == "__main__":
    cli.main(stage)
