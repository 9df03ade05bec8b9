"""Shear and shift of slices: where a pixel goes, and which random numbers are taken."""

import numpy as np
import pytest
import torch
import yaml

from stages.common.errors import InputError
from stages.patches import augment, settings
from tests.patches.conftest import SMALL

SIZE, MIDDLE = 9, 4


def lit(row, column):
    image = torch.zeros(1, 1, SIZE, SIZE)
    image[0, 0, row, column] = 1
    return image


class Chosen:
    """A generator whose draws are named: everything is made; what is not named is not moved."""

    def __init__(self, **draws):
        self.draws = draws

    def uniform(self, low, high, shape):
        found = np.zeros(shape)
        for name, value in self.draws.items():
            found[{"turn": 0, "zoom": 1, "flip": 4, "shear": 5, "shift": 6}[name]] = value
        return found

    def random(self, shape):
        return np.zeros(shape)


def moved(image, changes, **draws):
    return augment.changed(image, settings.Augment(1.0, **changes), Chosen(**draws))


@pytest.mark.parametrize("draw, column", [(1, 6), (-1, 2), (0.5, 5), (0, 4)])
def test_a_shift_moves_a_pixel_along_the_width_and_not_along_the_height(draw, column):
    for row in (0, MIDDLE, 7):
        found = moved(lit(row, MIDDLE), {"shift": 2 / SIZE}, shift=draw)
        torch.testing.assert_close(found, lit(row, column), atol=1e-5, rtol=0)


def test_what_comes_in_by_a_shift_is_the_edge():
    image = torch.arange(float(SIZE)).expand(1, 1, SIZE, SIZE)
    found = moved(image, {"shift": 3 / SIZE}, shift=1)
    assert torch.allclose(found[0, 0, 5], torch.tensor([0.0, 0, 0, 0, 1, 2, 3, 4, 5]), atol=1e-5)


@pytest.mark.parametrize("draw", [1, -1, 0.5])
def test_shear_keeps_the_middle_row_and_moves_others_by_their_distance(draw):
    upright = torch.zeros(1, 1, SIZE, SIZE)
    upright[0, 0, :, MIDDLE] = 1
    found = moved(upright, {"shear": 1.0}, shear=draw)[0, 0]
    torch.testing.assert_close(found[MIDDLE], upright[0, 0, MIDDLE], atol=1e-5, rtol=0)
    for row in range(2, 7):
        centre = float((found[row] * torch.arange(SIZE)).sum())
        assert centre == pytest.approx(MIDDLE + draw * (row - MIDDLE), abs=1e-4), row


def test_shear_and_shift_follow_the_rotation():
    # A quarter turn takes the pixel to the middle column; the shift then goes along the width.
    turned = moved(lit(MIDDLE, 6), {"rotation_degrees": 90, "shift": 2 / SIZE}, turn=1)
    (row, column), = np.argwhere(turned[0, 0].numpy() > 0.5)
    assert column == MIDDLE and abs(row - MIDDLE) == 2
    both = moved(lit(MIDDLE, 6), {"rotation_degrees": 90, "shift": 2 / SIZE}, turn=1, shift=1)
    torch.testing.assert_close(both, lit(row, column + 2), atol=1e-5, rtol=0)


def test_each_image_of_a_batch_moves_by_its_own_draw_within_the_bounds():
    images, changes = lit(MIDDLE, MIDDLE).repeat(300, 1, 1, 1), settings.Augment(0.5, shift=2 / SIZE)
    found = augment.changed(images, changes, np.random.default_rng(3))
    again = augment.changed(images, changes, np.random.default_rng(3))
    assert torch.equal(found, again)
    assert found[:, 0, :MIDDLE].abs().max() < 1e-5 and found[:, 0, MIDDLE + 1:].abs().max() < 1e-5
    centres = (found[:, 0, MIDDLE] * torch.arange(SIZE)).sum(1) - MIDDLE
    assert centres.abs().max() <= 2 + 1e-4 and centres.min() < -1 and centres.max() > 1
    assert 0.4 < (centres.abs() > 1e-4).float().mean() < 0.6


def test_without_them_the_random_numbers_are_those_of_before():
    # Networks that ask for neither are trained as they were when there was neither.
    images = torch.rand(4, 1, SIZE, SIZE)
    for changes, rows in ((settings.Augment(0.5, 20), 5), (settings.Augment(0.5, 20, shear=0.1), 7),
                          (settings.Augment(shift=0.1), 7)):
        used, expected = np.random.default_rng(1), np.random.default_rng(1)
        augment.changed(images, changes, used)
        expected.random((2, rows, 4))
        assert used.random() == expected.random()


@pytest.mark.parametrize("name, value", [("shear", -0.1), ("shear", 1.1), ("shift", -0.1),
                                         ("shift", 1.0)])
def test_sizes_that_cannot_be_are_one_line(tmp_path, name, value):
    preset = {**SMALL, "augment": {**SMALL["augment"], name: value}}
    path = tmp_path / "patches.yaml"
    path.write_text(yaml.safe_dump({"patches": {"preset": "small", "presets": {"small": preset}}}))
    with pytest.raises(InputError, match=f"augment.{name}") as caught:
        settings.load(path)
    assert "\n" not in str(caught.value)
