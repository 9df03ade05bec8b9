"""Classifiers by name: made from parameters, fitted with their warnings kept, stored as data.

A classifier is a file in ``estimators`` (contract: `stages.classification.estimator`).
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from stages.classification.estimator import Estimator
from stages.classification.messages import recorded
from stages.common import canonical
from stages.common.errors import InputError

ESTIMATORS = Path(__file__).with_name("estimators")
FEATURES = "features.json"
JSON, ARRAYS = ".json", ".safetensors"


@lru_cache
def names() -> tuple[str, ...]:
    """Return the names of all classifiers."""
    return tuple(sorted(path.stem for path in ESTIMATORS.glob("*.py") if path.stem != "__init__"))


@lru_cache
def find(model: str) -> Estimator:
    """Return a classifier by its name.

    Raises
    ------
    InputError
        Listing the valid names.
    """
    if model not in names():
        raise InputError(f"there is no classifier '{model}'", "params/classification.yaml",
                         f"valid: {', '.join(names())}")
    return importlib.import_module(f"stages.classification.estimators.{model}").Classifier()


def make(model: str, parameters: Mapping, weight=None, *, seed: int | None = None,
         threads: int | None = None):
    """Return an unfitted classifier.

    Parameters
    ----------
    model : str
        The name of a file in ``estimators``.
    parameters : mapping
        Keyword arguments of the library's class.
    weight : float or "balanced", optional
        Weight of the positive class.
    seed, threads : int, optional
        For classifiers that draw at random, or work in several threads.

    Raises
    ------
    InputError
        If there is no such classifier, or it does not know a parameter or weights.
    """
    contract = find(model)
    arguments, known = contract.arguments(parameters, weight), contract.known
    for name, value in (("random_state", seed), ("n_jobs", threads)):
        if value is not None and name in known:
            arguments[name] = value
    for name in arguments:
        if name not in known:
            raise InputError(f"unknown parameter '{name}' of {model}", "params/classification.yaml",
                             f"see the documentation of {contract.kind.__name__}")
    estimator = contract.kind(**arguments)
    estimator.contract = contract
    return estimator


def check(model: str, parameters: Mapping, where: str, path, weight=None) -> None:
    """Refuse parameters that a classifier cannot be fitted with, before anything is computed.

    The library checks them, on twenty rows.

    Parameters
    ----------
    model, parameters, weight
        As for `make`.
    where, path : str, path
        Name of the parameters and their file, for error messages.

    Raises
    ------
    InputError
        Naming the parameters, with what the library says.
    """
    try:
        estimator = make(model, parameters, weight)
        trees = estimator.get_params().get("n_estimators")
        if isinstance(trees, int) and trees > 1:
            estimator.set_params(n_estimators=1)
        fit(estimator, pd.DataFrame({"a": np.arange(20.0)}), np.arange(20) % 2)
    except InputError as error:
        raise InputError(f"{where}: {error.what}", path, error.fix) from None
    except (TypeError, ValueError) as error:
        raise InputError(f"{where}: {model} cannot be fitted with these values ({_line(error)})", path,
                         "correct them") from None


def fit(estimator, features: pd.DataFrame, label: np.ndarray) -> list[str]:
    """Fit in place; return the warnings.

    Parameters
    ----------
    estimator : classifier of `make`
    features : DataFrame, shape (n, p)
    label : ndarray of int, shape (n,)
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator.fit(features, label)
    estimator.contract.settle(estimator)
    return recorded(caught, estimator.contract.varying)


def probability(estimator, features: pd.DataFrame) -> np.ndarray:
    """Return class probabilities, shape (n, 2), in the library's own precision.

    XGBoost answers in 32 bits; the released ensemble averages them as they come.
    """
    return estimator.predict_proba(features)


def iterations(estimator) -> int | None:
    """Return the iterations of the fit, None for models that do not count them."""
    return estimator.contract.iterations(estimator)


def store(folder: Path, models: Mapping[str, object], features: list[str]) -> None:
    """Write fitted models below ``folder``, as JSON or arrays (safetensors).

    Parameters
    ----------
    folder : Path
    models : mapping
        Name of the file to fitted classifier.
    features : list of str
        Names of the features, in the order in which the models see them.
    """
    canonical.write_json(folder / FEATURES, features)
    for name, model in models.items():
        content = model.contract.store(model, features)
        if model.contract.arrays:
            canonical.write_bytes(folder / f"{name}{ARRAYS}", save(content))
        else:
            canonical.write_json(folder / f"{name}{JSON}", content)


def stored(folder: Path) -> list[Path]:
    """Return the files of the models that `store` wrote below ``folder``."""
    return sorted(path for path in folder.iterdir()
                  if path.suffix in (JSON, ARRAYS) and path.name != FEATURES)


def stored_probability(path: Path, features: pd.DataFrame) -> np.ndarray:
    """Return the probability of the positive class by one stored model, shape (n,).

    Parameters
    ----------
    path : Path
        A file of `store`.
    features : DataFrame, shape (n, p)
        In the order in which the model sees them.

    Raises
    ------
    InputError
        If the file is no stored model of these features.
    """
    try:
        arrays = path.suffix == ARRAYS
        content = load_file(path) if arrays else canonical.read_json(path)
        for contract in map(find, names()):
            if contract.arrays == arrays and contract.fields == set(content):
                return contract.probability(content, features)
        raise ValueError(f"it holds {', '.join(map(str, content))[:60] or 'nothing'}")
    except (LookupError, TypeError, ValueError, SafetensorError) as error:
        raise InputError(f"is no stored model for these features ({_line(error)})", path,
                         "train the classifiers again") from None


def _line(error) -> str:
    return str(error).strip().splitlines()[-1][:160] if str(error).strip() else type(error).__name__
