"""The headline of a study: the same keys for every study, and one line for what is missing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
KEYS = {"exact", "envelope", "contradicted", "private", "printed", "recomputed", "corrected", "low",
        "high", "P"}
LEDGER = ("item,row,metric,statistic,published,verdict,reproduced\n"
          "Abstract,model,AUC,value,0.80,exact,0.8012\n"
          "Abstract,model,AUC,low,0.7,envelope,0.71\n"
          "Abstract,scans,n,value,12,needs-private-images,\n"
          "Table1,scans,n,value,13,needs-private-labels,\n"
          "Table1,men,n,value,2,contradicted,3\n"
          "Methods,scanners,n,value,2,not-checked,\n")
DOCUMENT = {"AUC": {"mean": 0.6, "low": 0.5, "high": 0.7}, "test": {"P": 0.04}}
CORRECTED = {"file": "corrected.json", "value": "AUC/mean", "low": "AUC/low", "high": "AUC/high",
             "P": "test/P"}


def run(folder, ledger=LEDGER, cell=("Abstract", "model", "AUC", "value"), corrected=CORRECTED):
    (folder / "ledger.csv").write_text(ledger)
    (folder / "corrected.json").write_text(json.dumps(DOCUMENT))
    (folder / "params.yaml").write_text(yaml.safe_dump(
        {"headline": {"ledger": list(cell), "corrected": corrected}}))
    line = [sys.executable, "-m", "stages.reporting.headline", "--ledger", "ledger.csv",
            "--out", "headline.json"]
    return subprocess.run(line, cwd=folder, capture_output=True, text=True)


def test_verdicts_and_values(tmp_path):
    result = run(tmp_path)
    assert result.returncode == 0, result.stderr
    assert json.loads((tmp_path / "headline.json").read_text()) == {
        "exact": 1, "envelope": 1, "contradicted": 1, "private": 2, "printed": 0.8,
        "recomputed": 0.8012, "corrected": 0.6, "low": 0.5, "high": 0.7, "P": 0.04}


def test_a_study_whose_data_are_private_has_the_same_keys(tmp_path):
    result = run(tmp_path, cell=("Abstract", "scans", "n", "value"), corrected=None)
    assert result.returncode == 0, result.stderr
    found = json.loads((tmp_path / "headline.json").read_text())
    assert set(found) == KEYS
    assert found["printed"] == 12 and found["recomputed"] is None and found["P"] is None


@pytest.mark.parametrize("change, said", [
    ({"cell": ("Abstract", "model", "F1", "value")},
     "ledger.csv: has 0 numbers Abstract | model | F1 | value instead of one"),
    ({"cell": ("Abstract", "model", "AUC")}, "headline.ledger"),
    ({"corrected": {**CORRECTED, "low": "AUC/lowest"}},
     "corrected.json: has no number at 'AUC/lowest'"),
    ({"corrected": {**CORRECTED, "P": "test"}}, "corrected.json: has no number at 'test'"),
    ({"corrected": {**CORRECTED, "file": "absent.json"}}, "absent.json"),
    ({"corrected": {"file": "corrected.json"}}, "headline.corrected"),
    ({"ledger": LEDGER.replace("contradicted", "perhaps")}, "ledger.csv: unknown verdict 'perhaps'"),
    ({"ledger": LEDGER.replace("0.8012", "high")}, "ledger.csv: 'high' is no number"),
    ({"ledger": LEDGER.replace(",reproduced", ",again")}, "ledger.csv")])
def test_bad_input_is_one_line(tmp_path, change, said):
    result = run(tmp_path, **change)
    lines = result.stderr.strip().splitlines()
    assert result.returncode == 2 and len(lines) == 1 and said in lines[0], result.stderr
    assert not (tmp_path / "headline.json").exists()


def test_the_committed_headline_is_that_of_the_committed_ledger(tmp_path):
    out = tmp_path / "headline.json"
    subprocess.run([sys.executable, "-m", "stages.reporting.headline", "--ledger",
                    "reports/ledger.csv", "--out", out], cwd=ROOT, check=True)
    assert out.read_bytes() == (ROOT / "metrics" / "headline.json").read_bytes()
    assert set(json.loads(out.read_text())) == KEYS
