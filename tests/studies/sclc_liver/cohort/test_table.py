"""The guard of the cohort table lets a good table through unchanged and names each fault."""

import numpy as np
import pandas as pd
import pytest

from stages.common.columns import FEATURES
from stages.common.errors import InputError
from studies.sclc_liver.parameters import Expected
from studies.sclc_liver.table import canonical_table


def check(raw, expected=None):
    return canonical_table(raw, "table.csv", 0.0, expected)


def refusal(raw, expected=None):
    with pytest.raises(InputError) as caught:
        check(raw, expected)
    assert str(caught.value).startswith("table.csv: ") and "\n" not in str(caught.value)
    return str(caught.value)


def test_a_good_table_keeps_its_values_and_gains_study_and_patient(raw):
    before = raw.copy()
    table = check(raw, Expected(9, 5, 4, 108))
    pd.testing.assert_frame_equal(raw, before)
    pd.testing.assert_frame_equal(table[list(raw.columns)], raw)
    assert table["study"].nunique() == 5 and table["patient"].nunique() == 4


def test_columns_are_found_by_name(raw):
    shuffled = raw[sorted(raw.columns, reverse=True)]
    table = check(shuffled)
    pd.testing.assert_frame_equal(table[list(FEATURES)], raw[list(FEATURES)])


def test_the_releases_own_names_must_agree(raw):
    raw["unique_pt"], raw["unique_scandate"] = raw["File"].str[:3], raw["File"].str[:12]
    assert "unique_pt" not in check(raw)
    raw.loc[4, "unique_pt"] = "P-9"
    assert "'unique_pt' contradicts the series name" in refusal(raw)


def test_missing_and_renamed_column(raw):
    assert "original_shape_Sphericity" in refusal(raw.drop(columns="original_shape_Sphericity"))
    assert "NE_Score" in refusal(raw.rename(columns={"NE_Score": "Score"}))


@pytest.mark.parametrize("value, said", [("abc", "is 'abc', not a finite number"),
                                         (np.nan, "is empty"), (np.inf, "not a finite number")])
def test_cell_that_is_no_number(raw, value, said):
    raw["original_glcm_Contrast"] = raw["original_glcm_Contrast"].astype(object)
    raw.loc[2, "original_glcm_Contrast"] = value
    message = refusal(raw)
    assert said in message and raw.loc[2, "File"] in message and "glcm_Contrast" in message


def test_duplicated_series(raw):
    raw.loc[1, "File"] = raw.loc[0, "File"]
    assert "duplicate" in refusal(raw)


def test_label_against_score(raw):
    raw.loc[0, "NE_Class"] = 0
    raw.loc[0, "NE_Status"] = "negative"
    assert "label contradicts the score" in refusal(raw)


def test_status_against_label(raw):
    raw.loc[0, "NE_Status"] = "negative"
    assert "status contradicts the label" in refusal(raw)


def test_two_labels_in_one_study(raw):
    raw.loc[1, ["NE_Score", "NE_Class", "NE_Status"]] = [-0.2, 0, "negative"]
    assert "a study has two labels" in refusal(raw)


def test_patient_in_two_groups(raw):
    raw.loc[2, "Group"] = "test"
    assert "a patient is in two groups" in refusal(raw)


def test_unknown_group(raw):
    raw.loc[2, "Group"] = "training"
    assert "column 'Group'" in refusal(raw)


def test_empty_test_group(raw):
    raw["Group"] = "train"
    assert "the test group is empty" in refusal(raw)


def test_spacing_that_is_no_triple(raw):
    raw.loc[3, "diagnostics_Mask-original_Spacing"] = "(0.8, 0.8)"
    assert "not three positive numbers" in refusal(raw)


@pytest.mark.parametrize("name", ["series", "studies", "patients", "features"])
def test_other_counts_than_expected(raw, name):
    counts = {"series": 9, "studies": 5, "patients": 4, "features": 108}
    message = refusal(raw, Expected(**(counts | {name: counts[name] + 1})))
    assert f"holds {counts[name]} {name}, not {counts[name] + 1}" in message
