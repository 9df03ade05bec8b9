"""From the paper's protocol to one without leakage, rung by rung, where the right answer is known.

Patients and features stay; what happened to them is drawn anew for each seed, which also decides splits
and forests.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import stats

from stages.common import canonical, cli
from stages.common.parameters import section
from stages.survival import predict, scores
from stages.survival.analyse import Settings
from stages.survival.events import RELAPSE
from studies.sclc_recurrence import partition
from studies.sclc_recurrence.synthetic import cohort, protocols, settings, truth

# In the order of the ladder.
RUNGS = {"all_rows": "filter, elimination and grid on all rows, one split (the paper's)",
         "training_rows": "filter, elimination and grid on the training rows, one split",
         "nested": "everything inside the parts of a cross-validation",
         "no_acquisition": "the same, without pixel and voxel counts (volumes in ml)",
         "time": "the same, for relapse by a time, patients who left stood for",
         "chosen": "covariates chosen beforehand, penalised Cox's model"}
PIXEL = partition.NAMES.index("Image resolution")


@dataclass(frozen=True)
class Features:
    """What the rungs see of the patients.

    Attributes
    ----------
    paper : (n, 110) array
        In the order of `partition.NAMES`.
    clean : (n, 109) array
        The same with volumes in ml and no pixel.
    chosen : (n, p) array
        Covariates that were chosen beforehand.
    """

    paper: np.ndarray
    clean: np.ndarray
    chosen: np.ndarray


def features(parameters: np.ndarray, ml: np.ndarray, chosen: np.ndarray) -> Features:
    """Return the features from the 110 parameters, CTV and GTVnd in ml, and chosen covariates."""
    drop = [partition.NAMES.index(name) for name in partition.ACQUISITION]
    clean = np.concatenate([np.delete(parameters, drop, axis=1), ml], axis=1)
    return Features(parameters, clean, chosen)


def chosen_area(x: np.ndarray, time: np.ndarray, kind: np.ndarray, model: predict.Model, months: float,
                seed: int) -> tuple[float, float]:
    """Return AUC at a time and concordance of the corrected protocol, means over its parts."""
    case, weight = scores.weights(time, kind, months)
    part = predict.folds(len(x), model.folds, seed)
    risk = predict.out_of_fold(x, time[None], kind[None], part, model.penalty)
    areas = [scores.area(case[part == held], weight[part == held], risk[0, part == held])
             for held in range(model.folds)]
    return float(np.nanmean(areas)), float(predict.within(time[None], kind[None], risk, part)[0])


def climb(seen: Features, time: np.ndarray, kind: np.ndarray, preset: settings.Preset,
          survival: Settings, seed: int) -> dict[str, dict]:
    """Return the scores of every rung for one outcome.

    Returns
    -------
    dict
        By rung: ``auc``, and where a forest is fitted ``training`` and ``pixel`` (the share of fits
        that kept the pixel); the last has ``concordance``.
    """
    y, ones = kind == RELAPSE, np.ones(len(kind))
    case, weight = scores.weights(time, kind, survival.months)
    found = {"all_rows": protocols.one_split(seen.paper, y, preset, seed, True),
             "training_rows": protocols.one_split(seen.paper, y, preset, seed, False)}
    if seed < preset.nested_seeds:
        found |= {"nested": protocols.nested(seen.paper, y, ones, preset, seed),
                  "no_acquisition": protocols.nested(seen.clean, y, ones, preset, seed),
                  "time": protocols.nested(seen.clean, case, weight, preset, seed)}
    made = {rung: {"auc": score.auc, "training": score.training}
            | ({"pixel": float(score.kept[PIXEL])} if len(score.kept) == len(partition.NAMES) else {})
            for rung, score in found.items()}
    auc, concordance = chosen_area(seen.chosen, time, kind, survival.model, survival.months, seed)
    return made | {"chosen": {"auc": auc, "concordance": concordance}}


def summary(values: list[float]) -> dict:
    """Return the mean with its 95 % interval (t), the standard deviation and the values."""
    found = np.array(values)
    error = found.std(ddof=1) / np.sqrt(len(found))
    reach = stats.t.ppf(0.975, len(found) - 1) * error
    return {"mean": float(found.mean()), "low": float(found.mean() - reach),
            "high": float(found.mean() + reach), "sd": float(found.std(ddof=1)), "values": values}


def derive(config: settings.Cohort, name: str, preset: settings.Preset, survival: Settings,
           printed: float) -> dict:
    """Return the ladder of an arm."""
    arm, people = cohort.drawn(config, name)
    seen = features(people.parameters, people.ml, people.table[list(cohort.CHOSEN)].to_numpy(float))
    made: dict[str, list[dict]] = {rung: [] for rung in RUNGS}
    with cli.progress("seed", preset.seeds) as step:
        for seed in range(preset.seeds):
            step(seed + 1)
            random = cohort.generator(config, name, 1, seed)
            time, kind, _ = cohort.outcome(config, arm, people, random)
            for rung, score in climb(seen, time, kind, preset, survival, seed).items():
                made[rung].append(score)
    rungs = [{"name": rung, "what": RUNGS[rung], "seeds": len(rows)}
             | {key: summary([row[key] for row in rows]) for key in rows[0]}
             | {"printed_reached": float(np.mean([row["auc"] >= printed for row in rows]))}
             for rung, rows in made.items()]
    return {"arm": name, "truth": truth.answers(config, arm, name, survival.months), "rungs": rungs,
            "months": survival.months, "printed": printed}


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_recurrence.synthetic.ladder", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--arm", required=True, help="null, shortcut or planted")
    parser.add_argument("--out", type=Path, required=True, help="the ladder (JSON)")
    options = parser.parse_args()
    config = section(options.params, "synthetic.cohort", settings.Cohort)
    survival = section(options.params, "survival", Settings)
    canonical.write_json(options.out, derive(
        config, options.arm, settings.preset(options.params), survival,
        section(options.params, "synthetic.printed_auc", float)))


if __name__ == "__main__":
    cli.main(stage)
