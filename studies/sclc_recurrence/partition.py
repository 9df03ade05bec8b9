"""The 110 parameters of Table 2 by the printed formulas, and how many of its ratios are independent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Source: paper, Table 1 (LN1 to LN16).
STATIONS = ("1R", "1L", "2R", "2L", "3A", "3P", "4R", "4L", "5", "6", "7", "8", "10R", "10L", "11R",
            "11L")
# Whose overlap with the CTV is a parameter of its own. Source: paper, Table 2 (103 to 109).
OVERLAP = ("4L", "4R", "5", "6", "7", "11L", "11R")
KINDS = ("RctvLN", "RIctvLN", "RgtvLN", "RIgtvLN", "RcmgLN", "RIcmgLN")
# Parameters 97 to 102 and 110.
WHOLE = ("CTV volume", "GTVnd volume", "Image resolution", "LNs in CTV", "LNs in GTVnd", "GTV location")
NAMES = (*(f"{kind}{index}" for kind in KINDS for index in range(1, len(STATIONS) + 1)), *WHOLE,
         *(f"CTV touches {name}" for name in OVERLAP), "GTV size")
# What depends on how a patient was scanned: volumes in voxels, and the pixel itself.
ACQUISITION = ("CTV volume", "GTVnd volume", "Image resolution")


def shares(station: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return parameters 1 to 96 from volumes.

    Parameters
    ----------
    station : (..., stations) array
        Volume of each station; above zero. Stations do not overlap.
    inside : (..., 3, stations) array
        Volume that CTV, GTV and CTV without GTV have in each, in the same unit.

    Returns
    -------
    (..., 6 * stations) array of float
        Of CTV, GTV and CTV without GTV: the volume in each station over that of the station, and over
        that of all stations which the CTV touches (ideaCTV); 0 where it touches none.
    """
    whole = (station * (inside[..., 0, :] > 0)).sum(axis=-1)[..., None, None]
    part = np.divide(inside, whole, out=np.zeros(inside.shape), where=whole > 0)
    both = np.stack([inside / station[..., None, :], part], axis=-2)
    return both.reshape(*station.shape[:-1], -1)


@dataclass(frozen=True)
class Volumes:
    """What a patient's contours hold, in voxels; arrays may hold many patients along the first axes.

    Attributes
    ----------
    station : (..., 16) array
    inside : (..., 3, 16) array
        Of CTV, GTV and CTV without GTV.
    nodes : (..., 16) array
        Of GTVnd in each station.
    ctv, gtvnd : (...) arrays
        The whole CTV and GTVnd.
    """

    station: np.ndarray
    inside: np.ndarray
    nodes: np.ndarray
    ctv: np.ndarray
    gtvnd: np.ndarray


def counted(stations: np.ndarray, primary: np.ndarray, nodes: np.ndarray, ctv: np.ndarray) -> Volumes:
    """Count the voxels of one patient's masks; the GTV is primary tumour and nodes together.

    Parameters
    ----------
    stations : array of int, any shape
        0 outside, 1 to 16 in the order of `STATIONS`.
    primary, nodes, ctv : arrays of bool of the same shape
    """
    gtv = primary | nodes

    def per_station(mask):
        return np.bincount(stations[mask].ravel(), minlength=len(STATIONS) + 1)[1:]

    inside = np.stack([per_station(mask) for mask in (ctv, gtv, ctv & ~gtv)])
    return Volumes(per_station(np.ones_like(ctv)), inside, per_station(nodes), ctv.sum(), nodes.sum())


def parameters(volumes: Volumes, pixel: np.ndarray, location: np.ndarray,
               size: np.ndarray) -> np.ndarray:
    """Return the 110 parameters in the order of Table 2 (`NAMES`).

    Parameters
    ----------
    volumes : Volumes
    pixel : (...) array
        Edge of a pixel, mm.
    location : (...) array of int
        Lobe of the primary tumour, 1 to 4 (the paper names no coding; here right upper, right lower,
        left upper, left lower).
    size : (...) array
        Largest diameter of the GTV. Table 2 says cm³ and ranges from 1.31 to 11.72, as cm do.
    """
    touched = volumes.inside[..., 0, :] > 0
    overlap = touched[..., [STATIONS.index(name) for name in OVERLAP]]
    whole = (volumes.ctv, volumes.gtvnd, pixel, touched.sum(axis=-1), (volumes.nodes > 0).sum(axis=-1),
             location)
    return np.concatenate([shares(volumes.station, volumes.inside), np.stack(whole, axis=-1), overlap,
                           np.asarray(size)[..., None]], axis=-1).astype(float)


def ratios(ctv: np.ndarray, gtv: np.ndarray, stations: np.ndarray) -> np.ndarray:
    """Return parameters 1 to 96 of one patient.

    Parameters
    ----------
    ctv, gtv : (voxels,) array of bool
    stations : (stations, voxels) array of bool
        Each with at least one voxel; they do not overlap.
    """
    inside = np.stack([(stations & volume).sum(axis=1) for volume in (ctv, gtv, ctv & ~gtv)])
    return shares(stations.sum(axis=1), inside)


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
