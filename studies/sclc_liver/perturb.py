"""What a numerical variation is, and how it changes table, columns and rows.

The kind of a variation depends on the fit. Order of the columns: a forest draws the features that it
tries by their place, and the linear booster descends the coordinates in their order and stops long
before it converges, so another order is another seed. Nothing else that is varied, and no order for
the convex fits (logistic regression, LASSO), should matter: it is neutral.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stages.classification import data
from stages.common.columns import FEATURES

RELEASED, REVERSED, SORTED, PERMUTED = "released", "reversed", "sorted", "permuted"
LINEAR, BOOSTER, SHOTGUN, FOREST = "linear", "booster", "shotgun", "forest"
SEARCH_LR, SEARCH_RF, SEARCH_XGB = "search-LR", "search-RF", "search-XGB"
RACE = "race"
TASKS = (LINEAR, BOOSTER, SHOTGUN, FOREST, SEARCH_LR, SEARCH_RF, SEARCH_XGB)
# Tasks that grow forests: whole once, then confirmed (`studies.sclc_liver.forest`).
GROWING = (FOREST, SEARCH_RF)

NEUTRAL, SEED = "neutral", "seed"
# Models to which the order of the columns is a seed.
SEEDED = ("RF", "XGB")
LASSO = "LASSO"


@dataclass(frozen=True)
class Variation:
    """One way to compute the same thing.

    Attributes
    ----------
    task : str
        ``linear`` (selection, logistic regression, linear booster), ``booster`` (the linear booster
        with the deterministic updater), ``shotgun`` (with its default updater, in one thread),
        ``race`` (the same in several), ``forest``, ``search-LR``, ``search-RF`` or ``search-XGB``
        (search of the class weight).
    release, kernel : str
    threads : int
        Of OpenBLAS; also those of the booster in ``booster`` and ``race``, of the trees in
        ``forest``.
    order : str
        Of the columns: ``released``, ``reversed``, ``sorted`` or ``permuted-N``.
    noise : int
        0, or the number of a seeded table whose features are off by at most one unit in the last
        place.
    rows : int
        0, or the number of a seeded order in which every fit is given its series. The folds hold
        the same series.
    selection : str
        Features that are fitted: ``released`` (those that the selection stage kept), or how those
        that the LASSO selects under this very variation differ (``+NAME -NAME``).
    """

    task: str
    release: str
    kernel: str
    threads: int
    order: str
    noise: int
    rows: int = 0
    selection: str = RELEASED

    @property
    def forests(self) -> str:
        """Name of the forests that no kernel and no thread enters."""
        return f"{self.task} {self.release} {self.order} {self.noise} {self.selection}"


def reorder(features: list[str], order: str, seed: int) -> list[str]:
    """Return the features in the named order.

    Examples
    --------
    >>> reorder(["b", "c", "a"], "reversed", 0), reorder(["b", "c", "a"], "sorted", 0)
    (['a', 'c', 'b'], ['a', 'b', 'c'])
    """
    name, _, number = order.partition("-")
    if name == PERMUTED:
        generator = np.random.default_rng([seed, int(number)])
        return [features[index] for index in generator.permutation(len(features))]
    return {RELEASED: list(features), REVERSED: features[::-1], SORTED: sorted(features)}[name]


def jitter(values: np.ndarray, noise: int, seed: int) -> np.ndarray:
    """Move each value by -1, 0 or 1 unit in the last place, at random; ``noise`` 0 moves nothing.

    Parameters
    ----------
    values : ndarray of float64
    noise : int
        Number of the table.
    seed : int
    """
    if not noise:
        return values
    step = np.random.default_rng([seed, noise, 1]).integers(-1, 2, size=values.shape)
    moved = np.nextafter(values, np.where(step > 0, np.inf, -np.inf))
    return np.where(step == 0, values, moved)


def row_order(count: int, rows: int, seed: int) -> np.ndarray | None:
    """Return an order of the training series, shape (count,); None for ``rows`` 0, the table's."""
    return np.random.default_rng([seed, rows, 2]).permutation(count) if rows else None


def varied(table: pd.DataFrame, variation: Variation, seed: int) -> pd.DataFrame:
    """Return a copy of a cohort table with the variation's noise."""
    table = table.copy()
    table[list(FEATURES)] = jitter(table[list(FEATURES)].to_numpy(float), variation.noise, seed)
    return table


def in_order(train_set: data.Split, rows: int, seed: int) -> data.Split:
    """Return the training series in the named order."""
    order = row_order(len(train_set.label), rows, seed)
    return train_set if order is None else train_set.take(order)


def difference(released: list[str], own: set[str]) -> str:
    """Say how a selection differs from the released one, for `Variation.selection`.

    Examples
    --------
    >>> difference(["a", "b"], {"b", "c"}), difference(["a", "b"], {"b", "a"})
    ('+c -a', 'released')
    """
    added, removed = sorted(own - set(released)), sorted(set(released) - own)
    return " ".join([*(f"+{name}" for name in added), *(f"-{name}" for name in removed)]) or RELEASED


def apply(released: list[str], selection: str) -> list[str]:
    """Return the features of a selection, in the order of the table.

    Examples
    --------
    >>> apply(["Num_Lesions"], "+original_shape_Sphericity -Num_Lesions")
    ['original_shape_Sphericity']
    """
    if selection == RELEASED:
        return list(released)
    changes = selection.split(" ")
    kept = set(released) | {name[1:] for name in changes if name[0] == "+"}
    kept -= {name[1:] for name in changes if name[0] == "-"}
    return [name for name in FEATURES if name in kept]


def model_of(source: str, path: str, configurations: Mapping) -> str:
    """Return the model behind a number: ``LR``, ``RF``, ``XGB`` or ``LASSO``.

    Parameters
    ----------
    source, path : str
        Of `variation.measure`.
    configurations : mapping
        Name to `Configuration`.
    """
    if source == "selection":
        return LASSO
    name = path.split("/")[1]
    return name if source == "weights" else configurations[name].model


def kind_of(variation: Variation, model: str) -> str:
    """Tell whether a variation is ``neutral`` to a model, or another ``seed`` of it."""
    return SEED if model in SEEDED and variation.order != RELEASED else NEUTRAL
