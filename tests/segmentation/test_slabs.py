"""Planes at a time against nnU-Net 2.2's own code for the whole."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest
import torch

from stages.segmentation.nnunet import slabs
from stages.segmentation.nnunet.slabs import Resampling
from tests.segmentation import given_nnunet as made

# isort: split
from nnunetv2.inference.export_prediction import (
    convert_predicted_logits_to_segmentation_with_correct_shape as convert,
)
from nnunetv2.preprocessing.resampling.default_resampling import resample_data_or_seg_to_shape
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

EVEN, COARSE_Z, COARSE_X = (1.0, 0.8, 0.8), (5.0, 0.8, 0.8), (0.8, 0.8, 5.0)


@pytest.fixture(autouse=True)
def few_planes(monkeypatch):
    """Several slabs in a small volume."""
    monkeypatch.setattr(slabs, "PLANES", 7)


def volume(shape, kind=np.float32):
    return np.random.default_rng(5).normal(40, 100, shape).astype(kind)


@pytest.mark.parametrize("order", [1, 3])
@pytest.mark.parametrize("shape, current, new", [
    ((63, 30, 28), EVEN, (1.5, 1.2, 1.2)), ((31, 36, 20), EVEN, (0.7, 1, 0.9)),
    ((44, 24, 22), EVEN, EVEN), ((20, 30, 26), COARSE_Z, EVEN), ((44, 30, 26), EVEN, COARSE_Z),
    ((30, 20, 11), COARSE_X, EVEN), ((44, 20, 26), (1, 5.0, 1), (1, 1, 1))])
def test_resampled_as_nnunet_does(order, shape, current, new):
    data = volume((2, 44, 24, 22))
    how = {"order": order, "order_z": 0, "force_separate_z": None}
    wanted = resample_data_or_seg_to_shape(data.copy(), shape, current, new, **how)
    found, seen = np.zeros((2, *shape), np.float32), np.zeros(shape, int)
    for where, planes in slabs.resampled(data, shape, current, new, Resampling(**how)):
        found[(slice(None), *where)], seen[where] = planes, seen[where] + 1
    assert (seen == 1).all()
    apart = Resampling(**how).apart(current, new) is not None
    # To the bit where an axis is apart; else splines of some planes and of all round differently.
    np.testing.assert_allclose(found, wanted, rtol=0, atol=0 if apart or shape == data.shape[1:] else
                               1e-4)


@pytest.mark.parametrize("current, new, force, axis", [
    (EVEN, EVEN, None, None), (COARSE_Z, EVEN, None, 0), (EVEN, COARSE_X, None, 2),
    (COARSE_Z, EVEN, False, None), (EVEN, EVEN, True, 0), ((0.2, 1.0, 1.0), EVEN, None, None)])
def test_which_axis_is_apart(current, new, force, axis):
    assert Resampling(force_separate_z=force).apart(current, new) == axis


def test_nearest_voxels_are_nnunets_own():
    data = volume((1, 12, 10, 8))
    how = {"order": 0, "order_z": 0, "force_separate_z": False}
    wanted = resample_data_or_seg_to_shape(data.copy(), (6, 5, 4), EVEN, EVEN, **how)
    found = np.concatenate([planes for _, planes in slabs.resampled(
        data, (6, 5, 4), EVEN, EVEN, Resampling(**how))], axis=1)
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("spacing", [(4.2, 2.9, 3.1), (12.0, 2.9, 3.1)])
@pytest.mark.parametrize("scheme, masked", [("CTNormalization", False), ("ZScoreNormalization", False),
                                            ("ZScoreNormalization", True)])
@pytest.mark.parametrize("about", [
    None, {"liver": [1, 2], "tumor": [2]}])
def test_before_and_behind_the_network(spacing, scheme, masked, about):
    how = made.plans(forward=(1, 0, 2))
    how["configurations"]["3d_fullres"] |= {"normalization_schemes": [scheme],
                                            "use_mask_for_norm": [masked]}
    plans = PlansManager(how)
    configuration = plans.get_configuration("3d_fullres")
    labels = {"background": 0, **about} if about else made.LABELS
    dataset = made.dataset(labels, **({"regions_class_order": [1, 2]} if about else {}))
    manager = plans.get_label_manager(dataset)
    image = np.round(volume((1, 26, 30, 28)))
    # A border that is cropped, and a hole that is not.
    image[:, :2], image[:, :, :, -3:], image[:, 9:12, 9:12, 9:12] = 0, 0, 0
    wanted_of, found_of = {"spacing": list(spacing)}, {"spacing": list(spacing)}
    with contextlib.redirect_stdout(io.StringIO()):
        tool = configuration.preprocessor_class(verbose=False)
        wanted, _ = tool.run_case_npy(image, None, wanted_of, plans, configuration, dataset)
        found = slabs.prepared(image.copy(), plans, configuration, found_of, tool)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5)
    wanted_of["spacing"] = found_of["spacing"]
    assert {key: np.array(value).tolist() for key, value in found_of.items()} == {
        key: np.array(value).tolist() for key, value in wanted_of.items()}
    scores = torch.from_numpy(volume((manager.num_segmentation_heads, *found.shape[1:]), np.float16))
    scores -= 40
    wanted = convert(scores.clone(), plans, configuration, manager, wanted_of, num_threads_torch=1)
    found = slabs.labelled(scores, plans, configuration, manager, found_of)
    assert found.dtype == wanted.dtype and len(np.unique(wanted)) == 3
    np.testing.assert_array_equal(found, wanted)
