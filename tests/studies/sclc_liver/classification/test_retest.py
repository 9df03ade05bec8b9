"""Agreement of two series, and correlation with patients as the units."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from stages.common.errors import InputError
from studies.sclc_liver.parameters import Retest
from studies.sclc_liver.retest import clustered, icc, pairs

SETTINGS = Retest(0.75, 400, 1, 0.95)


def test_icc_of_shrout_and_fleiss():
    # Source: Shrout and Fleiss 1979, Table 2 (six targets, four judges): ICC(2,1) = 0.29.
    judged = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9],
                       [6, 2, 4, 7]], dtype=float)
    assert icc(judged[:, :, None])[0] == pytest.approx(0.29, abs=0.005)
    assert np.isnan(icc(np.ones((5, 2, 1)))[0])


def test_pairs_are_the_examinations_with_two_series():
    table = pd.DataFrame({"File": list("abcdefgh"), "study": list("11223344"),
                          "diagnostics_Mask-original_Spacing":
                          ["(1, 1, 5)", "(1, 1, 1)"] * 4})
    assert pairs(table, "t").tolist() == [[1, 0], [3, 2], [5, 4], [7, 6]]
    with pytest.raises(InputError, match="agreement cannot be told"):
        pairs(table[:5], "t")


def test_an_interval_over_patients_is_wider_where_patients_repeat():
    generator = np.random.default_rng(1)
    volume, score = generator.normal(size=(2, 40))
    single = clustered(volume, score, np.arange(40), SETTINGS)
    copies = clustered(*(np.repeat(values, 5) for values in (volume, score, np.arange(40))), SETTINGS)
    assert copies["rho"] == pytest.approx(spearmanr(volume, score).statistic)
    assert copies["p_of_independent_units"] < single["p_of_independent_units"]
    width = [found["patients_interval"]["high"] - found["patients_interval"]["low"]
             for found in (single, copies)]
    assert width[1] == pytest.approx(width[0], rel=0.15)  # copies are no new patients
    assert copies["smallest_detectable"] > 0.3
