"""The voxels of the synthetic cohort: lesions, what looks like them, and what hides them."""

import dataclasses

import numpy as np
import pytest

from stages.cohort.phantom import plan
from stages.cohort.phantom.phases import PHASES
from stages.cohort.phantom.render import render, sample
from stages.cohort.phantom.shapes import Capsule, Ellipsoid
from stages.cohort.phantom.tissue import Tissue
from stages.common import nifti
from stages.common.manifest import LESION, LIVER
from tests.cohort.test_phantom import PRESETS


@pytest.fixture(scope="module")
def drawn():
    small = dataclasses.replace(
        PRESETS["quick"], acquisition=dataclasses.replace(PRESETS["quick"].acquisition, size=64))
    cohort = plan.plan(small)
    with_lesions = max(cohort, key=lambda series: series.study.burden_ml)
    without = next(series for series in cohort if series.study.lesions == 0)
    return {"bearing": (with_lesions, *render(small, with_lesions)),
            "free": (without, *render(small, without)), "preset": small}


def test_voxels_look_like_a_portal_venous_scan(drawn):
    series, image, mask = drawn["bearing"]
    assert image.data.dtype == np.int16 and mask.data.dtype == np.uint8
    assert set(np.unique(mask.data)) == {0, LIVER, LESION}
    liver, lesion = (np.median(image.data[mask.data == label]) for label in (LIVER, LESION))
    low, high = PHASES[series.study.phase].liver
    assert low - 5 < liver < high + 5 and 10 < liver - lesion < 75
    assert image.data.min() in (-1024, -2048) and image.data.max() > 250
    assert 900 < (mask.data > 0).sum() * mask.spacing.prod() / 1000 < 2600
    planted = series.study.burden_ml
    found = (mask.data == LESION).sum() * mask.spacing.prod() / 1000
    assert 0.4 * planted < found < 1.3 * planted
    assert mask.spacing[2] == series.thickness_mm and nifti.same_grid(image, mask)


def looking(**looks):
    """Return `quick` with small slices and these looks alone in both cohorts, one scanner, no noise."""
    base = PRESETS["quick"]
    none = {"cysts": 0.0, "calcifications": 0.0, "rim_share": 0.0, "necrosis_share": 0.0,
            "isodense_share": 0.0, "hyperdense_share": 0.0, "ascites_share": 0.0,
            "motion_share": 0.0}
    clear = dataclasses.replace(base.sclc.scanners[0], filter="sharp", noise_hu=(0.0, 0.0))
    domain = dataclasses.replace(base.sclc, scanners=(clear,), phases={"portal": 1.0},
                                 looks=dataclasses.replace(base.sclc.looks, **{**none, **looks}))
    return dataclasses.replace(base, sclc=domain, acquisition=dataclasses.replace(
        base.acquisition, size=64))


@pytest.fixture(scope="module")
def plain():
    """A series with much burden, drawn without any of the looks that make lesions hard to find."""
    base = looking()
    series = max((s for s in plan.plan(base) if s.study.cohort == plan.SCLC),
                 key=lambda s: s.study.burden_ml)
    return series, *(volume.data for volume in render(base, series))


@pytest.mark.parametrize("looks, low, high", [
    ({"cysts": 25.0}, -10, 30), ({"calcifications": 60.0}, 140, 410)])
def test_mimics_are_parts_of_the_liver_and_no_lesions(plain, looks, low, high):
    series, without, mask = plain
    image, again = (volume.data for volume in render(looking(**looks), series))
    np.testing.assert_array_equal(mask, again)
    changed = (np.abs(image.astype(int) - without) > 30) & (mask == LIVER)
    extreme = image[changed].min() if high < 100 else image[changed].max()
    assert changed.sum() > 20 and low < extreme < high


def test_a_core_is_dark_a_rim_bright_and_both_are_lesion(plain):
    series, without, mask = plain
    for looks, sign in (({"necrosis_share": 1.0}, -1), ({"rim_share": 1.0}, 1)):
        image, again = (volume.data for volume in render(looking(**looks), series))
        np.testing.assert_array_equal(mask, again)
        change = sign * (image.astype(int) - without)
        assert (change[mask == LESION] > 10).mean() > 0.04
        assert (np.abs(change[mask == LIVER]) <= 12).mean() > 0.97


def test_lesions_may_be_isodense_or_brighter_than_the_liver(plain):
    series, without, mask = plain
    liver = np.median(without[mask == LIVER])
    assert np.median(without[mask == LESION]) < liver - 25
    image = render(looking(hyperdense_share=1.0), series)[0].data
    assert np.median(image[mask == LESION]) > liver + 15
    image = render(looking(isodense_share=1.0), series)[0].data
    assert abs(np.median(image[mask == LESION]) - liver) < 12


def test_ascites_lies_around_the_liver_and_is_no_part_of_it(plain):
    series, without, mask = plain
    image, again = (volume.data for volume in render(looking(ascites_share=1.0), series))
    np.testing.assert_array_equal(mask, again)
    new = np.abs(image.astype(int) - without) > 50
    assert new.sum() > 500 and not (new & (mask > 0)).mean() > 0.01
    assert np.median(image[new]) > -30


def test_breathing_blurs_some_slices_and_not_the_mask(plain):
    series, without, mask = plain
    image, again = (volume.data for volume in render(looking(motion_share=1.0, motion_mm=12.0),
                                                     series))
    np.testing.assert_array_equal(mask, again)
    moved = [(image[:, :, k] != without[:, :, k]).mean() > 0.05 for k in range(mask.shape[2])]
    assert 0.2 < np.mean(moved) < 0.9


def test_a_smooth_filter_blurs_edges_and_grain(plain):
    series, without, _ = plain
    base = looking()
    smooth = dataclasses.replace(base, sclc=dataclasses.replace(base.sclc, scanners=(
        dataclasses.replace(base.sclc.scanners[0], filter="smooth"),)))
    image = render(smooth, series)[0].data
    steps = [np.abs(np.diff(values.astype(int), axis=0))[16:48, 16:48].mean()
             for values in (without, image)]
    assert steps[1] < 0.9 * steps[0]


def test_a_lesion_free_scan_has_a_liver_and_no_lesion(drawn):
    mask = drawn["free"][2]
    assert set(np.unique(mask.data)) == {0, LIVER}


def test_the_series_of_a_study_show_the_same_lesions(drawn):
    cohort = plan.plan(drawn["preset"])
    first = next(s for s in cohort if s.study.cohort == plan.SCLC and s.number == 1
                 and s.study.burden_ml > 30)
    pair = [s for s in cohort if s.study == first.study][:2]
    volumes = []
    for series in pair:
        mask = render(drawn["preset"], series)[1]
        volumes.append((mask.data == LESION).sum() * mask.spacing.prod())
    assert pair[0].thickness_mm != pair[1].thickness_mm
    assert abs(volumes[0] / volumes[1] - 1) < 0.25


def test_a_volume_is_measured_right_and_edges_are_averaged():
    ball = Tissue(Ellipsoid((0.3, -0.2, 0.1), (9, 9, 9)), 100.0, LESION)
    axes = [np.arange(-15, 15.5, 1.0)] * 2 + [np.arange(-15, 16, 3.0)]
    hu, mask = sample([ball], axes, 1.0, 3.0)
    share = (hu + 1000) / 1100
    assert abs(share.sum() * 3 / (4 / 3 * np.pi * 9**3) - 1) < 0.02
    assert ((share > 0.1) & (share < 0.9)).sum() > 100
    np.testing.assert_array_equal(mask == LESION, share >= 0.5)


def test_distances_of_simple_shapes():
    tube = Capsule((0, 0, 0), (10, 0, 0), 2)
    assert tube.distance(5, 5, 0) == 3 and tube.distance(13, 0, 0) == 1
    assert Ellipsoid((0, 0, 0), (4, 4, 4)).distance(6, 0, 0) == pytest.approx(2)
    assert Ellipsoid((0, 0, 0), (4, 8, 2)).distance(3.99, 0, 0) == pytest.approx(-0.01, rel=0.01)
