"""Selection, fits and predictions of every classifier on a small table, to compare CPUs.

Parameters are those of the analysis, but for the forests' trees, which are fewer: an emulated CPU
takes 100 to 200 times as long.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd

from stages.classification import converged, data, models, select, train
from stages.classification.corrected.fit import prepare
from stages.classification.parameters import (
    Configuration,
    Corrected,
    Protocol,
    read_converged,
    read_corrected,
    read_protocols,
)
from stages.common import canonical, cli, probe
from stages.common.columns import FEATURES, GROUP, GROUPS, LABEL, PATIENT, SCORE, SERIES, STUDY

SEED, STUDIES, TREES = 2025, 45, 8
KEPT = list(FEATURES[:6])


def table() -> pd.DataFrame:
    """Return a cohort of two series per study, with features from hundredths to millions."""
    random = np.random.Generator(np.random.PCG64(SEED))
    study = np.repeat(np.arange(STUDIES), 2)
    score = np.repeat(random.normal(0.1, 0.3, STUDIES).clip(-1, 1), 2)
    values = random.normal(size=(len(study), len(FEATURES)))
    values[:, :len(KEPT)] += 2 * score[:, None]
    made = pd.DataFrame(values * np.logspace(-2, 6, len(FEATURES)), columns=FEATURES)
    names = {SERIES: [f"{one}-{number % 2}" for number, one in enumerate(study)],
             STUDY: study.astype(str), PATIENT: (study // 2).astype(str)}
    groups = np.array(GROUPS)[np.digitize(study / STUDIES, (0.5, 0.7))]
    return made.assign(**names, **{SCORE: score, LABEL: (score > 0).astype(int), GROUP: groups})


def fewer_trees(settings: Protocol) -> Protocol:
    """Return a protocol whose forests are small."""
    forest = {**settings.models["RF"], "n_estimators": TREES}
    return replace(settings, models={**settings.models, "RF": forest})


def make_all(folder: Path, params: Path) -> None:
    """Run everything; write into a folder."""
    settled, cohort = read_converged(params), table()
    whole = data.train_and_test(cohort)
    train_set, test_set = data.train_and_test(cohort, KEPT)
    for name, released in read_protocols(params).items():
        settings = fewer_trees(released)
        selected = asdict(select.select(*whole, settings.selection))
        canonical.write_json(folder / name / "selected.json", selected)
        for key in settings.models:
            trained = train.train(train_set, test_set, settings, Configuration(key))
            out = folder / name / key
            canonical.write_csv(out / "folds.csv", train.fold_table(key, trained))
            canonical.write_csv(out / "predictions.csv",
                                train.predictions(key, trained, test_set))
            models.store(out / "models", trained.members, KEPT)
    corrected(folder, read_corrected(params), *whole)
    optimum = converged.fit(train_set, np.arange(len(train_set.label)),
                            Configuration("LR"), 1.0, settled)
    canonical.write_json(folder / "converged.json", converged.rounded(
        optimum.coefficients.tolist(), settled.digits))


def corrected(folder: Path, settings: Corrected, train_set: data.Split,
              test_set: data.Split) -> None:
    """Fit each model of the corrected protocol once, on standardised and selected features."""
    for name, model in settings.models.items():
        ready = prepare(train_set.features.to_numpy(float), train_set.score,
                        model.penalties[0] if model.penalties else None)
        chosen = {key: values[0] for key, values in model.grid.items()}
        fixed = {key: min(value, TREES) if key == "n_estimators" else value
                 for key, value in model.fixed.items()}
        estimator = models.make(model.model, {**fixed, **chosen}, seed=SEED)
        models.fit(estimator, ready.apply(train_set.features.to_numpy(float)), train_set.label)
        values = models.probability(estimator, ready.apply(test_set.features.to_numpy(float)))
        canonical.write_json(folder / "corrected" / f"{name}.json", values.tolist())


if __name__ == "__main__":
    cli.main(lambda: probe.stage("stages.classification.probe", __doc__, make_all))
