"""The second derivations are right where brute force can follow, and share nothing with the first."""

import csv
import inspect
import itertools
import math

import numpy as np
import pytest

from stages.common import canonical, cli
from stages.common.errors import InputError
from studies.sclc_liver.derivations import acquisition, burden, released, stage, weighted


def series(study, positive, size=1.0, low=-1024, test=True):
    return released.Series(study, positive, test, {
        "diagnostics_Mask-original_Spacing": f"({size}, 1.0, 2.0)",
        "diagnostics_Mask-original_VoxelNum": "3", "diagnostics_Image-original_Minimum": str(low),
        "diagnostics_Image-original_Spacing": f"({size}, {size}, 5.0)",
        "diagnostics_Image-interpolated_Spacing": f"(1.0, 1.0, {size})"})


def test_they_share_no_function_with_the_first():
    for module in (acquisition, burden, released, weighted):
        lines = inspect.getsource(module).splitlines()
        taken = [line for line in lines if line.startswith(("from stages", "import stages"))]
        assert set(taken) <= {"from stages.common.errors import InputError"}
        assert not [line for line in lines if "sklearn" in line and "import" in line]


def test_every_sample_counted():
    """All samples of a small cohort, gone through one by one."""
    rng = np.random.default_rng(3)
    rows = [series(f"p{study}", True) for study in range(3) for _ in range(2)]
    rows += [series(f"n{study}", False) for study in range(2) for _ in range(3)]
    score = rng.normal(size=len(rows))
    studies = {}
    for row, one in enumerate(rows):
        studies.setdefault(one.study, []).append(row)
    seen = []
    for sample in itertools.product(*studies.values()):
        called, positive = score[list(sample)] > 0, np.array([rows[row].positive for row in sample])
        tp, fp = int(sum(called & positive)), int(sum(called & ~positive))
        seen.append(((called == positive).mean(), tp / (tp + fp) if tp + fp else 0.0, tp / 3,
                     2 * tp / (tp + fp + 3) if tp else 0.0))
    found = weighted.sampled(rows, score, 0.95)
    for name, values in zip(("Accuracy", "PPV", "Sensitivity", "F1"), np.array(seen).T):
        assert found[name]["mean"] == pytest.approx(values.mean())
        exact = np.sort(values)[[math.ceil(end * len(values)) - 1 for end in (0.025, 0.975)]]
        assert [found[name]["low"], found[name]["high"]] == pytest.approx(list(exact))


def test_the_minimum_is_one():
    """No small step from the solution lowers the objective, written down once more."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=(60, 3)) * [1, 100, 0.01]
    positive = x[:, 0] + rng.normal(size=60) > 0
    fit = weighted.Fit(x, positive, 0.25, 3.0)

    def objective(slopes, intercept):
        log_odds = np.where(positive, 1, -1) * (x @ slopes + intercept)
        weight = np.where(positive, 0.25, 1.0)
        return 3 * sum(weight * np.log1p(np.exp(-log_odds))) + slopes @ slopes / 2

    slopes = fit.solution[:-1] / fit.scale
    intercept = fit.solution[-1] - slopes @ fit.centre
    assert fit.scores(x) == pytest.approx(x @ slopes + intercept)
    least = objective(slopes, intercept)
    for _ in range(200):
        step = rng.normal(size=4) * 1e-3 * [1, 0.01, 1, 1]
        assert objective(slopes + step[:3], intercept + step[3]) >= least - 1e-9


def test_pairs_and_sizes():
    rows = [series("a", True, 3), series("a", True, 9), series("b", True, 2), series("c", False, 1),
            series("d", False, 2.5, low=-2048), series("e", False, 1.5)]
    found = burden.rank_sum(rows)  # of 6 pairs, 5 are won
    assert found["rank_sum/z"] == pytest.approx((5 - 3) / (6 * 6 / 12) ** 0.5)
    assert found["rank_sum/p_z"] == pytest.approx(math.erfc(found["rank_sum/z"] / 2 ** 0.5))
    assert acquisition.sizes(rows)["padding/-1024/in_plane_mm/min"] == 1
    assert acquisition.sizes(rows)["resampled_mm/z/max"] == 9


def test_folds_deal_all_rows():
    for inside, outside in weighted.folds(17, 4, 0.2, 1):
        assert len(outside) == 4 and sorted([*inside, *outside]) == list(range(17))


@pytest.fixture
def files(tmp_path):
    columns = [*released.NEEDED, "f"]
    with open(tmp_path / "t.csv", "w", newline="") as file:
        out = csv.DictWriter(file, columns)
        out.writeheader()
        out.writerow({**dict.fromkeys(columns, "1"), "File": "A_1_x.nii"})
    (tmp_path / "s.csv").write_text("feature,coefficient\nf,1\n")
    return tmp_path


@pytest.mark.parametrize("name, change, said", [
    ("t.csv", lambda text: None, "t.csv: cannot be read"),
    ("t.csv", lambda text: text.replace("NE_Class", "Class"), "lacks column 'NE_Class'"),
    ("t.csv", lambda text: text.splitlines()[0] + "\n", "lacks column 'File'"),
    ("s.csv", lambda text: "feature,coefficient\n", "s.csv: names no feature"),
    ("s.csv", lambda text: text.replace("f,", "g,"), "lacks column 'g'")])
def test_bad_input_is_one_line(files, monkeypatch, capsys, name, change, said):
    path = files / name
    text = change(path.read_text())
    path.unlink()
    if text is not None:
        path.write_text(text)
    monkeypatch.setattr("sys.argv", [
        "stage", "--table", str(files / "t.csv"), "--selected", str(files / "s.csv"), "--params",
        "studies/sclc_liver/params", "--release", "r", "--out", str(files / "out.json")])
    with pytest.raises(SystemExit) as stopped:
        cli.main(stage.stage)
    error = capsys.readouterr().err
    assert stopped.value.code == 2 and error.count("\n") == 1 and said in error
    assert not (files / "out.json").exists()


@pytest.mark.parametrize("release", ["2025-06", "2025-08"])
def test_the_committed_values_have_every_source(release):
    found = canonical.read_json(f"metrics/sclc_liver/results/second/{release}.json")
    assert found["release"] == release
    assert set(found["values"]) == {"bootstrap", "cohort", "models", "statistics"}


def test_counts_without_a_denominator():
    """Nobody called positive, everybody called positive: PPV is 0, NPV is left out."""
    assert weighted.counted(0, 4, 0, 6) == {"Accuracy": 0.6, "Sensitivity": 0.0, "Specificity": 1.0,
                                            "PPV": 0.0, "F1": 0.0, "NPV": 0.6}
    assert weighted.counted(4, 4, 6, 6) == {"Accuracy": 0.4, "Sensitivity": 1.0, "Specificity": 0.0,
                                            "PPV": 0.4, "F1": 8 / 14}
    assert weighted.counted(3, 4, 2, 6)["NPV"] == 4 / 5


def test_scores_of_the_held_out_rows():
    """By hand on rows that are far apart: every fold calls them right."""
    positive = np.arange(20) % 2 == 0
    features = np.where(positive, 1.0, -1.0)[:, None] + np.linspace(0, 0.1, 20)[:, None]
    found = weighted.validation(features, positive, 1.0, 10.0,
                                {"n_splits": 3, "test_size": 0.25, "seed": 2})
    assert found == {name: {"mean": 1.0, "min": 1.0, "max": 1.0} for name in ("F1", "AUC")}
    score, right = np.array([3.0, 2.0, 2.0, 1.0]), np.array([True, True, False, False])
    assert weighted.area(score, right) == 3.5 / 4
    assert weighted.f1(score > 1.5, right) == 0.8 and weighted.f1(score > 9, right) == 0.0


def test_a_class_that_is_no_number(files):
    path = files / "t.csv"
    text = path.read_text()
    path.write_text(text.replace("A_1_x.nii,1,", "A_1_x.nii,one,"))
    with pytest.raises(InputError, match="t.csv: holds an NE_Class that is no number"):
        released.read(path, ("f",))
    path.write_text(text)
    one, = released.read(path, ("f",))
    assert (one.study, one.positive, one.test, one.number("f")) == ("A_1", True, False, 1.0)
