"""The exact range over all choices of series, against brute force."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
from scipy import stats

from stages.common.columns import LABEL
from stages.statistics import ranks
from studies.sclc_liver import choices

PUBLISHED = "studies/sclc_liver/published/fig3.csv"


def all_choices(volume, study, label):
    """Every choice of one series per study: W, z and tie-corrected z of each."""
    names = list(dict.fromkeys(study))
    options = [[v for v, s in zip(volume, study) if s == name] for name in names]
    labels = np.array([label[list(study).index(name)] for name in names])
    m, n = int(labels.sum()), int((1 - labels).sum())
    for choice in itertools.product(*options):
        values = np.array(choice)
        positive, negative = values[labels == 1], values[labels == 0]
        w = stats.mannwhitneyu(positive, negative).statistic
        yield (w, stats.ranksums(positive, negative).statistic,
               ranks.normal_z(w, m, n, ranks.tie_sum(values)))


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("distinct", [8, 1000])
def test_brute_force_gives_the_same_range(seed, distinct):
    generator = np.random.default_rng([seed, distinct])
    counts = generator.integers(1, 4, 6)
    study = np.repeat(np.arange(6), counts)
    label = np.repeat(generator.permutation([1, 1, 1, 0, 0, seed % 2]), counts)
    volume = generator.integers(1, distinct, len(study)).astype(float)
    w, z, tied = map(np.array, zip(*all_choices(volume, study, label)))
    found = choices.extremes(volume, study, label)
    assert (found["W_min"], found["W_max"]) == (w.min(), w.max())
    assert found["z_min"] == pytest.approx(z.min(), rel=1e-12, abs=1e-12)
    assert found["z_max"] == pytest.approx(z.max(), rel=1e-12, abs=1e-12)
    low, high = found["z_tie_corrected_from"], found["z_tie_corrected_to"]
    tied = tied[~np.isnan(tied)]
    assert math.isnan(low) or (tied >= low - 1e-12).all()
    assert math.isnan(high) or (tied <= high + 1e-12).all()
    if len(set(volume)) == len(volume):
        assert (low, high) == (found["z_min"], found["z_max"])


def test_ties_within_one_study_are_no_ties_of_a_choice():
    found = choices.extremes(np.array([3.0, 3.0, 1.0, 2.0]), np.array(list("aabc")),
                             np.array([1, 1, 0, 0]))
    assert found["z_tie_corrected_to"] == found["z_max"] == found["z_min"]


@pytest.mark.parametrize("low, high, tied_to, expected", [
    (1.0, 1.7, 1.7, True), (1.0, 2.3, 2.3, False), (1.0, 2.1, 2.2, False),
    (-2.3, 1.0, 1.0, False), (2.5, 3.0, 3.0, True), (1.0, 1.7, math.nan, False)])
def test_exclusion(low, high, tied_to, expected):
    found = {"z_min": low, "z_max": high, "z_tie_corrected_from": low,
             "z_tie_corrected_to": tied_to}
    assert choices.excluded(found, (2.1905, 2.1915)) is expected


def test_nearest_threshold_against_scipy():
    generator = np.random.default_rng(5)
    volume, score = generator.normal(size=20), generator.normal(size=20)
    tried = {t: stats.ranksums(volume[score >= t], volume[score < t]).statistic
             for t in sorted(score)[1:]}
    nearest = min(tried, key=lambda t: abs(abs(tried[t]) - 1.0))
    found = choices.nearest_threshold(volume, score, 1.0)
    assert found["threshold"] == nearest
    assert found["z"] == pytest.approx(tried[nearest], rel=1e-12)


def run(stage, table, out, published=PUBLISHED):
    return stage("choices", "--table", table, "--published", published, "--out", out)


def test_published_statistic_is_out_of_reach(released, stage, tmp_path):
    done = run(stage, released, tmp_path / "out.json")
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "out.json").read_text())
    assert result["published_interval"] == [2.1905, 2.1915]
    assert result["studies"] == 118 and int(result["choices"]) == 2 ** 109
    assert len(result["volumes"]) == 3
    for found in result["volumes"].values():
        assert found["z_min"] < found["z_max"] < 2.1905
        assert found["excludes_published"] is True
    burden = result["volumes"]["volume_mm3"]
    assert burden["W_min"] <= 1527 <= burden["W_max"]


@pytest.mark.parametrize("rows", [
    "", "all,Spearman,0.252\n", "all,Wilcoxon_z,\n", "all,Wilcoxon_z,large\n",
    "all,Wilcoxon_z,NaN\n", "all,Wilcoxon_z,2.1\nall,Wilcoxon_z,2.2\n"])
def test_a_figure_without_the_statistic(rows, table, write, stage, tmp_path):
    path = tmp_path / "fig3.csv"
    path.write_text("row,metric,value\n" + rows)
    done = run(stage, write(table), tmp_path / "out.json", path)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "fig3.csv: has no number all / Wilcoxon_z" in done.stderr
    assert not (tmp_path / "out.json").exists()


@pytest.mark.parametrize("text, interval", [
    ("2.191", (2.1905, 2.1915)), ("2.20", (2.195, 2.205)), ("3", (2.5, 3.5))])
def test_the_printed_statistic_stands_for_what_rounds_to_it(text, interval, tmp_path):
    path = tmp_path / "fig3.csv"
    path.write_text(f"row,metric,value\nall,Wilcoxon_z,{text}\nbiopsy,Wilcoxon_z,9.9\n")
    assert choices.published(path).interval == interval


def test_missing_volume_column(table, write, stage, tmp_path):
    name = "original_shape_MeshVolume"
    done = run(stage, write(table.drop(columns=name)), tmp_path / "out.json")
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and name in done.stderr


def test_an_empty_group(table, write, stage, tmp_path):
    table[LABEL] = 1
    done = run(stage, write(table), tmp_path / "out.json")
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "no study is NE-negative" in done.stderr
