"""Make combat_reference.csv with the package neuroCombat (0.2.12): python THIS FILE, by hand.

The test compares the study's own ComBat with the table: 26 rows of 7 features in three batches, of
which the last six rows are new to the adjustment.
"""

from pathlib import Path

import numpy as np
import pandas as pd

NEW = 6


def rows():
    """Return made-up features, shape (26, 7), and their batches."""
    random = np.random.default_rng(7)
    batch = np.array(list("aaaaaaaaabbbbbbcccccababcc"))
    location, scale = ({name: random.normal(0, size, 7) for name in "abc"} for size in (2.0, 0.3))
    values = np.array([location[name] + np.exp(scale[name]) * random.normal(size=7)
                       for name in batch])
    return (values * 10.0 ** np.arange(-3, 4) + 5).round(6), batch


if __name__ == "__main__":
    from neuroCombat import neuroCombat, neuroCombatFromTraining  # in no image: by hand only

    values, batch = rows()
    learnt = neuroCombat(values[:-NEW].T, pd.DataFrame({"batch": batch[:-NEW]}), "batch")
    new = neuroCombatFromTraining(values[-NEW:].T, batch[-NEW:], learnt["estimates"])
    adjusted = np.vstack([learnt["data"].T, new["data"].T])
    frame = pd.DataFrame(np.hstack([values, adjusted]), columns=[
        f"{kind}{number}" for kind in ("raw", "adjusted") for number in range(values.shape[1])])
    frame.insert(0, "batch", batch)
    frame.to_csv(Path(__file__).with_name("combat_reference.csv"), index=False, float_format="%.10g")
