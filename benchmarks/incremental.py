"""What one more scan costs in a cohort of 10, 100 and 1,000 series.

    containers/run segmentation -- python -m benchmarks.incremental
    containers/run radiomics -- python -m benchmarks.radiomics change

For each stage and size: CPU seconds of a first run, of a run with nothing new, and of a run with
one more series. Every run is a process of its own, its start (imports) included: a run with nothing
new is what a stage costs at least. The series are tiny, so that a thousand of them take minutes;
the network's weights are random, which changes no time.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from stages.common import canonical, nifti
from stages.segmentation import networks, settings

SHAPE, SPACING = (24, 24, 12), (3.2, 3.2, 4.0)
STAGES = ("prepare", "infer", "baseline", "detect")
COLUMNS = ("File", "Cohort", "Segmentation", "image", "mask")


def draw(folder: Path, number: int) -> list[str]:
    """Write one series with a ball of lesion in a box of liver; return its row of the manifest."""
    random, name = np.random.default_rng(number), f"s{number:04d}"
    grid = np.indices(SHAPE).transpose(1, 2, 3, 0)
    mask = np.zeros(SHAPE, np.uint8)
    mask[3:-3, 3:-3, 2:-2] = 1
    mask[np.linalg.norm(grid - random.uniform(6, 8, 3) * (1, 1, 0.7), axis=-1) < 3] = 2
    hu = np.choose(mask, [-60, 105, 50]) + random.normal(0, 10, SHAPE)
    affine = np.diag([*SPACING, 1.0])
    nifti.write(folder / "images" / f"{name}.nii.gz", nifti.Volume(hu.astype(np.int16), affine))
    nifti.write(folder / "masks" / f"{name}.nii.gz", nifti.Volume(mask, affine))
    return [name, "tiny", "test", f"images/{name}.nii.gz", f"masks/{name}.nii.gz"]


def write_model(folder: Path) -> None:
    """Write a small U-Net with random weights."""
    preset = settings.load("params.yaml", "quick")
    network = replace(preset.networks["unet"], channels=(8, 16, 32))
    preset = replace(preset, networks={}, crops=replace(preset.crops, size=(16, 16, 8)))
    torch.manual_seed(1)
    weights = networks.build(network).state_dict()
    networks.write(folder, weights, network, preset, {})


def command(stage: str, folder: Path) -> list[str]:
    """Return the command line of a stage on the manifest as it is."""
    given = {"manifest": folder / "manifest.csv", "part": "test",
             "record": folder / f"{stage}.jsonl"}
    if stage == "detect":
        given |= {"predictions": folder / "baseline", "lesions": folder / "lesions.csv",
                  "scans": folder / "scans.csv", "metrics": folder / "metrics.json"}
    else:
        given["out"] = folder / stage
    if stage == "infer":
        given |= {"model": folder / "model", "device": "cpu"}
    return [sys.executable, "-m", f"stages.segmentation.{stage}",
            *(str(part) for name, value in given.items() for part in (f"--{name}", value))]


def seconds(line: list[str]) -> float:
    """Run a command; return its CPU seconds."""
    def used():
        found = resource.getrusage(resource.RUSAGE_CHILDREN)
        return found.ru_utime + found.ru_stime

    before = used()
    subprocess.run(line, check=True, stderr=subprocess.DEVNULL)
    return used() - before


def measure(size: int, rows: list[list[str]], folder: Path) -> dict[str, list[float]]:
    """Return the CPU seconds of each stage: first run, nothing new, one more series."""
    found = {stage: [] for stage in STAGES}
    for count in (size, size, size + 1):
        canonical.write_bytes(folder / "manifest.csv",
                              canonical.csv_bytes(COLUMNS, rows[:count]))
        for stage in STAGES:
            found[stage].append(seconds(command(stage, folder)))
    return found


def main() -> None:
    """Print one line per stage and size."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 100, 1000])
    options = parser.parse_args()
    print(f"{'stage':<9} {'series':>6} {'first':>8} {'nothing':>8} {'one more':>8}"
          "  one more, of a first run")
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            rows = [draw(folder, number) for number in range(size + 1)]
            write_model(folder / "model")
            for stage, (first, nothing, more) in measure(size, rows, folder).items():
                print(f"{stage:<9} {size:>6} {first:>8.2f} {nothing:>8.2f} {more:>8.2f}  "
                      f"{100 * more / first:.0f} %", flush=True)


if __name__ == "__main__":
    main()
