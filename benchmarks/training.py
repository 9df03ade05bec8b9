"""What a training step of the paper's preset spends on data and on computing, at LiTS's real size.

    containers/run segmentation -- python -m benchmarks.training --fake 0.12    # no GPU: a GPU's pace
    containers/run segmentation -- python -m benchmarks.training --reduce 16    # no GPU: small crops
    MSCLC_GPU=1 containers/run segmentation -- python -m benchmarks.training    # GPU

Makes a few prepared cases of 720 x 600 x 250 voxels (seeded), takes the steps of `stages.segmentation`
on them and prints, for each network, seconds a step waited for its crops and computed, memory, and
what 1,500 epochs of 121 cases would take. ``--fake`` sleeps instead of computing.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from stages.common import canonical
from stages.segmentation import arrays, batches, crops, networks, prepare, settings, train

SHAPE = (720, 600, 250)
PARAMETERS = "studies/sclc_liver/params"
EPOCHS, CASES = 1500, 121
SEED = 7


def make_case(folder: Path, name: str, random: np.random.Generator) -> list[int]:
    """Write a prepared case: noise in a body, a liver, ten lesions; return its voxels by label."""
    image = np.empty(SHAPE, np.int16, order="F")
    mask = np.zeros(SHAPE, np.uint8, order="F")
    axes = [np.arange(n, dtype=np.float32) for n in SHAPE]
    x, y = axes[0][:, None], axes[1][None]
    # Centre (voxels) and radius (mm); voxels of 0.5 x 0.5 x 1 mm.
    lesions = [(random.normal((300, 300, 125), (50, 50, 25)), random.uniform(4, 20))
               for _ in range(10)]
    noise = random.normal(0, 15, SHAPE[:2]).astype(np.int16)
    for z in range(SHAPE[2]):
        body = ((x - 360) / 340) ** 2 + ((y - 300) / 280) ** 2 < 1
        liver = ((x - 300) / 160) ** 2 + ((y - 300) / 150) ** 2 + ((z - 125) / 80) ** 2 < 1
        plane = mask[..., z]
        plane[liver] = 1
        for (a, b, c), radius in lesions:
            away = ((x - a) / 2) ** 2 + ((y - b) / 2) ** 2 + (z - c) ** 2
            plane[(away < radius ** 2) & liver] = 2
        # One plane of noise, moved about: new noise for each voxel would take minutes.
        image[..., z] = np.where(body, np.choose(plane, [20, 110, 60]), -1000) + np.roll(noise, 37 * z)
    where = crops.places(mask)
    for path, array in zip(prepare.files(folder, name), (image, mask, where)):
        arrays.write(path, array)
    return where[:, -1].tolist()


def make(folder: Path, count: int) -> train.Prepared:
    """Write the cases and open them as training does."""
    random, start = np.random.default_rng(SEED), time.perf_counter()
    rows = [[name, *make_case(folder, name, random)] for name in map(str, range(count))]
    canonical.write_bytes(folder / "cases.csv", canonical.csv_bytes(
        ["File", "background", "liver", "lesion"], rows))
    size = sum(path.stat().st_size for path in folder.rglob("*.npy")) / count
    print(f"{count} cases of {size / 2 ** 20:.0f} MiB in {time.perf_counter() - start:.0f} s; "
          f"{CASES} take {CASES * size / 1e9:.0f} GB", flush=True)
    return train.Prepared(folder)


def order(data: train.Prepared, options) -> np.ndarray:
    """Return the cases of as many steps as are taken."""
    return np.arange(options.warm + options.steps) % len(data.names)


def drawing(data: train.Prepared, preset: settings.Preset, count: int = 6) -> float:
    """Return the seconds that one thread needs to draw the crops of a case."""
    start = time.perf_counter()
    for number in range(count):
        crops.draw(*data[number % len(data.names)], preset, crops.generator(SEED, 0, number))
    return (time.perf_counter() - start) / count


def measure(made, compute, steps: int, warm: int) -> tuple[float, float, float]:
    """Return mean seconds a step waited and computed, and those of the first step in all."""
    waited, computed = [], []
    for _ in range(steps + warm):
        start = time.perf_counter()
        batch = next(made)
        got = time.perf_counter()
        compute(*batch)
        computed.append(time.perf_counter() - got)
        waited.append(got - start)
    return float(np.mean(waited[warm:])), float(np.mean(computed[warm:])), waited[0] + computed[0]


def hours(seconds: float) -> float:
    """Return the hours of all steps."""
    return seconds * EPOCHS * CASES / 3600


def report(name: str, device: str, wait: float, work: float, first: float, steps: int) -> None:
    """Print one network's figures."""
    print(f"{name} on {device}: {steps} steps; data {wait:.4f} s, compute {work:.4f} s a step (data "
          f"{100 * wait / (wait + work):.1f} %); first step {first:.0f} s; {EPOCHS} epochs x {CASES} "
          f"cases: {hours(wait + work):.1f} h", flush=True)


def one(name: str, preset: settings.Preset, data: train.Prepared, device, options) -> None:
    """Measure one network."""
    torch.manual_seed(SEED)
    network = preset.networks[name]
    model, fast = networks.on(networks.build(network), device)
    if options.eager:
        fast = model
    optimizer = torch.optim.Adam(fast.parameters(), network.learning_rate, fused=True)
    criterion = networks.loss(network)
    fast.train()

    def compute(images, masks):
        float(train.step(fast, optimizer, criterion, images, masks))

    made = batches.batches(data, order(data, options), preset, 1, device)
    wait, work, first = measure(made, compute, options.steps, options.warm)
    where = torch.cuda.get_device_name() if device.type == "cuda" else "CPU"
    report(name + (" (eager)" if options.eager else ""), where, wait, work, first, options.steps)
    if device.type == "cuda":
        print(f"  GPU memory {torch.cuda.max_memory_allocated() / 1e9:.1f} GB")
        torch.cuda.reset_peak_memory_stats()
        train.validation_dice(model, data, [0], preset, device)
        start = time.perf_counter()
        train.validation_dice(model, data, [0], preset, device)
        seconds = time.perf_counter() - start
        every = EPOCHS // preset.validation.every_epochs * preset.validation.cases
        print(f"  validation {seconds:.2f} s a case; {every} in all: {every * seconds / 3600:.1f} h",
              flush=True)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=settings.DEVICES, default="auto")
    parser.add_argument("--network", nargs="+", default=["unet", "segresnet"])
    parser.add_argument("--cases", type=int, default=3)
    parser.add_argument("--steps", type=int, default=60, help="measured steps")
    parser.add_argument("--warm", type=int, default=5, help="steps before them")
    parser.add_argument("--fake", type=float, help="seconds to sleep instead of a step")
    parser.add_argument("--reduce", type=int, default=1, help="crops this many times smaller in x, y")
    parser.add_argument("--eager", action="store_true", help="do not compile the networks")
    parser.add_argument("--folder", type=Path, help="for the cases (default: a temporary one)")
    options = parser.parse_args()
    preset, device = settings.load(PARAMETERS, "paper"), networks.device(options.device)
    size = tuple(max(n // options.reduce, 32) for n in preset.crops.size[:2])
    preset = replace(preset, crops=replace(preset.crops, size=(*size, preset.crops.size[2])))
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        data = make(Path(scratch), options.cases)
        print(f"crops {preset.crops.size}, {preset.crops.per_image} a step; one thread draws them in "
              f"{drawing(data, preset):.3f} s; {len(os.sched_getaffinity(0))} cores", flush=True)
        if options.fake:
            made = batches.drawn_ahead(data, order(data, options), preset, 1, pin=False)
            found = measure(made, lambda *_: time.sleep(options.fake), options.steps, options.warm)
            report(f"fake step of {options.fake} s", "CPU", *found, options.steps)
        else:
            for name in options.network:
                one(name, preset, data, device, options)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2 ** 20
    print(f"memory of the process (mapped files included) {peak:.1f} GiB")


if __name__ == "__main__":
    main()
