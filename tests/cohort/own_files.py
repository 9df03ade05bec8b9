"""Files of a small own cohort: where they lie, a mask, and NRRD files."""

import nrrd
import numpy as np

# Left, back, top: stored unlike the house's order.
AFFINE = np.array([[-0.8, 0, 0, 60], [0, -0.7, 0, 70], [0, 0, 5.0, -300], [0, 0, 0, 1]])
COLUMNS = ("series", "study", "patient", "path", "mask", "NE_Score")


def lesions(shape=(6, 5, 4)):
    """A mask with liver and two lesions, one of them a single voxel."""
    mask = np.zeros(shape, np.uint8)
    mask[1:5, 1:4, 1:3] = 1
    mask[2:4, 2, 1] = 2
    mask[4, 3, 2] = 2
    return mask


def write_nrrd(path, data, affine=AFFINE, **header):
    lps = np.diag([-1.0, -1, 1, 1]) @ affine
    nrrd.write(str(path), data, {"space": "left-posterior-superior", "space origin": lps[:3, 3],
                                 "space directions": lps[:3, :3].T, **header})
    return path
