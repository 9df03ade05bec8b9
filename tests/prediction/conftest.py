"""Small tables of lesions."""

import numpy as np
import pytest

from stages.prediction.lesions import Lesions
from stages.prediction.parameters import Corrected, Model


def made(effect, patients=20, share=0.5, seed=0, columns=6):
    """Lesions of patients, every other one positive; the first feature is higher in these."""
    random = np.random.default_rng(seed)
    outcome = np.arange(patients) % 2
    patient = np.repeat(np.arange(patients), random.integers(1, 8, patients))
    features = (np.sqrt(share) * random.normal(size=(patients, columns))[patient]
                + np.sqrt(1 - share) * random.normal(size=(len(patient), columns)))
    features[:, 0] += effect * outcome[patient]
    return Lesions(features, tuple("abcdef"[:columns]), patient, outcome)


@pytest.fixture
def settings():
    return Corrected("LR", 0.6, 4, 3, False, 2, 19, 200, 0.95, 1)


@pytest.fixture
def logistic():
    return Model({"solver": "newton-cholesky", "C": 0.1})
