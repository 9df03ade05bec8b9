"""The section ``imaging`` of ``params.yaml``, which several rooms read."""
# dvc: no dependency (params: tracks each value that is read)

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Imaging:
    """What ``imaging/dvc.yaml`` runs.

    ``networks`` are those of MONAI; nnU-Net learns from ``training_set``; ``methods`` are compared.
    ``masks`` names the folders of the masks that features are extracted from; ``jobs`` series are
    computed at the same time.
    """

    networks: tuple[str, ...]
    training_set: str
    methods: tuple[str, ...]
    device: str
    labels: dict[str, int]
    masks: dict[str, str]
    protocol: str
    environment: str
    jobs: int
