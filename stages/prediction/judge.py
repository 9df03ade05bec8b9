"""What the corrected protocol says of a table of lesions: areas, intervals, chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stages.prediction import classifiers, corrected
from stages.prediction.areas import areas, p_value
from stages.prediction.corrected import Answer, Part
from stages.prediction.lesions import Lesions
from stages.prediction.parameters import Corrected, Model


def generator(settings: Corrected, kind: int) -> np.random.Generator:
    """Return the random numbers of one kind of draw."""
    return np.random.default_rng([settings.seed, kind])


def test(lesions: Lesions, settings: Corrected, model: Model) -> dict:
    """Test one model: the area by patient against that of labels dealt anew to the patients.

    Returns
    -------
    dict
        ``AUC``, the mean over the divisions; ``P``, one-sided, exact for exchangeable patients;
        ``chance``, mean, standard deviation and greatest value of the dealt labels' areas.
    """
    divisions = corrected.divisions(lesions, settings)
    random = generator(settings, 0)
    observed = _area(lesions, divisions, settings, model)
    chance = np.array([
        _area(lesions.labelled(random.permutation(lesions.outcome)), divisions, settings, model)
        for _ in range(settings.permutations)])
    return {"AUC": observed, "P": p_value(observed, chance), "permutations": settings.permutations,
            "chance": {"mean": chance.mean(), "sd": chance.std(), "greatest": chance.max()}}


def _area(lesions: Lesions, divisions: list[list[Part]], settings: Corrected, model: Model) -> float:
    return float(np.mean([
        corrected.patient_area(lesions, corrected.answer(lesions, parts, settings.named, model,
                                                         settings.seed))
        for parts in divisions]))


def answers(lesions: Lesions, settings: Corrected, models: dict[str, Model]) -> dict[str, list[Answer]]:
    """Return what each model says, once for each division of the patients."""
    divisions = corrected.divisions(lesions, settings)
    return {name: [corrected.answer(lesions, parts, name, model, settings.seed) for parts in divisions]
            for name, model in models.items()}


def describe(lesions: Lesions, settings: Corrected, found: list[Answer]) -> dict:
    """Return areas with intervals (bootstrap over patients) and accuracies, by patient and by lesion.

    Parameters
    ----------
    lesions : Lesions
    settings : Corrected
    found : list of Answer
        Of one model, one for each division; means over them are returned.
    """
    count = len(lesions.outcome)
    drawn = generator(settings, 1).multinomial(count, np.full(count, 1 / count), settings.samples)
    # The first sample is the patients as they are.
    weight = np.vstack([np.ones(count), drawn]).astype(float)
    patient = np.mean([areas(weight, lesions.outcome, lesions.by_patient(one.score), one.fold)
                       for one in found], axis=0)
    lesion = np.mean([areas(weight[:, lesions.patient], lesions.label, one.score,
                            one.fold[lesions.patient]) for one in found], axis=0)
    called = [lesions.by_patient(one.score) > one.threshold for one in found]
    return {
        "patient": {**_interval(patient, settings.level),
                    "accuracy": float(np.mean([one == lesions.outcome for one in called]))},
        "lesion": {**_interval(lesion, settings.level),
                   "accuracy": float(np.mean([(one.score > one.threshold) == lesions.label
                                              for one in found]))}}


def _interval(values: np.ndarray, level: float) -> dict:
    low, high = np.nanquantile(values[1:], [(1 - level) / 2, (1 + level) / 2])
    return {"AUC": float(values[0]), "low": float(low), "high": float(high)}


def constant(lesions: Lesions) -> dict[str, float]:
    """Return the accuracy of the one answer that is right most often, by patient and by lesion."""
    return {name: float(max(label.mean(), 1 - label.mean()))
            for name, label in (("patient", lesions.outcome), ("lesion", lesions.label))}


def trivial(lesions: Lesions, size: str | None) -> dict[str, Lesions]:
    """Return the lesions with one number each: how many their patient has, and their size."""
    inputs = {"number of lesions": lesions.counts[lesions.patient].astype(float)}
    if size is not None:
        inputs["size of the lesion"] = lesions.features[:, lesions.names.index(size)]
    return {name: replace(lesions, features=value[:, None], names=(name,))
            for name, value in inputs.items() if np.ptp(value) > 0}


def judge(lesions: Lesions, settings: Corrected, models: dict[str, Model],
          size: str | None = None) -> dict:
    """Judge every model on the same folds, and test the one that is named.

    Parameters
    ----------
    lesions : Lesions
    settings : Corrected
    models : dict of Model
    size : str, optional
        The feature that is the size of a lesion.
    """
    named = {settings.named: models[settings.named]}
    return {
        "patients": len(lesions.outcome), "positive_patients": int(lesions.outcome.sum()),
        "lesions": len(lesions.patient), "positive_lesions": int(lesions.label.sum()),
        "features": len(lesions.names), "named": settings.named, "level": settings.level,
        "constant": constant(lesions),
        "models": {name: describe(lesions, settings, found) | {"weighted": classifiers.weighs(name)}
                   for name, found in answers(lesions, settings, models).items()},
        "trivial": {name: describe(one, settings, *answers(one, settings, named).values())
                    for name, one in trivial(lesions, size).items()},
        "test": test(lesions, settings, models[settings.named])}
