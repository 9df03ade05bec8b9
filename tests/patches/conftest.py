"""A small set of slices: bright and dark squares."""

import numpy as np
import pandas as pd
import pytest

from stages.patches import sets

SMALL = {"network": {"kind": "densenet121", "norm_momentum": 0.3},
         "training": {"epochs": 2, "batch": 8, "learning_rate": 0.001, "schedule": "constant",
                      "mixup": 0.4},
         "augment": {"probability": 0.75, "rotation_degrees": 10, "zoom": 1.1, "lighting": 0.2,
                     "flip": True}}


def made(patients=12, slices=1, size=32, seed=1):
    """Two lesions a patient; class 1 has a bright square."""
    random, rows, images = np.random.default_rng(seed), [], []
    for patient in range(patients):
        for lesion in range(2):
            for number in range(slices):
                image = random.normal(size=(3, size, size))
                image[:, 8:24, 8:24] += 3 * (patient % 2) - 1.5
                images.append(image)
                rows.append((f"p{patient}-{lesion}-{number}", f"p{patient}-{lesion}", f"p{patient}",
                             patient % 2))
    return sets.Slices(pd.DataFrame(rows, columns=list(sets.COLUMNS)),
                       np.array(images, np.float32))


@pytest.fixture(scope="session")
def held():
    return made()


@pytest.fixture
def call(monkeypatch, capsys):
    """Run a stage as its command line does; return exit code and standard error."""
    from stages.common import cli

    def run(stage, *arguments):
        monkeypatch.setattr("sys.argv", ["stage", *(str(argument) for argument in arguments)])
        try:
            cli.main(stage)
            code = 0
        except SystemExit as stop:
            code = stop.code
        return code, capsys.readouterr().err
    return run
