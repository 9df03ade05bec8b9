"""The study's parameters."""
# dvc: no dependency (params: tracks each value that is read)

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Implied:
    """Section ``implied``: patients in each part, sizes to search; random patients, voxels, seed."""

    training: int
    validation: int
    least: int
    most: int
    patients: int
    voxels: int
    seed: int
