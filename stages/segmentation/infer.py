"""Predict liver and lesions with a trained network: OUT/FILE.nii.gz on each image's own grid.

The model is one of MONAI's networks or an nnU-Net; its folder says which.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from stages.common import canonical, cli, nifti
from stages.common.done import Record, context
from stages.common.errors import InputError
from stages.common.nifti import Volume
from stages.segmentation import cases, grid, networks, settings, sliding
from stages.segmentation.prepare import layout

# Planes of the image whose labels are made at a time.
SLAB = 16


def predict(model, image: Volume, preset: settings.Preset, device: torch.device) -> np.ndarray:
    """Segment an image with one of MONAI's networks.

    Parameters
    ----------
    model : Module
        Trained network in evaluation mode, on ``device``.
    image : Volume
        HU in RAS order, of any type.
    preset : Preset
        What the network was trained with.

    Returns
    -------
    ndarray of uint8, shape of the image
        0 background, 1 liver, 2 lesion: the largest interpolated probability.
    """
    found, limits = layout(image, preset.prepare), preset.windows_hu[0]
    blocks = sliding.blocks(
        model, lambda start, stop: networks.windowed(found.planes(image.data, start, stop), limits,
                                                     device), found.shape, preset)
    labels, first, depth = np.empty(image.data.shape, np.uint8), 0, found.shape[2]
    known = np.empty((networks.CLASSES, *found.shape[:2], 0), np.float32)
    # By slabs: the probabilities of a whole fine series would not fit in memory.
    for start in range(0, image.data.shape[2], SLAB):
        box = (slice(None), slice(None), slice(start, start + SLAB))
        slab = grid.cut(image, box)
        low, high = grid.planes(grid.indices(found.affine, slab)[2], depth)
        while first + known.shape[-1] < high:
            begin, block = next(blocks)
            kept = max(low, first)
            known = np.concatenate([known[..., kept - first:], block.cpu().numpy()], axis=-1)
            first = begin + block.shape[-1] - known.shape[-1]
        labels[box] = grid.onto(known, found.affine, slab, np.array([1, 0, 0]), first,
                                depth).argmax(0)
    return labels


def load(folder: Path, device: torch.device) -> Callable[[Volume], np.ndarray]:
    """Return what segments an image (HU, RAS order) with the model of a folder."""
    if networks.description(folder).get("kind") == "nnunet":
        # Only here: importing nnU-Net takes seconds.
        from stages.segmentation.nnunet.lean import Lean

        return Lean(folder, device).predict
    model, preset = networks.read(folder)
    model.to(device)
    return lambda image: predict(model, image, preset, device)


def read(path: Path) -> tuple[Volume, Volume]:
    """Read an image as `cases.read_image` does, but leave voxels of two bytes as they are.

    Returns
    -------
    image : Volume
        HU in RAS order: float32, or the file's whole numbers.
    place : Volume
        Axes and grid of the file, without its voxels.

    Raises
    ------
    InputError
        As `cases.read_image`.
    """
    stored = nifti.read(path)
    place = Volume(np.broadcast_to(np.uint8(0), stored.data.shape), stored.affine, stored.header)
    kind = stored.data.dtype
    if kind.kind not in "iu" or kind.itemsize > 2 or min(stored.data.shape) < 2:
        del stored
        return cases.read_image(path), place
    image = nifti.to_ras(stored)
    if np.iinfo(kind).min < cases.PADDING_HU:
        np.clip(image.data, cases.PADDING_HU, None, out=image.data)
    return image, place


def segment(path: Path, model: Callable[[Volume], np.ndarray]) -> Volume:
    """Segment the image of a file; the mask has the axes and the grid of the file.

    What is read but not needed any more goes at once, in the model too: of a fine series each copy
    counts.

    Raises
    ------
    InputError
        If the file cannot be used or is too large for the GPU.
    """
    image, place = read(path)
    affine, given = image.affine, [image]
    del image
    try:
        labels = model(given.pop())
    except torch.cuda.OutOfMemoryError:
        raise InputError("is too large for the GPU's memory", path, "use --device cpu") from None
    except (ValueError, RuntimeError, LookupError, TypeError) as error:
        # A description whose numbers are not those that the weights were trained with.
        reason = str(error).strip().splitlines()[0][:160] if str(error).strip() else "no reason given"
        raise InputError(f"cannot be segmented with this network ({reason})", path,
                         "train the network again: its description does not fit its weights") from None
    return nifti.like(Volume(labels, affine), place)


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.segmentation.infer", __doc__)
    parser.add_argument("--manifest", type=Path, required=True, help="cohort manifest (CSV)")
    parser.add_argument("--cohort", nargs="+", default=[], help="cohorts (default: all)")
    parser.add_argument("--part", nargs="+", default=[], help="segmentation parts (default: all)")
    parser.add_argument("--model", type=Path, required=True, help="folder of the trained model")
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--device", choices=settings.DEVICES, help="instead of imaging.device")
    parser.add_argument("--out", type=Path, required=True, help="folder of masks")
    parser.add_argument("--record", type=Path, help="what was made before: only changes are made")
    options = parser.parse_args()
    device = networks.device(options.device or settings.device(options.params))
    model = load(options.model, device)
    files = {path.name: canonical.sha256(path) for path in sorted(options.model.iterdir())}
    record = Record(options.record, context([files, device.type], networks.PACKAGES, __file__))
    for case in tqdm(cases.select(options.manifest, options.cohort, options.part), "inference"):
        out = options.out / f"{case.file}.nii.gz"
        if record.get(case.file, [case.image], [out]) is None:
            nifti.write(out, segment(case.image, model))
            record.put(case.file, [case.image], [out])
    record.close(options.out)


if __name__ == "__main__":
    cli.main(stage)
