"""Published test predictions against chance, and the AUC that these patients could have shown.

The released models are taken as they are: training and test patients are disjoint (`check`), so
only the labels of the test patients are dealt anew. P is that of a fixed model, and the same
corrected as if the best of the compared models were reported. The converged logistic regression
takes the place of the released one in a second comparison. Beside each stands the true AUC that the
test needs for the wanted power on these patients (`power`), and the one that the rule of the
nested procedure (`corrected`) needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from stages.classification import bootstrap, converged, data
from stages.classification.corrected import scores as corrected_scores
from stages.classification.parameters import (
    Bootstrap,
    Configuration,
    Converged,
    Corrected,
    Protocol,
    read_bootstrap,
    read_configurations,
    read_converged,
    read_corrected,
    read_protocol,
)
from stages.common import canonical, cli
from stages.common.columns import LABEL
from stages.common.errors import InputError
from studies.sclc_liver import power
from studies.sclc_liver.label_permutation import compare, dealt
from studies.sclc_liver.parameters import Chance, Likeness, read_chance

COLUMNS = ("configuration", "series", LABEL, "probability")
MAKE_AGAIN = "run the train stage again"


@dataclass(frozen=True)
class Settings:
    """The comparison with chance, and of the released and the nested procedure what it needs."""

    chance: Chance
    released: Protocol
    configurations: dict[str, Configuration]
    converged: Converged
    bootstrap: Bootstrap
    nested: Corrected

    @classmethod
    def read(cls, path: Path) -> Settings:
        """Read them from a parameters file."""
        return cls(read_chance(path), read_protocol(path, "as-released"), read_configurations(path),
                   read_converged(path), read_bootstrap(path), read_corrected(path))


def check(training: data.Split, test: data.Split, path) -> int:
    """Refuse test patients on whom labels cannot be dealt.

    Returns
    -------
    int
        Number of patients in both parts: 0.

    Raises
    ------
    InputError
        If a patient is in both parts: the scores would know his labels. If a class has fewer than
        two patients: dealing by patient would hardly change anything.
    """
    shared = np.intersect1d(training.patients, test.patients)
    if len(shared):
        raise InputError(f"{len(shared)} patient(s) of the test group are in another group too "
                         f"({shared[0]}): the test AUC would hold leakage", path,
                         "assign all series of a patient to one group")
    for value, name in ((0, "NE-negative"), (1, "NE-positive")):
        count = len(np.unique(test.patients[test.label == value]))
        if count < 2:
            raise InputError(f"{count} patient(s) of the test group with {name} series: labels "
                             "cannot be dealt between patients", path,
                             "assign at least two such patients to the test group")
    return len(shared)


def published(predictions: pd.DataFrame, models: tuple[str, ...], test: data.Split,
              path) -> np.ndarray:
    """Return the probabilities of the named configurations, shape (K, n).

    Raises
    ------
    InputError
        If a configuration is missing, lists other series or labels than the test part, or holds
        something else than probabilities.
    """
    found = []
    for name in models:
        part = predictions[predictions["configuration"] == name]
        if (part["series"].tolist() != test.series.tolist()
                or part[LABEL].tolist() != test.label.tolist()):
            raise InputError(f"configuration {name} is missing or lists other series or labels than "
                             "the test part of the table", path, MAKE_AGAIN)
        values = pd.to_numeric(part["probability"], errors="coerce")
        if not values.between(0, 1).all():
            raise InputError(f"configuration {name} holds something else than probabilities", path,
                             MAKE_AGAIN)
        found.append(values.to_numpy(dtype=float))
    return np.array(found)


def solved(sets: tuple[data.Split, data.Split], settings: Settings, model: str) -> np.ndarray:
    """Return the test probabilities of the released objective at its optimum, shape (n,)."""
    trained, _ = converged.train(*sets, settings.released, settings.configurations[model],
                                 settings.converged)
    return trained.probability[:, 1]


def describe(scores: np.ndarray, test: data.Split, models: tuple[str, ...], deals: np.ndarray,
             settings: Bootstrap) -> dict:
    """Return, by model, AUC, interval over patients, P values and likeness within patients."""
    weight = corrected_scores.draw_patients(test.patients, settings.samples, settings.seed)
    found = {}
    for name, row, entry in zip(models, scores, compare(scores, test.label, deals)):
        sampled = bootstrap.weighted(weight, test.label, test.label, row)["AUC"]
        alike = power.likeness(row, test.patients, test.studies, test.label)
        found[name] = entry | {"patients": corrected_scores.interval(sampled, settings.level),
                               "likeness": {"patient": alike.patient, "study": alike.study}}
    return found


@dataclass(frozen=True)
class Curve:
    """Power of one rule for one kind of scores (`power.curve`)."""

    scores: str
    rule: str
    likeness: Likeness
    rows: list[dict]


def curves(scores: dict[str, np.ndarray], test: data.Split, deals: np.ndarray,
           parameters: Settings) -> list[Curve]:
    """Return the power curves.

    Parameters
    ----------
    scores : dict of ndarray, shape (K, n)
        ``published`` and ``converged``; the first model is the one that carries an effect.
    test : Split
    deals : ndarray of int, shape (M, n)
    parameters : Settings

    Returns
    -------
    list of Curve
        Rules ``single`` and ``best`` (of K, where the others carry no effect) for both kinds of
        scores with their own likeness; ``nested`` with that of the converged scores; and all three
        for each declared likeness (named ``PATIENT-STUDY``), models correlated as published.
    """
    settings, nested = parameters.chance.power, parameters.nested
    structure = power.Structure(
        test.patients, test.studies, test.label, deals[:settings.permutations],
        corrected_scores.draw_patients(test.patients, settings.samples, nested.bootstrap.seed))
    single = power.permutation_rule(structure, settings.level)
    rule = power.nested_rule(structure, settings.level, nested.bootstrap.level,
                             nested.permutations.count, settings.seed)
    found = []

    def add(name, alike, together, rules):
        own, *others = power.noise(structure, alike, together, settings.simulations, settings.seed)
        best = power.permutation_rule(structure, settings.level, others)
        for label, decide in {"single": single, "best": best, "nested": rule}.items():
            if label in rules:
                found.append(Curve(rules[label], label, alike[0], power.curve(
                    decide, own, test.label, settings.areas.values())))

    for name, rows in scores.items():
        alike = [power.likeness(row, test.patients, test.studies, test.label) for row in rows]
        rules = {"single": name, "best": name} | ({"nested": "nested"} if name == "converged" else {})
        add(name, alike, power.correlation(rows, test.label), rules)
    together = power.correlation(scores["published"], test.label)
    for item in settings.likenesses:
        name = f"{item.patient:g}-{item.study:g}"
        add(name, [item] * len(together), together, dict.fromkeys(("single", "best", "nested"), name))
    return found


def stage() -> None:
    """Command line."""
    parser = data.parser("studies.sclc_liver.chance", __doc__, protocol=False)
    parser.add_argument("--selected", type=Path, required=True, help="selected features (CSV)")
    parser.add_argument("--predictions", type=Path, required=True,
                        help="predictions.csv of the released models")
    parser.add_argument("--out", type=Path, required=True, help="tests and AUCs needed (JSON)")
    parser.add_argument("--curves", type=Path, required=True, help="power curves (CSV)")
    options = parser.parse_args()
    parameters = Settings.read(options.params)
    settings = parameters.chance
    features = data.read_selected(options.selected)
    sets = data.train_and_test(data.read_table(options.table, features), features)
    test, models = sets[1], settings.models
    shared = check(*sets, options.table)
    predictions = canonical.read_csv(options.predictions, COLUMNS)
    scores = {"published": published(predictions, models, test, options.predictions)}
    scores["converged"] = np.array([solved(sets, parameters, models[0]), *scores["published"][1:]])
    deals = dealt(test.patients, test.studies, test.label, settings.permutations, settings.seed)
    found = curves(scores, test, deals, parameters)
    smallest: dict[str, dict] = {}
    for item in found:
        smallest.setdefault(item.scores, {})[item.rule] = power.smallest(
            item.rows, settings.power.wanted) | {"found_without_effect": item.rows[0]["power"]}
    canonical.write_csv(options.curves, pd.DataFrame(
        [{"scores": item.scores, "rule": item.rule, "patient_likeness": item.likeness.patient,
          "study_likeness": item.likeness.study, **row} for item in found for row in item.rows]))
    canonical.write_json(options.out, {
        "run": data.run_of(options, "as-released"), "permutations": settings.permutations,
        "compared": list(models), "reported": models[0],
        "not_counted": sorted(set(parameters.configurations) - set(models)),
        "numbers": {"series": len(test.label), "studies": len(np.unique(test.studies)),
                    "patients": len(np.unique(test.patients)),
                    "patients_in_training_and_test": shared,
                    "patients_with_negatives": len(np.unique(test.patients[test.label == 0]))},
        "models": {name: describe(rows, test, models, deals, parameters.bootstrap)
                   for name, rows in scores.items()},
        "power": {"wanted": settings.power.wanted, "level": settings.power.level,
                  "simulations": settings.power.simulations},
        "declared": [f"{item.patient:g}-{item.study:g}" for item in settings.power.likenesses],
        "smallest": smallest})


if __name__ == "__main__":
    cli.main(stage)
