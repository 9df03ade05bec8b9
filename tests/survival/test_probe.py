"""The small run that CPUs are compared by: curves, tests and models, and again."""

import numpy as np

from stages.common import canonical
from stages.survival import probe

PARAMS = "studies/sclc_recurrence/params"


def test_curves_and_models_are_made_and_repeat(tmp_path):
    """Not a number, or a constant, would be the same on every CPU."""
    for name in ("first", "again"):
        probe.make_all(tmp_path / name, PARAMS)
    first, again = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
                    for name in ("first", "again"))
    assert first == again and len(first) == 5
    cox = canonical.read_json(tmp_path / "first" / "cox.json")
    # The first covariate shortens the time, the others do nothing: the fit saw the patients.
    ratio = {name: row["estimate"] for name, row in cox["hazard_ratio"].items()}
    assert ratio["a"] > max(ratio["b"], ratio["c"]) and np.isfinite(list(ratio.values())).all()
