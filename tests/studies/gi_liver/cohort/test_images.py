"""The phantom's lesions look as planned."""

import numpy as np
import pandas as pd
import pytest

from studies.gi_liver.synthetic import images

CELL, SPACING = (34, 34, 22), (1.0, 1.0, 1.5)


def planned(**columns):
    base = {"patient": "P1", "label": 0, "diameter_mm": 20.0, "liver_hu": 90.0, "below_liver_hu": 45.0,
            "amplitude_hu": 15.0, "length_mm": 8.0, "noise_hu": 1.0}
    return pd.DataFrame({**base, **columns})


def test_each_lesion_stands_in_a_cell_and_looks_as_planned():
    sizes = [12.0, 24.0, 16.0]
    hu, mask = images.draw(planned(diameter_mm=sizes, below_liver_hu=[20.0, 45.0, 60.0],
                                   amplitude_hu=[1.0, 15.0, 30.0]), CELL, SPACING,
                           np.random.default_rng(3))
    assert hu.data.shape == mask.data.shape == (68, 68, 22) and (hu.spacing == SPACING).all()
    for place, (size, below, amplitude) in enumerate(zip(sizes, (20, 45, 60), (1, 15, 30))):
        part = tuple(slice(34 * at, 34 * (at + 1)) for at in (place % 2, place // 2))
        inside = mask.data[part] == 2
        assert inside.sum() * 1.5 == pytest.approx(np.pi / 6 * size ** 3, rel=0.2)
        assert not inside[[0, -1]].any() and not inside[:, [0, -1]].any()
        core = hu.data[part][inside]
        assert np.median(core) == pytest.approx(90 - below, abs=max(4, amplitude / 2))
        assert core.std() == pytest.approx(np.hypot(amplitude, 4), abs=max(5, amplitude / 2))
    # The fourth cell has none.
    assert set(np.unique(mask.data[34:, 34:])) == {1}


def test_the_same_seed_draws_the_same():
    one, other, third = (images.draw(planned(diameter_mm=[9.0]), CELL, SPACING,
                                     np.random.default_rng(seed))[0].data for seed in (5, 5, 6))
    assert (one == other).all() and (one != third).any()
