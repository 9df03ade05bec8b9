"""The small run that CPUs are compared by: it trains, and repeats."""

import numpy as np
from safetensors.numpy import load_file

from stages.common import canonical
from stages.segmentation import probe
from tests.segmentation.volumes import PARAMS


def test_the_small_run_trains_every_network_and_repeats(tmp_path):
    """Not a number would be the same on every CPU."""
    for name in ("first", "again"):
        (tmp_path / name).mkdir()
        probe.make(tmp_path / name, PARAMS)
    first, again = ({path.relative_to(tmp_path / name): canonical.sha256(path)
                     for path in (tmp_path / name).rglob("*") if path.is_file()}
                    for name in ("first", "again"))
    assert first == again and len(first) > 40
    done = tmp_path / "first"
    for network in ("unet", "segresnet", "adam", "sgd"):
        rows = canonical.read_json(done / network / "curve.json")
        losses = [row["train_loss"] if isinstance(row, dict) else row[1] for row in rows]
        assert np.isfinite(np.array(losses, float)).all(), network
    for path in done.rglob("scores.npy"):
        scores = np.load(path)
        assert np.isfinite(scores).all() and scores.std() > 0
    adam, sgd = (load_file(done / name / "fold_0.safetensors") for name in ("adam", "sgd"))
    assert any((adam[name] != sgd[name]).any() for name in adam)
