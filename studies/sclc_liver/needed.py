"""The true AUC that a test needs for the wanted power on these patients (`power`): its curves.

Beside the test of a fixed model stand that of the best of the compared ones and the rule of the
nested procedure (`corrected`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from stages.classification import data
from stages.classification.corrected import scores as corrected_scores
from stages.classification.parameters import Corrected, read_corrected
from stages.common import canonical, cli
from studies.sclc_liver import power, tested
from studies.sclc_liver.label_permutation import dealt
from studies.sclc_liver.parameters import Chance, Likeness


@dataclass(frozen=True)
class Curve:
    """Power of one rule for one kind of scores (`power.curve`)."""

    scores: str
    rule: str
    likeness: Likeness
    rows: list[dict]


def curves(scores: dict[str, np.ndarray], test: data.Split, chance: Chance,
           nested: Corrected) -> list[Curve]:
    """Return the power curves.

    Parameters
    ----------
    scores : dict of ndarray, shape (K, n)
        ``published`` and ``converged``; the first model is the one that carries an effect.
    test : Split
    chance : Chance
    nested : Corrected
        The procedure whose rule is simulated too.

    Returns
    -------
    list of Curve
        Rules ``single`` and ``best`` (of K, where the others carry no effect) for both kinds of
        scores with their own likeness; ``nested`` with that of the converged scores; and all three
        for each declared likeness (named ``PATIENT-STUDY``), models correlated as published.
    """
    settings = chance.power
    # The first ones of those that the test itself deals.
    deals = dealt(test.patients, test.studies, test.label, settings.permutations, chance.seed)
    structure = power.Structure(
        test.patients, test.studies, test.label, deals,
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
    parser = tested.parser("studies.sclc_liver.needed", __doc__)
    parser.add_argument("--curves", type=Path, required=True, help="power curves (CSV)")
    options = parser.parse_args()
    given, nested = tested.read(options), read_corrected(options.params)
    found = curves(given.scores, given.test, given.settings.chance, nested)
    canonical.write_csv(options.curves, pd.DataFrame(
        [{"scores": item.scores, "rule": item.rule, "patient_likeness": item.likeness.patient,
          "study_likeness": item.likeness.study, **row} for item in found for row in item.rows]))


if __name__ == "__main__":
    cli.main(stage)
