"""Metrics, tables and summaries that are damaged: one line that names the file, and exit code 2."""

import json

import pandas as pd
import pytest

from stages.common import cli
from stages.common.errors import InputError
from stages.reporting import demo, envelope, evidence, ledger, published
from tests.reporting.test_demo import IMAGING, metrics  # noqa: F401 (a fixture)


@pytest.fixture
def call(monkeypatch, capsys):
    """Run a stage as its command line does; return exit code and standard error."""
    def run(stage, *arguments):
        monkeypatch.setattr("sys.argv", ["stage", *(str(argument) for argument in arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main(stage)
        return stopped.value.code, capsys.readouterr().err
    return run


@pytest.mark.parametrize("content", ["{}", "[]", "3", "null", '{"run": 1}', '{"run": {"x": 1}}',
                                     '{"run": {"protocol": "as-released"', ""])
def test_metrics_of_no_run(tmp_path, call, content):
    path = tmp_path / "metrics" / "models" / "x.json"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    code, error = call(ledger.stage, "--metrics", tmp_path / "metrics", "--out",
                       tmp_path / "ledger.csv", "--summary", tmp_path / "summary.json")
    assert code == 2 and error.startswith(f"error: {path}: ") and len(error.splitlines()) == 1
    assert not (tmp_path / "ledger.csv").exists()


@pytest.mark.parametrize("run", [
    {"protocol": None, "release": "r", "environment": "e"},
    {"protocol": "another", "release": "r", "environment": "e"},
    {"protocol": "as-released", "release": [], "environment": "e"}])
def test_a_run_that_is_none(tmp_path, run):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "x.json").write_text(json.dumps({"run": run}))
    with pytest.raises(InputError, match="x.json: does not say which run"):
        evidence.collect(tmp_path)


@pytest.mark.parametrize("value, decimals", [("nan", "2"), ("0.5", "x"), ("0.5", "2")])
def test_printed_numbers_of_other_decimals(tmp_path, value, decimals):
    (tmp_path / "t.csv").write_text(",".join(published.COLUMNS) + f"\nT,r,m,{value},,,{decimals},p\n")
    with pytest.raises(InputError, match=f"t.csv: .*{value} does not have {decimals} decimals"):
        published.read(tmp_path)


def test_text_where_a_number_belongs():
    source = evidence.Source(evidence.Origin("as-released", "r", "e"), {"a": "x"}, "x.json")
    rule = published.Rule("*", "*", "*", "models", ("mean",), {"value": "a"}, "")
    number = published.Number("T", "r", "m", "value", "0.5", "p")
    with pytest.raises(InputError, match="x.json: 'a' is no number"):
        ledger.candidates(number, rule, {"models": [source]}, 1e-9)


@pytest.mark.parametrize("content", [
    {}, [], 3, {"releases": {}}, {"environment": "e", "releases": 1},
    {"environment": "e", "releases": {"r": {"models": {"a/b": {}}}}},
    *({"environment": "e", "releases": {"r": {"models": {"a/b": {"variations": 2, "counts": counts}}}}}
      for counts in ({"x": 1}, {"0.5": "many"}))])
def test_a_sweep_that_is_no_sweep(tmp_path, content):
    path = tmp_path / "e.json"
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match="e.json: is no summary of the numerical variations"):
        envelope.collect(tmp_path)


def without(content, keys):
    """Remove a nested key."""
    *outer, last = keys
    node = content
    for key in outer:
        node = node[key]
    del node[last]
    return content


@pytest.mark.parametrize("name, keys", [
    ("detection/unet", ["sensitivity"]), ("detection/unet", ["lesion_dice"]),
    ("choice", ["chosen"]), ("statistics/predicted", ["n"]),
    ("statistics/predicted", ["spearman", "p"]), ("bootstrap/reference", ["configurations", "RF"]),
    ("bootstrap/reference", ["configurations", "RF", "AUC", "low"]),
    ("planted", ["test_auc", "both"]), ("planted", ["drawn"])])
@pytest.mark.parametrize("fault", ["lacks", "cut", "gone", "list"])
def test_metrics_of_the_imaging_pipeline(metrics, name, keys, fault):  # noqa: F811
    path = metrics / f"{name}.json"
    text = path.read_text()
    if fault == "lacks":
        path.write_text(json.dumps(without(json.loads(text), keys)))
    elif fault == "cut":
        path.write_text(text[:len(text) // 2])
    elif fault == "list":
        path.write_text("[1]")
    else:
        path.unlink()
    with pytest.raises(InputError) as raised:
        demo.summarise(metrics, IMAGING, 0)
    assert str(raised.value).startswith(f"{path}: ")


@pytest.mark.parametrize("content", ["{}", "[]", '{"methods": ["unet"]}', "{"])
def test_a_summary_that_is_none(tmp_path, call, content):
    (tmp_path / "summary.json").write_text(content)
    code, error = call(demo.stage, "--show", "--out", tmp_path / "summary.json")
    assert code == 2 and "summary.json: is" in error and len(error.splitlines()) == 1


def test_series_without_features_in_a_table_without_names(metrics, tmp_path, call):  # noqa: F811
    pd.DataFrame({"status": ["empty"]}).to_csv(tmp_path / "excluded.csv", index=False)
    code, error = call(demo.stage, "--metrics", metrics, "--excluded", tmp_path / "excluded.csv",
                       "--page", tmp_path / "p.md", "--out", tmp_path / "s.json")
    assert code == 2 and "excluded.csv: lacks the column(s) File" in error


def test_results_of_two_kinds_keep_their_places(tmp_path):
    for name, protocol in (("a", "as-released"), ("b", "as-described")):
        path = tmp_path / "models" / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        run = {"protocol": protocol, "release": "r", "environment": "e", "kernel": "k"}
        path.write_text(json.dumps({"run": run, "value": 1}))
    assert [source.origin.protocol for source in evidence.collect(tmp_path)["models"]] == [
        "as-released", "as-described"]
