"""What one more scan costs in a cohort of 10, 100 and 1,000 series.

    containers/run cohort -- python -m benchmarks.incremental
    containers/run segmentation -- python -m benchmarks.incremental
    containers/run radiomics -- python -m benchmarks.radiomics change

Measures the stages of the image that it runs in. For each stage and size: CPU seconds of a first
run, of a run with nothing new, and of a run with one more series, and how many series each run made
(outputs written). Every run is a process of its own, its start (imports) included: a run with
nothing new is what a stage costs at least. The series are tiny, so that a thousand of them take
minutes; the network's weights are random, which changes no time.
"""

from __future__ import annotations

import argparse
import importlib.util
import resource
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from stages.common import canonical, nifti

PARAMETERS = "studies/sclc_liver/params"
SHAPE, SPACING = (24, 24, 12), (3.2, 3.2, 4.0)
ROOMS = {"cohort": ("own", "lits"), "segmentation": ("prepare", "infer", "baseline", "detect")}
COLUMNS = ("File", "Cohort", "Segmentation", "image", "mask")
OWN = ("series", "study", "patient", "path", "mask")


def draw(folder: Path, number: int) -> None:
    """Write one series with a ball of lesion in a box of liver, named as LiTS names its files."""
    random = np.random.default_rng(number)
    grid = np.indices(SHAPE).transpose(1, 2, 3, 0)
    mask = np.zeros(SHAPE, np.uint8)
    mask[3:-3, 3:-3, 2:-2] = 1
    mask[np.linalg.norm(grid - random.uniform(6, 8, 3) * (1, 1, 0.7), axis=-1) < 3] = 2
    hu = np.choose(mask, [-60, 105, 50]) + random.normal(0, 10, SHAPE)
    affine = np.diag([*SPACING, 1.0])
    for name, data in (("volume", hu.astype(np.int16)), ("segmentation", mask)):
        nifti.write(folder / f"{name}-{number}.nii.gz", nifti.Volume(data, affine))


def names(number: int) -> list[str]:
    """Return the paths of image and mask of a series, relative to the tables."""
    return [f"series/{kind}-{number}.nii.gz" for kind in ("volume", "segmentation")]


def write_tables(folder: Path, count: int) -> None:
    """Write the tables of a cohort of ``count`` series; `draw` has written their files."""
    series = [f"s{number:04d}" for number in range(count)]
    rows = [[name, "tiny", "test", *names(number)] for number, name in enumerate(series)]
    canonical.write_bytes(folder / "manifest.csv", canonical.csv_bytes(COLUMNS, rows))
    rows = [[name, name, name, *names(number)] for number, name in enumerate(series)]
    canonical.write_bytes(folder / "cohort.csv", canonical.csv_bytes(OWN, rows))


def write_model(folder: Path) -> None:
    """Write a small U-Net with random weights."""
    import torch

    from stages.segmentation import networks, settings

    preset = settings.load(PARAMETERS, "quick")
    network = replace(preset.networks["unet"], channels=(8, 16, 32))
    preset = replace(preset, networks={}, nnunet=None,
                     crops=replace(preset.crops, size=(16, 16, 8)))
    torch.manual_seed(1)
    networks.write(folder, networks.build(network).state_dict(), network, preset, {})


def command(stage: str, folder: Path, count: int) -> list[str]:
    """Return the command line of a stage on the first ``count`` series."""
    out, scans = folder / stage, {"manifest": folder / "manifest.csv", "part": "test"}
    given = {
        "own": {"table": folder / "cohort.csv", "out": out},
        "lits": {"folder": folder / "series", "cases": count, "test": 1,
                 "checksums": folder / f"sums-{count}.csv", "out": out / "manifest.csv"},
        "prepare": {**scans, "out": out},
        "infer": {**scans, "out": out, "model": folder / "model", "device": "cpu"},
        "baseline": {**scans, "out": out},
        "detect": {**scans, "predictions": folder / "baseline", "lesions": out / "lesions.csv",
                   "scans": out / "scans.csv", "metrics": out / "metrics.json"}}[stage]
    given |= {"params": PARAMETERS, "record": folder / f"{stage}.jsonl"}
    room = "cohort" if stage in ROOMS["cohort"] else "segmentation"
    return [sys.executable, "-m", f"stages.{room}.{stage}",
            *(str(part) for name, value in given.items() for part in (f"--{name}", value))]


def seconds(line: list[str]) -> float:
    """Run a command; return its CPU seconds."""
    def used():
        found = resource.getrusage(resource.RUSAGE_CHILDREN)
        return found.ru_utime + found.ru_stime

    before = used()
    subprocess.run(line, check=True, stderr=subprocess.DEVNULL)
    return used() - before


def written(folder: Path) -> dict[str, int]:
    """Return the volumes below a folder: each is a new file whenever it is written."""
    return {path.name: path.stat().st_ino for path in (folder / "images", folder)
            if path.is_dir() for path in path.glob("*.nii.gz")}


def measure(stages: tuple[str, ...], size: int, folder: Path) -> dict[str, list]:
    """Measure each stage.

    Returns
    -------
    dict
        For each stage three pairs of CPU seconds and series made: first run, nothing new, one more.
    """
    found: dict[str, list] = {stage: [] for stage in stages}
    for count in (size, size, size + 1):
        # The last series appears with the last run.
        for number in range(count):
            if not (folder / names(number)[0]).exists():
                draw(folder / "series", number)
        write_tables(folder, count)
        for stage in stages:
            before = written(folder / stage)
            cost = seconds(command(stage, folder, count))
            now = written(folder / stage)
            made = sum(before.get(name) != inode for name, inode in now.items()) if now else None
            found[stage].append((cost, made))
    return found


def line(stage: str, size: int, runs: list) -> str:
    """Return one line of the table; stages that write no volumes have no count."""
    cells = [f"{cost:.2f}{'' if made is None else f' ({made})'}" for cost, made in runs]
    return f"| {stage} | {size} | {' | '.join(cells)} | {runs[2][0] - runs[1][0]:.2f} |"


def main() -> None:
    """Print one line per stage and size."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 100, 1000])
    options = parser.parse_args()
    room = "segmentation" if importlib.util.find_spec("torch") else "cohort"
    print("| stage | series | first, CPU s (made) | nothing new | one more | the one |\n"
          "| --- | ---: | ---: | ---: | ---: | ---: |")
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            if room == "segmentation":
                write_model(folder / "model")
            for stage, runs in measure(ROOMS[room], size, folder).items():
                print(line(stage, size, runs), flush=True)


if __name__ == "__main__":
    main()
