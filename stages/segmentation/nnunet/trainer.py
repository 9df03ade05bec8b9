"""nnU-Net's own trainer with settings of ours: repeatable, resumable, and silent."""

from __future__ import annotations

import contextlib
import io
import random
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from stages.segmentation import arrays, checkpoint
from stages.segmentation.nnunet import home as nnunet_home  # noqa: F401 (sets nnU-Net up)
from stages.segmentation.nnunet.model import read_weights
from stages.segmentation.nnunet.plan import CONFIGURATION
from stages.segmentation.nnunet.settings import Training

# isort: split
from nnunetv2.training.dataloading.nnunet_dataset import nnUNetDataset
from nnunetv2.training.nnUNetTrainer import nnUNetTrainer as package

# nnU-Net's metrics that go into the curve, by their names there.
METRICS = {"lrs": "learning_rate", "train_losses": "train_loss", "val_losses": "validation_loss"}
CURVE = ("epoch", *METRICS.values(), "liver_dice", "lesion_dice")


class Cases(nnUNetDataset):
    """Prepared cases, read as the patches need them.

    nnU-Net's own class reads compressed archives and pickles; its data loaders ask only for what
    is here.
    """

    def __init__(self, folder: Path, names: list[str]):
        self.folder = folder
        self.dataset = {name: {} for name in sorted(names)}

    def load_case(self, key: str):
        """Return image and labels, shape (1, z, y, x), and where each label can be found."""
        image, labels = (arrays.read(self.folder / f"{key}{part}.npy") for part in ("", "_seg"))
        where = load_file(self.folder / f"{key}.safetensors")
        return image, labels, {"class_locations": {int(label): where[label]
                                                   for label in sorted(where)}}


class Batches(Dataset):
    """The augmented batches of one epoch, each from its own seed: any process may make any of them.

    Parameters
    ----------
    loader : iterator
        nnU-Net's data loader and augmentation.
    seeds : ndarray of uint32
        One per batch.
    """

    def __init__(self, loader, seeds: np.ndarray):
        self.loader, self.seeds = loader, seeds

    def __len__(self) -> int:
        return len(self.seeds)

    def __getitem__(self, number: int) -> dict:
        """Return image patches and their labels at every level of the network."""
        np.random.seed(self.seeds[number])
        random.seed(int(self.seeds[number]))
        batch = next(self.loader)
        return {"data": batch["data"], "target": batch["target"]}


class _Curve:
    """Stands in for nnU-Net's log of the metrics: one row per epoch, without times and plots."""

    def __init__(self):
        self.rows: list[dict] = []

    def log(self, name: str, value, epoch: int) -> None:
        """Keep a metric of an epoch."""
        while len(self.rows) <= epoch:
            self.rows.append({"epoch": len(self.rows) + 1})
        if name in METRICS:
            self.rows[epoch][METRICS[name]] = float(value)


class _Fall:
    """nnU-Net's polynomial fall of the learning rate, a function of the epoch alone."""

    def __init__(self, optimizer, how: Training):
        self.optimizer, self.how = optimizer, how

    def step(self, epoch: int) -> None:
        """Set the learning rate of an epoch, counted from 0."""
        share = (1 - epoch / self.how.epochs) ** self.how.decay
        for group in self.optimizer.param_groups:
            group["lr"] = self.how.learning_rate * share


class Trainer(package.nnUNetTrainer):
    """Train one fold.

    All random numbers of a batch follow from seed, fold, epoch and its number: an interrupted run
    that goes on from its saved state ends with the same weights, with any number of workers. Make
    one with `trainer`: nnU-Net insists on the parameters of its own constructor.
    """

    folder: Path
    split: dict
    seed: int
    how: Training
    state: Path
    mark: str
    start: Path | None = None
    bar: tqdm | None = None

    def print_to_log_file(self, *args, **options) -> None:
        """Say nothing: the progress bar and the curve tell it."""

    def configure_optimizers(self):
        """Return optimizer and learning rate; nnU-Net's own schedule breaks with this torch."""
        how, weights = self.how, self.network.parameters()
        if how.optimizer == "adam":
            # Fused: see `train.train`.
            made = torch.optim.Adam(weights, how.learning_rate, weight_decay=how.weight_decay,
                                    fused=True)
        else:
            made = torch.optim.SGD(weights, how.learning_rate, weight_decay=how.weight_decay,
                                   momentum=how.momentum, nesterov=True)
        return made, _Fall(made, how)

    def configure_rotation_dummyDA_mirroring_and_inital_patch_size(self):
        """Leave out mirroring where the settings say so."""
        rotation, flat, size, axes = (
            super().configure_rotation_dummyDA_mirroring_and_inital_patch_size())
        self.inference_allowed_mirroring_axes = axes if self.how.mirror else None
        return rotation, flat, size, self.inference_allowed_mirroring_axes

    def get_tr_and_val_datasets(self):
        """Return the training and the validation cases of the fold."""
        return tuple(Cases(self.folder / "cases", self.split[part]) for part in ("train", "val"))

    def on_train_start(self) -> None:
        """Build the network, restore the state, open the data; write no files."""
        torch.manual_seed(self.seed + self.fold)
        self.initialize()
        self.set_deep_supervision_enabled(True)
        if self.start is not None:
            read_weights(self.start, self.network)
        self._restore()
        self.loaders = self.get_dataloaders()
        self.bar = tqdm(total=self.num_epochs, initial=self.current_epoch,
                        desc=f"nnU-Net fold {self.fold}")

    def on_epoch_start(self) -> None:
        """Lay out the epoch's batches."""
        counts = self.num_iterations_per_epoch, self.num_val_iterations_per_epoch
        seeds = np.random.SeedSequence([self.seed, self.fold, self.current_epoch])
        self.dataloader_train, self.dataloader_val = (
            iter(DataLoader(Batches(loader, part.generate_state(count)), batch_size=None,
                            num_workers=self.how.workers, pin_memory=self.device.type == "cuda"))
            for loader, count, part in zip(self.loaders, counts, seeds.spawn(2)))

    def on_validation_epoch_end(self, val_outputs: list[dict]) -> None:
        """Keep the losses, and the Dice of each label over all validation patches."""
        loss = np.mean([output["loss"] for output in val_outputs])
        self.logger.log("val_losses", loss, self.current_epoch)
        hits, extra, missed = (np.sum([output[name] for output in val_outputs], axis=0)
                               for name in ("tp_hard", "fp_hard", "fn_hard"))
        for index, name in enumerate(("liver_dice", "lesion_dice")):
            voxels = 2 * hits[index] + extra[index] + missed[index]
            dice = float(2 * hits[index] / voxels) if voxels else None
            self.logger.rows[self.current_epoch][name] = dice

    def on_epoch_end(self) -> None:
        """Show the epoch and save the state."""
        row = self.logger.rows[-1]
        self.current_epoch += 1
        last = self.current_epoch == self.num_epochs
        if last or self.current_epoch % self.how.save_every == 0:
            self._save()
        self.bar.set_postfix_str(f"loss {row['train_loss']:.3f}")
        self.bar.update()

    def on_train_end(self) -> None:
        """Leave everything as it is: the weights stay in the network."""

    def run_training(self) -> None:
        """Train to the last epoch, or on to it from a saved state."""
        try:
            super().run_training()
        finally:
            if self.bar is not None:
                self.bar.close()

    def _save(self) -> None:
        progress = {"mark": self.mark, "epoch": self.current_epoch, "curve": self.logger.rows}
        if self.grad_scaler is not None:
            progress["scaler"] = self.grad_scaler.state_dict()
        checkpoint.write(self.state, self.network, self.optimizer, {}, progress)

    def _restore(self) -> None:
        found = checkpoint.read(self.state, self.network, self.optimizer, self.mark)
        if found is None:
            return
        _, progress = found
        self.current_epoch, self.logger.rows = progress["epoch"], progress["curve"]
        if self.grad_scaler is not None and "scaler" in progress:
            self.grad_scaler.load_state_dict(progress["scaler"])


def trainer(folder: Path, plans: dict, about: dict, fold: int, split: dict, seed: int,
            how: Training, device: torch.device, state: Path, mark: str,
            start: Path | None = None) -> Trainer:
    """Return the trainer of one fold.

    Parameters
    ----------
    folder : Path
        Prepared cases.
    plans, about : dict
        nnU-Net's plans and dataset description.
    fold : int
        Number of the fold.
    split : dict
        Its ``train`` and ``val`` names.
    seed : int
        Of the run.
    how : Training
        Settings.
    device : torch.device
        CPU or GPU; on a GPU it trains in mixed precision.
    state : Path
        Folder of the fold's state.
    mark : str
        Fingerprint of what the run depends on.
    start : Path, optional
        Weights to go on from (`model.weights_file`).
    """
    # It names its device on standard output.
    with contextlib.redirect_stdout(io.StringIO()):
        made = Trainer(plans, CONFIGURATION, fold, about, unpack_dataset=False, device=device)
    made.folder, made.split, made.seed, made.how = folder, split, seed, how
    made.state, made.mark, made.start, made.logger = state, mark, start, _Curve()
    made.num_epochs, made.num_iterations_per_epoch = how.epochs, how.iterations
    made.num_val_iterations_per_epoch = how.validation_iterations
    made.oversample_foreground_percent = how.foreground
    return made
