"""The small run that CPUs are compared by: every classifier, and again."""

import numpy as np

from stages.common import canonical
from stages.prediction import probe

PARAMS = "studies/gi_liver/params"


def test_every_classifier_answers_and_repeats(tmp_path):
    """Not a number, or a constant, would be the same on every CPU."""
    for name in ("first", "again"):
        probe.make_all(tmp_path / name, PARAMS)
    first, again = ({path.relative_to(tmp_path / name): canonical.sha256(path)
                     for path in (tmp_path / name).rglob("*.json")} for name in ("first", "again"))
    assert first == again
    folders = {path.parent.name for path in first if len(path.parts) == 2}
    assert folders == {"as they are", "undersampling", "SMOTE", "tuned"}
    for folder in folders:
        for path in (tmp_path / "first" / folder).iterdir():
            score = np.array(canonical.read_json(path))
            assert np.isfinite(score).all() and score.std() > 0, path
