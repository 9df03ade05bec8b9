"""The section ``cohort`` of ``params.yaml``: where the data come from."""
# dvc: no dependency (params: tracks each value that is read)

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Release:
    """One public release of the feature table, pinned by commit and content."""

    url: str
    file: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Expected:
    """What a released table must hold."""

    series: int
    studies: int
    patients: int
    features: int


@dataclass(frozen=True)
class Faults:
    """When a series counts as unlike the others."""

    relation_tolerance: float
    pair_volume_factor: float
    sampling_window_days: int
    lowest_lesion_hu: float
    highest_lesion_hu: float


@dataclass(frozen=True)
class Cohort:
    """Where the data come from and what they must look like.

    ``source`` names what ``make demo`` works on (see ``stages.cohort.source``); the rest is about
    the released tables.
    """

    source: str
    timeout_seconds: float
    releases: dict[str, Release]
    expected: Expected
    faults: Faults
