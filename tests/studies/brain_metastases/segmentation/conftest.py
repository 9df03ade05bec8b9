"""What the tests of the synthetic cohort share."""

from pathlib import Path

import numpy as np
import pytest

from studies.brain_metastases.synthetic import parameters

PARAMS = Path(__file__).resolve().parents[4] / "studies" / "brain_metastases" / "params"


@pytest.fixture(scope="module")
def whole():
    return parameters.cohort(PARAMS)


@pytest.fixture(scope="module")
def arms():
    return parameters.arms(PARAMS)


@pytest.fixture(scope="module")
def fingerprints():
    """Features that know the patient and nothing of the label, 4 slices each."""
    random = np.random.default_rng(5)
    patients = np.repeat(np.arange(40), 4)
    labels = (np.arange(40) < 16).astype(int)[patients]
    rows = random.normal(size=(40, 60))[patients] + 0.3 * random.normal(size=(160, 60))
    return rows, labels, patients
