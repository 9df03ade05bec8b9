"""Counts of a cohort whose answer is known."""

import pytest

from stages.common.errors import InputError
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
    assert found["requested_mm"]["z"] == {"n": 9, "min": 1.0, "median": 1.0, "mean": 1.0, "max": 1.0}


def test_features_are_counted_in_the_table(raw):
    table = canonical_table(raw, "t", 0.0, None)
    found = describe(table, "t")
    assert (found["features_pyradiomics"], found["features"]) == (107, 108)
    table = table.drop(columns="original_glcm_Imc1").assign(original_more_a=1.0, original_more_b=2.0)
    found = describe(table, "t")
    assert (found["features_pyradiomics"], found["features"]) == (108, 109)


def test_setting_and_result_of_the_resampling_are_apart(raw):
    raw.loc[3, "diagnostics_Mask-interpolated_Spacing"] = "(1.0, 1.0, 5.0)"
    found = describe(canonical_table(raw, "t", 0.0, None), "t")
    assert found["resampled_mm"]["z"]["max"] == 5 and found["requested_mm"]["z"]["max"] == 1


@pytest.mark.parametrize("text", ["", "{'label': 1}", "{'resampledPixelSpacing': [1, 1]}", "nan"])
def test_settings_without_a_spacing_are_one_line(raw, text):
    raw.loc[3, "diagnostics_Configuration_Settings"] = text
    with pytest.raises(InputError, match="P-2_20200201_3_CAP.nii.gz: .*resampledPixelSpacing"):
        describe(canonical_table(raw, "t", 0.0, None), "t")


def test_makers_by_the_kernel_that_names_state(raw):
    raw.loc[[1, 2, 3, 4], "diagnostics_Image-original_Minimum"] = -2048
    raw.loc[[1, 2], "File"] = [name.replace("CAP", "STND_Body_2.0") for name in raw.loc[[1, 2], "File"]]
    raw.loc[2, "diagnostics_Mask-original_Spacing"] = "(0.7, 0.7, 1.0)"
    raw.loc[4, "diagnostics_Mask-original_Spacing"] = "(0.7, 0.7, 2.5)"
    found = describe(canonical_table(raw, "t", 0.0, None), "t")
    body, others = found["other_with_body_kernel"], found["other_without"]
    assert (body["series"], others["series"]) == (2, 1)
    assert body["slice_mm"] == {"1": 1, "1-5": 0, "5": 1} and body["in_plane_mm"]["min"] == 0.7
