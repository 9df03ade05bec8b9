"""Counts of a cohort whose answer is known."""

from studies.sclc_liver.describe import describe
from studies.sclc_liver.table import canonical_table


def test_counts(raw):
    raw.loc[8, "diagnostics_Mask-original_Spacing"] = "(0.7, 0.7, 2.5)"
    raw.loc[7, "diagnostics_Image-original_Minimum"] = -2048
    found = describe(canonical_table(raw, "t", 0.0, None), "t")
    assert found["all"] == {"series": 9, "studies": 5, "patients": 4}
    assert found["group"]["train+val"] == {"series": 5, "studies": 3, "patients": 2}
    assert found["label"]["negative"] == {"series": 3, "studies": 2, "patients": 2}
    assert found["negative_per_positive_train"] == 1 / 4
    assert found["patients_with_both_labels"] == 1
    assert found["series_per_study"] == {"1": 1, "2": 4}
    assert found["components"]["median"] == 5 and found["num_lesions"]["max"] == 10
    assert found["num_lesions_minus_components"] == [1]
    assert found["acquisition"]["slice_mm"] == {"1": 0, "1-5": 1, "5": 8}
    assert found["padding"]["other"]["series"] == 1
    assert found["slice_between_1_and_5"][0]["slice_mm"] == 2.5
    assert found["versions"]["PyRadiomics"] == "1.0"
