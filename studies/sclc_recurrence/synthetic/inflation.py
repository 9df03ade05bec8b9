"""What selection on all rows adds where nothing is planted: the paper's protocol and an honest split.

Each draw of the outcomes is split once; both protocols are scored on the same patients held out, so
that their difference is the selection's alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from stages.common import canonical, cli
from stages.common.parameters import section
from stages.survival.events import RELAPSE
from studies.sclc_recurrence.synthetic import cohort, ladder, protocols, settings

ARM = "null"


@dataclass(frozen=True)
class Inflation:
    """Section ``inflation``."""

    draws: int
    elimination_trees: int
    trees: tuple[int, ...]


def derive(config: settings.Cohort, preset: settings.Preset, wanted: Inflation, printed: float) -> dict:
    """Return the AUC of both protocols and the differences, split by split."""
    arm, people = cohort.drawn(config, ARM)
    preset = replace(preset, elimination_trees=wanted.elimination_trees, trees=wanted.trees)
    found = []
    with cli.progress("draw", wanted.draws) as step:
        for seed in range(wanted.draws):
            step(seed + 1)
            _, kind, _ = cohort.outcome(config, arm, people, cohort.generator(config, ARM, 1, seed))
            found.append([protocols.one_split(people.parameters, kind == RELAPSE, preset, seed,
                                              everywhere).auc for everywhere in (True, False)])
    first, second = np.array(found).T
    return {"arm": ARM, "draws": wanted.draws, "printed": printed,
            "printed_reached": float(np.mean(first >= printed)),
            "all_rows": ladder.summary(first.tolist()),
            "training_rows": ladder.summary(second.tolist()),
            "added": ladder.summary((first - second).tolist())}


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_recurrence.synthetic.inflation", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="the scores (JSON)")
    options = parser.parse_args()
    config = section(options.params, "synthetic.cohort", settings.Cohort)
    canonical.write_json(options.out, derive(
        config, settings.preset(options.params), section(options.params, "inflation", Inflation),
        section(options.params, "synthetic.printed_auc", float)))


if __name__ == "__main__":
    cli.main(stage)
