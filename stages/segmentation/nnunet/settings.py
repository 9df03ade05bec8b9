"""Section ``segmentation.presets.NAME.nnunet`` of the parameters: nnU-Net v2, 3d_fullres.

Sizes run along x, y, z, as everywhere in this package; nnU-Net itself counts z, y, x.
"""
# dvc: no dependency (params: tracks each value that is read)

from __future__ import annotations

from dataclasses import dataclass, replace

from stages.common.errors import InputError

OPTIMIZERS = ("sgd", "adam")
# nnU-Net's names for: clipped and scaled by the training cases' foreground; by each image itself.
NORMALIZATIONS = ("CTNormalization", "ZScoreNormalization")


@dataclass(frozen=True)
class Plan:
    """What is laid down in the plans file; everything else is what nnU-Net plans by itself.

    Attributes
    ----------
    spacing_mm : tuple of 3 floats
        Voxel size.
    patch : tuple of 3 ints
        Patch size, voxels.
    strides : tuple of tuples of 3 ints
        Factor by which each level of the network is coarser than the one before; the first is 1.
    features, most_features : int
        Channels of the first level; they double with each level up to the second number.
    batch_size : int
        Patches per step.
    batch_dice : bool
        Dice over the whole batch instead of patch by patch.
    normalization : str
        One of `NORMALIZATIONS`.
    intensity_voxels : int
        Foreground voxels, over all cases, from which ``CTNormalization`` is computed.
    """

    spacing_mm: tuple[float, ...]
    patch: tuple[int, ...]
    strides: tuple[tuple[int, ...], ...]
    features: int
    most_features: int
    batch_size: int
    batch_dice: bool
    normalization: str
    intensity_voxels: int


@dataclass(frozen=True)
class Training:
    """How each fold is trained.

    Attributes
    ----------
    folds : int
        Parts that the cases are divided into, by patient; each is the validation part of one fold.
    trained : tuple of int
        The folds that are trained and then predict together, counted from 0.
    epochs, iterations, validation_iterations : int
        Epochs; steps and validation batches in each.
    optimizer : str
        One of `OPTIMIZERS`. ``sgd`` is nnU-Net's own (Nesterov).
    learning_rate, decay, momentum, weight_decay : float
        Learning rate and the power of its fall to 0; momentum is that of ``sgd`` alone.
    foreground : float
        Share of a batch's patches that are centred on liver or lesion.
    mirror : bool
        Mirrored training patches, and predictions averaged over mirrored ones.
    workers : int
        Processes that draw and augment patches; 0 does it in the training process.
    save_every : int
        Epochs between two savings of the run's state.
    """

    folds: int
    trained: tuple[int, ...]
    epochs: int
    iterations: int
    validation_iterations: int
    optimizer: str
    learning_rate: float
    decay: float
    momentum: float
    weight_decay: float
    foreground: float
    mirror: bool
    workers: int
    save_every: int


@dataclass(frozen=True)
class Finetuning:
    """What differs from `Training` where a network goes on from the weights of another one."""

    epochs: int
    learning_rate: float


@dataclass(frozen=True)
class NNUNet:
    """nnU-Net in one preset.

    Attributes
    ----------
    plan, training, finetuning
        Network, training, and training from the weights of another network; None: there is none.
    step : float
        Shift between neighbouring windows (share).
    """

    plan: Plan
    training: Training
    step: float
    finetuning: Finetuning | None = None

    def finetuned(self, source) -> NNUNet:
        """Return the settings that go on from the weights of another network.

        Raises
        ------
        InputError
            If the preset (of the file ``source``) has none.
        """
        if self.finetuning is None:
            raise InputError("the nnU-Net of the preset has no 'finetuning'", source,
                             "add epochs and learning_rate, or train without --start")
        return replace(self, training=replace(self.training, **vars(self.finetuning)))


def check(settings: NNUNet, where: str, source) -> None:
    """Refuse settings that cannot be used.

    Raises
    ------
    InputError
        Naming the parameter and its valid values.
    """
    plan, training = settings.plan, settings.training
    sizes = all(len(row) == 3 and min(row) > 0 for row in (plan.spacing_mm, plan.patch,
                                                           *plan.strides))
    rules = {
        "plan.strides": (sizes and len(plan.strides) > 2 and set(plan.strides[0]) == {1},
                         "three sizes in each row of spacing_mm, patch and strides; at least three "
                         "rows of strides, the first of them 1, 1, 1"),
        "plan.normalization": (plan.normalization in NORMALIZATIONS, ", ".join(NORMALIZATIONS)),
        "training.optimizer": (training.optimizer in OPTIMIZERS, ", ".join(OPTIMIZERS)),
        "training.folds": (training.folds > 1, "at least 2"),
        "training.trained": (0 < len(training.trained) == len(set(training.trained))
                             and all(0 <= fold < training.folds for fold in training.trained),
                             f"different numbers from 0 to {training.folds - 1}"),
        "step": (0 < settings.step <= 1, "above 0 and up to 1"),
        "training.learning_rate": (training.learning_rate > 0, "above 0"),
        "training.decay": (training.decay >= 0, "at least 0"),
        "training.weight_decay": (training.weight_decay >= 0, "at least 0"),
        # Nesterov's step needs a momentum; Adam does not look at it.
        "training.momentum": (training.optimizer != "sgd" or 0 < training.momentum < 1,
                              "between 0 and 1 (or another training.optimizer)"),
        "training.foreground": (0 <= training.foreground <= 1, "from 0 to 1"),
        "training.workers": (training.workers >= 0, "at least 0"),
    }
    for name in ("epochs", "iterations", "validation_iterations", "save_every"):
        rules[f"training.{name}"] = (getattr(training, name) > 0, "at least 1")
    for name in ("features", "most_features", "batch_size", "intensity_voxels"):
        rules[f"plan.{name}"] = (getattr(plan, name) > 0, "at least 1")
    if settings.finetuning is not None:
        rules["finetuning.epochs"] = (settings.finetuning.epochs > 0, "at least 1")
        rules["finetuning.learning_rate"] = (settings.finetuning.learning_rate > 0, "above 0")
    if sizes:
        rules["plan.patch"] = (_divides(plan), "multiples of the product of the strides")
    for name, (holds, valid) in rules.items():
        if not holds:
            raise InputError(f"parameter '{where}.{name}' cannot be used", source,
                             f"valid: {valid}")


def _divides(plan: Plan) -> bool:
    for axis, size in enumerate(plan.patch):
        product = 1
        for row in plan.strides:
            product *= row[axis]
        if size % product:
            return False
    return True
