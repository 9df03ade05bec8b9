"""The ratios of Table 2 (parameters 1 to 96) by the printed formulas, and how many are independent."""

from __future__ import annotations

import numpy as np


def ratios(ctv: np.ndarray, gtv: np.ndarray, stations: np.ndarray) -> np.ndarray:
    """Return the ratios of one patient in the order of Table 2.

    Parameters
    ----------
    ctv, gtv : (voxels,) array of bool
    stations : (stations, voxels) array of bool
        Each with at least one voxel.

    Returns
    -------
    (6 * stations,) array of float
        Of CTV, GTV and CTV without GTV: the volume in each station over that of the station, and over
        that of all stations which the CTV touches; 0 where it touches none.
    """
    own = stations.sum(axis=1)
    touched = stations[(stations & ctv).any(axis=1)]
    whole = max(int(touched.any(axis=0).sum()), 1)
    return np.concatenate([inside / size for volume in (ctv, gtv, ctv & ~gtv)
                           for inside in [(stations & volume).sum(axis=1)] for size in (own, whole)])


def volumes(rng: np.random.Generator, stations: int, voxels: int
            ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a random CTV, a GTV inside it, and stations of some size that do not overlap."""
    place = rng.choice(stations, voxels, p=rng.dirichlet(np.full(stations, 5.0)))
    place[:stations] = np.arange(stations)  # none is empty
    # The CTV leaves some stations alone.
    ctv = (rng.random(voxels) < 0.5) & (rng.random(stations) < 0.6)[place]
    return ctv, ctv & (rng.random(voxels) < 0.5), place == np.arange(stations)[:, None]


def rank(seed: int, stations: int, patients: int, voxels: int) -> int:
    """Return the rank of the ratios of random patients (a constant counts as one of them)."""
    rng = np.random.default_rng(seed)
    return int(np.linalg.matrix_rank(np.array([ratios(*volumes(rng, stations, voxels))
                                               for _ in range(patients)])))
