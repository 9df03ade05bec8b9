"""XGBoost's classifier, linear or of trees, kept in the library's own JSON form."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import pandas as pd
from xgboost import Booster, DMatrix, XGBClassifier

from stages.classification.estimator import Estimator


class Classifier(Estimator):
    """Gradient boosting."""

    kind = XGBClassifier
    also = ("seed", "updater")
    fields = frozenset(("learner", "version"))
    # Messages begin with the time and a line of the library's source.
    varying = r"^\[\d\d:\d\d:\d\d\] (WARNING|INFO): \S+ ?"

    def arguments(self, parameters: Mapping, weight=None) -> dict:
        """Use one thread unless asked: the linear booster's default updater races between threads."""
        weighted = {} if weight is None else {"scale_pos_weight": weight}
        return {"n_jobs": 1, **parameters, **weighted}

    def store(self, fitted, features: list[str]) -> dict:
        """Return the library's JSON."""
        return json.loads(bytes(fitted.get_booster().save_raw("json")))

    def probability(self, content: Mapping, features: pd.DataFrame) -> np.ndarray:
        """Return what the library's booster says."""
        booster = Booster()
        booster.load_model(bytearray(json.dumps(content).encode()))
        return booster.predict(DMatrix(features)).astype(float)
