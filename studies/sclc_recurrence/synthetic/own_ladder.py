"""The ladder on a group's own patients: from the paper's protocol to one without leakage.

What happened to the patients is given once; a seed decides splits and forests alone, so that the spread
of a rung says how much the split decides, and is no interval. Beside it stands the same ladder with the
outcomes dealt anew to the patients, time and what ended it together: what each rung shows where the
features tell nothing.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.common.parameters import section
from stages.survival import analyse, scores
from stages.survival import events as event_table
from stages.survival.analyse import Settings
from stages.survival.events import CENSORED, RELAPSE, Events
from studies.sclc_recurrence import partition
from studies.sclc_recurrence.synthetic import ladder, settings

ML = ("ctv_ml", "gtvnd_ml")
# Patients of each kind that selection and grid in parts of parts need. Own choice: two for each part.
LEAST = 10


def joined(path: Path, events: Events) -> pd.DataFrame:
    """Read the 110 parameters in the order of the event table.

    Raises
    ------
    InputError
        Naming the patient who stands twice or in one table alone, or the parameter that is no number.
    """
    names = [*partition.NAMES, *ML]
    table = canonical.read_csv(path, ("patient", *names), dtype={"patient": str})
    if (twice := table["patient"].duplicated()).any():
        raise InputError(f"patient {table['patient'][twice].iloc[0]} stands twice", path,
                         "keep one row")
    for only, what, mend in (
            (sorted(set(events.patient) - set(table["patient"])), "has events and no parameters",
             "make them from the contours, or leave the patient out"),
            (sorted(set(table["patient"]) - set(events.patient)), "has parameters and no events",
             "add the follow-up, or leave the patient out")):
        if only:
            raise InputError(f"patient {only[0]} {what}", path, mend)
    table = table.set_index("patient").loc[events.patient, names].apply(pd.to_numeric, errors="coerce")
    wrong = ~np.isfinite(table.to_numpy(float))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise InputError(f"patient {table.index[row]}: '{names[column]}' is no number", path,
                         "make the parameters again, or leave the patient out")
    return table


def require_enough(events: Events, months: float, path: Path) -> None:
    """Refuse a cohort of which a fold would hold one kind of patient alone.

    Raises
    ------
    InputError
        Saying how many there are of which kind.
    """
    case, weight = scores.weights(events.time, events.kind, months)
    for found, what in ((events.relapsed, "with a relapse"), (~events.relapsed, "without a relapse"),
                        (case, f"with a relapse by {months:g} months"),
                        ((weight > 0) & ~case, f"followed without a relapse to {months:g} months")):
        if found.sum() < LEAST:
            raise InputError(f"has {int(found.sum())} patients {what}, and the ladder needs {LEAST}",
                             path, "add patients; for fewer, run stages.survival.analyse alone")


def spread(rows: list[dict[str, dict]]) -> dict[str, dict]:
    """Return mean, least and greatest of each score of each rung over the seeds."""
    made: dict[str, dict] = {}
    for rung in ladder.RUNGS:
        own = [row[rung] for row in rows if rung in row]
        made[rung] = {"seeds": len(own)} | {
            key: {"mean": float(np.mean([row[key] for row in own])),
                  "least": min(row[key] for row in own), "greatest": max(row[key] for row in own)}
            for key in own[0]}
    return made


def derive(seen: ladder.Features, events: Events, preset: settings.Preset, survival: Settings) -> dict:
    """Return the ladder of the outcomes as they are and of outcomes dealt anew."""
    given, dealt = [], []
    with cli.progress("seed", preset.seeds) as step:
        for seed in range(preset.seeds):
            step(seed + 1)
            order = np.random.default_rng([survival.model.seed, seed]).permutation(len(events.time))
            for rows, to in ((given, slice(None)), (dealt, order)):
                rows.append(ladder.climb(seen, events.time[to], events.kind[to], preset, survival,
                                         seed))
    kinds, both = events.kind, zip(spread(given).values(), spread(dealt).values())
    return {"patients": len(kinds), "relapses": int((kinds == RELAPSE).sum()),
            "left": int((kinds == CENSORED).sum()), "months": survival.months,
            "rungs": [{"name": rung, "what": what, "given": one, "dealt": other}
                      for (rung, what), (one, other) in zip(ladder.RUNGS.items(), both)]}


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_recurrence.synthetic.own_ladder", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--parameters", type=Path, required=True, help="the 110 parameters (CSV)")
    parser.add_argument("--events", type=Path, required=True, help="events and covariates (CSV)")
    parser.add_argument("--out", type=Path, required=True, help="the ladder (JSON)")
    options = parser.parse_args()
    survival = section(options.params, "survival", Settings)
    events, table = event_table.read(options.events)
    chosen = analyse.covariates(table, survival, options.events)
    require_enough(events, survival.months, options.events)
    parameters = joined(options.parameters, events)
    seen = ladder.features(parameters[list(partition.NAMES)].to_numpy(float),
                           parameters[list(ML)].to_numpy(float),
                           chosen[list(survival.covariates)].to_numpy(float))
    canonical.write_json(options.out, derive(seen, events, settings.preset(options.params), survival))


if __name__ == "__main__":
    cli.main(stage)
