"""Metrics, tables and summaries that are damaged: one line that names the file, and exit code 2."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from stages.common import cli
from stages.common.errors import InputError
from stages.common.parameters import Reporting
from stages.verdicts import envelope, evidence, ledger, published, stored
from studies.sclc_liver import demo
from tests.studies.sclc_liver.reporting.test_demo import IMAGING, metrics  # noqa: F401 (a fixture)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def call(monkeypatch, capsys):
    """Run a stage as its command line does; return exit code and standard error."""
    def run(stage, *arguments):
        monkeypatch.setattr("sys.argv", ["stage", *(str(argument) for argument in arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main(stage)
        return stopped.value.code, capsys.readouterr().err
    return run


@pytest.fixture
def metrics_copy(tmp_path):
    """The tracked evidence, to be damaged."""
    for name in (*evidence.PER_RUN, *evidence.PER_SEARCH, *evidence.PER_RELEASE, "published",
                 "sensitivity", "stored"):
        shutil.copytree(ROOT / "metrics" / name, tmp_path / "metrics" / name)
    return tmp_path / "metrics"


@pytest.fixture
def refused(metrics_copy, tmp_path, call):
    """Make the ledger of the damaged evidence; return the one line that it is refused with."""
    def run():
        code, error = call(ledger.stage, "--published", metrics_copy / "published", "--metrics",
                           metrics_copy, "--variations", metrics_copy / "sensitivity", "--params",
                           ROOT / "studies/sclc_liver/params.yaml", "--out", tmp_path / "ledger.csv", "--summary",
                           tmp_path / "summary.json")
        assert code == 2 and error.startswith("error: ") and len(error.splitlines()) == 1, error
        assert not (tmp_path / "ledger.csv").exists() and not (tmp_path / "summary.json").exists()
        return error.replace(f"{metrics_copy}/", "")
    return run


RUN = "as-released/2025-08/classification-notebook.json"


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def put(path, keys, value):
    """Replace a nested value of a JSON file."""
    content = json.loads(path.read_text())
    node = content
    *outer, last = keys.split("/")
    for key in outer:
        node = node[key]
    node[last] = value
    path.write_text(json.dumps(content))


@pytest.mark.parametrize("content", ["{}", "[]", "3", "null", '{"run": 1}', '{"run": {"x": 1}}',
                                     '{"run": {"protocol": "as-released"', ""])
def test_metrics_of_no_run(metrics_copy, refused, content):
    (metrics_copy / "models" / RUN).write_text(content)
    assert f"models/{RUN}: " in refused()


@pytest.mark.parametrize("key, value", [
    ("protocol", None), ("protocol", "another"), ("protocol", "as-described"), ("release", []),
    ("release", "2025-06"), ("environment", "classification-paper"), ("kernel", 3)])
def test_a_run_that_is_another_one(metrics_copy, refused, key, value):
    put(metrics_copy / "bootstrap" / RUN, f"run/{key}", value)
    assert f"bootstrap/{RUN}: " in refused()


@pytest.mark.parametrize("value", [True, False, float("nan"), float("inf"), "0.81", [0.81]])
def test_what_is_no_number(metrics_copy, refused, value):
    put(metrics_copy / "bootstrap" / RUN, "configurations/LR/PPV/mean", value)
    assert f"bootstrap/{RUN}: 'configurations/LR/PPV/mean' is no" in refused()


def test_a_number_where_a_version_belongs(metrics_copy, refused):
    put(metrics_copy / "cohort" / "2025-08.json", "versions/PyRadiomics", 3)
    assert "cohort/2025-08.json: 'versions/PyRadiomics' is no text (3)" in refused()


@pytest.mark.parametrize("name", [
    *(f"{source}/{RUN}" for source in evidence.PER_RUN), "weights/2025-08/classification-paper.json",
    "weights/2025-08/classification-notebook-forest.json", "cohort/2025-06.json",
    "statistics/2025-08.json", "sensitivity/classification-paper.json",
    "sensitivity/classification-notebook-search.json", "published/table1.csv", "stored/outputs.csv"])
def test_a_missing_file_does_not_make_the_ledger_take_another(metrics_copy, refused, name):
    (metrics_copy / name).unlink()
    assert f"{name}: no such file" in refused()


@pytest.mark.parametrize("name, key, wrong", [
    (f"bootstrap/{RUN}", "LR", "LRR"), (f"models/{RUN}", "cross_validation", "crossvalidation"),
    (f"models/{RUN}", "test_of_folds", "folds"), (f"failure/{RUN}", "NE_median", "NE_middle"),
    (f"selection/{RUN}", "percent", "share"), ("cohort/2025-06.json", "padding", "pad"),
    ("statistics/2025-06.json", "spearman", "Spearman"),
    ("weights/2025-08/classification-notebook.json", "weight", "weights"),
    ("weights/2025-08/classification-notebook-forest.json", "RF", "forest"),
    ("sensitivity/classification-notebook.json", "releases", "release")])
def test_a_misspelt_key_does_not_make_the_ledger_take_another(metrics_copy, refused, name, key, wrong):
    change(metrics_copy / name, f'"{key}"', f'"{wrong}"')
    assert name in refused()


def test_a_number_that_no_sweep_varies(metrics_copy, refused):
    for path in (metrics_copy / "sensitivity").glob("classification-*.json"):
        path.write_text(path.read_text().replace('"configurations/LR/PPV/mean"', '"LR/PPV/mean"'))
    assert "metrics/sclc_liver/results/sensitivity: lacks 'configurations/LR/PPV/mean' of 'bootstrap'" in refused()


@pytest.mark.parametrize("rules, said", [
    ("T,*,*,bootstrapp,,a,,,,", "'bootstrapp' is no source and no verdict"),
    ("T,*,*,cohort,,a,,,,", "lacks 'a'"), ("T,*,*,selection,,rank/a,,,,", "no run of 'selection'"),
    ("T,*,*,cohort,,{line},,,,", "'{line}' is no path"),
    ("T,*,*,cohort,,{row.x},,,,", "'{row.x}' is no path"),
    ("T,*,*,cohort,,rank/x,,,,2025-08 | LR | Fold9 | test AUC", "names 0 stored outputs"),
    ("T,*,*,cohort,,rank/x,,,,2025-08 | LR", "names 0 stored outputs"),
    ("T,*,*,cohort,,rank/x,,,,2025-08 | LR | * | *", "names 2 stored outputs"),
])
def test_rules_that_lead_nowhere(tmp_path, rules, said):
    (tmp_path / "rules.csv").write_text(",".join(published.RULE_COLUMNS) + f"\n{rules}\n")
    origin = evidence.Origin("as-released", "r", "e")
    sources = {name: [evidence.Source(origin, {"rank": {"x": 1}}, "x.json",
                                      evidence.LACKS.get(name, ()))]
               for name in ("cohort", "selection")}
    outputs = [dict(zip(stored.COLUMNS, ("2025-08", "c", "n", "1", "LR", f"Fold{fold}", "test AUC",
                                         "0.5"))) for fold in (1, 2)]
    number = published.Number("T", "r", "m", "value", "1", "p")
    with pytest.raises(InputError) as raised:
        ledger.build([number], published.rules(tmp_path / "rules.csv"), sources, {},
                     Reporting(1e-9, 60, 10, {}, 0), outputs)
    assert said in str(raised.value)


@pytest.mark.parametrize("name", ["table1.csv", "supp3.csv", "text.csv"])
@pytest.mark.parametrize("kept", [0, 1, -1])
def test_a_cut_file_of_printed_numbers(metrics_copy, refused, name, kept):
    path = metrics_copy / "published" / name
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:1] + lines[1:][:kept] if kept >= 0 else lines[:kept]))
    assert f"published/{name}: holds " in refused()


def test_files_of_printed_numbers_that_are_not_declared(metrics_copy, refused):
    change(metrics_copy / "published" / "fig4.csv", "\n", "\nFig9,a,b,1,,,0,here\n")
    assert "published/fig4.csv: holds 13 numbers, and reporting.published in params.yaml says 12" in (
        refused())
    shutil.copy(ROOT / "studies/sclc_liver/published/fig4.csv", metrics_copy / "published/fig4.csv")
    (metrics_copy / "published" / "more.csv").write_text(
        ",".join(published.COLUMNS) + "\nFig9,a,b,1,,,0,here\n")
    assert "published/more.csv: holds 1 numbers, and reporting.published in" in refused()


def test_an_emptied_file_of_printed_numbers(metrics_copy, refused):
    (metrics_copy / "published" / "table1.csv").write_text("")
    assert "published/table1.csv: is not a readable CSV table" in refused()


def test_cut_or_damaged_stored_outputs(metrics_copy, refused):
    path = metrics_copy / "stored" / "outputs.csv"
    text = path.read_text()
    lines = text.splitlines(keepends=True)
    path.write_text("".join(lines[:-1]))
    assert f"stored/outputs.csv: holds {len(lines) - 2} values" in refused()
    path.write_text("".join([*lines[:-1], lines[-2]]))
    assert "is listed twice" in refused()
    path.write_text(text.replace(",0.627193\n", ",nan\n"))
    assert "LR / Fold1 / test AUC: 'nan' is no number" in refused()


@pytest.mark.parametrize("value, decimals, said", [
    ("nan", "2", "'nan' is no number"), ("0.5", "x", "0.5 does not have x decimals"),
    ("0.5", "2", "0.5 does not have 2 decimals"), ("0.5", "", "0.5 does not have no decimals"),
    ("$(id)", "0", "is no number"), ("1.2.3", "2", "is no number"), ("1e3", "0", "is no number"),
    ("inf", "0", "is no number"), (" 0.5", "1", "is no number"), ("v1.2", "", "is no number")])
def test_printed_numbers_that_are_none(tmp_path, value, decimals, said):
    (tmp_path / "t.csv").write_text(",".join(published.COLUMNS) + f"\nT,r,m,{value},,,{decimals},p\n")
    with pytest.raises(InputError) as raised:
        published.read(tmp_path)
    assert "t.csv: T / r / m: " in str(raised.value) and said in str(raised.value)


@pytest.mark.parametrize("value, low, high, said", [
    ("0.5", "$(id)", "0.6", "is no number"), ("0.5", "0.4", "high", "is no number"),
    ("", "1.2.3", "2", "is no number"), ("0.5", "0.6", "0.7", "not low, value, high"),
    ("0.5", "0.3", "0.4", "not low, value, high"), ("", "0.7", "0.6", "not low, value, high")])
def test_printed_bounds_that_are_none(tmp_path, value, low, high, said):
    (tmp_path / "t.csv").write_text(",".join(published.COLUMNS)
                                    + f"\nT,r,m,{value},{low},{high},1,p\n")
    with pytest.raises(InputError) as raised:
        published.read(tmp_path)
    assert said in str(raised.value)


@pytest.mark.parametrize("content", [
    {}, [], 3, {"releases": {}}, {"environment": "e", "releases": 1},
    {"environment": "e", "releases": {"r": {"models": {"a/b": {}}}}},
    *({"environment": "e", "releases": {"r": {"models": {"a/b": {"variations": 2, "counts": counts}}}}}
      for counts in ({"x": 1}, {"0.5": "many"}, {"nan": 1}, {"inf": 1}, {"0.5": 3}, {"0.5": -1}))])
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
