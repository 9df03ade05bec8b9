"""Parameters of this room: section ``segmentation``, and what it needs of ``imaging``."""
# dvc: no dependency (params: tracks each value that is read)

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stages.common.errors import InputError
from stages.common.parameters import choose, section
from stages.common.strict import check_choice, check_name
from stages.segmentation.nnunet import settings as nnunet_settings

KINDS = ("unet", "segresnet")
LOSSES = ("dice", "dice+ce")
DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class Prepare:
    """Resampling and foreground crop.

    Attributes
    ----------
    spacing_mm : tuple of 3 floats
        Voxel size.
    foreground_hu : float
        What is above is foreground.
    margin : int
        Voxels kept around the foreground.
    """

    spacing_mm: tuple[float, ...]
    foreground_hu: float
    margin: int


@dataclass(frozen=True)
class Crops:
    """Random crops: size in voxels, ratio of background, liver, lesion centres, crops per image."""

    size: tuple[int, ...]
    ratio: tuple[float, ...]
    per_image: int


@dataclass(frozen=True)
class Network:
    """One network and its training.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    learning_rate : float
        Of Adam.
    epochs : int
        Passes over the training images; one step per image.
    loss : str
        One of `LOSSES`.
    decay : float
        Power of the learning rate's polynomial fall to 0; 0 keeps it constant.
    channels, strides, residual_units
        U-Net: channels of each level, strides between them, residual units.
    filters, blocks_down, blocks_up
        SegResNet: filters of the first level, blocks of each level down and up.
    """

    kind: str
    learning_rate: float
    epochs: int
    loss: str
    decay: float = 0.0
    channels: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()
    residual_units: int = 0
    filters: int = 0
    blocks_down: tuple[int, ...] = ()
    blocks_up: tuple[int, ...] = ()


@dataclass(frozen=True)
class Validation:
    """How many training images are held out to choose the epoch, and how often they are used."""

    cases: int
    every_epochs: int


@dataclass(frozen=True)
class Inference:
    """Sliding window: overlap of neighbouring windows (share) and windows at a time."""

    overlap: float
    windows_at_once: int


@dataclass(frozen=True)
class Baseline:
    """Fixed thresholds, HU: what counts as liver and, within it, as lesion.

    Trained networks have to beat it.
    """

    liver_hu: tuple[float, ...]
    lesion_below_hu: float
    smooth_mm: float
    close_mm: float
    rim_mm: float


@dataclass(frozen=True)
class Preset:
    """Everything about one way to train networks."""

    seed: int
    prepare: Prepare
    windows_hu: tuple[tuple[float, ...], ...]
    crops: Crops
    validation: Validation
    inference: Inference
    networks: dict[str, Network]
    nnunet: nnunet_settings.NNUNet | None = None


def load(path: str | Path, name: str | None = None) -> Preset:
    """Read a preset; the one that the parameters name when ``name`` is None.

    Raises
    ------
    InputError
        Naming the parameter that cannot be used.
    """
    name = name or section(path, "segmentation.preset", str)
    preset = choose(section(path, "segmentation.presets", dict[str, Preset]), name,
                    "segmentation preset")
    _check(preset, f"segmentation.presets.{name}", path)
    return preset


def load_nnunet(path: str | Path, name: str | None = None) -> Preset:
    """Read a preset (see `load`) that has an nnU-Net.

    Raises
    ------
    InputError
        If it has none.
    """
    preset = load(path, name)
    if preset.nnunet is None:
        raise InputError("the segmentation preset has no 'nnunet'", path, "add it, or use another")
    return preset


def training_cohorts(path: str | Path, name: str) -> tuple[str, ...]:
    """Read the cohorts (column Cohort of the manifest) of a training set, trained on together.

    Raises
    ------
    InputError
        Listing the valid names.
    """
    sets = section(path, "segmentation.training_sets", dict[str, tuple[str, ...]])
    return choose(sets, name, "training set")


def networks(path: str | Path) -> tuple[str, ...]:
    """Read the names of the networks that the imaging pipeline trains and chooses from.

    Raises
    ------
    InputError
        If one cannot be part of a path.
    """
    return _names(section(path, "imaging.networks", tuple[str, ...]), "imaging.networks", path)


def methods(path: str | Path) -> tuple[str, ...]:
    """Read the names of the methods that the imaging pipeline compares; errors as `networks`."""
    return _names(section(path, "imaging.methods", tuple[str, ...]), "imaging.methods", path)


def device(path: str | Path) -> str:
    """Read the device that networks run on.

    Raises
    ------
    InputError
        Listing `DEVICES` if it is none of them.
    """
    found = section(path, "imaging.device", str)
    check_choice(found, DEVICES, "imaging.device", path)
    return found


def _names(names: tuple[str, ...], where: str, path) -> tuple[str, ...]:
    for name in names:
        check_name(name, where, path)
    return names


def _check(preset: Preset, where: str, path) -> None:
    rules = {
        "prepare.spacing_mm": (len(preset.prepare.spacing_mm) == 3
                               and min(preset.prepare.spacing_mm) > 0, "three sizes above 0"),
        "crops.size": (len(preset.crops.size) == 3 and min(preset.crops.size) > 0,
                       "three sizes above 0"),
        "crops.ratio": (len(preset.crops.ratio) == 3 and min(preset.crops.ratio) >= 0
                        and sum(preset.crops.ratio) > 0, "three shares, not all 0"),
        "crops.per_image": (preset.crops.per_image > 0, "at least 1"),
        "windows_hu": (bool(preset.windows_hu) and all(
            len(window) == 2 and window[0] < window[1] for window in preset.windows_hu),
            "pairs of a lower and a higher value"),
        "validation.cases": (preset.validation.cases > 0, "at least 1"),
        "validation.every_epochs": (preset.validation.every_epochs > 0, "at least 1"),
        "inference.overlap": (0 <= preset.inference.overlap < 1, "from 0 to below 1"),
    }
    for name, network in preset.networks.items():
        rules[f"networks.{name}.kind"] = (network.kind in KINDS, ", ".join(KINDS))
        rules[f"networks.{name}.loss"] = (network.loss in LOSSES, ", ".join(LOSSES))
        rules[f"networks.{name}.epochs"] = (network.epochs > 0, "at least 1")
    if preset.nnunet is not None:
        nnunet_settings.check(preset.nnunet, f"{where}.nnunet", path)
    for name, (holds, valid) in rules.items():
        if not holds:
            raise InputError(f"parameter '{where}.{name}' cannot be used", path, f"valid: {valid}")
