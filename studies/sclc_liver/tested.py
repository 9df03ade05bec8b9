"""The published test predictions, and the released regression at its optimum, as they are tested.

Training and test patients are disjoint (`check`): the released models are taken as they are, and only
the labels of the test patients are dealt anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from stages.classification import converged, data
from stages.classification.parameters import (
    Configuration,
    Converged,
    Protocol,
    read_configurations,
    read_converged,
    read_protocol,
)
from stages.common import canonical
from stages.common.columns import LABEL
from stages.common.errors import InputError
from studies.sclc_liver.parameters import Chance, read_chance

COLUMNS = ("configuration", "series", LABEL, "probability")
MAKE_AGAIN = "run the train stage again"


@dataclass(frozen=True)
class Settings:
    """The comparison with chance, and of the released procedure what it needs."""

    chance: Chance
    released: Protocol
    configurations: dict[str, Configuration]
    converged: Converged

    @classmethod
    def read(cls, path: Path) -> Settings:
        """Read them from a parameters file."""
        return cls(read_chance(path), read_protocol(path, "as-released"), read_configurations(path),
                   read_converged(path))


@dataclass(frozen=True)
class Tested:
    """What is tested.

    Attributes
    ----------
    settings : Settings
    test : Split
        n series.
    shared : int
        Patients in both parts (`check`).
    scores : dict of ndarray, shape (K, n)
        Probabilities of the compared models: ``published``; ``converged``, where the first model is
        the released one at its optimum.
    """

    settings: Settings
    test: data.Split
    shared: int
    scores: dict[str, np.ndarray]


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


def parser(module: str, description: str | None):
    """Return a parser with the arguments that `read` needs."""
    arguments = data.parser(module, description, protocol=False)
    arguments.add_argument("--selected", type=Path, required=True, help="selected features (CSV)")
    arguments.add_argument("--predictions", type=Path, required=True,
                           help="predictions.csv of the released models")
    return arguments


def read(options) -> Tested:
    """Read what is tested from the files that the command line names."""
    settings = Settings.read(options.params)
    features = data.read_selected(options.selected)
    sets = data.train_and_test(data.read_table(options.table, features), features)
    models, shared = settings.chance.models, check(*sets, options.table)
    predictions = canonical.read_csv(options.predictions, COLUMNS)
    scores = {"published": published(predictions, models, sets[1], options.predictions)}
    scores["converged"] = np.array([solved(sets, settings, models[0]), *scores["published"][1:]])
    return Tested(settings, sets[1], shared, scores)
