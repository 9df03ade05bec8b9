"""An nnU-Net v2 that a group trained itself: reads it, says what it is, segments with it.

The model is a results folder, or what ``nnUNetv2_export_model_to_zip`` wrote; plans of nnU-Net 2.2 and
of later releases. It sees each image with the axes with which nnU-Net's own reader would give it. All
folds that are there predict together. The command reads the model and segments nothing
(`stages.segmentation.predict` does).
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from stages.common import cli, nifti
from stages.common.errors import InputError
from stages.common.manifest import LESION
from stages.common.nifti import Volume
from stages.segmentation import cases, networks
from stages.segmentation.nnunet import architecture, labels, slabs, untrusted, windows
from stages.segmentation.nnunet import model as nnunet_model
from stages.segmentation.nnunet import results as nnunet_results
from stages.segmentation.nnunet.lean import Lean
from stages.segmentation.nnunet.plan import as_array

# isort: split
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

# Whether a reader of nnU-Net turns images (to the right, front and top), or leaves them as stored.
READERS = {"SimpleITKIO": False, "NibabelIO": False, "NibabelIOWithReorient": True,
           "SimpleITKIOWithReorient": True}
# Code that plans name and that nnU-Net 2.2 has; it would look for any other name among its modules.
KNOWN = {
    "preprocessor_name": ("DefaultPreprocessor",),
    "normalization_schemes": ("CTNormalization", "ZScoreNormalization", "NoNormalization",
                              "RescaleTo01Normalization"),
    **dict.fromkeys(("resampling_fn_data", "resampling_fn_seg", "resampling_fn_probabilities"),
                    ("resample_data_or_seg_to_shape",))}
# What must be the same in plans.json and in the plans that a checkpoint keeps: weights do not tell.
ALIKE = ("spacing", "patch_size", "normalization_schemes")
# Overlap of neighbouring windows: nnU-Net's default.
STEP = 0.5


class Given(Lean):
    """A group's nnU-Net.

    Parameters
    ----------
    results : Results
        Its files.
    meant : dict
        The house's label of each value of its output (`labels.meant`).
    device : torch.device
        CPU or GPU.

    Raises
    ------
    InputError
        If it cannot be used: one line that names the file.
    """

    def __init__(self, results: nnunet_results.Results, meant: dict[int, int], device: torch.device):
        where = results.where
        checkpoints = {fold: untrusted.read(path, where) for fold, path in results.folds.items()}
        self.name = _configuration(results, checkpoints)
        try:
            plans = PlansManager(results.plans)
            configuration = plans.get_configuration(self.name)
            self.turns = READERS[results.plans["image_reader_writer"]]
            _require_known(results, configuration.configuration)
        except InputError:
            raise
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError,
                RuntimeError) as error:
            raise InputError(f"plans.json cannot be used ({type(error).__name__}: {error})", where,
                             "use a model for CT that nnU-Net 2.2 or later planned") from None
        network = architecture.build(plans, results.dataset, configuration, where)
        weights = [untrusted.put(network, read["weights"], f"fold_{fold}", where)
                   for fold, read in checkpoints.items()]
        mirrored = next(iter(checkpoints.values()))["mirrored"]
        with contextlib.redirect_stdout(io.StringIO()):
            self.predictor = nnunet_model.nnUNetPredictor(STEP, device=device, allow_tqdm=False)
        self.predictor.manual_initialization(network, plans, configuration, weights, results.dataset,
                                             nnunet_model.KIND, mirrored)
        self.meant = np.zeros(labels.MOST + 1, np.uint8)
        for value, label in meant.items():
            self.meant[value] = label

    def segment(self, image: Volume) -> Volume:
        """Return liver and lesions on the grid and in the axes of an image (HU)."""
        seen = nifti.to_ras(image) if self.turns else image
        sizes = seen.header.pixdim[1:] if seen.header else seen.spacing
        # In single precision, as the header of the file has them that nnU-Net would read.
        properties = {"spacing": [float(np.float32(abs(size))) for size in sizes][::-1]}
        affine, grid = seen.affine, replace(image, data=np.broadcast_to(np.uint8(0), image.data.shape))
        voxels = as_array(seen)
        # Held by nobody else while the network runs: two bytes a voxel less.
        del seen, image
        predictor = self.predictor
        plans, configuration = predictor.plans_manager, predictor.configuration_manager
        with contextlib.redirect_stdout(io.StringIO()):
            data = slabs.prepared(voxels, plans, configuration, properties,
                                  configuration.preprocessor_class(verbose=False))
            del voxels
            with windows.weighed(architecture.KEY in configuration.configuration):
                scores = self.half_scores(torch.from_numpy(data))
            del data
            found = slabs.labelled(scores, plans, configuration, predictor.label_manager, properties)
        return nifti.like(Volume(self.meant[found.transpose(2, 1, 0)], affine), grid)


def _configuration(results, checkpoints) -> str:
    """Return the configuration that all folds were trained in, and the plans and the folder name."""
    where, named = results.where, nnunet_results.configuration_named(results.folder)
    trained = {str(read["arguments"]["configuration"]) for read in checkpoints.values()}
    if len(trained) > 1 or named and trained != {named}:
        raise InputError(f"holds folds that were trained as {', '.join(sorted(trained))}"
                         + (f" in a folder of {named}" if named else ""), where,
                         "put the folds of one training into its folder")
    name, = trained
    known = results.plans.get("configurations")
    if not isinstance(known, dict) or name not in known:
        raise InputError(f"plans.json has no configuration {name}, in which the folds were trained "
                         f"(it has: {', '.join(known) if isinstance(known, dict) else 'none'})", where,
                         "put the plans of this training beside the folds")
    if not isinstance(known[name], dict):
        raise InputError(f"plans.json says nothing of its configuration {name}", where,
                         "put the plans of this training beside the folds")
    for fold, read in checkpoints.items():
        trained = _planned(read["arguments"], name, f"fold_{fold}", where)
        for key in ALIKE:
            if key in trained and trained[key] != known[name].get(key):
                raise InputError(f"fold_{fold} was trained with another {key} ({trained[key]}) than "
                                 f"plans.json says ({known[name].get(key)})", where,
                                 "put the plans of this training beside the folds")
    return name


def _planned(arguments: dict, name: str, fold: str, where: str) -> dict:
    """Return the configuration that a checkpoint keeps; empty where it keeps no plans."""
    content = arguments
    for key in ("plans", "configurations", name):
        content = content.get(key, {})
        if not isinstance(content, dict):
            raise InputError(f"{fold} keeps plans that are none ({key})", where, "export it again")
    return content


def _require_known(results, configuration: dict) -> None:
    where, dataset = results.where, results.dataset
    channels = dataset.get("channel_names", dataset.get("modality"))
    if not isinstance(channels, dict) or len(channels) != 1:
        raise InputError("dataset.json does not name one channel: the network needs other images than "
                         "one CT", where, "use a network that was trained on CT alone")
    if configuration.get("previous_stage"):
        raise InputError("is the second network of a cascade", where,
                         "name the one of 3d_fullres or 3d_lowres")
    if results.plans.get("label_manager", "LabelManager") != "LabelManager":
        raise InputError("plans.json names a label manager of its own", where, "use nnU-Net's own")
    for key, names in KNOWN.items():
        given = configuration[key] if isinstance(configuration[key], list) else [configuration[key]]
        for name in given:
            if name not in names:
                raise InputError(f"plans.json names '{name}' ({key}), which nnU-Net 2.2 does not have",
                                 where, f"use a model with {' or '.join(names)}")


def about(results: nnunet_results.Results, name: str, known: dict[str, int], meant: dict) -> str:
    """Return in a line what the model is and what its own files say of its training."""
    lesions = [label for label, value in known.items() if meant.get(value) == LESION]
    dice = nnunet_results.validation_dice(results, str(known[lesions[0]])) if len(lesions) == 1 else []
    count = results.dataset.get("numTraining", "an unknown number of")
    seen = (f"validation Dice of its folds {min(dice):.2f} to {max(dice):.2f}" if dice else
            "what it was validated on, its files do not say")
    return (f"{results.where}: nnU-Net {name}, folds {', '.join(results.folds)}, trained on {count} "
            f"cases; lesion is '{', '.join(lesions)}'; {seen}")


def segment(case: cases.Case, model: Given) -> Volume:
    """Segment the image of a case.

    Raises
    ------
    InputError
        If the network cannot take it.
    """
    try:
        return model.segment(nifti.read(case.image))
    except torch.cuda.OutOfMemoryError:
        raise InputError("is too large for the GPU's memory", case.image, "leave GPU out") from None
    except (ValueError, RuntimeError, LookupError, TypeError, AssertionError) as error:
        lines = str(error).strip().splitlines()
        reason = lines[0][:160] if lines else repr(error)
        raise InputError(f"cannot be segmented with this network ({reason})", case.image,
                         "its plans do not fit CT of this size, or are not whole") from None


@contextlib.contextmanager
def opened(path: Path, lesion: str, liver: str,
           device: torch.device) -> Iterator[tuple[Given, str]]:
    """Read a model; yield it and what it is in a line (`about`).

    Parameters
    ----------
    path : Path
        Results folder, or exported zip.
    lesion, liver : str
        Its labels, where their names do not tell.
    device : torch.device
    """
    with tempfile.TemporaryDirectory(prefix="nnunet-given-") as scratch:
        results = nnunet_results.read(path, Path(scratch))
        known = labels.values(results.dataset, results.where)
        meant = labels.meant(known, lesion, liver, results.where)
        model = Given(results, meant, device)
        yield model, about(results, model.name, known, meant)


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.segmentation.nnunet.given", __doc__)
    parser.add_argument("--model", type=Path, required=True, help="results folder, or exported zip")
    parser.add_argument("--lesion", default="", help="its label of lesions, if its name does not tell")
    parser.add_argument("--liver", default="", help="its label of the liver, if its name does not tell")
    options = parser.parse_args()
    with opened(options.model, options.lesion, options.liver, networks.device("cpu")) as (_, words):
        print(words, file=sys.stderr)


if __name__ == "__main__":
    cli.main(stage)
