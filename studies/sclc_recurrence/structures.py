"""A CT with its structure set (RTSTRUCT): stations, primary tumour, nodes and CTV by their names."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stages.cohort import dicom, dicom_files, rtstruct
from stages.cohort.named import Named, listed
from stages.common.errors import InputError
from studies.sclc_recurrence.partition import STATIONS

# Below every value of a CT.
PADDING_HU = -2048.0


@dataclass(frozen=True)
class Contours:
    """Section ``contours``: names of the ROIs, and how far a slice may lie off its place."""

    station: str
    primary: tuple[str, ...]
    nodes: tuple[str, ...]
    ctv: tuple[str, ...]
    spacing_tolerance: float


def read(folder: Path, settings: Contours) -> tuple[list[np.ndarray], np.ndarray]:
    """Read a patient's series and structure set from one folder.

    Returns
    -------
    list of 4 arrays
        Labels of the stations (of two that overlap, the first), and primary, nodes and CTV as bool.
    (3,) array of float
        Spacing, mm.

    Raises
    ------
    InputError
        If there is no series, not one structure set, no station, no GTV or no CTV in it; or as
        `stages.cohort.rtstruct.read`.
    """
    image, headers = dicom.read(folder, settings.spacing_tolerance, PADDING_HU)
    frame = str(headers[0].get("FrameOfReferenceUID", ""))
    found = dicom_files.objects(dicom_files.listed(folder), str(headers[0].get(dicom_files.UID, "")))
    sets = [item for item in found if item[1].Modality == dicom_files.RTSTRUCT]
    if len(sets) != 1:
        raise InputError(f"holds {len(sets) or 'no'} structure sets (RTSTRUCT)", folder,
                         "leave one beside the series")
    (path, header), = sets
    names = [str(roi.get("ROIName", "")).strip() for roi in header.get("StructureSetROISequence") or ()]

    def mask(what: str, patterns: tuple[str, ...], needed: bool = True) -> np.ndarray:
        own = tuple(name for name in names if any(
            fnmatch.fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns))
        if not own and needed:
            raise InputError(f"has no {what} (it has: {listed(names)})", path,
                             "name it in the parameters 'contours'")
        return (rtstruct.read(header, path, Named(own), image, frame)[0] if own
                else np.zeros(image.data.shape, bool))

    nodes = mask("nodes", settings.nodes, needed=False)
    primary = mask("GTV", settings.primary, needed=not nodes.any())
    labels = np.zeros(image.data.shape, int)
    for place, station in reversed(list(enumerate(STATIONS, 1))):
        labels[mask(f"station {station}", (settings.station.format(station),))] = place
    return [labels, primary, nodes, mask("CTV", settings.ctv)], np.asarray(image.spacing, float)
