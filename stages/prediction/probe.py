"""Every classifier and sampler, and the corrected protocol, on a few lesions, to compare CPUs.

Arguments are those of the study, but for the trees of a forest and the dealt labels, which are fewer:
an emulated CPU takes 100 to 200 times as long.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from stages.common import canonical, cli, probe
from stages.common.parameters import section
from stages.prediction import classifiers, corrected, judge, parameters
from stages.prediction.lesions import Lesions
from stages.prediction.preparation import prepare

SEED, PATIENTS, FEATURES = 2025, 24, 20
TREES, DEALT, SAMPLES = 8, 3, 50


def lesions() -> Lesions:
    """Return lesions of patients, every third one positive; features from hundredths to millions."""
    random = np.random.Generator(np.random.PCG64(SEED))
    outcome = (np.arange(PATIENTS) % 3 == 0).astype(int)
    patient = np.repeat(np.arange(PATIENTS), random.integers(1, 6, PATIENTS))
    values = random.normal(size=(len(patient), FEATURES)) + random.normal(
        size=(PATIENTS, FEATURES))[patient]
    values[:, :3] += outcome[patient, None]
    return Lesions(values * np.logspace(-2, 6, FEATURES), tuple(f"f{n}" for n in range(FEATURES)),
                   patient, outcome)


def make_all(folder: Path, params: Path) -> None:
    """Run everything; write into a folder."""
    made = lesions()
    settings = replace(parameters.read_corrected(params), seeds=1, permutations=DEALT, samples=SAMPLES)
    models = {name: fewer_trees(model) for name, model in parameters.read_models(params).items()}
    samplers = section(params, "models.samplers", dict[str, dict])
    ready = prepare(made.features, settings.correlation).apply(made.features)
    for sampler, given in {"as they are": {}, **samplers}.items():
        features, label = classifiers.sample(sampler if sampler in samplers else None, given, ready,
                                             made.label, SEED)
        for name, model in models.items():
            estimator = classifiers.make(name, model.arguments, SEED)
            classifiers.fit(estimator, features, label)
            canonical.write_json(folder / sampler / f"{name}.json",
                                 classifiers.score(estimator, ready)[0].tolist())
    parts = corrected.divisions(made, replace(settings, tuned=True))[0]
    for name, model in models.items():
        found = corrected.answer(made, parts, name, model, SEED)
        canonical.write_json(folder / "tuned" / f"{name}.json", found.score.tolist())
    canonical.write_json(folder / "judged.json", judge.judge(made, settings, models))


def fewer_trees(model: parameters.Model) -> parameters.Model:
    """Return a model whose forest, if it is one, is small."""
    smaller = {"n_estimators": TREES} if "n_estimators" in model.arguments else {}
    return replace(model, arguments={**model.arguments, **smaller})


if __name__ == "__main__":
    cli.main(lambda: probe.stage("stages.prediction.probe", __doc__, make_all))
