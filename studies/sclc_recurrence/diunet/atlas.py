"""The answer without a network: at each place, the station that is most frequent there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from studies.sclc_recurrence.diunet.grids import Patient
from studies.sclc_recurrence.partition import STATIONS


def levels(patient: Patient, slice_mm: float) -> np.ndarray:
    """Return the place of each slice along the body, (slices,) of int, in steps of ``slice_mm``."""
    return np.rint(patient.height / slice_mm).astype(int)


def learnt(patients: Sequence[Patient], slice_mm: float) -> dict[int, np.ndarray]:
    """Return the most frequent station by level, each (size, size); of two, the first."""
    counts: dict[int, np.ndarray] = {}
    for patient in patients:
        for level, stations in zip(levels(patient, slice_mm), patient.stations):
            held = counts.setdefault(int(level), np.zeros((len(STATIONS) + 1, *stations.shape), int))
            held += stations == np.arange(len(STATIONS) + 1)[:, None, None]
    return {level: count.argmax(axis=0) for level, count in counts.items()}


def foretold(atlas: dict[int, np.ndarray], patient: Patient, slice_mm: float) -> np.ndarray:
    """Return the station of each voxel, (slices, size, size); outside where no patient reached."""
    nothing = np.zeros(patient.stations.shape[1:], int)
    return np.stack([atlas.get(int(level), nothing) for level in levels(patient, slice_mm)])
