"""The second derivation: made-up numbers with a known answer, and agreement with the first in git."""

import itertools
import json
from fractions import Fraction
from pathlib import Path

import pytest

from stages.common.errors import InputError
from studies.gi_liver import second

ROOT = Path(__file__).resolve().parents[4]
PUBLISHED = ROOT / "studies/gi_liver/published"


@pytest.fixture(scope="module")
def numbers():
    return second.read(PUBLISHED)


def in_git(name):
    return json.loads((ROOT / f"metrics/gi_liver/results/{name}.json").read_text())


def test_what_stands_in_git_follows(numbers):
    first = in_git("implied")
    found = second.derive(numbers, first["importances"]["rows"], first["importances"]["repeats"])
    assert found == in_git("second")


def test_both_derivations_agree():
    first, again = in_git("implied"), in_git("second")
    for name, part in again["test_set"].items():
        # The linear program leaves whole lesions and the areas out: it bounds the search from below.
        exact = first["test_set"][name]["least_share"]
        assert part["least_share"] <= exact + 1e-9 and exact - part["least_share"] < 0.002
    for metric, part in again["standing"].items():
        assert part == {name: first["standing"][metric][name] for name in part}
    for name, value in again["draw"].items():
        assert value == pytest.approx(first["draw"][name], rel=1e-12)
    assert again["importances"]["denominators"] == first["importances"]["denominators"]
    assert again["importances"]["shares"] == pytest.approx(first["importances"]["shares"], abs=1e-6)


def test_the_least_share_of_a_made_up_model(numbers):
    """A model that is right in 0.90 of all and in none of one class needs 0.895 of the other."""
    table = dict(numbers)
    table["Results", "XG Boost and Gaussian NB", "colorectal accuracy %"] = "0.00"
    for model in second.MODELS:
        table["Table3", f"{model}/SMOTE", "Accuracy"] = "0.90"
    assert second.least_share(table, ("SMOTE",)) == pytest.approx(0.895, abs=2e-4)
    table["Table3", f"{second.MODELS[0]}/SMOTE", "Accuracy"] = "0.95"
    assert second.least_share(table, ("SMOTE",)) == pytest.approx(0.945, abs=2e-4)


def test_ranks_of_made_up_classifiers():
    def column(**cells):
        return {("Table3", row.replace("_", "/").replace("KNN", "K-nearest neighbour")
                 .replace("Net", "DenseNet-121"), "AUC"): text for row, text in cells.items()}

    found = second.standing(column(A_SMOTE="0.90", B_SMOTE="0.80", C_SMOTE="0.70", KNN_SMOTE="0.80",
                                   Net_SMOTE="0.80", Net_undersampling="0.80"), "AUC")
    assert found == {"above_network": 1, "above_best": 1}


def test_denominators_by_trying_every_numerator():
    texts = ["0.154", "0.333", "0.48"]
    def given(text, size):
        unit = Fraction(1, 10 ** len(text.partition(".")[2]))
        low, high = Fraction(text) - unit / 2, Fraction(text) + unit
        return any(low <= Fraction(k, size) <= high for k in range(size + 1))

    for largest in (30, 90):
        # All texts to the digits of the longest one, as a column is printed.
        same = [f"{float(text):.3f}" for text in texts]
        wanted = sum(all(given(text, size) for text in same) for size in range(1, largest + 1))
        assert second.denominators(same, largest) == wanted
    assert second.denominators(["0.500"], 4) == 2


def test_shares_by_hand():
    # 0.5 + 0.3, two more of at most 0.3, and a unit of the last digit for each of the four.
    assert second.shares(["0.5", "0.3"], 4) == pytest.approx(0.8 + 0.6 + 0.4)


def test_the_chance_of_the_draw_by_counting_every_draw():
    """Two of three and one, two drawn: 'one of each' in two of three draws."""
    draws = list(itertools.combinations("aab", 2))
    assert sum(sorted(one) == ["a", "b"] for one in draws) / len(draws) == pytest.approx(
        second.hypergeom(3, 2, 2).pmf(1))


def test_scores_that_no_share_goes_with(numbers):
    table = dict(numbers)
    table["Results", "XG Boost and Gaussian NB", "colorectal accuracy %"] = "0.00"
    table["Table3", "XG Boost/SMOTE", "Accuracy"] = "1.20"
    with pytest.raises(InputError, match="no share goes with the printed scores"):
        second.least_share(table, ("SMOTE",))


def test_a_folder_without_tables(tmp_path):
    with pytest.raises(InputError, match="holds no published table"):
        second.read(tmp_path)
    (tmp_path / "a.csv").write_text("item,row\na,b\n")
    with pytest.raises(InputError, match="is not readable"):
        second.read(tmp_path)
