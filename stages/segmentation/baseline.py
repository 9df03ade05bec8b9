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
from stages.segmentation import cases, settings

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
    smooth = ndimage.gaussian_filter(image.data.astype(np.float32), how.smooth_mm / image.spacing)
    low, high = how.liver_hu
    inside = (smooth > low) & (smooth < high)
    # One erosion parts the liver from what touches it.
    pieces = cc3d.connected_components(ndimage.binary_erosion(inside).astype(np.uint8))
    sizes = np.bincount(pieces.ravel())
    labels = np.zeros(image.data.shape, np.uint8)
    if len(sizes) < 2:
        return labels
    core = ndimage.binary_dilation(pieces == 1 + sizes[1:].argmax())
    distance = ndimage.distance_transform_edt(~core, sampling=image.spacing)
    near = np.pad(distance <= how.close_mm, 1, mode="edge")
    reach = ndimage.distance_transform_edt(near, sampling=image.spacing)[1:-1, 1:-1, 1:-1]
    liver = ndimage.binary_fill_holes(reach > how.close_mm) | core
    labels[liver] = LIVER
    # The liver's rim is dark for its neighbours' sake.
    deep = ndimage.distance_transform_edt(liver, sampling=image.spacing) > how.rim_mm
    labels[deep & (smooth < how.lesion_below_hu)] = LESION
    return labels


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
