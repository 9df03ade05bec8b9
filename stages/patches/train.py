"""Train a network on slices; what it says of other slices after each epoch is returned.

Which epoch is kept is thereby a choice of whoever calls, made on the slices of his choice.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from stages.common.errors import InputError
from stages.patches import augment, networks
from stages.patches.settings import Preset


def device(name: str) -> torch.device:
    """Choose the device: ``auto`` is a GPU when there is one.

    On the CPU torch is made deterministic, with one thread: sums then have one order on every
    machine.

    Raises
    ------
    InputError
        If a GPU is asked for and there is none.
    """
    there = torch.cuda.is_available()
    if name == "cuda" and not there:
        raise InputError("no GPU can be used", "--device cuda", "use --device cpu or auto")
    chosen = "cuda" if there and name != "cpu" else "cpu"
    torch.use_deterministic_algorithms(chosen == "cpu")
    if chosen == "cpu":
        torch.set_num_threads(1)
    return torch.device(chosen)


def drawn(labels: np.ndarray, balanced: bool, generator: np.random.Generator) -> np.ndarray:
    """Return the slices of one epoch, in the order of training: as many as there are.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        0 and 1, both of which are there.
    balanced : bool
        Draw with replacement, both classes equally often in the mean; else every slice once.
    generator : Generator

    Returns
    -------
    ndarray of int, shape (n,)
    """
    if not balanced:
        return generator.permutation(len(labels))
    weights = 1 / np.bincount(labels)[labels]
    return generator.choice(len(labels), len(labels), p=weights / weights.sum())


def fit(images: np.ndarray, labels: np.ndarray, preset: Preset, seed: int,
        watched: np.ndarray | None = None, weights: Path | None = None,
        chosen: torch.device | None = None,
        after: Callable[[torch.nn.Module, list], None] | None = None
        ) -> tuple[torch.nn.Module, np.ndarray]:
    """Train a network.

    Parameters
    ----------
    images : ndarray of float32, shape (n, c, h, w)
    labels : ndarray of int, shape (n,)
    preset : Preset
    seed : int
        Of the last layer's first weights, of draws and of augmentation.
    watched : ndarray of float32, shape (m, c, h, w), optional
        Slices to predict after each epoch; they change nothing of the training.
    weights : Path, optional
        What to start from, where the preset names nothing (see `networks.start`).
    chosen : torch.device, optional
        See `device`; the CPU where there is none.
    after : callable, optional
        Is given the network after each epoch, and the curve so far: to keep one of the networks.

    Returns
    -------
    model : Module
        After the last epoch, in evaluation mode.
    curve : ndarray, shape (epochs, m)
        Probability of the positive class.

    Raises
    ------
    InputError
        If there is one class alone, or the weights cannot be used.
    """
    if len(np.unique(labels)) < 2:
        raise InputError("the slices to learn from are of one class", None, "add patients, or folds")
    chosen = chosen or device("cpu")
    generator, training = np.random.default_rng(seed), preset.training
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = networks.build(preset.network, images.shape[1], images.shape[-1])
        beginning = Path(preset.network.weights) if preset.network.weights else weights
        if beginning is not None:
            networks.start(model, beginning)
        model = model.to(chosen)
        # Fused: torch.sqrt is MKL's, whose last bit depends on the CPU.
        optimiser = torch.optim.AdamW(model.parameters(), training.learning_rate,
                                      weight_decay=training.weight_decay, fused=True)
        steps = -(-len(labels) // training.batch)
        schedule = (torch.optim.lr_scheduler.OneCycleLR(
            optimiser, training.learning_rate, epochs=training.epochs, steps_per_epoch=steps)
            if training.schedule == "one-cycle" else None)
        curve = []
        for _ in range(training.epochs):
            _epoch(model.train(), images, labels, preset, generator, optimiser, schedule)
            if watched is not None:
                curve.append(networks.probabilities(model, watched))
            if after is not None:
                after(model.eval(), curve)
    found = np.array(curve) if curve else np.empty((training.epochs, 0))
    if not np.isfinite(found).all():
        raise InputError("the training left the finite numbers", None,
                         "lower patches' training.learning_rate")
    return model.eval(), found


def _epoch(model, images, labels, preset, generator, optimiser, schedule) -> None:
    training, order = preset.training, drawn(labels, preset.training.balanced, generator)
    place = next(model.parameters()).device
    # A last batch of one slice has no spread, which batch normalisation needs: it joins the one before.
    cuts = [at for at in range(training.batch, len(order), training.batch) if len(order) - at > 1]
    for rows in np.split(order, cuts):
        batch = torch.from_numpy(images[rows]).to(place)
        target = torch.nn.functional.one_hot(torch.from_numpy(labels[rows]), networks.CLASSES)
        batch = augment.changed(batch, preset.augment, generator)
        batch, target = augment.mixed(batch, target.to(batch), training.mixup, generator)
        optimiser.zero_grad(set_to_none=True)
        torch.nn.functional.cross_entropy(model(batch), target).backward()
        optimiser.step()
        if schedule is not None:
            schedule.step()
