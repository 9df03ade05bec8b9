"""The section ``imaging`` of ``params.yaml``, which several rooms read."""
# dvc: no dependency (params: tracks each value that is read)

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Imaging:
    """Choices of the imaging pipeline; its stages read them from here, no command line holds them.

    ``networks`` are those of MONAI; nnU-Net learns from ``training_set``; ``methods`` are compared;
    features are extracted from ``masks``; networks run on ``device``; the features of ``jobs``
    series are computed at the same time.
    """

    networks: tuple[str, ...]
    training_set: str
    methods: tuple[str, ...]
    masks: tuple[str, ...]
    device: str
    jobs: int
