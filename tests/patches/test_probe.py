"""The small run that CPUs are compared by: every network learns something."""

import numpy as np

from stages.common import canonical
from stages.patches import networks, probe, settings

PARAMS = "studies/brain_metastases/params"


def test_every_network_is_trained_and_says_something(tmp_path):
    """Not a number, or a constant, would be the same on every CPU."""
    probe.make_all(tmp_path, PARAMS)
    for kind in settings.KINDS:
        curve = np.array(canonical.read_json(tmp_path / kind / "curve.json"))
        assert curve.shape == (probe.EPOCHS, probe.SLICES) and np.isfinite(curve).all()
        assert curve.std(axis=1).min() > 0 and (curve[0] != curve[1]).all(), kind
        assert networks.read(tmp_path / kind)[1]["size"] == probe.SIZE
