"""Time to relapse of a cohort: curves, tests, Cox's model, scores, and relapses by region.

Takes a table of events (patient, time in months, event, death) with the covariates beside them, and,
where there is one, a table of regions (patient, region, affected, relapse, share).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.common.parameters import section
from stages.survival import compare, curves, predict, regions
from stages.survival import events as event_table
from stages.survival.events import DIED, RELAPSE, Events


@dataclass(frozen=True)
class Settings:
    """Section ``survival``.

    Attributes
    ----------
    months : float
        When local control and risk are told.
    group : str
        Column whose values divide the curves.
    covariates : tuple of str
        Columns: one log-rank test each, and all together in Cox's model.
    below : float
        P value of the log-rank test below which a covariate enters the model of the selected ones.
    model : Model
    """

    months: float
    group: str
    covariates: tuple[str, ...]
    below: float
    model: predict.Model


def covariates(table: pd.DataFrame, settings: Settings, path: Path) -> pd.DataFrame:
    """Return the covariates as numbers.

    Raises
    ------
    InputError
        If one is missing, is no number or is the same for all.
    """
    names = list(dict.fromkeys((*settings.covariates, settings.group)))
    if missing := [name for name in names if name not in table]:
        raise InputError(f"lacks the column {missing[0]}", path,
                         "add it, or take it out of survival.covariates")
    values = table[names].apply(pd.to_numeric, errors="coerce").astype(float)
    for name in names:
        if values[name].isna().any():
            patient = table["patient"][values[name].isna()].iloc[0]
            raise InputError(f"patient {patient}: '{name}' is no number", path,
                             "write it as a number, or leave the patient out")
        if values[name].nunique() == 1:
            raise InputError(f"'{name}' is the same for all patients", path,
                             "take it out of survival.covariates")
    return values


def follow_up(events: Events) -> dict:
    """Return the counts, the median time and the median follow-up (reverse Kaplan-Meier)."""
    curve = curves.kaplan_meier(events.time, events.kind == 0)
    below = curve["estimate"] <= 0.5
    return {"patients": len(events.time), "relapses": int((events.kind == RELAPSE).sum()),
            "deaths": int((events.kind == DIED).sum()), "median_time": float(np.median(events.time)),
            "median_follow_up": float(curve["time"][below][0]) if below.any() else None}


def by_group(events: Events, group: np.ndarray, months: float) -> dict:
    """Return, by value of the group, both curves and their values at a time."""
    made = {}
    for value in np.unique(group):
        own = group == value
        control = curves.kaplan_meier(events.time[own], events.relapsed[own])
        relapse = curves.incidence(events.time[own], events.kind[own], RELAPSE)
        made[f"{value:g}"] = {
            "patients": int(own.sum()), "relapses": int(events.relapsed[own].sum()),
            "control": control, "incidence": relapse,
            "at": {"control": curves.at(control, months, 1.0),
                   "incidence": curves.at(relapse, months, 0.0)}}
    return made


def derive(events: Events, table: pd.DataFrame, settings: Settings) -> dict:
    """Return everything but the regions; `table` holds the covariates as numbers."""
    time, relapsed = events.time, events.relapsed
    names = list(settings.covariates)
    tests = {name: compare.log_rank(time, relapsed, table[name].to_numpy()) for name in names}
    selected = [name for name in names if tests[name]["P"] < settings.below]
    return {"follow_up": follow_up(events),
            "groups": by_group(events, table[settings.group].to_numpy(), settings.months),
            "log_rank": tests,
            "alone": {name: compare.cox(time, relapsed, table[[name]]) for name in names},
            "together": compare.cox(time, relapsed, table[names]),
            "selected": compare.cox(time, relapsed, table[selected]) if selected else None,
            "foretold": predict.assess(table[names].to_numpy(float), time, events.kind, settings.model,
                                       settings.months)}


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.survival.analyse", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--events", type=Path, required=True, help="events and covariates (CSV)")
    parser.add_argument("--regions", type=Path, help="regions (CSV)")
    parser.add_argument("--out", type=Path, required=True, help="the results (JSON)")
    options = parser.parse_args()
    settings = section(options.params, "survival", Settings)
    events, table = event_table.read(options.events)
    numbers = covariates(table, settings, options.events)
    if not events.relapsed.any():
        raise InputError("no patient has the event", options.events,
                         "follow the patients longer, or correct the column 'event'")
    rows = regions.read(options.regions, events.patient) if options.regions else None
    found = derive(events, numbers, settings)
    if rows is not None:
        model = settings.model
        back = rows[rows["patient"].isin(events.patient[events.relapsed])]
        found["regions"] = {
            "all": regions.by_region(rows),
            # Of those who relapsed at all, as the paper's Table 5 counts.
            "ratio": regions.pooled(back, model.draws, model.seed)}
    canonical.write_json(options.out, found)


if __name__ == "__main__":
    cli.main(stage)
