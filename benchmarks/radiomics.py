"""Time and memory of feature extraction: plain PyRadiomics and the fast path, side by side.

    containers/run radiomics -- python -m benchmarks.radiomics large     # one big case, minutes
    containers/run radiomics -- python -m benchmarks.radiomics medium    # one ordinary case
    containers/run radiomics -- python -m benchmarks.radiomics change    # one more scan
    containers/run --threads 2 radiomics -- python -m benchmarks.radiomics cores

Every measurement is a process of its own; CPU seconds and peak memory are the kernel's.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import SimpleITK as sitk

from stages.common.done import Record
from stages.radiomics import extract, parameters, rows, series

# Size x, y, z; spacing in mm; lesion volume in mL.
CASES = {"large": ((512, 512, 700), (0.78, 0.78, 1.0), 1500.0),
         "medium": ((256, 256, 120), (1.1, 1.1, 2.5), 250.0),
         "small": ((96, 96, 40), (1.5, 1.5, 2.5), 20.0),
         "tiny": ((40, 40, 16), (1.0, 1.0, 2.5), 0.5)}
ROUNDED = ("SurfaceArea", "SurfaceVolumeRatio", "Sphericity")
COHORTS = (10, 100, 1000)
PARAMETERS = "studies/sclc_liver/params"


def make_case(folder: Path, name: str, seed: int) -> None:
    """Write a series with noise and a mask of many balls inside an organ."""
    size, spacing, volume = CASES[name]
    random = np.random.default_rng(seed)
    mask = np.zeros(size[::-1], np.uint8)
    extent = np.array(size) * spacing
    centre, organ = extent / 2, np.minimum(extent * 0.4, (130.0, 105.0, 110.0))
    wanted = volume * 1000 / np.prod(spacing)
    while np.count_nonzero(mask) < wanted:
        place = random.normal(size=3)
        place *= random.random() ** (1 / 3) / np.linalg.norm(place)
        _add_ball(mask, spacing, centre + place * organ, random.uniform(3.0, 18.0))
    image = np.empty(mask.shape, np.int16)
    for z, lesion in enumerate(mask):
        noise = random.normal(60, 20, lesion.shape)
        image[z] = noise - 25.0 * lesion
    for array, file in ((image, "image.nii.gz"), (mask, "mask.nii.gz")):
        item = sitk.GetImageFromArray(array)
        item.SetSpacing(spacing)
        item.SetOrigin((-199.5, -301.2, -480.7))
        sitk.WriteImage(item, str(folder / file), True)


def _add_ball(mask, spacing, centre, radius) -> None:
    lower = np.maximum(np.floor((centre - radius) / spacing).astype(int), 0)
    upper = np.ceil((centre + radius) / spacing).astype(int) + 1
    box = tuple(slice(low, up) for low, up in zip(lower[::-1], upper[::-1]))
    axes = [np.arange(part.start, min(part.stop, size)) for part, size in zip(box, mask.shape)]
    z, y, x = np.meshgrid(*axes, indexing="ij", sparse=True)
    away = ((x * spacing[0] - centre[0]) ** 2 + (y * spacing[1] - centre[1]) ** 2
            + (z * spacing[2] - centre[2]) ** 2)
    mask[box][away <= radius ** 2] = 1


def one(folder: Path, method: str) -> None:
    """Extract one case in this process and print what it took."""
    extract._prepare()
    start = time.process_time()
    if method == "plain":
        from radiomics.featureextractor import RadiomicsFeatureExtractor

        tool = RadiomicsFeatureExtractor(resampledPixelSpacing=[1, 1, 1])
        values = tool.execute(str(folder / "image.nii.gz"), str(folder / "mask.nii.gz"))
    else:
        settings = parameters.read(PARAMETERS)
        row = rows.compute(folder / "image.nii.gz", folder / "mask.nii.gz", settings)
        values = row["values"]
    seconds = time.process_time() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2 ** 20
    features = {name: float(value) for name, value in values.items() if name.startswith("original")}
    print(json.dumps({"seconds": seconds, "gib": memory, "features": features}))


def compare(name: str) -> None:
    """Run plain and fast on one case; print both and how far the features differ."""
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run([sys.executable, "-m", "benchmarks.radiomics", "make", "--case", name,
                        "--folder", scratch], check=True)
        found = {}
        for method in ("fast", "plain"):
            result = subprocess.run([sys.executable, "-m", "benchmarks.radiomics", "one",
                                     "--folder", scratch, "--method", method],
                                    check=True, capture_output=True, text=True)
            found[method] = json.loads(result.stdout.splitlines()[-1])
            print(f"{name} {method}: {found[method]['seconds']:.1f} CPU s, "
                  f"{found[method]['gib']:.2f} GiB", flush=True)
    fast, plain = found["fast"]["features"], found["plain"]["features"]
    other = [key for key in plain if plain[key] != fast[key]]
    print(f"ratio {found['plain']['seconds'] / found['fast']['seconds']:.1f}; "
          f"{len(plain) - len(other)} of {len(plain)} features bit-equal; voxel volume "
          f"{plain['original_shape_VoxelVolume'] / 1000:.0f} mL")
    for key in other:
        apart = abs(plain[key] - fast[key]) / abs(plain[key])
        print(f"  {key}: {apart:.1e} relative{'' if key.endswith(ROUNDED) else '  UNEXPECTED'}")


def _cohort(folder: Path, case: str, count: int) -> pd.DataFrame:
    """Write ``count`` series of one size; every image differs in one voxel."""
    make_case(folder, case, 7)
    image = sitk.ReadImage(str(folder / "image.nii.gz"))
    for number in range(count):
        image[0, 0, 0] = number % 1000
        image[1, 0, 0] = number // 1000
        sitk.WriteImage(image, str(folder / f"s{number:04d}.nii.gz"), True)
    return pd.DataFrame({"File": [f"s{number:04d}" for number in range(count)],
                         "image": [f"s{number:04d}.nii.gz" for number in range(count)],
                         "mask": "mask.nii.gz"})


def _run(folder: Path, table: pd.DataFrame, record: Path, jobs: int = 1) -> float:
    path = folder / "manifest.csv"
    table.to_csv(path, index=False)
    settings = replace(parameters.read(PARAMETERS), method="fast")
    start = time.perf_counter()
    listed = series.files(series.read(path), path, None, None)
    found = extract.extract(listed, settings, Record(record, extract.about(settings)), jobs)
    extract.write(found, folder / "rows")
    return time.perf_counter() - start


def change() -> None:
    """Time a cohort, the same cohort again, and the cohort with one more series."""
    print("| series | all, s | again, s | one more, s |\n| ---: | ---: | ---: | ---: |")
    for count in COHORTS:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            table = _cohort(folder, "tiny", count + 1)
            times = [_run(folder, part, folder / "record.jsonl")
                     for part in (table[:count], table[:count], table)]
            print(f"| {count} | {times[0]:.2f} | {times[1]:.2f} | {times[2]:.2f} |", flush=True)


def cores() -> None:
    """Time six cases in one process and in two."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        table = _cohort(folder, "medium", 6)
        times = [_run(folder, table, folder / f"record{jobs}.jsonl", jobs) for jobs in (1, 2)]
        print(f"{len(table)} series: {times[0]:.1f} s with 1 process, {times[1]:.1f} s with 2 "
              f"({times[0] / times[1]:.2f} times faster)")


def main() -> None:
    """Run one of the benchmarks."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["large", "medium", "small", "change", "cores", "make",
                                         "one"])
    parser.add_argument("--case", choices=sorted(CASES))
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--method", choices=["fast", "plain"])
    options = parser.parse_args()
    if options.what == "make":
        make_case(options.folder, options.case, 2024)
    elif options.what == "one":
        one(options.folder, options.method)
    elif options.what in ("change", "cores"):
        {"change": change, "cores": cores}[options.what]()
    else:
        compare(options.what)


if __name__ == "__main__":
    main()
