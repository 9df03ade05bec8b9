"""A small cohort with a planted effect, made here."""

import shutil
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
import yaml

from stages.classification import data, train_on_cohort
from stages.common import canonical, cli, origin
from stages.common.columns import FEATURES, SPACING
from tests.parameters import whole
from tests.trained import make_card, write_network

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


def run_with(patch, capsys=None):
    """Return what runs a stage and gives its exit code and messages."""
    def call(stage, *arguments):
        patch.setattr("sys.argv", ["stage", *map(str, arguments)])
        code = 0
        try:
            cli.main(stage)
        except SystemExit as stop:
            code = stop.code
        return code, capsys.readouterr().err if capsys else ""
    return call


@pytest.fixture
def run(monkeypatch, capsys):
    return run_with(monkeypatch, capsys)


@pytest.fixture(scope="session")
def train(table, tmp_path_factory):
    """Return what trains models of every kind by the stage, once for each protocol.

    Beside them stand the table's test series without their labels, and a network with its scores.
    """
    @lru_cache
    def make(protocol):
        folder = tmp_path_factory.mktemp("trained")
        content = whole()
        chosen = ("LR", "RF", "XGB", "LR_BAL")
        content["classification"]["configurations"] = {
            name: content["classification"]["configurations"][name] for name in chosen}
        for settings in content["classification"]["protocols"].values():
            settings["models"]["RF"]["n_estimators"] = 20
        (folder / "params.yaml").write_text(yaml.safe_dump(content))
        spaced = table.assign(**{SPACING: np.where(
            np.arange(len(table)) % 2, "(0.8, 0.8, 5.0)", "(0.8, 0.8, 1.0)")})
        canonical.write_csv(folder / "table.csv", spaced)
        origin.write(folder / "cohort", "phantom")
        canonical.write_csv(folder / "selected.csv", pd.DataFrame({"feature": FEATURES[:8]}))
        with pytest.MonkeyPatch.context() as patch:
            assert run_with(patch)(
                train_on_cohort.stage, "--cohort", folder / "cohort",
                "--table", folder / "table.csv", "--params", folder / "params.yaml",
                "--protocol", protocol, "--release", "r", "--environment", "e",
                "--selected", folder / "selected.csv", "--out", folder / "out",
                "--models", folder / "models", "--summary", folder / "summary.json")[0] == 0
            assert origin.read(folder / "models") == "phantom"
            write_network(folder)
            assert make_card(folder, run_with(patch))[0] == 0
        test = spaced[spaced["Group"] == "test"]
        canonical.write_csv(folder / "features.csv", test[["File", SPACING, *FEATURES]])
        (folder / "excluded.csv").write_text("File,reason\nz,the mask holds no lesion\n")
        return folder
    return make


@pytest.fixture
def trained(train, tmp_path):
    """The models of the released protocol, for this test alone."""
    return shutil.copytree(train("as-released"), tmp_path / "trained")
