"""Folds, intervals, weights and sampling types on made-up data whose answer is known."""

import itertools
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stages.classification.parameters import (
    Bootstrap,
    Folds,
    read_protocol,
    read_search,
)
from stages.classification.train import fold_indices
from stages.common import canonical
from stages.common.errors import InputError
from studies.sclc_liver import audit, sampling, scan

ROOT = Path(__file__).resolve().parents[4]
PARAMS = ROOT / "studies/sclc_liver/params"
RELEASED = read_protocol(PARAMS, "as-released")


def run(module, *arguments):
    return subprocess.run([sys.executable, "-m", f"studies.sclc_liver.{module}",
                           *map(str, arguments)], cwd=ROOT, env=os.environ, capture_output=True,
                          text=True)


def test_overlap_counts_held_out_series_by_hand(sets):
    train_set, _ = sets
    folds = Folds("shuffle-split", 3, 0.2, 1)
    found = audit.overlap(train_set, folds)
    held_out, shared, seen = 0, {"studies": 0, "patients": 0}, set()
    for inside, outside in fold_indices(folds, train_set.label):
        held_out += len(outside)
        seen |= set(outside.tolist())
        for unit in shared:
            names = getattr(train_set, unit)
            shared[unit] += sum(name in set(names[inside]) for name in names[outside])
    assert found["held_out"] == held_out
    assert found["never_held_out"] == len(train_set.label) - len(seen) > 0
    for unit, count in shared.items():
        assert found[unit] == {"shared": count, "share": count / held_out}
    assert found["patients"]["shared"] >= found["studies"]["shared"] > 0


def test_folds_of_one_series_per_study_share_nothing(sets):
    train_set, _ = sets
    single = train_set.take(np.arange(0, len(train_set.label), 2))
    assert audit.overlap(single, Folds("shuffle-split", 3, 0.2, 1))["studies"]["shared"] == 0


def test_drawing_patients_widens_the_interval():
    generator = np.random.default_rng(5)
    patients = np.repeat(np.arange(12), 6)
    label = np.repeat(np.arange(12) % 2, 6)
    probability = np.repeat(generator.uniform(size=12), 6) + generator.normal(0, 0.01, 72)
    table = pd.DataFrame({"patient": patients.astype(str), "NE_Class": label,
                          "predicted": (probability > 0.5).astype(int), "probability": probability})
    settings = Bootstrap(400, 3, 0.95)
    wide = audit.by_patient(table, settings)["AUC"]
    narrow = audit.by_patient(table.assign(patient=np.arange(72).astype(str)), settings)["AUC"]
    assert wide["all_series"] == narrow["all_series"]
    assert wide["high"] - wide["low"] > 2 * (narrow["high"] - narrow["low"]) > 0


def test_agreement_counts_numbers_at_their_printed_precision():
    printed = {("F1", "value"): "0.85", ("F1", "low"): "0.8",
               ("AUC", "high"): "0.700"}
    found = {"F1": {"mean": 0.8549, "low": 0.86}, "AUC": {"high": 0.7004}}
    assert audit.agreement(found, printed, audit.BOUNDS) == 2
    assert audit.agreement(found | {"F1": {"mean": 0.856, "low": 0.84}}, printed,
                           audit.BOUNDS) == 2
    assert audit.agreement({"AUC": {"high": 0.7006}}, printed, audit.BOUNDS) == 0


def test_the_weight_of_a_row_is_found_again(sets):
    """A row printed from one weight is given by that weight alone, or by its like."""
    search = replace(read_search(PARAMS), start=0.2, step=0.6, count=4)
    settings = Bootstrap(50, 1, 0.95)
    blank = {("Sensitivity", "value"): "1.00"}
    predicted = scan.by_weight(scan.scan(*sets, RELEASED, search))
    found = audit.scores(predicted, settings, blank)
    assert list(found) == ["0.2", "0.8", "1.4", "2.0"]
    sensitivity = [entry["Sensitivity"] for entry in found.values()]
    assert sensitivity[0] < sensitivity[-1]
    printed = {(name, "value"): f"{found['0.2'][name]:.3f}"
               for name in ("Sensitivity", "Specificity", "AUC")}
    found = audit.best_weights(audit.scores(predicted, settings, printed), printed)
    assert found["most_equal"] == 3 and found["weights"] == [0.2]
    assert found["least_weight_with_printed_sensitivity"] == 0.2


def test_a_row_must_be_printed(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("row,metric,value,low,high\nLR,F1,0.85,,\n")
    assert audit.printed_row(path, "LR") == {("F1", "value"): "0.85"}
    with pytest.raises(InputError, match="has no row RF"):
        audit.printed_row(path, "RF")


# --- sampling types --------------------------------------------------------------------------


def made_up(seed=2):
    """Predictions on seven studies: four positive, three negative, one or two series each."""
    generator = np.random.default_rng(seed)
    rows = []
    for study in range(7):
        for _ in range(1 + study % 2):
            label = int(study < 4)
            probability = generator.uniform(0.2, 0.8) + 0.1 * label
            rows.append({"configuration": "LR", "study": f"s{study}", "NE_Class": label,
                         "predicted": int(probability > 0.5), "probability": probability})
    return pd.DataFrame(rows)


def scores_of(part):
    high, low = (part.loc[part["NE_Class"] == k, "probability"].to_numpy() for k in (1, 0))
    if not len(high) or not len(low):
        return None
    right = (part["predicted"] == part["NE_Class"]).sum()
    return right / len(part), (high[:, None] > low).mean(), len(part) - right


def test_every_assignment_is_counted():
    table, studies = made_up(), [f"s{k}" for k in range(7)]
    biopsy = table[table["study"].isin(["s0", "s1", "s5"])]
    cfdna = table.drop(biopsy.index)
    printed = {name: {"Accuracy": f"{scores_of(part)[0]:.3f}",
                      "AUC": f"{scores_of(part)[1]:.3f}"}
               for name, part in (("biopsy", biopsy), ("cfDNA", cfdna))}
    errors = int(scores_of(cfdna)[2])
    expected = dict.fromkeys(("accuracy", "AUC", "accuracy_and_AUC", "with_errors"), 0)
    for size in range(8):
        for chosen in itertools.combinations(studies, size):
            parts = [table[table["study"].isin(chosen)], table[~table["study"].isin(chosen)]]
            both = list(zip(sampling.TYPES, parts))
            if any(not len(part) for part in parts):
                continue
            right = [(p["predicted"] == p["NE_Class"]).mean() for p in parts]
            accuracy = all(abs(r - float(printed[n]["Accuracy"])) <= 0.0005 + 1e-9
                           for r, (n, _) in zip(right, both))
            found = [scores_of(part) for part in parts]
            area = all(f is not None and abs(f[1] - float(printed[n]["AUC"])) <= 0.0005 + 1e-9
                       for f, (n, _) in zip(found, both))
            expected["accuracy"] += accuracy
            expected["AUC"] += area
            expected["accuracy_and_AUC"] += accuracy and area
            expected["with_errors"] += accuracy and area and int(found[1][2]) == errors
    found = sampling.tally(*sampling.by_label(table), printed, errors, 1e-9)
    assert found == {"assignments": 128} | expected and found["with_errors"] >= 1
    none = sampling.tally(*sampling.by_label(table), printed, errors + 50, 1e-9)
    assert none["with_errors"] == 0


def test_too_many_studies_or_one_label_are_refused():
    with pytest.raises(InputError, match="label 0"):
        sampling.by_label(made_up().query("NE_Class == 1"))
    many = pd.concat([made_up().assign(study=lambda t, k=k: t["study"] + str(k))
                      for k in range(6)])
    with pytest.raises(InputError, match="at most 22"):
        sampling.by_label(many)


def test_the_sampling_stage_from_files(tmp_path):
    canonical.write_csv(tmp_path / "p.csv", made_up())
    common = ("--predictions", tmp_path / "p.csv", "--release", "R", "--environment", "E",
              "--params", ROOT / "params.yaml", "--out", tmp_path / "o.json",
              "--text", ROOT / "studies/sclc_liver/published/text.csv")
    done = run("sampling", *common, "--figure", ROOT / "studies/sclc_liver/published/fig5.csv")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "o.json").read_text())["assignments"] == 128
    done = run("sampling", *common, "--figure", ROOT / "studies/sclc_liver/published/fig3.csv")
    assert done.returncode == 2 and "lacks the printed number" in done.stderr
