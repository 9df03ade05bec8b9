"""Published predictions against chance: valid P, power that rises, one line for what cannot be."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stages.classification.corrected import scores as corrected_scores
from stages.classification.parameters import read_bootstrap
from stages.common import canonical, cli
from stages.common.columns import FEATURES
from stages.common.errors import InputError
from studies.sclc_liver import chance, needed, power, tested
from studies.sclc_liver.label_permutation import areas, best_of, compare, dealt, midranks, p_values
from studies.sclc_liver.parameters import Likeness
from tests.classification.conftest import KEPT
from tests.parameters import text

ROOT = Path(__file__).resolve().parents[4]
# Test patients as they are: the number of series of each study, negative studies with a minus.
PATIENTS = [[2], [2], [1], [2, 2], [2, 1], [2], [-2, -2, 2], [-2, 2, 2], [-2, 2, 2], [2], [-2, 2],
            [2], [2], [-2, 2, 2, 2]]
LIKENESS = Likeness(0.4, 0.7)
RUNS = 400


@pytest.fixture(scope="module")
def structure():
    rows = [(f"p{p}", f"p{p}s{s}", int(count > 0)) for p, studies in enumerate(PATIENTS)
            for s, count in enumerate(studies) for _ in range(abs(count))]
    patients, studies, label = map(np.array, zip(*rows))
    return power.Structure(patients, studies, label, dealt(patients, studies, label, 299, 1),
                           corrected_scores.draw_patients(patients, 300, 2))


@pytest.fixture(scope="module")
def null(structure):
    """Scores of three models without effect, alike among each other."""
    together = np.full((3, 3), 0.6) + 0.4 * np.eye(3)
    return power.noise(structure, [LIKENESS] * 3, together, RUNS, 3)


def test_the_structure_is_that_of_the_cohort(structure):
    assert len(structure.label) == 50 and structure.label.sum() == 38
    assert len(np.unique(structure.patients[structure.label == 0])) == 5
    assert (structure.deals != structure.label).any(axis=1).mean() > 0.9


def renamed(structure, seed):
    """Return patients and studies under names that sort in another order."""
    names = np.unique(structure.patients)
    order = np.random.default_rng(seed).permutation(len(names))
    new = {name: f"n{place:02}" for name, place in zip(names, order)}
    patients = np.array([new[name] for name in structure.patients])
    return patients, np.array([new[patient] + study.removeprefix(patient) for patient, study in
                               zip(structure.patients, structure.studies)])


def test_p_does_not_hang_on_the_names_of_the_patients(structure):
    """Scores alike within patients, whose dealt AUCs a fixed order of the patients would move."""
    generator, count = np.random.default_rng(0), 3000
    _, patient = np.unique(structure.patients, return_inverse=True)
    score = (generator.normal(size=14)[patient] + 0.5 * generator.normal(size=50))[None]
    found = []
    for seed in range(4):
        deals = dealt(*renamed(structure, seed), structure.label, count, 9)
        found.append(areas(score, deals)[0])
    means, errors = np.mean(found, axis=1), np.std(found, axis=1) / np.sqrt(count)
    assert np.ptp(means) < 5 * errors.max()
    reached = (np.array(found) >= 0.65).mean(axis=1)
    assert np.ptp(reached) < 5 * np.sqrt(reached.mean() * (1 - reached.mean()) / count)


def test_areas_are_the_share_of_pairs_in_order():
    generator = np.random.default_rng(0)
    scores = generator.integers(0, 6, (4, 20)).astype(float)  # with ties
    labels = np.array([generator.permutation([1] * 13 + [0] * 7) for _ in range(3)])
    found = areas(scores, labels)
    for row, score in enumerate(scores):
        for column, label in enumerate(labels):
            high, low = score[label == 1][:, None], score[label == 0]
            assert found[row, column] == pytest.approx(((high > low) + (high == low) / 2).mean())


def test_chance_is_found_as_often_as_it_may(structure, null):
    """Type-I error of the one- and two-sided test on cohorts of the real structure."""
    observed = areas(null[0], structure.label[None])[:, 0]
    permuted = areas(null[0], structure.deals)
    for change in (lambda area: area, lambda area: np.abs(area - 0.5)):
        found = p_values(change(observed), change(permuted)) <= 0.05
        assert 0.02 <= found.mean() <= 0.08


def test_the_best_of_three_is_found_by_chance_no_more_often(structure, null):
    observed = [areas(rows, structure.label[None])[:, 0] for rows in null]
    permuted = [areas(rows, structure.deals) for rows in null]
    single = np.array([p_values(*pair) for pair in zip(observed, permuted)]).min(axis=0)
    corrected = np.array([best_of(np.array(one), np.array(many)).min()
                          for one, many in zip(zip(*observed), zip(*permuted))])
    assert (single <= 0.05).mean() > 0.08  # what the correction is for
    assert 0.01 <= (corrected <= 0.05).mean() <= 0.08


def test_corrected_p_is_never_below_the_single_one(structure, null):
    for cohort in range(20):
        found = compare(null[:, cohort], structure.label, structure.deals)
        for entry in found:
            for side in ("one_sided", "two_sided"):
                values = entry[side]
                assert 1 / 300 <= values["P"] <= min(values["P_best"], values["P_holm"])
                assert values["P_holm"] <= values["P_bonferroni"] <= 1
    one = compare(null[:1, 0], structure.label, structure.deals)[0]["one_sided"]
    assert len(set(one.values())) == 1  # nothing to correct for


def test_a_model_that_separates_is_found(structure):
    score = structure.label + 0.1 * np.random.default_rng(4).normal(size=len(structure.label))
    found = compare(score[None], structure.label, structure.deals)[0]
    assert found["AUC"] == 1 and found["one_sided"]["P"] == pytest.approx(1 / 300, abs=0.01)
    turned = compare(-score[None], structure.label, structure.deals)[0]
    assert turned["one_sided"]["P"] == 1 and turned["two_sided"]["P"] < 0.05


def test_power_rises_with_the_auc(structure, null):
    rules = {"single": power.permutation_rule(structure, 0.05),
             "best": power.permutation_rule(structure, 0.05, null[1:]),
             "nested": power.nested_rule(structure, 0.05, 0.95, 99, 5)}
    grid, found = (0.5, 0.7, 0.8, 0.95), {}
    for name, rule in rules.items():
        rows = power.curve(rule, null[0], structure.label, grid)
        values = [row["power"] for row in rows]
        assert values == sorted(values) and values[0] <= 0.08 and values[-1] > 0.9
        assert rows[1]["se"] == pytest.approx((values[1] * (1 - values[1]) / RUNS) ** 0.5)
        found[name] = power.smallest(rows, 0.8)["AUC"]
    assert found["single"] < found["best"] and found["single"] < found["nested"]
    assert power.smallest(power.curve(rules["single"], null[0], structure.label, (0.5, 0.6)), 0.8) == {
        "AUC": None, "se": None}


def test_simulated_scores_have_the_auc_and_the_likeness_that_they_were_given(structure, null):
    shift = np.sqrt(2) * power.NORMAL.inv_cdf(0.8)
    first, second = structure.patients[:, None] == structure.patients, structure.label
    apart = np.argwhere(~first & (second[:, None] == 1) & (second == 0))
    shifted = null[0] + shift * structure.label
    assert (shifted[:, apart[:, 0]] > shifted[:, apart[:, 1]]).mean() == pytest.approx(0.8, abs=0.02)
    together = np.corrcoef(null[0].T)
    same_study = structure.studies[:, None] == structure.studies
    same_patient = first & ~same_study
    np.fill_diagonal(same_study, False)
    assert together[same_study].mean() == pytest.approx(0.7, abs=0.05)
    assert together[same_patient].mean() == pytest.approx(0.4, abs=0.05)
    assert np.corrcoef(null[0].ravel(), null[1].ravel())[0, 1] == pytest.approx(0.6, abs=0.05)
    estimates = [power.likeness(row, structure.patients, structure.studies, structure.label)
                 for row in null[0][:150]]
    assert np.mean([item.patient for item in estimates]) == pytest.approx(0.4, abs=0.08)
    assert np.mean([item.study for item in estimates]) == pytest.approx(0.7, abs=0.08)


def test_ranks_are_shared():
    assert midranks(np.array([[2.0, 1.0, 2.0]])).tolist() == [[2.5, 1.0, 2.5]]


@pytest.fixture
def call(tmp_path, table, monkeypatch, capsys):
    """Run the stage on a table, with predictions that fit it; return exit code and standard error."""
    parameters = text()
    for old, new in (("permutations: 9999", "permutations: 99"),
                     ("simulations: 1000", "simulations: 20"),
                     ("permutations: 999\n", "permutations: 99\n"),
                     ("samples: 1000\n    seed", "samples: 50\n    seed")):
        assert old in parameters
        parameters = parameters.replace(old, new)
    (tmp_path / "params.yaml").write_text(parameters)
    canonical.write_csv(tmp_path / "selected.csv", pd.DataFrame({"feature": KEPT}))

    def run(frame=table, change=lambda rows: rows):
        canonical.write_csv(tmp_path / "table.csv", frame)
        test = frame[frame["Group"] == "test"]
        rows = pd.concat([pd.DataFrame({
            "configuration": name, "series": test["File"], "NE_Class": test["NE_Class"],
            "probability": 1 / (1 + np.exp(-test[FEATURES[number]] / 10))})
            for number, name in enumerate(("LR", "RF", "XGB"))])
        canonical.write_csv(tmp_path / "predictions.csv", change(rows))
        names = {"--table": "table.csv", "--selected": "selected.csv", "--params": "params.yaml",
                 "--predictions": "predictions.csv", "--curves": "curves.csv"}
        for module in (needed, chance):
            monkeypatch.setattr("sys.argv", ["stage", "--release", "r", "--environment", "e", *(
                str(item) for name, file in names.items() for item in (name, tmp_path / file))])
            try:
                cli.main(module.stage)
            except SystemExit as stopped:
                return stopped.code, capsys.readouterr().err
            names["--out"] = "out.json"
        return 0, ""

    return run


def test_the_stage_writes_the_same_bytes_twice(call, tmp_path):
    assert call()[0] == 0
    before = [(tmp_path / name).read_bytes() for name in ("out.json", "curves.csv")]
    content = canonical.read_json(tmp_path / "out.json")
    published = content["models"]["published"]["LR"]
    assert published["one_sided"]["P"] <= published["one_sided"]["P_best"]
    assert published["patients"]["low"] <= published["AUC"] <= published["patients"]["high"]
    # The converged regression takes the place of the released one; the others stay.
    assert content["models"]["converged"]["RF"]["AUC"] == content["models"]["published"]["RF"]["AUC"]
    assert content["models"]["converged"]["LR"]["AUC"] != published["AUC"]
    assert content["numbers"]["patients_in_training_and_test"] == 0
    assert len(content["not_counted"]) == 9 and not set(content["not_counted"]) & {"LR", "RF", "XGB"}
    assert set(content["smallest"]) == {"published", "converged", "nested", *content["declared"]}
    assert call()[0] == 0
    assert [(tmp_path / name).read_bytes() for name in ("out.json", "curves.csv")] == before


def one_class(frame):
    return frame.assign(NE_Class=frame["NE_Class"].where(frame["Group"] != "test", 1))


def one_negative_patient(frame):
    changed, rows = one_class(frame), (frame["Group"] == "test").to_numpy().nonzero()[0]
    return changed.assign(NE_Class=changed["NE_Class"].where(changed.index != rows[0], 0))


@pytest.mark.parametrize("spoil, said", [(one_class, "0 patient(s)"),
                                         (one_negative_patient, "1 patient(s)")])
def test_too_few_patients_of_a_class_are_one_line(call, table, tmp_path, spoil, said):
    code, error = call(spoil(table))
    assert code == 2 and len(error.splitlines()) == 1
    assert "table.csv" in error and f"{said} of the test group with NE-negative series" in error
    assert not (tmp_path / "out.json").exists() and not (tmp_path / "curves.csv").exists()


@pytest.mark.parametrize("change, said", [
    (lambda rows: rows[rows["configuration"] != "XGB"], "configuration XGB is missing"),
    (lambda rows: rows.iloc[1:], "configuration LR is missing or lists other series"),
    (lambda rows: rows.assign(NE_Class=1 - rows["NE_Class"]), "other series or labels"),
    (lambda rows: rows.assign(probability=2.0), "something else than probabilities"),
    (lambda rows: rows.drop(columns="probability"), "lacks the column(s) probability")])
def test_predictions_of_something_else_are_one_line(call, tmp_path, change, said):
    code, error = call(change=change)
    assert code == 2 and len(error.splitlines()) == 1
    assert "predictions.csv" in error and said in error
    assert not (tmp_path / "out.json").exists()


def test_the_interval_draws_whole_patients(sets):
    """Copies of a patient's series bring nothing new: the interval stays what it is."""
    settings, test = read_bootstrap(ROOT / "studies/sclc_liver/params"), sets[1]
    twice = test.take(np.repeat(np.arange(len(test.label)), 2))
    found = []
    for part in (test, twice):
        score = part.features[KEPT[0]].to_numpy()[None]
        deals = dealt(part.patients, part.studies, part.label, 19, 1)
        found.append(chance.describe(score, part, ("LR",), deals, settings)["LR"]["patients"])
    assert found[0] == pytest.approx(found[1]) and found[0]["low"] < found[0]["high"]


def test_a_patient_in_training_and_test_is_one_line(call, table, tmp_path):
    row = (table["Group"] == "test").to_numpy().nonzero()[0][0]
    name = table["patient"][row]
    code, error = call(table.assign(patient=table["patient"].where(table.index != 0, name)))
    assert code == 2 and len(error.splitlines()) == 1
    assert "table.csv" in error
    assert f"1 patient(s) of the test group are in another group too ({name})" in error
    assert not (tmp_path / "out.json").exists() and not (tmp_path / "curves.csv").exists()


def test_dealt_labels_need_two_patients_of_each_class(sets):
    assert tested.check(*sets, "t.csv") == 0
    with pytest.raises(InputError, match=r"t.csv: 0 patient\(s\).*NE-positive"):
        tested.check(sets[0], replace(sets[1], label=np.zeros_like(sets[1].label)), "t.csv")
