"""PyRadiomics as built here, on the five cases of its source archive, and the fast path on them."""

from __future__ import annotations

import ast
import csv

import numpy as np
import pytest
import SimpleITK as sitk
from radiomics.featureextractor import RadiomicsFeatureExtractor

from stages.radiomics.fast import features as fast
from tests.radiomics import archive
from tests.radiomics.test_fast import assert_same, direct

CASES = ("brain1", "brain2", "breast1", "lung1", "lung2")
CLASSES = ("firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm", "shape")
# Source: tests of PyRadiomics 3.0.1 (testUtils.checkResult).
TOLERANCE = 0.03
# Settings that change no value here: they were PyRadiomics' defaults or concern other filters.
UNUSED = ("additionalInfo", "verbose", "enableCExtensions")


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    if not archive.path().is_file():
        pytest.skip("no archive of PyRadiomics: python -m tests.radiomics.archive fetches it")
    return archive.unpack(tmp_path_factory.mktemp("archive"))


@pytest.fixture(scope="session")
def volumes(data):
    return {case: (sitk.ReadImage(str(data / f"{case}_image.nrrd")),
                   sitk.ReadImage(str(data / f"{case}_label.nrrd"), sitk.sitkUInt8))
            for case in CASES}


def baseline(data, kind):
    """Return the columns of a baseline: name to {row: value}."""
    with open(data / "baseline" / f"baseline_{kind}.csv", encoding="utf-8") as stream:
        table = list(csv.reader(stream))
    return {name: {row[0]: row[number] for row in table[1:]}
            for number, name in enumerate(table[0][1:], start=1)}


def scenarios(data, case):
    """Return settings (as text) to {(class, column): {feature: value}}; most columns share some."""
    found = {}
    for kind in CLASSES:
        for name, column in baseline(data, kind).items():
            if column["diagnostics_Configuration_TestCase"] != case:
                continue
            assert column["diagnostics_Configuration_EnabledImageTypes"] == "{'Original': {}}"
            options = ast.literal_eval(column["diagnostics_Configuration_Settings"])
            kept = {key: value for key, value in options.items() if key not in UNUSED}
            found.setdefault(repr(sorted(kept.items())), {})[kind, name] = {
                key: float(value) for key, value in column.items() if key.startswith("original_")}
    return found


@pytest.mark.parametrize("case", CASES)
def test_baselines_with_the_settings_of_each_column(case, data, volumes):
    checked = 0
    for options, columns in scenarios(data, case).items():
        tool = RadiomicsFeatureExtractor({
            "setting": {**dict(ast.literal_eval(options)), "additionalInfo": False},
            "featureClass": {kind: None for kind, _ in columns}})
        values = tool.execute(*volumes[case])
        for column, features in columns.items():
            for feature, expected in features.items():
                assert float(values[feature]) == pytest.approx(
                    expected, rel=TOLERANCE, abs=1e-12), (column, feature)
                checked += 1
    assert checked > 500


@pytest.mark.parametrize("case", CASES)
def test_fast_equals_pyradiomics_on_real_tumours(case, volumes):
    image, mask = volumes[case]
    assert_same(fast.extract([image, mask], (1, 1, 1)), direct(image, mask))


@pytest.mark.parametrize("case", CASES)
def test_fast_meets_the_baseline_of_resampled_shapes(case, data, volumes):
    column = baseline(data, "shape")[f"{case}_resampling"]
    options = ast.literal_eval(column["diagnostics_Configuration_Settings"])
    assert options["resampledPixelSpacing"] == [2, 2, 2]
    values = fast.extract(list(volumes[case]), (2, 2, 2))
    names = [name for name in column if name.startswith("original_shape_")]
    assert len(names) == 14
    for name in names:
        assert float(values[name]) == pytest.approx(float(column[name]), rel=TOLERANCE), name
    assert values["diagnostics_Image-interpolated_Size"] == ast.literal_eval(
        column["diagnostics_Image-interpolated_Size"])
    assert np.isfinite([float(value) for name, value in values.items()
                        if name.startswith("original_")]).all()
