"""Draw lesions of the planted arm (PNG): a column each, from the lowest latent variable to the highest.

Rows are T1WI+c, FLAIR and T2WI.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.segmentation import arrays, overlay

COLUMNS, ZOOM, GAP = 8, 2, 2
LOW, HIGH = -2.0, 3.0


def picture(images: np.ndarray) -> np.ndarray:
    """Draw slices beside each other, sequences below each other.

    Parameters
    ----------
    images : ndarray, shape (n, c, h, w)

    Returns
    -------
    ndarray of uint8, shape (rows, columns, 3)
    """
    grey = np.clip((images - LOW) / (HIGH - LOW), 0, 1) * 255
    wide = np.pad(grey.repeat(ZOOM, 2).repeat(ZOOM, 3), ((0, 0), (0, 0), (GAP, GAP), (GAP, GAP)),
                  constant_values=255)
    whole = np.concatenate([np.concatenate(list(column), axis=0) for column in wide], axis=1)
    return np.repeat(whole.astype(np.uint8)[..., None], 3, axis=2)


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.brain_metastases.synthetic.picture", __doc__)
    parser.add_argument("--slices", type=Path, required=True, help="a set of slices (folder)")
    parser.add_argument("--out", type=Path, required=True, help="the picture (PNG)")
    options = parser.parse_args()
    source = options.slices / "slices.csv"
    table = canonical.read_csv(source, ("patient", "latent", "offset"))
    middle = table[table["offset"] == 0].drop_duplicates("patient").sort_values("latent")
    if len(middle) < COLUMNS:
        raise InputError(f"has {len(middle)} patients with a middle slice", source,
                         f"{COLUMNS} are drawn")
    rows = middle.index[np.linspace(0, len(middle) - 1, COLUMNS).astype(int)]
    canonical.write_bytes(options.out,
                          overlay.png(picture(arrays.read(options.slices / "images.npy")[rows])))


if __name__ == "__main__":
    cli.main(stage)
