"""The NIfTI reader on real files of the mirror, against nibabel."""

import os
from pathlib import Path

import nibabel
import numpy as np
import pytest

from stages.common import nifti
from stages.segmentation import cases

MIRROR = Path(os.environ.get("DATA_MIRROR", Path(__file__).parents[3] / "shared" / "data"))
FILES = ["crlm_ct_nomask/CRLM-CT-1004.nii.gz", "ibsi_digital_phantom/nifti/image/phantom.nii.gz",
         *(f"totalsegmentator_examples/example_{name}.nii.gz" for name in ("ct", "mr_sm", "seg"))]


@pytest.fixture(params=FILES)
def path(request):
    found = MIRROR / request.param
    if not found.is_file():
        pytest.skip(f"{request.param} is not in the mirror (DATA_MIRROR)")
    return found


def test_agrees_with_nibabel(path):
    own, theirs = nifti.read(path), nibabel.load(path)
    np.testing.assert_array_equal(own.data, np.asarray(theirs.dataobj))
    np.testing.assert_allclose(own.affine, theirs.affine, atol=1e-4)
    canonical = nibabel.as_closest_canonical(theirs)
    np.testing.assert_array_equal(nifti.to_ras(own).data, np.asarray(canonical.dataobj))
    back = nifti.like(nifti.to_ras(own), own)
    np.testing.assert_array_equal(back.data, own.data)


def test_padding_is_read_as_air():
    path = MIRROR / FILES[0]
    if not path.is_file():
        pytest.skip(f"{FILES[0]} is not in the mirror (DATA_MIRROR)")
    assert nifti.read(path).data.min() == -3024
    assert cases.read_image(path).data.min() == -1024
