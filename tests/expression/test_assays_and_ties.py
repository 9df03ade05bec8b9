"""Equal values beside R's GSVA; samples of several assays; what the other method changes."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from stages.expression import table

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
EXPRESSION = HERE / "expression.csv"
SIGNATURE = pd.read_csv(table.SIGNATURE)


def zeroed(share):
    """The table of the tests with this share of all values, the lowest, at 0."""
    values = pd.read_csv(EXPRESSION, index_col=0)
    lowest = np.sort(values.to_numpy().ravel())[round(share * values.size) - 1]
    return values.where(values > lowest, 0.0)


def test_how_far_scores_of_tied_values_are_from_those_of_gsva_is_said(score, tmp_path):
    reference = pd.read_csv(HERE / "gsva_tied.csv")
    apart = []
    for share, own in reference.groupby("zeros"):
        table_ = zeroed(share)
        assert (table_ == 0).to_numpy().mean() == pytest.approx(share)
        table_.to_csv(tmp_path / "tied.csv")
        code, found = score(tmp_path / "tied.csv")
        assert code == 0
        own = own.set_index("sample")
        gsva = (own["NE"] - own["nonNE"])[found.index]
        assert ((gsva > 0) == (found["NE_Class"] == 1)).all()
        apart.append(f"{(found['NE_Score'] - gsva).abs().max():.2f}")
    said = " ".join((ROOT / "docs/imaging.md").read_text().split())
    assert f"by up to {apart[0]}, {apart[1]} and {apart[2]}, and no label" in said


def test_assays_are_scored_each_by_itself(score, tmp_path):
    raw = pd.read_csv(EXPRESSION)
    mixed = raw.assign(**{f"C{number}": 2 * raw[f"S{number}"] + 1 for number in (2, 3, 5)})
    mixed.to_csv(tmp_path / "x.csv", index=False)
    assays = pd.DataFrame({"sample": mixed.columns[1:],
                           "assay": ["tissue"] * 6 + ["cfDNA"] * 3}).sample(frac=1, random_state=1)
    assays.to_csv(tmp_path / "assays.csv", index=False)
    code, found = score(tmp_path / "x.csv", "--assays", tmp_path / "assays.csv")
    assert code == 0
    alone = score(EXPRESSION)[1]
    pd.testing.assert_frame_equal(found.loc[alone.index], alone)
    raw[["gene", "S2", "S3", "S5"]].to_csv(tmp_path / "x.csv", index=False)
    # Ranks do not see the straight line: the three samples by themselves.
    three = score(tmp_path / "x.csv")[1]["NE_Score"]
    assert found.loc[["C2", "C3", "C5"], "NE_Score"].to_numpy() == pytest.approx(three.to_numpy())
    assert found.loc["C3", "NE_Score"] != pytest.approx(found.loc["S3", "NE_Score"])


@pytest.mark.parametrize("change_, words", [
    (lambda listed: listed[:-1], "names no assay for sample S6"),
    (lambda listed: listed.assign(assay=" "), "names no assay for sample S1"),
    (lambda listed: pd.concat([listed, listed]), "names a sample twice"),
    (lambda listed: listed.assign(assay=[*["a"] * 5, "b"]), "holds one sample")])
def test_bad_assays_are_one_line(score, tmp_path, change_, words):
    listed = pd.DataFrame({"sample": [f"S{number}" for number in range(1, 7)], "assay": "a"})
    change_(listed).to_csv(tmp_path / "assays.csv", index=False)
    code, error = score(EXPRESSION, "--assays", tmp_path / "assays.csv")
    assert code == 2 and words in error and "\n" not in error
    assert not (tmp_path / "scores.csv").exists()


def test_the_labels_that_the_other_method_changes_are_counted(score, tmp_path):
    def other():
        return yaml.safe_load((tmp_path / "summary.json").read_text())["other"]

    first = score(EXPRESSION)[1]
    said = other()
    second = score(EXPRESSION, "--method", "correlation")[1]
    assert said == {"method": "correlation",
                    "labels_that_differ": int((first["NE_Class"] != second["NE_Class"]).sum())}
    assert other() == {"method": "ssgsea", "labels_that_differ": said["labels_that_differ"]}
    random = np.random.default_rng(1)
    noise = pd.DataFrame(random.normal(5, 1, (50, 40)).round(3), SIGNATURE["gene"],
                         [f"N{number}" for number in range(40)])
    noise.to_csv(tmp_path / "x.csv", index_label="gene")
    labels = [score(tmp_path / "x.csv", "--method", method)[1]["NE_Class"]
              for method in ("correlation", "ssgsea")]
    assert other()["labels_that_differ"] == int((labels[0] != labels[1]).sum()) > 0
    pd.read_csv(EXPRESSION).assign(S1=1000.0).to_csv(tmp_path / "x.csv", index=False)
    assert score(tmp_path / "x.csv")[0] == 0
    assert "no logarithm" in other()["not_scored"]
