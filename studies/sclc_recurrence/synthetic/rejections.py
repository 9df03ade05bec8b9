"""How often the corrected protocol rejects, where nothing is planted and where something is.

Each replicate gives the same patients new outcomes and tests the cross-validated concordance by giving
the outcomes to patients in random orders, each of which goes through the whole protocol.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from stages.common import canonical, cli
from stages.common.parameters import section
from stages.survival import predict, regions
from stages.survival.analyse import Settings
from studies.sclc_recurrence.synthetic import cohort, settings

LEVEL = 0.05
# Replicates have other random numbers than the seeds of the ladder.
STREAM = 3


def derive(config: settings.Cohort, name: str, preset: settings.Preset, survival: Settings) -> dict:
    """Return the share of replicates that are rejected at 5 %, with Wilson's interval."""
    arm, people = cohort.drawn(config, name)
    x = people.table[list(cohort.CHOSEN)].to_numpy(float)
    model = replace(survival.model, permutations=preset.permutations)
    found = []
    with cli.progress("replicate", preset.replicates) as step:
        for number in range(preset.replicates):
            step(number + 1)
            time, kind, _ = cohort.outcome(config, arm, people,
                                           cohort.generator(config, name, STREAM, number))
            found.append(predict.permutation(x, time, kind, model, number))
    count = sum(p <= LEVEL for _, p in found)
    return {"arm": name, "level": LEVEL, "permutations": preset.permutations,
            "rejected": regions.wilson(count, len(found)),
            "concordance": [value for value, _ in found], "P": [p for _, p in found]}


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_recurrence.synthetic.rejections", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--arm", required=True, help="null, shortcut or planted")
    parser.add_argument("--out", type=Path, required=True, help="the rejections (JSON)")
    options = parser.parse_args()
    canonical.write_json(options.out, derive(
        section(options.params, "synthetic.cohort", settings.Cohort), options.arm,
        settings.preset(options.params), section(options.params, "survival", Settings)))


if __name__ == "__main__":
    cli.main(stage)
