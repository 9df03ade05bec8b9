"""A training and an inference of every network on tiny scans, to compare CPUs by what comes out.

Networks, losses, optimizers, augmentation and resampling are those of the preset; crops, epochs and
scans are as small as they can be, because an emulated CPU takes 100 to 200 times as long.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from stages.common import canonical, cli, nifti, probe
from stages.common.nifti import Volume
from stages.common.parameters import section
from stages.segmentation import (
    arrays,
    baseline,
    cases,
    crops,
    grid,
    infer,
    networks,
    prepare,
    settings,
    train,
)
from stages.segmentation.nnunet import model as nnunet_model
from stages.segmentation.nnunet import plan as nnunet_plan
from stages.segmentation.nnunet import prepare as nnunet_prepare
from stages.segmentation.nnunet import train as nnunet_train

SHAPE, SPACING_MM = (18, 16, 10), (3.0, 3.1, 4.2)
NAMES = ("a", "b")
FOLD = {"train": ["a"], "val": ["b"]}
# Of each scan, for nnU-Net's statistics of the intensities.
VOXELS = 1000
# Of stochastic gradient descent, nnU-Net's default.
MOMENTUM = 0.99


def scans(folder: Path, seed: int) -> list[cases.Case]:
    """Write scans of a bright box with a dark one inside, and their masks."""
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    made = []
    for name in NAMES:
        mask = np.zeros(SHAPE, np.uint8)
        mask[3:-3, 3:-3, 2:-2] = 1
        low = random.integers((5, 4, 3), (8, 7, 5))
        mask[tuple(slice(start, start + size) for start, size in zip(low, (6, 5, 3)))] = 2
        image = np.choose(mask, [-90, 110, 50]) + random.normal(0, 10, SHAPE)
        image[0] = -1000
        case = cases.Case(name, folder / f"{name}.nii.gz", folder / f"{name}_mask.nii.gz")
        affine = np.diag([*SPACING_MM, 1.0])
        nifti.write(case.image, Volume(image.astype(np.int16), affine))
        nifti.write(case.mask, Volume(mask, affine))
        made.append(case)
    return made


def small(preset: settings.Preset) -> settings.Preset:
    """Return the preset with the smallest crops that its networks can take, and few steps.

    nnU-Net, by far the slowest, has three levels and fewer features, but still whole vectors of them.
    """
    plan = replace(preset.nnunet.plan, strides=preset.nnunet.plan.strides[:3], patch=(8, 8, 4),
                   features=8, most_features=8)
    training = replace(preset.nnunet.training, trained=(0,), epochs=1, iterations=2,
                       validation_iterations=1, workers=0)
    return replace(
        preset, crops=replace(preset.crops, size=(16, 16, 8), per_image=1),
        validation=settings.Validation(cases=1, every_epochs=1),
        networks={name: replace(network, epochs=2) for name, network in preset.networks.items()},
        nnunet=replace(preset.nnunet, plan=plan, training=training, step=1.0))


def monai(chosen: list[cases.Case], preset: settings.Preset, folder: Path) -> None:
    """Prepare, train each of MONAI's networks, predict."""
    prepared, device = folder / "prepared", networks.device("cpu")
    rows = [[case.file, *prepare.write(case, preset.prepare, prepared)] for case in chosen]
    table = pd.DataFrame(rows, columns=["File", "background", "liver", "lesion"])
    canonical.write_csv(prepared / "cases.csv", table)
    image = cases.read_image(chosen[0].image)
    seen = prepare.prepare(image, preset.prepare)
    windowed = torch.from_numpy(crops.window(seen.data, preset.windows_hu[0]))
    alone = replace(preset, networks={}, nnunet=None)
    for name, network in preset.networks.items():
        out = folder / name
        best, result, curve = train.train(train.Prepared(prepared), network, alone, device,
                                          out / "state")
        networks.write(out, best, network, alone, result, "phantom")
        canonical.write_json(out / "curve.json", curve)
        model, _ = networks.read(out)
        scores = networks.probabilities(model, windowed, alone).numpy()
        arrays.write(out / "scores.npy", scores)
        onto = grid.onto(scores, seen.affine, image, np.array([1, 0, 0]))
        arrays.write(out / "interpolated.npy", onto)
        nifti.write(out / "mask.nii.gz", infer.segment(chosen[0].image, infer.load(out, device)))


def nnunet(chosen: list[cases.Case], preset: settings.Preset, folder: Path) -> None:
    """Prepare, train with either optimizer, predict."""
    prepared, device = folder / "nnunet", networks.device("cpu")
    about = nnunet_plan.dataset(len(chosen))
    marks = nnunet_plan.fingerprint(len(chosen), lambda number: cases.pair(chosen[number]), VOXELS)
    plans = nnunet_plan.plans(marks, about, preset.nnunet.plan)
    canonical.write_csv(prepared / "cases.csv",
                        nnunet_prepare.write_cases(chosen, plans, about, prepared))
    for name, content in {"dataset": about, "plans": plans, "splits_final": [FOLD]}.items():
        canonical.write_json(prepared / f"{name}.json", content)
    for optimizer in ("adam", "sgd"):
        out = folder / optimizer
        training = replace(preset.nnunet.training, optimizer=optimizer, momentum=MOMENTUM)
        how = replace(preset, nnunet=replace(preset.nnunet, training=training))
        weights, facts, curve = nnunet_train.train(prepared, how, device, out / "state")
        nnunet_model.write(out, weights, facts, how)
        canonical.write_json(out / "curve.json", curve)
    model = nnunet_model.Model(out, device)
    seen = torch.from_numpy(np.load(prepared / "cases" / f"{NAMES[0]}.npy"))
    window = seen[:, :4, :8, :8]
    scores = model.predictor.predict_sliding_window_return_logits(window).float()
    arrays.write(out / "scores.npy", scores.numpy())
    nifti.write(out / "mask.nii.gz", infer.segment(chosen[0].image, model.predict))


def make(folder: Path, params: Path) -> None:
    """Run everything; write into a folder."""
    preset = small(settings.load_nnunet(params))
    chosen = scans(folder, preset.seed)
    fixed = section(params, "segmentation.baseline", settings.Baseline)
    labels = baseline.predict(cases.read_image(chosen[0].image), fixed)
    nifti.write(folder / "baseline.nii.gz", Volume(labels, np.diag([*SPACING_MM, 1.0])))
    monai(chosen, preset, folder)
    nnunet(chosen, preset, folder)


if __name__ == "__main__":
    cli.main(lambda: probe.stage("stages.segmentation.probe", __doc__, make))
