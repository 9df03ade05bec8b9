"""Time and memory of segmenting one large series, 512 x 512 x 700 voxels of 0.78 x 0.78 x 1 mm.

    containers/run segmentation -- python -m benchmarks.inference thresholds
    containers/run --threads 2 segmentation -- python -m benchmarks.inference unet --preset paper
    MSCLC_GPU=1 containers/run segmentation -- python -m benchmarks.inference unet --preset paper
    containers/run --tests segmentation -- python -m benchmarks.inference nnunet --folds 2

The series is synthetic (seeded), the network untrained: what it finds does not matter here. Reading
the file is part of it; memory is the process's peak, as the kernel counts it. `nnunet` is what is
before, around and behind a group's network with three classes and voxels of the series' own size, but
for its layers (a single weight for each class stands for them): what these take, one window at a time,
comes on top.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from stages.common import nifti
from stages.common.parameters import section
from stages.segmentation import baseline, cases, infer, networks, settings, sliding

PARAMETERS = "studies/sclc_liver/params"
SHAPE, SPACING_MM = (512, 512, 700), (0.78, 0.78, 1.0)
SEED = 7


def make(path: Path, depth: int, mask: Path | None = None) -> None:
    """Write a body with a liver that has two lesions, and noise; on request a mask of it."""
    random = np.random.default_rng(SEED)
    image = np.empty((*SHAPE[:2], depth), np.int16, order="F")
    x, y = np.arange(SHAPE[0])[:, None], np.arange(SHAPE[1])[None]
    noise = random.normal(0, 15, SHAPE[:2])
    labels = np.zeros(image.shape if mask else (*SHAPE[:2], 1), np.uint8, order="F")
    for z in range(depth):
        plane = np.where(((x - 256) / 230) ** 2 + ((y - 256) / 170) ** 2 < 1, 30, -1000)
        height = (z - depth / 2) / (0.28 * depth)
        liver = ((x - 184) / 102) ** 2 + ((y - 256) / 102) ** 2 + height ** 2 < 1
        plane[liver] = 108
        found = liver.astype(np.uint8)
        for a, b in ((160, 280), (200, 230)):
            lesion = (x - a) ** 2 + (y - b) ** 2 + (z - depth / 2) ** 2 < 400
            plane[lesion], found[lesion] = 60, 2
        image[..., z] = plane + np.roll(noise, 37 * z)
        labels[..., z % labels.shape[2]] = found
    for place, voxels in ((path, image), (mask, labels)):
        if place:
            nifti.write(place, nifti.Volume(voxels, np.diag([*SPACING_MM, 1.0])))


def shown(blocks):
    """Show the progress of `sliding.blocks`, plane by plane."""
    def counted(model, planes, shape, preset):
        with tqdm(total=shape[2], desc=f"{shape}", mininterval=10) as bar:
            for start, block in blocks(model, planes, shape, preset):
                yield start, block
                bar.update(block.shape[-1])
    return counted


def run(method: str, path: Path, options) -> str:
    """Segment the file; return what was measured on a GPU."""
    if method == "thresholds":
        how = section(PARAMETERS, "segmentation.baseline", settings.Baseline)
        baseline.predict(cases.read_image(path), how)
        return ""
    if method == "nnunet":
        return nnunet(path, options.folds)
    preset, device = settings.load(PARAMETERS, options.preset), networks.device(options.device)
    torch.manual_seed(SEED)
    model = networks.build(preset.networks[method]).to(device).eval()
    sliding.blocks = shown(sliding.blocks)
    infer.segment(path, lambda image: infer.predict(model, image, preset, device))
    if device.type == "cpu":
        return ", CPU"
    return (f", {torch.cuda.get_device_name()}, "
            f"{torch.cuda.max_memory_allocated() / 1e9:.1f} GB of its memory")


def nnunet(path: Path, folds: int) -> str:
    """Segment with a group's nnU-Net whose layers are one weight for each class."""
    from stages.segmentation.nnunet import given, labels, results
    from tests.segmentation import given_nnunet as made

    with tempfile.TemporaryDirectory() as home:
        plans = made.plans(spacing=(1.0, 0.8, 0.8))
        plans["configurations"]["3d_fullres"]["patch_size"] = [128, 128, 128]
        found = results.read(made.write(Path(home), plans, made.dataset()), Path(home))
        known = labels.values(found.dataset, found.where)
        model = given.Given(found, labels.meant(known, "", "", found.where), torch.device("cpu"))
    layers = torch.nn.Conv3d(1, model.predictor.label_manager.num_segmentation_heads, 1)
    model.predictor.network, model.predictor.use_mirroring = layers, False
    model.predictor.list_of_parameters = [layers.state_dict()] * folds
    model.segment(nifti.read(path))
    return f", {folds} folds"


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("method", choices=["thresholds", "unet", "segresnet", "nnunet"])
    parser.add_argument("--preset", default="quick")
    parser.add_argument("--folds", type=int, default=1, help="of nnunet")
    parser.add_argument("--device", choices=settings.DEVICES, default="auto")
    parser.add_argument("--planes", type=int, default=SHAPE[2], help="fewer planes than 700")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "series.nii.gz")
        # In a process of its own: what making it takes is none of the peak.
        maker = multiprocessing.get_context("spawn").Process(target=make, args=(path, options.planes))
        maker.start()
        maker.join()
        start, before = time.perf_counter(), time.process_time()
        where = run(options.method, path, options)
        wall, cpu = time.perf_counter() - start, time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    voxels = SHAPE[0] * SHAPE[1] * options.planes
    print(f"{options.method}{where}: {wall:.0f} s ({cpu:.0f} CPU s), peak {peak / 1e9:.2f} GB, "
          f"{peak / voxels:.1f} bytes a voxel")


if __name__ == "__main__":
    main()
