"""A series that masks are for, what is marked in it, and how masks of it are read or refused."""

import numpy as np
import pytest

from stages.cohort import masks, own_volumes
from stages.cohort.named import Named
from stages.cohort.own_table import Own
from stages.common.errors import InputError
from tests.cohort.mask_files import COMPLETE
from tests.cohort.slices import AXIAL, series, values

OWN = Own(1, 0.2, 0.2, (1,), (2,), (), -2048.0, 0.1)
SHAPE = (12, 10, 6)
BOTH = Named(("Tumour*",), ("Liver",))


def boxes():
    """Return liver, a lesion in it and another one of one slice, as boxes."""
    liver, first, second = (np.zeros(SHAPE, bool) for _ in range(3))
    liver[1:9, 2:9, 1:5] = True
    first[2:5, 3:6, 2:4] = True
    second[6:8, 4:8, 1] = True
    return liver, first, second


def labels():
    liver, first, second = boxes()
    return np.where(first | second, 2, liver).astype(np.uint8)


def target(folder, orientation=AXIAL, **more):
    """Write a series, read it; return what a mask is for, and indices to LPS mm."""
    series(folder, values(SHAPE), orientation=orientation, **{**COMPLETE, **more})
    found = own_volumes.read_series(folder, OWN)
    lps = np.diag([-1.0, -1, 1, 1]) @ found.volume.affine
    return (masks.Target(folder, found.volume, found.frame, found.uid),
            lambda index: lps[:3, :3] @ index + lps[:3, 3])


def read(path, wanted, named=BOTH, own=OWN):
    return masks.read(path, named, wanted, own)[0].data


def refused(path, wanted, words, named=BOTH):
    with pytest.raises(InputError, match=words) as caught:
        read(path, wanted, named)
    assert "\n" not in str(caught.value) and str(path.parent) in str(caught.value)
