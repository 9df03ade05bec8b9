"""Features of every slice by a network that is not trained: OUT/ARM.npy, shape (inputs, n, f).

The inputs are the three sequences, each as three equal channels, and all three beside each other.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.patches import networks, sets, settings, train
from studies.brain_metastases.synthetic.parameters import SEQUENCES

CONCATENATED = "concatenated"
INPUTS = (*SEQUENCES, CONCATENATED)


def channels(images: np.ndarray, name: str) -> np.ndarray:
    """Return the three channels of an input, shape (n, 3, h, w)."""
    if name == CONCATENATED:
        return images
    return np.repeat(images[:, [SEQUENCES.index(name)]], len(SEQUENCES), axis=1)


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.brain_metastases.synthetic.features", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--cohort", type=Path, required=True, help="folder of sets of slices")
    parser.add_argument("--truth", type=Path, required=True, help="names the arms (JSON)")
    parser.add_argument("--weights", type=Path, required=True, help="of the network")
    parser.add_argument("--out", type=Path, required=True, help="folder")
    options = parser.parse_args()
    train.device("cpu")
    network = settings.load(options.params).network
    for arm in canonical.read_json(options.truth):
        images = sets.read(options.cohort / arm).images
        if images.shape[1] != len(SEQUENCES):
            raise InputError(f"has {images.shape[1]} channels", options.cohort / arm,
                             f"one for each of {', '.join(SEQUENCES)} is expected")
        torch.manual_seed(0)  # of the last layer, which features do not depend on
        model = networks.build(network, len(SEQUENCES), images.shape[-1])
        networks.start(model, Path(network.weights) if network.weights else options.weights)
        sets.write_array(options.out / f"{arm}.npy", np.stack(
            [networks.features(model, channels(images, name)) for name in INPUTS]))


if __name__ == "__main__":
    cli.main(stage)
