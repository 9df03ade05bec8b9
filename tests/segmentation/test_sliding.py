"""The sliding window against MONAI's, to the bit; layer by layer against the whole."""

import dataclasses

import numpy as np
import pytest
import torch
from monai.inferers import sliding_window_inference

from stages.common import nifti
from stages.common.nifti import Volume
from stages.segmentation import cases, infer, networks, settings, sliding
from tests.segmentation.volumes import PARAMS, box, draw

BASE = settings.load(PARAMS, "quick")


def preset(size=(16, 16, 8), at_once=3, overlap=0.25):
    return dataclasses.replace(
        BASE, crops=dataclasses.replace(BASE.crops, size=size),
        inference=settings.Inference(overlap=overlap, windows_at_once=at_once))


def network():
    torch.manual_seed(1)
    return networks.build(dataclasses.replace(BASE.networks["unet"], channels=(4, 8),
                                              strides=(2,))).eval()


# Smaller than the window along some axes, as large, and larger by odd parts of a step.
SHAPES = [(37, 21, 19), (16, 40, 8), (9, 33, 5), (11, 10, 31)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("at_once, overlap", [(1, 0.25), (3, 0.5)])
def test_the_scores_are_monai_s(shape, at_once, overlap):
    how, model, image = preset(at_once=at_once, overlap=overlap), network(), torch.rand(shape)
    with torch.inference_mode():
        scores = sliding_window_inference(image[None, None], how.crops.size, at_once, model,
                                          overlap=overlap, mode="gaussian")
    assert torch.equal(networks.probabilities(model, image, how), torch.softmax(scores[0], dim=0))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("overlap", [0.25, 0.8])
def test_layers_are_parts_of_the_whole(shape, overlap, monkeypatch):
    how, model, image = preset(overlap=overlap), network(), torch.rand(shape)
    whole = networks.probabilities(model, image, how)
    monkeypatch.setattr(sliding, "WHOLE_VOXELS", 0)
    asked, next_plane = [], 0

    def planes(start, stop):
        asked.append(stop - start)
        return image[..., start:stop]

    for start, block in sliding.blocks(model, planes, shape, how):
        assert start == next_plane and block.shape[:3] == whole.shape[:3]
        next_plane += block.shape[-1]
        torch.testing.assert_close(block, whole[..., start:next_plane], atol=1e-6, rtol=0)
    assert next_plane == shape[2]
    # No more than the window's planes at a time.
    assert max(asked) <= how.crops.size[2] and (len(asked) > 1) == (shape[2] > how.crops.size[2])


@pytest.mark.parametrize("spacing", [(2.0, 2.0, 5.0), (3.1, 2.9, 7.7), (1.5, 1.5, 1.5)])
def test_a_series_gets_the_same_mask_in_layers(spacing, monkeypatch):
    mask = box((30, 28, 41), ((8, 8, 10), (16, 15, 30)))
    image = Volume(draw(np.random.default_rng(2), mask).astype(np.float32),
                   np.diag([2.0, 2.0, 5.0, 1.0]))
    how = dataclasses.replace(preset(), prepare=settings.Prepare(spacing, -600, 1))
    model = network()
    whole = infer.predict(model, image, how, torch.device("cpu"))
    monkeypatch.setattr(sliding, "WHOLE_VOXELS", 0)
    np.testing.assert_array_equal(infer.predict(model, image, how, torch.device("cpu")), whole)
    assert len(np.unique(whole)) > 1


@pytest.mark.parametrize("kind", ["int16", "int8", "uint8", "uint16", "int32", "float32"])
@pytest.mark.parametrize("shape, spacing", [
    ((30, 28, 41), (2.0, 2.0, 5.0)), ((17, 34, 9), (3.1, 2.9, 7.7)), ((9, 40, 23), (1.5, 1.5, 1.5))])
def test_two_bytes_a_voxel_give_the_mask_of_four(tmp_path, kind, shape, spacing):
    random, limits = np.random.default_rng(3), np.array([-3024, 3071])
    if np.dtype(kind).kind != "f":
        limits = np.clip(limits, np.iinfo(kind).min, np.iinfo(kind).max)
    data = random.normal(60, 700, shape).clip(*limits).astype(kind)
    data[:4] = limits[0]
    turned = np.array([[0, 3.1, 0, -40], [-2.9, 0, 0, 50], [0, 0, -4.2, -30], [0, 0, 0, 1.0]])
    path, asked = tmp_path / "image.nii.gz", []
    nifti.write(path, Volume(data, turned))
    how, model = dataclasses.replace(preset(), prepare=settings.Prepare(spacing, -600, 1)), network()

    def segmented(image):
        asked.append(image.data.dtype)
        return infer.predict(model, image, how, torch.device("cpu"))

    whole = cases.read_image(path)
    expected = nifti.like(Volume(segmented(whole), whole.affine), nifti.read(path))
    found = infer.segment(path, segmented)
    np.testing.assert_array_equal(found.data, expected.data)
    np.testing.assert_array_equal(found.affine, expected.affine)
    assert found.data.flags == expected.data.flags and len(np.unique(found.data)) > 1
    assert asked == [np.float32, np.dtype(kind) if np.dtype(kind).itemsize <= 2 else np.float32]
    image, _ = infer.read(path)
    np.testing.assert_array_equal(image.data.astype(np.float32), whole.data)
