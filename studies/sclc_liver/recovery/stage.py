"""Whether both protocols find what a synthetic cohort holds, and nothing where it holds nothing.

Some small cohorts are drawn and measured; they teach how features vary (`recovery.measured`). Many
cohorts of the paper's size are made with such features and no picture: an effect of several strengths,
none (null twin), or one of the scanner (shortcut twin). Each goes through the protocol as released and
a corrected one (`recovery.trial`). Writes one row for each cohort (--sets) and what they say together
(--summary).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from stages.classification import data, models, workers
from stages.classification.parameters import read_leakage, read_protocol
from stages.cohort.phantom import settings as phantom
from stages.common import canonical, cli
from stages.common.parameters import choose, section
from studies.sclc_liver.nested import ladder
from studies.sclc_liver.nested.parameters import read_ladder, read_nested
from studies.sclc_liver.parameters import Repeats
from studies.sclc_liver.recovery import cohorts, measured, trial
from studies.sclc_liver.recovery.parameters import Recovery, read_recovery
from studies.sclc_liver.recovery.summary import AREAS, summarise

LABELS, IMAGES, AGAIN = "labels", "images", "again"
RESULTS = (*AREAS, "released_low", "released_features", "corrected_P", "apart_P")


@dataclass(frozen=True)
class Case:
    """One cohort to try: what it is called, and what it is made of.

    Attributes
    ----------
    preset : Preset
    features : ndarray, shape (n, F), optional
        As measured; None: simulated.
    """

    kind: str
    effect: float
    number: int
    preset: phantom.Preset
    features: np.ndarray | None = None


def small(base: phantom.Preset, settings: Recovery, number: int) -> phantom.Preset:
    """Return one of the cohorts that are drawn."""
    return replace(base, seed=settings.seed + number, counts=settings.images.counts,
                   acquisition=replace(base.acquisition, size=settings.images.size))


def strength(preset: phantom.Preset) -> float:
    """Return the effect that a cohort is listed under: 0 where nothing is planted."""
    return preset.effect.burden_correlation if preset.twin == phantom.PLANTED else 0.0


def cases(base: phantom.Preset, counts: phantom.Counts, settings: Recovery,
          images: list[np.ndarray]) -> list[Case]:
    """Return every cohort to try; ``images`` holds the features of those that were drawn."""
    found = []
    for number, features in enumerate(images):
        for twin in phantom.TWINS:
            preset = replace(small(base, settings, number), twin=twin)
            found += [Case(IMAGES, strength(preset), number, preset, features),
                      Case(AGAIN, strength(preset), number, preset)]
    large = [replace(cohorts.of_strength(base, effect), twin=phantom.PLANTED, counts=counts)
             for effect in settings.effects]
    large += [replace(base, twin=twin, counts=counts)
              for twin in (phantom.NULL, phantom.SHORTCUT)]
    for place, preset in enumerate(large):
        # Seeds beyond those of the drawn cohorts, another block for each twin and strength.
        first = settings.seed + (place + 1) * 100_000
        found += [Case(LABELS, strength(preset), number, replace(preset, seed=first + number))
                  for number in range(settings.sets[preset.twin])]
    return found


def _draw(preset: phantom.Preset) -> np.ndarray:
    return measured.drawn(preset, cohorts.lay_out(preset))


def _try(task: tuple[Case, measured.Calibration, trial.Rules]) -> dict:
    case, calibration, rules = task
    layout, features = cohorts.lay_out(case.preset), case.features
    if features is None:
        features = calibration.features(layout, np.random.default_rng([case.preset.seed, 1]))
    found = trial.trial(layout, features, rules) or dict.fromkeys(RESULTS, np.nan)
    # Six decimals, far below what a cohort can tell, keep the table small.
    return {"kind": case.kind, "twin": case.preset.twin, "effect": case.effect, "set": case.number,
            **{name: round(float(found[name]), 6) for name in RESULTS}}


def rules_of(path: Path, settings: Recovery) -> trial.Rules:
    """Return what every trial shares; the ladder is climbed with one seed."""
    found, protocol = read_ladder(path), read_protocol(path, "as-released")
    models.check("LR", found.model, "ladder.model", path)
    climb = ladder.Settings(replace(found, seeds=Repeats(found.seeds.first, 1)), read_leakage(path),
                            protocol.selection)
    return trial.Rules(settings, read_nested(path), protocol, climb,
                       section(path, "classification.boundary", float))


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_liver.recovery.stage", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--sets", type=Path, required=True, help="one row for each cohort (CSV)")
    parser.add_argument("--summary", type=Path, required=True, help="what is found (JSON)")
    options = parser.parse_args()
    settings = read_recovery(options.params)
    rules = rules_of(options.params, settings)
    presets = section(options.params, "phantom", phantom.Phantom).presets
    base = choose(presets, settings.preset, "phantom preset")
    counts = choose(presets, settings.counts_of, "phantom preset").counts
    phantom.check(replace(base, counts=counts), str(options.params))
    phantom.check(replace(base, counts=settings.images.counts), str(options.params))
    drawn = [small(base, settings, number) for number in range(settings.images.sets)]
    images = list(workers.spread(_draw, drawn, "drawn cohort"))
    calibration = measured.calibrate([cohorts.lay_out(preset) for preset in drawn], images)
    tasks = [(case, calibration, rules if case.number < settings.ladder_sets
              else replace(rules, climb=None)) for case in cases(base, counts, settings, images)]
    rows = pd.DataFrame(workers.spread(_try, tasks, "cohort"))
    canonical.write_csv(options.sets, rows)
    canonical.write_json(options.summary, {
        "kernel": data.kernel(), "permutations": settings.permutations,
        "drawn": {"cohorts": len(images), "series": calibration.series,
                  "without_features": sum(len(part) for part in images) - calibration.series,
                  "explained": dict(zip(measured.FEATURES, calibration.explained))},
        **summarise(rows, settings)})


if __name__ == "__main__":
    cli.main(stage)
