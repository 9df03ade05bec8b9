"""A training step of each network of the companion studies, at the sizes of its ``paper`` preset.

    containers/run segmentation -- python -m benchmarks.companions

DenseNet-121 (gi_liver), EfficientNet-B0 (brain_metastases) and DiUnet (sclc_recurrence) learn from
noise of the paper's size, batch and channels, with the code that trains them, each in a process of its
own. Prints CPU seconds a step (one thread), the memory of the process, and how much the preset trains.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from dataclasses import replace

import numpy as np

from stages.common.parameters import section
from stages.patches import settings, train
from studies.brain_metastases.synthetic import parameters as brain
from studies.gi_liver import slices
from studies.sclc_recurrence.diunet import grids, network
from studies.sclc_recurrence.diunet import settings as diunet

PARAMETERS = "studies/{}/params"
STUDIES = ("gi_liver", "brain_metastases", "sclc_recurrence")
SEED = 7


def patches(study: str, channels: int, size: int, steps: int) -> tuple[float, str]:
    """Train on as many slices as the steps take; return CPU seconds a step and what was trained."""
    preset = settings.load(PARAMETERS.format(study), "paper")
    random, count = np.random.default_rng(SEED), steps * preset.training.batch
    images = random.standard_normal((count, channels, size, size)).astype(np.float32)
    once = replace(preset, training=replace(preset.training, epochs=1))
    chosen, start = train.device("cpu"), time.process_time()
    train.fit(images, np.arange(count) % 2, once, SEED, chosen=chosen)
    return (time.process_time() - start) / steps, (
        f"{preset.network.kind}, {preset.training.batch} x {channels} x {size} x {size}, "
        f"{preset.training.epochs} epochs")


def gi_liver(steps: int) -> tuple[float, str]:
    """DenseNet-121 on slices of lesions."""
    size = section(PARAMETERS.format("gi_liver"), "slices.presets",
                            dict[str, slices.Slicing])["paper"].size
    return patches("gi_liver", 1, size, steps)


def brain_metastases(steps: int) -> tuple[float, str]:
    """EfficientNet-B0 on three sequences."""
    return patches("brain_metastases", 3, brain.cohort(PARAMETERS.format("brain_metastases")).size,
                   steps)


def sclc_recurrence(steps: int) -> tuple[float, str]:
    """DiUnet on CT and GTV."""
    preset = diunet.preset(PARAMETERS.format("sclc_recurrence"), "paper")
    random, training, size = np.random.default_rng(SEED), preset.training, preset.grid.size
    shape = (training.batch, size, size)
    stations = random.integers(0, network.CLASSES, shape)
    patient = grids.Patient("noise", random.random(shape, np.float32), stations == 7, stations,
                            stations > 0, np.arange(float(training.batch)))
    once = replace(preset, training=replace(training, steps=steps))
    chosen, start = train.device("cpu"), time.process_time()
    network.train([patient], once, False, SEED, chosen)
    return (time.process_time() - start) / steps, (
        f"DiUnet, {training.batch} x 2 x {size} x {size}, {training.steps} steps")


def measured(name: str, steps: int) -> str:
    """Return a network's line."""
    seconds, what = globals()[name](steps)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return f"{name}: {what}: {seconds:.1f} CPU s a step, {peak:.1f} GiB"


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--study", nargs="+", default=STUDIES)
    options = parser.parse_args()
    for name in options.study:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            print(pool.apply(measured, (name, options.steps)), flush=True)


if __name__ == "__main__":
    main()
