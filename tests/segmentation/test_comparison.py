"""The comparison of methods: measures by hand, intervals against plain resampling, other rules."""

import numpy as np
import pandas as pd
import pytest
import yaml

from stages.common import canonical, nifti
from stages.segmentation import comparison, detect, resampled
from stages.segmentation.compared import Detection
from stages.segmentation.matching import match, match_all
from stages.segmentation.resampled import Items
from tests.parameters import whole
from tests.segmentation.test_matching import phantom
from tests.segmentation.volumes import AFFINE, box

SHAPE = (30, 18, 10)
# By patient and series: reference lesions, and what two methods find. A voxel is 20 mm³.
SMALL, LARGE, AWAY = ((3, 3, 2), (5, 5, 4)), ((8, 4, 2), (18, 14, 8)), ((22, 4, 2), (24, 6, 4))
SERIES = [("a", "p1", "test", [SMALL, LARGE], [SMALL, LARGE], [LARGE]),
          ("b", "p2", "test", [LARGE], [LARGE, AWAY], []),
          ("c", "p2", "train", [SMALL], [], None),
          ("d", "p3", "", [], [AWAY], []), ("e", "p4", "", [], [], [])]


@pytest.fixture
def compared(tmp_path, call):
    """The table of two methods, of which the second has not been tested on series c."""
    content = whole()
    content["imaging"]["comparison"] |= {"samples": 200, "sizes_mm": [10]}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    columns = ["File", "patient", "Cohort", "Segmentation", "image", "mask"]
    for method, number in (("one", 4), ("two", 5)):
        rows = []
        for name, patient, part, truth, *guesses in SERIES:
            guess = guesses[number - 4]
            if guess is None:
                continue
            rows.append([name, patient, "sclc", part, f"{name}.nii.gz", f"{name}.nii.gz"])
            for folder, boxes in ((".", truth), (method, guess)):
                nifti.write(tmp_path / folder / f"{name}.nii.gz",
                            nifti.Volume(box(SHAPE, *boxes), AFFINE))
        canonical.write_bytes(tmp_path / f"{method}.csv", canonical.csv_bytes(columns, rows))
        tables = [f"--{name}={tmp_path / 'detection' / method / name}.csv"
                  for name in ("lesions", "scans", "rules")]
        code, said = call(detect.stage, "--manifest", tmp_path / f"{method}.csv", "--params",
                          tmp_path / "params.yaml", "--predictions", tmp_path / method, *tables,
                          "--metrics", tmp_path / "m.json")
        assert code == 0, said
    line = ["--manifest", tmp_path / "one.csv", "--detection", tmp_path / "detection", "--params",
            tmp_path / "params.yaml", "--methods", "one", "two", "--table", tmp_path / "table.csv"]
    code, said = call(comparison.stage, *line)
    assert code == 0, said
    first = (tmp_path / "table.csv").read_bytes()
    assert call(comparison.stage, *line)[0] == 0 and (tmp_path / "table.csv").read_bytes() == first
    return pd.read_csv(tmp_path / "table.csv", keep_default_na=False)


def row(table, measure, method="one", rule="main", lesions="all", kind="value"):
    found = table[(table["measure"] == measure) & (table["method"] == method)
                  & (table["rule"] == rule) & (table["lesions"] == lesions) & (table["kind"] == kind)]
    assert len(found) == 1
    return found.iloc[0]


def test_the_rows_of_the_paper_by_hand(compared):
    one = row(compared, "sensitivity")
    assert (float(one["value"]), int(one["n"]), int(one["series"]), int(one["patients"])) == (
        0.75, 4, 5, 4)
    assert float(row(compared, "lesion_dice")["value"]) == 1
    assert float(row(compared, "lesion_dice")["lowest"]) == 0
    # Scans a, b, c: 1, below 1 by the eight false voxels, 0.
    dice = 2 * 600 / (2 * 600 + 8)
    scan = row(compared, "scan_dice")
    assert float(scan["value"]) == pytest.approx(dice) and float(scan["highest"]) == 1
    # Annotated series alone: one false positive on three scans; d is no part of it.
    assert float(row(compared, "ppv")["value"]) == 0.75
    assert float(row(compared, "false_positives_per_scan")["value"]) == pytest.approx(1 / 3)
    free = row(compared, "free_false_positives")
    assert (float(free["value"]), int(free["n"])) == (0.5, 2)
    assert float(free["sd"]) == pytest.approx(np.std([1, 0], ddof=1))
    volume = row(compared, "free_false_ml")
    assert float(volume["value"]) == pytest.approx(0.08)
    assert float(volume["sd"]) == pytest.approx(np.std([0.16, 0], ddof=1))
    # The small lesions have 8 voxels: 6.7 mm; the large ones 600: 28 mm.
    assert float(row(compared, "sensitivity", lesions="below 10 mm")["value"]) == 0.5
    assert float(row(compared, "sensitivity", lesions="from 10 mm")["value"]) == 1
    assert float(row(compared, "ppv", method="two")["value"]) == 1
    # The second method's small lesions are one patient's: no interval.
    small = row(compared, "sensitivity", method="two", lesions="below 10 mm")
    assert float(small["value"]) == 0 and small["low"] == small["high"] == ""
    # Pairs by their overlap find the same here; no measure of the area exceeds that of one voxel.
    assert float(row(compared, "sensitivity", rule="iou-0.5")["value"]) == 0.75
    assert float(row(compared, "sensitivity", rule="iou-area")["value"]) == pytest.approx(0.75)


def test_a_difference_is_over_the_series_of_both(compared):
    one = row(compared, "sensitivity", method="two", kind="difference")
    # Without series c: one finds 3 of 3, two 1 of 3.
    assert one["against"] == "one" and float(one["value"]) == pytest.approx(1 / 3 - 1)
    assert int(one["series"]) == 4
    # Over the patients that have lesions: p1 -1/2, p2 -1.
    assert float(one["low"]) == -1 and float(one["high"]) == -0.5
    assert float(row(compared, "scan_dice", method="two", kind="difference")["value"]) < 0


def test_a_table_of_other_series_is_refused(compared, tmp_path, call):
    table = pd.read_csv(tmp_path / "one.csv")
    canonical.write_csv(tmp_path / "one.csv", table[table["File"] != "b"])
    code, said = call(comparison.stage, "--manifest", tmp_path / "one.csv", "--detection",
                      tmp_path / "detection", "--params", tmp_path / "params.yaml", "--methods", "one",
                      "--table", tmp_path / "other.csv")
    assert code == 2 and "has the series b, which the manifest lacks" in said
    assert not (tmp_path / "other.csv").exists()


@pytest.mark.parametrize("median", [True, False])
def test_samples_are_the_measure_of_the_items_taken_again(median):
    random = np.random.default_rng(4)
    one = Items(random.integers(0, 6, 40), random.random(40), random.integers(1, 4, 40) * 1.0, median)
    drawn = resampled.draws(6, 50, 1)
    assert (drawn.sum(axis=1) == 6).all() and (drawn[0] == 1).all()
    for weight, found in zip(drawn, resampled.values(one, drawn)):
        taken = np.concatenate([np.flatnonzero(one.patient == patient)
                                for patient in range(6) for _ in range(weight[patient])])
        expected = np.median(one.part[taken]) if median else (
            one.part[taken].sum() / one.whole[taken].sum())
        assert found == pytest.approx(expected)


def test_an_interval_covers_as_often_as_it_says():
    """The mean over 30 patients of one item each: 95 % of the intervals hold the truth, about."""
    random, hits = np.random.default_rng(8), 0
    drawn = resampled.draws(30, 400, 3)
    for _ in range(200):
        one = Items(np.arange(30), random.normal(1, 1, 30), np.ones(30))
        found = resampled.interval(resampled.values(one, drawn), 0.95)
        hits += found["low"] <= 1 <= found["high"]
    assert 0.88 <= hits / 200 <= 0.98


def test_the_area_is_the_mean_of_the_rule_over_all_thresholds():
    random = np.random.default_rng(2)
    for _ in range(20):
        reference, predicted = phantom(random)
        thresholds = (np.arange(400) + 0.5) / 400
        rules = {str(value): Detection(26, "iou", value) for value in thresholds}
        found = match_all(reference, predicted, rules)
        area = sum(one.found.sum() for one in found.values()) / len(thresholds)
        rows = detect.rule_rows("x", found)
        assert rows[-1]["rule"] == detect.AREA
        assert rows[-1]["found"] == pytest.approx(area, abs=len(rows[0]) * 0.01)


def test_the_centre_decides_where_a_lesion_lies():
    reference, first, second = (np.zeros((12, 6, 6), bool) for _ in range(3))
    reference[1:4, 1:4, 1:4] = True
    # Its centre lies in the reference; and the other's, which covers it too, does not.
    first[1:5, 1:4, 1:4] = True
    second[3:10, 1:4, 1:4] = True
    for predicted, there in ((first, True), (second, False)):
        found = match(reference, predicted, Detection(26, "centroid"))
        assert found.found.tolist() == [there] and found.false.tolist() == [not there]
        assert match(reference, predicted, Detection(26, "overlap")).found.all()
    empty = match(reference, np.zeros_like(reference), Detection(26, "centroid"))
    assert not empty.found.any() and len(empty.false) == 0
