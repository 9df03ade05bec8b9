"""What the same routines on every CPU cost: processor seconds per training step, side by side.

    containers/run segmentation -- python -m benchmarks.pins

Each variant runs in a process of its own, in turns: libraries read their settings once. One thread,
networks and crops of the preset, random images.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from statistics import median

import torch

from containers.launcher.environment import PYTORCH
from stages.segmentation import networks, settings

ROUNDS, STEPS = 5, 6
FREE = dict.fromkeys(PYTORCH)
# Variables (None: not set), and whether Adam is fused.
VARIANTS = {"no pins": (FREE, False), "no pins, fused Adam": (FREE, True),
            "pins, Adam not fused": (PYTORCH, False), "pins, fused Adam": (PYTORCH, True)}


def steps(fused: bool) -> dict[str, float]:
    """Return the processor seconds per step of each network; the first step is not counted."""
    preset, found = settings.load("studies/sclc_liver/params", "quick"), {}
    torch.manual_seed(preset.seed)
    shape = preset.crops.per_image, 1, *preset.crops.size
    images, masks = torch.rand(shape), torch.randint(0, networks.CLASSES, shape)
    for name, network in preset.networks.items():
        model, criterion = networks.build(network), networks.loss(network)
        optimizer = torch.optim.Adam(model.parameters(), network.learning_rate, fused=fused)
        for number in range(STEPS + 1):
            if number == 1:
                start = time.process_time()
            optimizer.zero_grad()
            criterion(model(images), masks).backward()
            optimizer.step()
        found[name] = (time.process_time() - start) / STEPS
    return found


def child(variant: str) -> dict[str, float]:
    """Run `steps` in a process with the variables of a variant."""
    changed, fused = VARIANTS[variant]
    variables = {name: value for name, value in {**os.environ, **changed}.items()
                 if value is not None}
    line = [sys.executable, "-m", "benchmarks.pins", str(fused)]
    return json.loads(subprocess.run(line, env=variables, check=True, capture_output=True).stdout)


def main() -> None:
    """Print seconds and ratios to the first variant."""
    rounds = [{variant: child(variant) for variant in VARIANTS} for _ in range(ROUNDS)]
    for name in rounds[0]["no pins"]:
        for variant in VARIANTS:
            seconds = median(one[variant][name] for one in rounds)
            ratio = median(one[variant][name] / one["no pins"][name] for one in rounds)
            print(f"{name:10} {variant:22} {seconds:6.3f} s a step, {ratio:.2f} of 'no pins'")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(steps(sys.argv[1] == "True")))
    else:
        main()
