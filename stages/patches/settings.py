"""Parameters of this room: section ``patches`` of a study."""
# dvc: no dependency (params: tracks each value that is read)

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stages.common.parameters import choose, section
from stages.common.strict import check_choice, check_range

DENSE = "densenet"
KINDS = (DENSE, "densenet121", "efficientnet-b0", "efficientnet-lite0")
SCHEDULES = ("constant", "one-cycle")


@dataclass(frozen=True)
class Dense:
    """Size of a DenseNet (Huang et al. 2017).

    Attributes
    ----------
    features : int
        Channels of the first convolution.
    growth : int
        Channels that each layer adds.
    blocks : tuple of int
        Layers of each dense block.
    """

    features: int
    growth: int
    blocks: tuple[int, ...]


@dataclass(frozen=True)
class Network:
    """A network for two classes.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    weights : str
        A safetensors file to start from, relative to the repository; empty: the file that the
        command line names, or none.
    dropout : float
        Before the last layer.
    norm_momentum : float
        Share of a new batch in the running means of batch normalisation (PyTorch's meaning).
    dense : Dense, optional
        Size of the kind ``densenet``; the other kinds have their papers' sizes.
    """

    kind: str
    weights: str = ""
    dropout: float = 0.2
    norm_momentum: float = 0.1
    dense: Dense | None = None


@dataclass(frozen=True)
class Augment:
    """Random changes of a slice, as fast.ai's ``aug_transforms`` has them; shear and shift as Keras.

    Attributes
    ----------
    probability : float
        That each kind of change is made.
    rotation_degrees : float
        Greatest rotation, to either side.
    zoom : float
        Greatest magnification.
    lighting : float
        Greatest change of brightness (in SD of the image) and of contrast (a share), up or down.
    flip : bool
        Mirror images, left and right.
    shear : float
        Greatest step to the side for each step down, either way; the middle row stays.
    shift : float
        Greatest shift along the width, as a share of it, either way.
    """

    probability: float = 0.0
    rotation_degrees: float = 0.0
    zoom: float = 1.0
    lighting: float = 0.0
    flip: bool = False
    shear: float = 0.0
    shift: float = 0.0


@dataclass(frozen=True)
class Training:
    """How a network is trained.

    Attributes
    ----------
    epochs, batch : int
    learning_rate : float
        The highest one where the schedule is one-cycle.
    weight_decay : float
        Of Adam, decoupled.
    schedule : str
        One of `SCHEDULES`.
    mixup : float
        Parameter of the Beta distribution of shares; 0: no mixup.
    balanced : bool
        Draw slices with replacement so that both classes are equally frequent.
    """

    epochs: int
    batch: int
    learning_rate: float
    weight_decay: float = 0.01
    schedule: str = "one-cycle"
    mixup: float = 0.0
    balanced: bool = True


@dataclass(frozen=True)
class Preset:
    """A network, its training and its augmentation."""

    network: Network
    training: Training
    augment: Augment


@dataclass(frozen=True)
class CrossValidation:
    """Folds by patient.

    Attributes
    ----------
    folds : int
    inner_folds : int
        Of the patients that a network may learn from, one of so many folds chooses the epoch.
    seed : int
    """

    folds: int
    inner_folds: int
    seed: int


def cross_validation(path: str | Path) -> CrossValidation:
    """Read ``patches.cross_validation``.

    Raises
    ------
    InputError
        Naming the parameter that cannot be used.
    """
    found = section(path, "patches.cross_validation", CrossValidation)
    check_range(min(found.folds, found.inner_folds) > 1, "patches.cross_validation.folds",
                "at least 2, inner_folds too", path)
    return found


def load(path: str | Path, name: str | None = None) -> Preset:
    """Read a preset; the one that ``patches.preset`` names where ``name`` is None.

    Raises
    ------
    InputError
        Naming the parameter that cannot be used.
    """
    name = name or section(path, "patches.preset", str)
    preset = choose(section(path, "patches.presets", dict[str, Preset]), name, "preset of patches")
    check(preset, f"patches.presets.{name}", path)
    return preset


def check(preset: Preset, where: str, path) -> None:
    """Refuse values that cannot be used.

    Raises
    ------
    InputError
        Naming the parameter.
    """
    training, augment = preset.training, preset.augment
    check_network(preset.network, f"{where}.network", path)
    check_choice(training.schedule, SCHEDULES, f"{where}.training.schedule", path)
    for name, holds, valid in (
            ("training.epochs", training.epochs > 0, "at least 1"),
            ("training.batch", training.batch > 1, "at least 2 (batch normalisation)"),
            ("training.learning_rate", training.learning_rate > 0, "above 0"),
            ("training.weight_decay", training.weight_decay >= 0, "at least 0"),
            ("training.mixup", training.mixup >= 0, "at least 0"),
            ("augment.probability", 0 <= augment.probability <= 1, "from 0 to 1"),
            ("augment.rotation_degrees", 0 <= augment.rotation_degrees <= 180, "from 0 to 180"),
            ("augment.zoom", augment.zoom >= 1, "at least 1"),
            ("augment.lighting", 0 <= augment.lighting < 1, "from 0 to below 1"),
            ("augment.shear", 0 <= augment.shear <= 1, "from 0 to 1"),
            ("augment.shift", 0 <= augment.shift < 1, "from 0 to below 1")):
        check_range(holds, f"{where}.{name}", valid, path)


def check_network(network: Network, where: str, path) -> None:
    """Refuse a network that cannot be built.

    Raises
    ------
    InputError
        Naming the parameter.
    """
    check_choice(network.kind, KINDS, f"{where}.kind", path)
    check_range((network.dense is not None) == (network.kind == DENSE), f"{where}.dense",
                f"given for the kind {DENSE}, and for no other", path)
    dense = network.dense or Dense(1, 1, (1,))
    for name, holds, valid in (
            ("dropout", 0 <= network.dropout < 1, "from 0 to below 1"),
            ("norm_momentum", 0 < network.norm_momentum <= 1, "above 0, at most 1"),
            ("dense", min(dense.features, dense.growth, *dense.blocks, len(dense.blocks)) > 0,
             "numbers above 0, at least one block")):
        check_range(holds, f"{where}.{name}", valid, path)
