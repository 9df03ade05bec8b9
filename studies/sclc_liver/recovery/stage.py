"""Whether both protocols find what a synthetic cohort holds, and nothing where it holds nothing.

The cohorts are those of `recovery.draw`: an effect of several strengths, none (null twin), or one of
the scanner (shortcut twin). Each goes through the protocol as released and a corrected one
(`recovery.trial`). Writes one row for each cohort (--sets) and what they say together (--summary).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from stages.classification import data, models, workers
from stages.classification.parameters import read_leakage, read_protocol
from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.common.parameters import section
from studies.sclc_liver.nested import ladder
from studies.sclc_liver.nested.parameters import read_ladder, read_nested
from studies.sclc_liver.parameters import Repeats
from studies.sclc_liver.recovery import examined, trial
from studies.sclc_liver.recovery.parameters import Recovery, read_recovery
from studies.sclc_liver.recovery.summary import AREAS, summarise

RESULTS = (*AREAS, "released_low", "released_features", "corrected_P", "apart_P")


def rules_of(path: Path, settings: Recovery) -> trial.Rules:
    """Return what every trial shares; the ladder is climbed with one seed."""
    found, protocol = read_ladder(path), read_protocol(path, "as-released")
    models.check("LR", found.model, "ladder.model", path)
    climb = ladder.Settings(replace(found, seeds=Repeats(found.seeds.first, 1)), read_leakage(path),
                            protocol.selection)
    return trial.Rules(settings, read_nested(path), protocol, climb,
                       section(path, "classification.boundary", float))


def _try(task: tuple[examined.Examined, trial.Rules]) -> dict:
    found = trial.trial(*task) or dict.fromkeys(RESULTS, np.nan)
    # Six decimals, far below what a cohort can tell, keep the table small.
    return {name: round(float(found[name]), 6) for name in RESULTS}


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_liver.recovery.stage", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--cohorts", type=Path, required=True, help="all cohorts (npz)")
    parser.add_argument("--list", type=Path, required=True, help="what each cohort is (CSV)")
    parser.add_argument("--learnt", type=Path, required=True, help="how features vary (JSON)")
    parser.add_argument("--sets", type=Path, required=True, help="one row for each cohort (CSV)")
    parser.add_argument("--summary", type=Path, required=True, help="what is found (JSON)")
    options = parser.parse_args()
    settings = read_recovery(options.params)
    rules = rules_of(options.params, settings)
    listed = canonical.read_csv(options.list, ("kind", "twin", "effect", "set"))
    given = examined.read(options.cohorts)
    if len(given) != len(listed):
        raise InputError(f"holds {len(given)} cohorts, and the list {len(listed)}", options.cohorts,
                         "run studies.sclc_liver.recovery.draw again")
    tasks = [(one, rules if number < settings.ladder_sets else replace(rules, climb=None))
             for one, number in zip(given, listed["set"])]
    found = pd.DataFrame(workers.spread(_try, tasks, "cohort"))
    rows = pd.concat([listed, found], axis=1)
    canonical.write_csv(options.sets, rows)
    canonical.write_json(options.summary, {
        "kernel": data.kernel(), "permutations": settings.permutations,
        "drawn": canonical.read_json(options.learnt), **summarise(rows, settings)})


if __name__ == "__main__":
    cli.main(stage)
