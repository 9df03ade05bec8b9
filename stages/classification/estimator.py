"""What a classifier is to this room: the contract that each file in ``estimators`` fulfils.

``estimators/NAME.py`` has a class ``Classifier``, a subclass of `Estimator`, and imports nothing else
of the project: stages depend on the folder as a whole. `stages.classification.models` finds it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from stages.common.errors import InputError


class Estimator:
    """A classifier of a library: how it is made, and kept as data.

    Attributes
    ----------
    kind : type
        The library's class, with scikit-learn's ``fit``, ``predict_proba`` and ``get_params``.
    also : tuple of str
        Arguments that the class takes beside those of ``get_params``.
    fields : frozenset of str
        Names in the stored data, by which a stored model is known: unlike every other classifier's.
    arrays : bool
        The data are arrays (written as safetensors), else anything that JSON holds.
    varying : str or None
        Regular expression of what in its warnings depends on time or place.
    """

    kind: type
    also: tuple[str, ...] = ()
    fields: frozenset[str]
    arrays = False
    varying: str | None = None

    @property
    def known(self) -> set[str]:
        """The names of all arguments."""
        return {*self.kind().get_params(), *self.also}

    def arguments(self, parameters: Mapping, weight=None) -> dict:
        """Return the keyword arguments of the class.

        Parameters
        ----------
        parameters : mapping
            What the study's parameters say.
        weight : float or "balanced", optional
            Weight of the positive class.

        Raises
        ------
        InputError
            If the classifier knows no weights.
        """
        if weight is None:
            return dict(parameters)
        if "class_weight" not in self.known:
            raise InputError(f"{self.kind.__name__} takes no weight of the positive class",
                             "params/classification.yaml", "leave out 'weight' in the configuration")
        return {**parameters, "class_weight": weight if isinstance(weight, str) else {0: 1, 1: weight}}

    def settle(self, fitted) -> None:
        """Prepare the fitted classifier for predictions that are the same everywhere."""

    def iterations(self, fitted) -> int | None:
        """Return the iterations of the fit, where the classifier counts them."""
        return None

    def store(self, fitted, features: list[str]) -> Mapping:
        """Return the fitted classifier as data, by the names in `fields`."""
        raise NotImplementedError

    def probability(self, content: Mapping, features: pd.DataFrame) -> np.ndarray:
        """Return the probability of the positive class, shape (n,), from the data.

        Raises
        ------
        LookupError, TypeError, ValueError
            If the data are not those of a model of these features.
        """
        raise NotImplementedError
