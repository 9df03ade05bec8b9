"""A small cohort with a planted effect, made here."""

import numpy as np
import pandas as pd
import pytest

from stages.classification import data
from stages.common.columns import FEATURES

KEPT = list(FEATURES[:6])


@pytest.fixture(scope="session")
def table():
    """90 series of 45 studies of 30 patients; the first features follow the NE score."""
    generator = np.random.default_rng(11)
    studies = np.repeat(np.arange(45), 2)
    score = np.repeat(generator.normal(0.1, 0.2, 45).clip(-1, 1), 2)
    values = generator.normal(size=(90, len(FEATURES)))
    values[:, :3] += 4 * score[:, None]
    frame = pd.DataFrame(values, columns=FEATURES)
    frame["File"] = [f"P-{study // 3}_{study}_{i}.nii.gz" for i, study in enumerate(studies)]
    frame["study"] = [f"P-{study // 3}_{study}" for study in studies]
    frame["patient"] = [f"P-{study // 3}" for study in studies]
    frame["NE_Score"], frame["NE_Class"] = score, (score > 0).astype(int)
    frame["Group"] = np.select([studies < 24, studies < 33], ["train", "val"], "test")
    return frame


@pytest.fixture(scope="session")
def sets(table):
    """Training and test set with six features."""
    return data.train_and_test(table, KEPT)
