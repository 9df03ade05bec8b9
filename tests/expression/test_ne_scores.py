"""NE scores against R's GSVA, against their definitions, and on tables that cannot be used."""

import gzip
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import stats

from stages.expression import scores, table

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
EXPRESSION = HERE / "expression.csv"
SIGNATURE = pd.read_csv(table.SIGNATURE)


def mirror(*parts):
    path = Path(os.environ.get("DATA_MIRROR", ROOT.parent / "shared" / "data"), *parts)
    if not path.exists():
        pytest.skip(f"no {'/'.join(parts)} in the mirror of real data (DATA_MIRROR)")
    return path


def sets():
    return {name: list(group) for name, group in SIGNATURE.groupby("set")["gene"]}


def definition(values: pd.Series, genes, weight):
    """Barbie's sum over all ranks, equal values at their mean place."""
    place = stats.rankdata(values)
    hit = np.isin(values.index, list(genes))
    step = place**weight * hit
    return (step * place).sum() / step.sum() - place[~hit].mean()


def test_the_signature_is_25_and_25_genes():
    assert SIGNATURE["set"].value_counts().to_dict() == {"NE": 25, "nonNE": 25}
    assert SIGNATURE["gene"].is_unique and SIGNATURE["symbol_2018"].is_unique
    changed = SIGNATURE[SIGNATURE["gene"] != SIGNATURE["symbol_2018"]]
    assert dict(zip(changed["symbol_2018"], changed["gene"])) == {"CYR61": "CCN1",
                                                                  "FAM57B": "TLCD3B"}
    assert set(SIGNATURE["gene"]) >= {"ASCL1", "CHGA", "SYP", "INSM1", "YAP1", "CAV1", "ANXA1"}


def test_the_signature_is_that_of_the_mirror():
    listed = pd.read_csv(mirror("ne_signature", "zhang2018_ne50.csv"))
    assert set(zip(listed["set"], listed["gene"])) == set(zip(SIGNATURE["set"],
                                                              SIGNATURE["symbol_2018"]))


def test_enrichment_equals_that_of_gsva():
    reference = pd.read_csv(HERE / "gsva_reference.csv").set_index("sample")
    found = scores.enrichment(table.read(EXPRESSION), sets(), 0.25)
    # The reference is written with twelve digits.
    np.testing.assert_allclose(found[["NE", "nonNE"]], reference[["NE", "nonNE"]], rtol=1e-10)


def test_scores_equal_those_of_gsva(score):
    reference = pd.read_csv(HERE / "gsva_reference.csv").set_index("sample")
    code, found = score(EXPRESSION)
    expected = reference["NE_normalised"] - reference["nonNE_normalised"]
    assert code == 0
    np.testing.assert_allclose(found["NE_Score"], expected, rtol=1e-10)
    assert found["NE_Class"].tolist() == [1, 1, 1, 0, 0, 0]
    assert found["NE_Status"].tolist() == ["positive"] * 3 + ["negative"] * 3
    # The NE programme was weakened from sample to sample.
    assert (np.diff(found["NE_Score"]) < 0).all() and found["NE_Score"].abs().max() <= 1


def test_equal_values_are_placed_fairly():
    # Half of the genes not expressed, as in RNA sequencing: order of rows must not matter.
    expression = table.read(EXPRESSION)
    expression = expression.where(expression > expression.median(), 0.0)
    found = scores.enrichment(expression, sets(), 0.25)
    shuffled = expression.sample(frac=1, random_state=1)
    np.testing.assert_allclose(scores.enrichment(shuffled, sets(), 0.25), found, atol=1e-9)
    for sample in expression:
        for name, genes in sets().items():
            assert found.loc[sample, name] == pytest.approx(
                definition(expression[sample], genes, 0.25), abs=1e-9)


def test_a_score_by_the_number_of_genes_is_the_samples_own(score, tmp_path):
    expression = table.read(EXPRESSION)
    _, together = score(EXPRESSION, normalise="genes")
    expression[["S2"]].to_csv(tmp_path / "one.csv")
    code, alone = score(tmp_path / "one.csv", normalise="genes")
    assert code == 0 and alone.loc["S2", "NE_Score"] == together.loc["S2", "NE_Score"]
    ordered = expression.sort_index(key=lambda index: index.isin(sets()["NE"]).astype(int)
                                    - index.isin(sets()["nonNE"]).astype(int))
    extreme = pd.DataFrame({"top": np.arange(len(ordered), dtype=float)}, ordered.index)
    extreme["bottom"] = -extreme["top"]
    found = scores.ssgsea(extreme, sets(), 0.25, "genes", "x")["NE_Score"]
    assert 0.9 < found["top"] <= 1 and -1 <= found["bottom"] < -0.9


def test_one_sample_has_no_range(score, tmp_path):
    table.read(EXPRESSION)[["S2"]].to_csv(tmp_path / "one.csv")
    code, error = score(tmp_path / "one.csv")
    assert code == 2 and "one sample" in error and "expression.normalise" in error


def profiles(tmp_path, old_symbols=True):
    random = np.random.default_rng(2)
    listed = pd.DataFrame({"gene": SIGNATURE["symbol_2018" if old_symbols else "gene"]})
    high = SIGNATURE["set"] == "NE"
    listed["NE_class_mean"] = np.where(high, 11, 4) + random.normal(0, 0.5, 50).round(3)
    listed["nonNE_class_mean"] = np.where(high, 4, 11) + random.normal(0, 0.5, 50).round(3)
    listed.sample(frac=1, random_state=3).to_csv(tmp_path / "profiles.csv", index=False)
    return tmp_path / "profiles.csv", listed


@pytest.mark.parametrize("old_symbols", [True, False])
def test_the_correlation_is_half_the_difference(score, tmp_path, old_symbols):
    path, listed = profiles(tmp_path, old_symbols)
    code, found = score(EXPRESSION, "--method", "correlation", "--profiles", path)
    assert code == 0
    values = table.read(EXPRESSION).loc[SIGNATURE["gene"]]
    for sample in values:
        r = [stats.pearsonr(values[sample], listed[name])[0]
             for name in ("NE_class_mean", "nonNE_class_mean")]
        assert found.loc[sample, "NE_Score"] == pytest.approx((r[0] - r[1]) / 2, abs=1e-12)
    assert found["NE_Class"].tolist()[0] == 1 and found["NE_Class"].tolist()[-1] == 0


def test_the_default_profiles_are_the_published_ones(score, tmp_path):
    means = ["NE_class_mean", "nonNE_class_mean"]
    listed = pd.read_csv(mirror("ne_signature", "zhang2018_ne50.csv")).set_index("gene")[means]
    own = SIGNATURE.set_index("symbol_2018")[means]
    pd.testing.assert_frame_equal(own.sort_index(), listed.sort_index(), check_names=False)
    given = score(EXPRESSION, "--method", "correlation", "--profiles",
                  mirror("ne_signature", "zhang2018_ne50.csv"))[1]
    code, found = score(EXPRESSION, "--method", "correlation")
    assert code == 0
    pd.testing.assert_frame_equal(found, given)


def test_the_published_profiles_score_themselves(score, tmp_path):
    path = mirror("ne_signature", "zhang2018_ne50.csv")
    listed = pd.read_csv(path)
    listed[["gene", "NE_class_mean", "nonNE_class_mean"]].to_csv(tmp_path / "x.csv", index=False)
    code, found = score(tmp_path / "x.csv", "--method", "correlation", "--profiles", path)
    assert code == 0
    r = stats.pearsonr(listed["NE_class_mean"], listed["nonNE_class_mean"])[0]
    assert r < -0.8
    assert found.loc["NE_class_mean", "NE_Score"] == pytest.approx((1 - r) / 2)
    assert found.loc["nonNE_class_mean", "NE_Score"] == pytest.approx((r - 1) / 2)


def test_a_real_gct_file(tmp_path):
    expression = table.read(mirror("ssgsea", "Leukemia_hgu95av2.trim.gct"))
    assert expression.shape == (9020, 48) and expression.columns[0] == "ALL_1"
    genes = list(expression.index[::300])
    found = scores.enrichment(expression.iloc[:, :3], {"NE": genes, "nonNE": genes[::2]}, 0.25)
    for sample in found.index:
        assert found.loc[sample, "NE"] == pytest.approx(
            definition(expression[sample], genes, 0.25), rel=1e-9)


def test_the_same_bytes_whatever_the_order_of_the_file(score, tmp_path):
    score(EXPRESSION)
    first = (tmp_path / "scores.csv").read_bytes()
    raw = pd.read_csv(EXPRESSION, dtype=str).sample(frac=1, random_state=4)
    raw[["gene", "S3", "S1", "S2", "S6", "S5", "S4"]].to_csv(
        tmp_path / "x.tsv.gz", index=False, sep="\t")
    assert score(tmp_path / "x.tsv.gz")[0] == 0
    assert (tmp_path / "scores.csv").read_bytes() == first


def test_missing_genes_are_listed(score, tmp_path):
    raw = pd.read_csv(EXPRESSION)
    raw = raw.replace({"gene": {"CCN1": "CYR61", "TLCD3B": "FAM57B"}})
    raw[~raw["gene"].isin(["BEX1", "SYP", "MYOF"])].to_csv(tmp_path / "x.csv", index=False)
    assert score(tmp_path / "x.csv")[0] == 0
    summary = yaml.safe_load((tmp_path / "summary.json").read_text())
    assert summary["missing"] == {"NE": ["BEX1", "SYP"], "nonNE": ["MYOF"]}
    assert (summary["genes"], summary["samples"], summary["NE_positive"]) == (397, 6, 3)


def change(raw, fault):
    if fault == "ensembl":
        return raw.assign(gene=[f"ENSG{number:011d}" for number in range(len(raw))])
    if fault == "gene twice":
        return pd.concat([raw, raw[raw["gene"] == "SYP"]])
    if fault == "sample twice":
        return raw.rename(columns={"S2": "S1"})
    if fault == "text":
        return raw.astype(str).replace({"S1": {raw["S1"].astype(str)[3]: "high"}})
    if fault == "gap":
        return raw.assign(S2=[None, *raw["S2"][1:]])
    if fault == "counts":
        return raw.assign(S1=raw["S1"] * 1000)
    if fault == "still":
        return raw.assign(S1=1.0)
    return raw[["gene"]]


@pytest.mark.parametrize("fault, words", [
    ("ensembl", "lacks 25 of the 25 NE genes (BEX1,"), ("gene twice", "has the gene 'SYP' twice"),
    ("sample twice", "has the sample 'S1' twice"), ("text", "is 'high', not a finite number"),
    ("gap", "is '', not a finite number"), ("empty", "no genes or no samples")])
def test_bad_tables_are_one_line(score, tmp_path, fault, words):
    change(pd.read_csv(EXPRESSION), fault).to_csv(tmp_path / "x.csv", index=False)
    code, error = score(tmp_path / "x.csv")
    assert code == 2 and words in error and "x.csv" in error and "\n" not in error
    assert not (tmp_path / "scores.csv").exists()


@pytest.mark.parametrize("fault, words", [("counts", "which is no logarithm"),
                                          ("still", "do not vary")])
def test_bad_tables_for_the_correlation(score, tmp_path, fault, words):
    change(pd.read_csv(EXPRESSION), fault).to_csv(tmp_path / "x.csv", index=False)
    code, error = score(tmp_path / "x.csv", "--method", "correlation", "--profiles",
                        profiles(tmp_path)[0])
    assert code == 2 and words in error


def test_bad_profiles_are_one_line(score, tmp_path):
    path, listed = profiles(tmp_path)
    listed[listed["gene"] != "SYP"].to_csv(path, index=False)
    assert "lacks the gene SYP" in score(EXPRESSION, "--method", "correlation", "--profiles",
                                         path)[1]
    listed.assign(NE_class_mean=None).to_csv(path, index=False)
    assert "has no number for" in score(EXPRESSION, "--method", "correlation", "--profiles",
                                        path)[1]


@pytest.mark.parametrize("changed, words", [
    ({"method": "gsva"}, "valid: ssgsea, correlation"), ({"normalise": "z"}, "valid: range, genes"),
    ({"least_share": 0}, "expression.least_share")])
def test_bad_parameters_are_one_line(score, changed, words):
    code, error = score(EXPRESSION, **changed)
    assert code == 2 and words in error


def test_no_such_file_and_unknown_type(score, tmp_path):
    assert "no such file" in score(tmp_path / "none.csv")[1]
    (tmp_path / "x.xlsx").write_bytes(b"PK")
    assert "not a file type" in score(tmp_path / "x.xlsx")[1]


@pytest.mark.parametrize("damage", [lambda packed: packed[:len(packed) // 2],
                                    lambda packed: packed[:40] + bytes(60) + packed[100:]])
def test_a_damaged_gzip_table_is_one_line(tmp_path, score, damage):
    packed = gzip.compress(EXPRESSION.read_bytes(), mtime=0)
    (tmp_path / "e.csv.gz").write_bytes(damage(packed))
    code, error = score(tmp_path / "e.csv.gz")
    assert code == 2 and "e.csv.gz: is a damaged gzip file" in error and "\n" not in error
