"""Draw one picture per predicted case: the slice with most lesion, plain and with outlines.

Liver outlined in blue, lesions in red. Writes OUT/FILE.png.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tqdm import tqdm

from stages.common import canonical, cli
from stages.common.manifest import LESION
from stages.segmentation import cases, overlay


def picture(image: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Draw a case.

    Parameters
    ----------
    image : ndarray, shape (x, y, z)
        HU, RAS order.
    labels : ndarray of uint8, shape (x, y, z)
        Predicted labels.

    Returns
    -------
    ndarray of uint8, shape (rows, columns, 3)
    """
    z = overlay.slice_of(labels)
    low, high = overlay.WINDOW_HU
    shade = (np.clip((image[:, :, z] - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    grey, found = overlay.turned(shade), overlay.turned(labels[:, :, z])
    gap = np.full((grey.shape[0], overlay.GAP, 3), 255, np.uint8)
    drawn = overlay.panel(grey, [(found > 0, overlay.BLUE), (found == LESION, overlay.RED)])
    return np.concatenate([overlay.panel(grey, []), gap, drawn], axis=1)


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.segmentation.preview", __doc__)
    parser.add_argument("--manifest", type=Path, required=True, help="CSV: File, image, mask")
    parser.add_argument("--out", type=Path, required=True, help="folder of pictures")
    options = parser.parse_args()
    for case in tqdm(cases.select(options.manifest), "pictures"):
        image, mask = cases.pair(case)
        canonical.write_bytes(options.out / f"{case.file}.png",
                              overlay.png(picture(image.data, mask.data)))


if __name__ == "__main__":
    cli.main(stage)
