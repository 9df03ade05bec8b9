"""Predict liver and lesions by fixed thresholds: what a trained network has to beat.

The image is smoothed; the liver is the largest connected piece within one HU window, closed so
that lesions do not make holes; lesions are what is darker than a threshold within it, away from its
rim. Writes OUT/FILE.nii.gz.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import cc3d
import numpy as np
from scipy import ndimage
from tqdm import tqdm

from stages.common import cli, nifti
from stages.common.done import Record, context
from stages.common.manifest import LESION, LIVER
from stages.common.nifti import Volume
from stages.common.parameters import section
from stages.segmentation import cases, grid, settings

# Voxels whose distances are taken at a time.
SLAB_VOXELS = 1 << 21
PACKAGES = ("connected-components-3d", "numpy", "scipy")


def predict(image: Volume, how: settings.Baseline) -> np.ndarray:
    """Segment an image by thresholds.

    Parameters
    ----------
    image : Volume
        HU.
    how : Baseline
        Thresholds (HU) and lengths (mm).

    Returns
    -------
    ndarray of uint8, shape of the image
        0 background, 1 liver, 2 lesion.
    """
    # Whole volumes of eight bytes a voxel, as distances are, would not fit in memory: what is needed
    # of the smoothed image is kept as bits, and distances are taken by slabs within the liver's box.
    smooth = ndimage.gaussian_filter(image.data.astype(np.float32, copy=False),
                                     how.smooth_mm / image.spacing)
    low, high = how.liver_hu
    inside, dark = (smooth > low) & (smooth < high), smooth < how.lesion_below_hu
    del smooth
    labels = np.zeros(image.data.shape, np.uint8)
    # One erosion parts the liver from what touches it.
    inside = ndimage.binary_erosion(inside)
    core = _largest(inside)
    if core is None:
        return labels
    core = ndimage.binary_dilation(core)
    reach = int(np.ceil(how.close_mm / image.spacing.min())) + 1
    box = grid.around(grid.there(core), reach)
    core, inner, spacing = core[box], labels[box], image.spacing
    liver = ~_near(~_near(core, how.close_mm, spacing), how.close_mm, spacing)
    liver = ndimage.binary_fill_holes(liver) | core
    inner[liver] = LIVER
    # The liver's rim is dark for its neighbours' sake.
    inner[liver & dark[box] & ~_near(~liver, how.rim_mm, spacing)] = LESION
    return labels


def _largest(mask: np.ndarray) -> np.ndarray | None:
    """Return the largest connected piece (26 neighbours); None where nothing is set."""
    pieces, count = cc3d.connected_components(mask, return_N=True)
    if not count:
        return None
    sizes = np.zeros(count + 1, np.int64)
    for plane in pieces:
        sizes += np.bincount(plane.ravel(), minlength=count + 1)
    return pieces == 1 + sizes[1:].argmax()


def _near(mask: np.ndarray, reach_mm: float, spacing: np.ndarray) -> np.ndarray:
    """Tell which voxels lie at most so far from one that is set.

    By slabs along z, each with the planes around it that are within reach.
    """
    margin = int(np.ceil(reach_mm / spacing[2])) + 1
    depth = max(SLAB_VOXELS // (mask.shape[0] * mask.shape[1]), 1)
    near = np.zeros(mask.shape, bool)
    for start in range(0, mask.shape[2], depth):
        first = max(start - margin, 0)
        part = mask[..., first:start + depth + margin]
        if part.any():
            away = ndimage.distance_transform_edt(~part, sampling=spacing)
            near[..., start:start + depth] = (
                away <= reach_mm)[..., start - first:start - first + depth]
    return near


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.segmentation.baseline", __doc__)
    parser.add_argument("--manifest", type=Path, required=True, help="cohort manifest (CSV)")
    parser.add_argument("--cohort", nargs="+", default=[], help="cohorts (default: all)")
    parser.add_argument("--part", nargs="+", default=[], help="segmentation parts (default: all)")
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder of masks")
    parser.add_argument("--record", type=Path, help="what was made before: only changes are made")
    options = parser.parse_args()
    how = section(options.params, "segmentation.baseline", settings.Baseline)
    record = Record(options.record, context(asdict(how), PACKAGES, __file__))
    for case in tqdm(cases.select(options.manifest, options.cohort, options.part), "baseline"):
        out = options.out / f"{case.file}.nii.gz"
        if record.get(case.file, [case.image], [out]) is None:
            image = cases.read_image(case.image)
            mask = Volume(predict(image, how), image.affine)
            nifti.write(out, nifti.like(mask, nifti.read(case.image)))
            record.put(case.file, [case.image], [out])
    record.close(options.out)


if __name__ == "__main__":
    cli.main(stage)
