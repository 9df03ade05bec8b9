"""Random crops: their ratio, their content, their independence of history."""

import dataclasses

import numpy as np
import pytest

from stages.common.errors import InputError
from stages.segmentation import crops, settings
from tests.segmentation.volumes import PARAMS, box, draw

MASK = box((40, 36, 20), ((10, 10, 5), (14, 14, 8)))
IMAGE = draw(np.random.default_rng(1), MASK)


def preset(size=(5, 5, 3), count=3000, windows=((-100, 250),)):
    base = settings.load(PARAMS, "quick")
    return dataclasses.replace(base, windows_hu=windows,
                               crops=dataclasses.replace(base.crops, size=size, per_image=count))


def test_centres_come_in_the_ratio_4_1_3():
    images, masks = crops.crops(IMAGE, MASK, crops.places(MASK), preset((1, 1, 1)),
                                crops.generator(1, 2, 3))
    shares = np.bincount(masks.ravel(), minlength=3) / masks.size
    # Standard error of a share of 3,000: at most 0.009.
    np.testing.assert_allclose(shares, [4 / 8, 1 / 8, 3 / 8], atol=0.03)


def test_the_index_finds_every_voxel_in_its_order():
    where = crops.places(MASK)
    assert where.dtype == np.uint32 and where.shape == (3, 40 * 36)
    for label in range(3):
        voxels = np.argwhere(MASK == label)
        found = [crops.place(MASK, where, label, number) for number in range(len(voxels))]
        np.testing.assert_array_equal(found, voxels)


def test_a_missing_label_leaves_its_share_to_the_others():
    mask = np.where(MASK == 2, 1, MASK).astype(np.uint8)
    _, masks = crops.crops(IMAGE, mask, crops.places(mask), preset((1, 1, 1)),
                           crops.generator(1, 2, 3))
    np.testing.assert_allclose((masks == 0).mean(), 4 / 5, atol=0.03)


def test_only_lesion_crops_of_a_scan_without_lesions():
    mask = np.ones((6, 6, 6), np.uint8)
    base = preset(count=1)
    base = dataclasses.replace(base, crops=dataclasses.replace(base.crops, ratio=(0.0, 0.0, 1.0)))
    with pytest.raises(InputError, match="none of the labels"):
        crops.crops(mask, mask, crops.places(mask), base, crops.generator(1, 1, 1))


def test_image_and_mask_are_the_same_place_and_small_images_are_padded():
    size = (64, 16, 8)
    images, masks = crops.crops(IMAGE, MASK, crops.places(MASK), preset(size, 20),
                                crops.generator(1, 2, 3))
    assert images.shape == masks.shape == (20, 1, *size)
    assert images.dtype == np.float32 and masks.dtype == np.uint8
    assert (images[:, :, 40:] == 0).all() and (masks[:, :, 40:] == 0).all()
    liver, lesion = images[masks == 1].mean(), images[masks == 2].mean()
    assert liver == pytest.approx(205 / 350, abs=0.01)
    assert lesion == pytest.approx(145 / 350, abs=0.02)


def test_windows_vary_and_crops_depend_on_the_seed_alone():
    chosen = preset((40, 36, 20), 30, ((-100, 250), (0, 200)))
    draws = [crops.crops(IMAGE, MASK, crops.places(MASK), chosen, crops.generator(*seed))
             for seed in ((1, 2, 3), (1, 2, 3), (1, 3, 3))]
    np.testing.assert_array_equal(draws[0][0], draws[1][0])
    assert not np.array_equal(draws[0][0], draws[2][0])
    means = draws[0][0][:, 0, 20, 18, 10]
    assert len(np.unique(np.round(means, 4))) == 2
