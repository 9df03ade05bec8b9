"""A training of every network for slices, its file and what it says, to compare CPUs.

Training and augmentation are the demo's; slices and epochs are as few and small as can be, because an
emulated CPU takes 100 to 200 times as long.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from stages.common import canonical, cli, probe
from stages.patches import networks, settings, train

SEED, SLICES, CHANNELS, SIZE, EPOCHS, BATCH = 2025, 8, 3, 32, 2, 4
# Of the kind that has no size of its own.
DENSE = settings.Dense(16, 8, (2, 2, 2, 2))
# So few steps must reach the running means, or every slice is answered alike.
NORM_MOMENTUM = 0.9


def make_all(folder: Path, params: Path) -> None:
    """Run everything; write into a folder."""
    preset = settings.load(params, "demo")
    random = np.random.Generator(np.random.PCG64(SEED))
    images = random.normal(size=(SLICES, CHANNELS, SIZE, SIZE)).astype(np.float32)
    labels = np.arange(SLICES) % 2
    train.device("cpu")
    for kind in settings.KINDS:
        network = replace(preset.network, kind=kind, weights="", norm_momentum=NORM_MOMENTUM,
                          dense=DENSE if kind == settings.DENSE else None)
        small = replace(preset, network=network,
                        training=replace(preset.training, epochs=EPOCHS, batch=BATCH))
        model, curve = train.fit(images, labels, small, SEED, images)
        networks.write(folder / kind, model, network, {"channels": CHANNELS, "size": SIZE})
        canonical.write_json(folder / kind / "curve.json", curve.tolist())


if __name__ == "__main__":
    cli.main(lambda: probe.stage("stages.patches.probe", __doc__, make_all))
