"""What printed numbers imply: the numbers behind made-up ones are found again."""

from pathlib import Path

import pytest

from stages.common.errors import InputError
from stages.verdicts.consistency import declarations, second
from stages.verdicts.consistency.declarations import Place
from studies.sclc_liver.implied import Printed, lesions, studies_by_type

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="module")
def numbers():
    return declarations.numbers(ROOT / "studies/sclc_liver/published")


def changed(numbers, **texts):
    """The printed numbers, those of some rows changed (item | row | metric to text)."""
    return Printed(numbers | {Place(*(part.strip() for part in address.split("|"))): text
                              for address, text in texts.items()})


def test_studies_of_made_up_correlations(numbers):
    """Student's t for rho 0.5 of 30 pairs and 0.2 of 40, worked out by integration."""
    texts = {f"Fig3 | {kind} | {name}": text for kind, rho, n in (("cfDNA", "0.50", 30),
                                                                 ("biopsy", "0.20", 40))
             for name, text in (("Spearman", rho),
                                ("Spearman_P", f"{second._t_tail(float(rho), n):.6f}"))}
    found = studies_by_type(changed(numbers, **texts, **{"Results | classification | studies": "70"}))
    assert 30 in found["cfDNA"]["t"] and 40 in found["biopsy"]["t"]
    assert [30, 40] in found["together"]
    assert all(sum(pair) == 70 for pair in found["together"])


def test_lesions_of_made_up_rates(numbers):
    """Of 60 lesions in 10 scans 30 are found, with 2 false positives."""
    row = "Table3 | SegResNet/LiTS"
    found = lesions(changed(numbers, **{f"{row} | Sensitivity": "0.500", f"{row} | PPV": "0.938",
                                        f"{row} | FP/scan": "0.20"}))["LiTS"]["SegResNet"]["10"]
    assert found["false_positives"] == [2] and found["least"] <= 60 <= found["most"]
    none = lesions(changed(numbers, **{f"{row} | FP/scan": "0.25"}))["LiTS"]["SegResNet"]["10"]
    assert none == {"fit": 0, "least": None, "most": None, "false_positives": []}


def test_the_rank_sum_fits_by_brute_force(numbers):
    found = studies_by_type(Printed(numbers))["rank_sum"]
    z = numbers[Place("Fig3", "cfDNA", "Wilcoxon_z")]
    for name, corrected in (("without_correction", False), ("with_correction", True)):
        assert found[name] == [m for m in range(1, 29) if second.rank_sum(z, 56, m, corrected)]


def test_a_number_that_is_not_printed_is_one_line(numbers):
    left = {place: text for place, text in numbers.items() if place.row != "U-Net/LiTS"}
    with pytest.raises(InputError, match=r"'Table3 \| U-Net/LiTS \| Sensitivity' is not printed"):
        lesions(Printed(left))
