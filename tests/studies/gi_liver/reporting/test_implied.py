"""What printed numbers imply: made-up ones give back the test set that they were made from."""

from pathlib import Path

import pytest

from stages.common import canonical
from stages.common.errors import InputError
from stages.verdicts.consistency import declarations
from stages.verdicts.consistency.declarations import Place
from stages.verdicts.consistency.printed import KINDS, read
from studies.gi_liver import implied

ROOT = Path(__file__).resolve().parents[4]
RATE = "Results | XG Boost and Gaussian NB | colorectal accuracy %"


@pytest.fixture(scope="module")
def numbers():
    return declarations.numbers(ROOT / "studies/gi_liver/published")


def changed(numbers, texts):
    """The printed numbers, some of them changed (address to text)."""
    return implied.Printed(numbers | {Place(*(part.strip() for part in address.split("|"))): text
                                      for address, text in texts.items()})


def test_the_declared_check_searches_the_same_test_sets(numbers):
    """The bounds in checks.yaml are those that the printed counts leave."""
    entries, _ = declarations.read(ROOT / "studies/gi_liver/checks.yaml")
    entry = next(one for one in entries if one.check == "one_test_set")
    pancreatic, colorectal = implied.compositions(implied.Printed(numbers))
    assert entry.constants == {"positives": [colorectal[0], colorectal[-1]],
                               "negatives": [pancreatic[0], pancreatic[-1]]}


def test_what_stands_in_git_follows(numbers):
    printed = implied.Printed(numbers)
    found = canonical.read_json(ROOT / "metrics/gi_liver/results/implied.json")
    for name, part in implied.PARTS.items():
        assert found[name] == pytest.approx(part(printed)) if name in ("draw", "features") else \
            found[name] == part(printed)
    assert found["importances"] == implied.importances(printed, implied.Implied(100))


def test_a_higher_rate_in_the_colorectal_lesions_asks_for_fewer_pancreatic_ones(numbers):
    before = implied.possible_sets(implied.Printed(numbers))["SMOTE"]
    after = implied.possible_sets(changed(numbers, {RATE: "4"}))["SMOTE"]
    # 0.815 of all is right: at most 0.05 of the colorectal ones and all of the others.
    assert after["least_share"] == pytest.approx((0.815 - 0.05) / 0.95, abs=0.003)
    assert before["least_share"] == pytest.approx((0.815 - 0.01) / 0.99, abs=0.003)
    assert (before["balanced"], after["balanced"]) == (0.505, 0.525)


def test_every_share_of_two_decimals_exists_in_the_smallest_test_set(numbers):
    """Why no accuracy of Table 3 can be tested."""
    least = min(part["least_lesions"] for part in
                implied.possible_sets(implied.Printed(numbers)).values())
    for hundredth in range(101):
        one = read(f"{hundredth / 100:.2f}", KINDS["Rate"])
        assert any(one.holds(k / least) for k in range(least + 1))


def test_scores_that_no_test_set_goes_with(numbers):
    """An area of 0.9 beside 0.4 right, all of one class."""
    texts = {RATE: "0", "Table3 | Gaussian Naive Bayes/SMOTE | AUC": "0.90",
             "Table3 | Gaussian Naive Bayes/SMOTE | Accuracy": "0.40"}
    with pytest.raises(InputError, match="no test set goes with the scores under the reading 'SMOTE'"):
        implied.possible_sets(changed(numbers, texts))


def test_who_stands_above_whom(numbers):
    texts = {"Table3 | Decision Tree/SMOTE | AUC": "0.99", "Table3 | SVM/SMOTE | AUC": "0.81"}
    before = implied.standing(implied.Printed(numbers))["AUC"]
    after = implied.standing(changed(numbers, texts))["AUC"]
    assert after["above_network"] == before["above_network"] + 2
    assert after["above_best"] == before["above_best"] + 1
    assert after["most"] == 0.99 and after["classifiers"] == before["classifiers"] == 16


def test_features_of_a_number_that_classes_give(numbers):
    found = implied.feature_counts(changed(numbers, {"Results | selection | candidates": "107"}))
    assert found["below"] == found["above"] == found["without_2D"] == 107


def test_importances_of_a_known_denominator(numbers):
    """Means over 5 repeats on 1,217 rows, and shares of one."""
    listed = [place for place in numbers if place.metric == "permutation importance"]
    texts = {str(place): f"{(300 - 11 * at) / 6085:.6f}" for at, place in enumerate(listed)}
    found = implied.importances(changed(numbers, texts), implied.Implied(5))
    assert found["denominators"] >= 1
    assert 6085 in implied.denominators(list(texts.values()), found["rows"] * 5)
    even = {str(place): f"{0.06 - 0.001 * at:.6f}" for at, place in enumerate(listed)}
    assert implied.importances(changed(numbers, even), implied.Implied(5))["shares"] > 1


def test_a_number_that_is_not_printed_is_one_line(numbers):
    left = {place: text for place, text in numbers.items() if place.row != "test set"}
    with pytest.raises(InputError, match=r"'Methods \| test set \| patients.*' is not printed"):
        implied.draw(implied.Printed(left))
