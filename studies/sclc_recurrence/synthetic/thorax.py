"""A synthetic thorax: CT, 16 stations, primary tumour, nodes and CTV of a patient, as arrays.

Coordinates are mm: x to the patient's right, y to the front, z to the head; the carina is at 0.
Stations are ellipsoids that differ from patient to patient and do not overlap; HU values are those of a
planning CT.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stages.cohort.phantom.shapes import Ellipsoid, Lobed, waves
from studies.sclc_recurrence.partition import STATIONS

# Centre and half-axes of each station, mm, in the order of `STATIONS`. Source: own choice after the
# borders of the IASLC map (Rusch et al. 2009, doi:10.1097/JTO.0b013e3181a0d82e).
PLACES = (((26, 0, 66), (14, 12, 10)), ((-26, 0, 66), (14, 12, 10)), ((17, -4, 46), (11, 11, 12)),
          ((-15, -4, 46), (10, 10, 12)), ((2, 24, 38), (16, 9, 18)), ((0, -30, 46), (9, 7, 14)),
          ((19, 0, 20), (12, 12, 13)), ((-14, -2, 20), (9, 10, 12)), ((-28, 10, 12), (9, 9, 9)),
          ((-20, 28, 18), (12, 8, 13)), ((0, -12, -6), (13, 11, 11)), ((-2, -32, -30), (11, 8, 20)),
          ((34, -4, 0), (10, 11, 11)), ((-34, -8, 0), (10, 11, 11)), ((54, -8, -12), (11, 11, 11)),
          ((-54, -10, -14), (11, 11, 11)))
HILA = {1: "10R", 2: "10R", 3: "10L", 4: "10L"}
# Middle of each lobe, by location (1 right upper, 2 right lower, 3 left upper, 4 left lower).
LOBES = {1: (78, 5, 40), 2: (80, -20, -40), 3: (-78, 5, 40), 4: (-80, -20, -40)}


@dataclass(frozen=True)
class Scan:
    """Section ``images.scan``: voxels and edge of the grid, nodes, margins of the CTV (mm).

    Half-axes of a node, and how far its middle is off that of its station at most, are shares of the
    station's; a node that reaches beyond the fat of the station takes the station along, as an outline
    does.
    """

    size: int
    slices: int
    pixel_mm: float
    slice_mm: float
    jitter_mm: float
    noise_hu: float
    node_hu: float
    node_size: tuple[float, ...]
    node_off: float
    margin_mm: float
    reader_mm: float


@dataclass(frozen=True)
class Thorax:
    """One patient, arrays of shape (size, size, slices).

    Attributes
    ----------
    hu : int16
    stations : uint8
        0 outside, 1 to 16 in the order of `STATIONS`.
    primary, nodes, ctv : bool
    """

    hu: np.ndarray
    stations: np.ndarray
    primary: np.ndarray
    nodes: np.ndarray
    ctv: np.ndarray


def render(scan: Scan, affected: np.ndarray, location: int, size_cm: float, central: bool,
           random: np.random.Generator) -> Thorax:
    """Draw a patient.

    Parameters
    ----------
    scan : Scan
    affected : (16,) array of bool
        Stations with a node.
    location : int
        Lobe of the primary tumour, 1 to 4.
    size_cm : float
        Diameter of the primary tumour.
    central : bool
        The primary tumour reaches the hilum.
    random : Generator
    """
    axes = [spacing * (np.arange(n) - (n - 1) / 2) for n, spacing in (
        (scan.size, scan.pixel_mm), (scan.size, scan.pixel_mm), (scan.slices, scan.slice_mm))]
    grid = np.ix_(*axes)
    bodies = [Ellipsoid(tuple(np.add(centre, random.normal(0, scan.jitter_mm, 3))),
                        tuple(np.multiply(radii, random.uniform(0.9, 1.15, 3))))
              for centre, radii in PLACES]
    distance = np.stack([body.distance(*grid) for body in bodies])
    stations = np.where(distance.min(axis=0) < 0, distance.argmin(axis=0) + 1, 0).astype(np.uint8)
    hu = _background(grid, random)
    hu[stations > 0] = -30 + 8 * waves(random, 30)(*grid)[stations > 0]
    nodes = np.zeros(stations.shape, bool)
    for place in np.flatnonzero(affected):
        body = bodies[place]
        centre = np.add(body.centre, random.uniform(-1, 1, 3) * scan.node_off * body.radii)
        node = Ellipsoid(tuple(centre), tuple(np.multiply(body.radii, random.uniform(*scan.node_size))))
        inside = node.distance(*grid) < 0
        stations[inside & (stations == 0)] = place + 1
        nodes |= inside & (stations == place + 1)
    tumour = _tumour(bodies, location, size_cm, central, random)
    primary = (tumour.distance(*grid) < 0) & ~nodes
    hu[primary], hu[nodes] = 45, scan.node_hu
    hu += random.normal(0, scan.noise_hu, hu.shape)
    gtv = primary | nodes
    reach = max(scan.margin_mm + random.normal(0, scan.reader_mm), 0)
    near = _grown(gtv, reach, scan)
    touched = np.isin(stations, np.unique(stations[gtv & (stations > 0)]))
    return Thorax(np.clip(np.rint(hu), -1024, 3071).astype(np.int16), stations, primary, nodes,
                  gtv | (near & (touched | (stations == 0))))


def _background(grid, random):
    """Body, lungs, mediastinum, trachea and spine."""
    hu = np.full(np.broadcast_shapes(*(axis.shape for axis in grid)), -1000.0)
    for body, value in ((Ellipsoid((0, 0, 0), (150, 105, np.inf)), 40),
                        (Ellipsoid((72, -5, 0), (60, 75, 130)), -850),
                        (Ellipsoid((-72, -5, 0), (60, 75, 130)), -850),
                        (Ellipsoid((0, 0, 0), (46, 48, np.inf)), 35),
                        (Ellipsoid((0, -72, 0), (20, 20, np.inf)), 260)):
        hu[body.distance(*grid) < 0] = value
    trachea = Ellipsoid((random.normal(0, 1), -8, 50), (8, 8, 46))
    hu[trachea.distance(*grid) < 0] = -1000
    return hu


def _tumour(bodies, location, size_cm, central, random):
    radius = 5 * size_cm
    lobe = np.array(LOBES[location], float) + random.normal(0, 4, 3)
    hilum = np.array(bodies[STATIONS.index(HILA[location])].centre)
    step = (lobe - hilum) / np.linalg.norm(lobe - hilum)
    centre = hilum + step * radius * 0.8 if central else lobe
    stretch = random.uniform(0.85, 1.15, 3)
    return Lobed(Ellipsoid(tuple(centre), tuple(radius * stretch)), waves(random, 3 * radius),
                 0.05 * radius)


def _grown(mask: np.ndarray, reach: float, scan: Scan) -> np.ndarray:
    """Return the voxels within a distance of a mask (mm)."""
    spacing = (scan.pixel_mm, scan.pixel_mm, scan.slice_mm)
    steps = [int(reach // edge) for edge in spacing]
    padded = np.pad(mask, [(step, step) for step in steps])
    grown = np.zeros_like(mask)
    for shift in np.ndindex(*(2 * step + 1 for step in steps)):
        offset = [(place - step) * edge for place, step, edge in zip(shift, steps, spacing)]
        if np.hypot(np.hypot(offset[0], offset[1]), offset[2]) <= reach:
            grown |= padded[tuple(slice(place, place + n) for place, n in zip(shift, mask.shape))]
    return grown
