"""The fixed thresholds by slabs against whole distance maps; what they take of the memory."""

import tracemalloc

import cc3d
import numpy as np
import pytest
from scipy import ndimage

from stages.common.manifest import LESION
from stages.common.nifti import Volume
from stages.common.parameters import section
from stages.segmentation import baseline, settings
from tests.segmentation.volumes import PARAMS

HOW = section(PARAMS, "segmentation.baseline", settings.Baseline)


def scan(shape, spacing, seed):
    """A liver with lesions, some at its edge or reaching the border of the volume, in noise."""
    random = np.random.default_rng(seed)
    places = np.indices(shape) * np.array(spacing)[:, None, None, None]
    size = np.array(shape) * spacing
    image = np.full(shape, 20.0)
    centre = size * random.uniform(0.3, 0.6, 3)
    image[(((places - centre[:, None, None, None]) / (size * 0.4)[:, None, None, None]) ** 2
           ).sum(0) < 1] = 107
    for _ in range(6):
        away = ((places - (centre + random.normal(0, 0.2, 3) * size)[:, None, None, None]) ** 2).sum(0)
        image[away < random.uniform(4, 12) ** 2] = 60
    return Volume((image + random.normal(0, 10, shape)).astype(np.float32), np.diag([*spacing, 1.0]))


def whole(image, how):
    """The same thresholds by distance maps of the whole volume."""
    smooth = ndimage.gaussian_filter(image.data, how.smooth_mm / image.spacing)
    inside = (smooth > how.liver_hu[0]) & (smooth < how.liver_hu[1])
    pieces = cc3d.connected_components(ndimage.binary_erosion(inside).astype(np.uint8))
    core = ndimage.binary_dilation(pieces == 1 + np.bincount(pieces.ravel())[1:].argmax())
    near = ndimage.distance_transform_edt(~core, sampling=image.spacing) <= how.close_mm
    reach = ndimage.distance_transform_edt(np.pad(near, 1, mode="edge"), sampling=image.spacing)
    liver = ndimage.binary_fill_holes(reach[1:-1, 1:-1, 1:-1] > how.close_mm) | core
    deep = ndimage.distance_transform_edt(liver, sampling=image.spacing) > how.rim_mm
    labels = liver.astype(np.uint8)
    labels[deep & (smooth < how.lesion_below_hu)] = LESION
    return labels


@pytest.mark.parametrize("spacing", [(2.0, 2.0, 5.0), (1.6, 1.6, 1.0), (4.0, 4.0, 4.0)])
@pytest.mark.parametrize("seed", range(4))
def test_slabs_change_nothing(spacing, seed, monkeypatch):
    monkeypatch.setattr(baseline, "SLAB_VOXELS", 10_000)
    image = scan((48, 44, 40), spacing, seed)
    expected = whole(image, HOW)
    np.testing.assert_array_equal(baseline.predict(image, HOW), expected)
    assert (expected == 1).any() and (expected == 2).any()


def test_arrays_take_at_most_twelve_bytes_a_voxel(monkeypatch):
    """With the image itself, 16; whole distance maps take 80."""
    image = scan((120, 110, 100), (2.0, 2.0, 2.0), 1)
    monkeypatch.setattr(baseline, "SLAB_VOXELS", 1)
    tracemalloc.start()
    try:
        baseline.predict(image, HOW)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak / image.data.size < 12
