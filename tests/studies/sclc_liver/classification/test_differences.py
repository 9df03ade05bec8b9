"""What is scored from kept fits is what fitting and scoring at once gives."""

import pandas as pd
import pytest
import yaml

from stages.classification import data
from stages.classification.bootstrap import summarise
from stages.classification.parameters import protocol, read_bootstrap, read_protocols
from stages.classification.select import select
from stages.classification.train import predictions, summary, train
from stages.common import canonical, cli
from studies.sclc_liver import differences, fits, protocols
from studies.sclc_liver.fitting import fit


def alphas(folder, alpha):
    """Set the penalty of both protocols."""
    path = folder / "params.yaml"
    content = yaml.safe_load(path.read_text())
    for settings in content["classification"]["protocols"].values():
        settings["selection"]["alpha"] = alpha
        settings["models"]["RF"]["n_estimators"] = 5
    path.write_text(yaml.safe_dump(content))


@pytest.fixture
def call(small, monkeypatch, capsys):
    """Run a stage in the folder of the quick parameters; return exit code and standard error."""
    monkeypatch.chdir(small)
    alphas(small, 0.02)

    def run(stage, *arguments):
        monkeypatch.setattr("sys.argv", ["stage", "--params", "params.yaml", "--release", "r",
                                         "--environment", "e", *map(str, arguments)])
        try:
            cli.main(stage)
        except SystemExit as stopped:
            return stopped.code, capsys.readouterr().err
        return 0, ""

    return run


@pytest.fixture
def trained(call, small, table):
    """Both protocols as the train stage writes them; what names them on the command line."""
    given = []
    for name, settings in read_protocols(small / "params.yaml").items():
        features = list(select(*data.train_and_test(table), settings.selection).coefficients)
        scored, predicted = fit(*data.train_and_test(table, features), settings)
        more = {model: entry | {"test_of_folds": {}} for model, entry in scored.items()}
        canonical.write_csv(small / f"{name}-features.csv", pd.DataFrame({"feature": features}))
        canonical.write_csv(small / f"{name}.csv", predicted)
        canonical.write_json(small / f"{name}.json", {"configurations": more})
        given += ["--trained", f"{name}={name}-features.csv={name}.csv={name}.json"]
    return given


def test_the_stages_give_what_one_pass_gives(call, small, table, trained):
    assert call(protocols.stage, "--table", "table.csv", "--out", "fits")[0] == 0
    assert call(differences.stage, *trained, "--fits", "fits", "--out", "out.json") == (0, "")
    given, drawing = read_protocols(small / "params.yaml"), read_bootstrap(small / "params.yaml")
    found = canonical.read_json(small / "out.json")["protocols"]
    assert set(found) == {"as-released", "as-described", *fits.BETWEEN}
    for name, entry in found.items():
        settings = protocol(given, name)
        features = list(select(*data.train_and_test(table), settings.selection).coefficients)
        sets, expected = data.train_and_test(table, features), {}
        for model, configuration in fits.UNWEIGHTED.items():
            one = train(*sets, settings, configuration)
            expected[model] = summary(one, sets[1]) | {
                "bootstrap": summarise(predictions(model, one, sets[1]), drawing)[model]}
        assert canonical.json_bytes(entry) == canonical.json_bytes(
            {"selected": features, "models": expected}), name


def test_a_protocol_that_is_not_given_is_one_line(call, trained):
    for given, said in ((trained[:2], "is not given; name it with --trained"),
                        (["--trained", "as-released=a.csv"], "is not NAME=SELECTED=")):
        code, error = call(differences.stage, *given, "--fits", "fits", "--out", "out.json")
        assert code == 2 and said in error and error.count("\n") == 1


def test_a_selection_that_keeps_nothing_is_one_line(call, small):
    alphas(small, 9.0)
    code, error = call(protocols.stage, "--table", "table.csv", "--out", "fits")
    assert code == 2 and "the selection keeps no feature; lower 'alpha' (9)" in error
    assert not (small / "fits").exists()
