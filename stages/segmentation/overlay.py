"""Draw one picture per case: the slice with most lesion, once for each way to segment it.

From left to right: the CT alone, the reference, then the methods in the order of imaging.methods.
Liver outlined in blue; reference lesions in green, predicted ones in red. Writes OUT/FILE.png and
removes the pictures of other cases.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from tqdm import tqdm

from stages.common import canonical, cli
from stages.common.done import Record, context
from stages.common.manifest import LESION
from stages.segmentation import cases, settings

WINDOW_HU = (-100, 200)
ZOOM, GAP = 2, 4
BLUE, GREEN, RED = (70, 130, 255), (60, 220, 60), (255, 60, 40)


def png(pixels: np.ndarray) -> bytes:
    """Encode pixels, shape (rows, columns, 3), uint8, as a PNG without metadata.

    Source of the layout: PNG specification, third edition.
    """
    rows, columns, _ = pixels.shape
    lines = np.zeros((rows, 1 + 3 * columns), np.uint8)
    lines[:, 1:] = pixels.reshape(rows, -1)
    head = struct.pack(">2I5B", columns, rows, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts)


def slice_of(mask: np.ndarray) -> int:
    """Return the axial slice with most lesion, else with most liver."""
    lesion = (mask == LESION).sum(axis=(0, 1))
    return int((lesion if lesion.any() else (mask > 0).sum(axis=(0, 1))).argmax())


def turned(plane: np.ndarray) -> np.ndarray:
    """Turn a slice of a RAS volume, shape (x, y), as radiologists look at it, and enlarge it."""
    return plane[::-1, ::-1].T.repeat(ZOOM, axis=0).repeat(ZOOM, axis=1)


def outline(region: np.ndarray) -> np.ndarray:
    """Return the pixels of a region that have a neighbour outside of it."""
    wide = np.pad(region, 1)
    inside = wide[:-2, 1:-1] & wide[2:, 1:-1] & wide[1:-1, :-2] & wide[1:-1, 2:]
    return region & ~inside


def panel(grey: np.ndarray, layers) -> np.ndarray:
    """Draw regions (each a mask and a colour) on a grey slice."""
    pixels = np.repeat(grey[:, :, None], 3, axis=2)
    for region, colour in layers:
        pixels[outline(region)] = colour
    return pixels


def picture(image: np.ndarray, truth: np.ndarray, guesses: list[np.ndarray]) -> np.ndarray:
    """Draw all panels of a case.

    Parameters
    ----------
    image : ndarray, shape (x, y, z)
        HU, RAS order.
    truth : ndarray of uint8, shape (x, y, z)
        Reference labels.
    guesses : list of ndarray of uint8, shape (x, y, z)
        Predicted labels.

    Returns
    -------
    ndarray of uint8, shape (rows, columns, 3)
    """
    z = slice_of(truth)
    low, high = WINDOW_HU
    grey = turned((np.clip((image[:, :, z] - low) / (high - low), 0, 1) * 255).astype(np.uint8))
    reference = turned(truth[:, :, z])
    panels = [panel(grey, []),
              panel(grey, [(reference > 0, BLUE), (reference == LESION, GREEN)])]
    for guess in guesses:
        found = turned(guess[:, :, z])
        panels.append(panel(grey, [(found > 0, BLUE), (reference == LESION, GREEN),
                                   (found == LESION, RED)]))
    gap = np.full((grey.shape[0], GAP, 3), 255, np.uint8)
    return np.concatenate([part for each in panels for part in (each, gap)][:-1], axis=1)


def draw(case: cases.Case, folders: list[Path]) -> bytes:
    """Read the volumes of a case and draw it.

    Raises
    ------
    InputError
        If a file is missing, unusable, or on another grid.
    """
    image, truth = cases.pair(case)
    guesses = []
    for folder in folders:
        path = folder / f"{case.file}.nii.gz"
        guess = cases.read_mask(path)
        cases.require_same_grid(truth, guess, case.mask, path)
        guesses.append(guess.data)
    return png(picture(image.data, truth.data, guesses))


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.segmentation.overlay", __doc__)
    parser.add_argument("--manifest", type=Path, required=True, help="cohort manifest (CSV)")
    parser.add_argument("--cohort", nargs="+", default=[], help="cohorts (default: all)")
    parser.add_argument("--part", nargs="+", default=[], help="segmentation parts (default: all)")
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--predictions", type=Path, required=True,
                        help="folder of one folder of masks for each method")
    parser.add_argument("--methods", nargs="+", help="instead of imaging.methods")
    parser.add_argument("--record", type=Path, help="what was drawn before: only changes are")
    parser.add_argument("--out", type=Path, required=True, help="folder of pictures")
    options = parser.parse_args()
    methods = options.methods or settings.methods(options.params)
    folders = [options.predictions / method for method in methods]
    chosen = cases.select(options.manifest, options.cohort, options.part)
    wanted = {f"{case.file}.png" for case in chosen}
    for stale in options.out.glob("*.png"):
        if stale.name not in wanted:
            stale.unlink()
    record = Record(options.record, context(list(methods), ("numpy",), __file__))
    for case in tqdm(chosen, "pictures"):
        inputs = [case.image, case.mask or options.manifest,
                  *(folder / f"{case.file}.nii.gz" for folder in folders)]
        out = options.out / f"{case.file}.png"
        if record.get(case.file, inputs, [out]) is None:
            canonical.write_bytes(out, draw(case, folders))
            record.put(case.file, inputs, [out])
    record.close()


if __name__ == "__main__":
    cli.main(stage)
