"""Make nnunet_later.json: what a later nnU-Net plans and predicts. Run by hand, outside of any image.

    pip install nnunetv2==2.8.1
    python tests/segmentation/nnunet_later.py tests/segmentation/nnunet_later.json

The weights are random numbers by name, so that whoever reads the file can make them again.
"""

import json
import os
import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np

SHAPE, SPACING = (18, 16, 10), (2.9, 3.1, 4.2)
LABELS = {"background": 0, "liver": 1, "tumor": 2}
FEATURES = [4, 8, 8, 8]


def image(shape=SHAPE) -> np.ndarray:
    """Return a random CT of a shape."""
    return (np.random.default_rng(1).normal(0, 1, shape).cumsum(0) * 40 + 60).astype(np.int16)


def weights(names_and_shapes: dict, seed: int) -> dict:
    """Return an array for each name of a state; the same name has the same values anywhere."""
    found = {}
    for name, shape in names_and_shapes.items():
        # The decoder's names of the encoder's weights are those of the encoder.
        plain = name.removeprefix("decoder.").replace(".all_modules.0.", ".conv.").replace(
            ".all_modules.1.", ".norm.")
        random = np.random.default_rng([seed, zlib.crc32(plain.encode())])
        fan = max(1, int(np.prod(shape[1:])))
        found[name] = random.normal(0, 1.5 / np.sqrt(fan), shape).astype(np.float32)
        if ".norm." in plain and plain.endswith("weight"):
            found[name] = np.abs(found[name]) + np.float32(0.5)
    return found


def main(out: Path) -> None:
    """Plan, and predict with two folds, mirrored."""
    home = Path(tempfile.mkdtemp())
    for name in ("raw", "preprocessed", "results"):
        (home / name / "Dataset007_Tiny").mkdir(parents=True)
        os.environ[f"nnUNet_{name}"] = str(home / name)
    from importlib.metadata import version

    import torch
    from nnunetv2.experiment_planning.experiment_planners.default_experiment_planner import (
        ExperimentPlanner,
    )
    from nnunetv2.experiment_planning.experiment_planners.residual_unets import (
        residual_encoder_unet_planners as residual,
    )
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
    from nnunetv2.utilities.get_network_from_plans import get_network_from_plans
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

    def planned(planner, slices_last):
        about = {"channel_names": {"0": "CT"}, "labels": LABELS, "numTraining": 4,
                 "file_ending": ".nii.gz", "overwrite_image_reader_writer": "SimpleITKIO"}
        listed = {f"c{number}": {"images": [f"c{number}_0000.nii.gz"], "label": f"c{number}.nii.gz"}
                  for number in range(4)}
        (home / "raw/Dataset007_Tiny/dataset.json").write_text(json.dumps(about | {"dataset": listed}))
        turned = slice(None, None, 1 if slices_last else -1)
        marks = {"spacings": [[3.0, 3.0, 4.5][turned]] * 4,
                 "shapes_after_crop": [[18, 16, 10][turned]] * 4,
                 "median_relative_size_after_cropping": 1.0,
                 "foreground_intensity_properties_per_channel": {"0": {
                     "max": 300.0, "mean": 80.0, "median": 90.0, "min": -200.0,
                     "percentile_00_5": -150.0, "percentile_99_5": 200.0, "std": 60.0}}}
        (home / "preprocessed/Dataset007_Tiny/dataset_fingerprint.json").write_text(json.dumps(marks))
        made = planner("Dataset007_Tiny").plan_experiment()
        plans = json.loads(json.dumps(made, default=lambda x: x.item()))
        full = plans["configurations"]["3d_fullres"]
        # Narrower and with smaller windows than planned, to be quick: several windows, as in real CT.
        described = full["architecture"]["arch_kwargs"]
        described["features_per_stage"] = FEATURES[:described["n_stages"]]
        full["patch_size"] = [8] * 3
        plans["configurations"] = {"3d_fullres": full}
        return plans, about

    cases = []
    for planner, slices_last in ((ExperimentPlanner, False), (ExperimentPlanner, True),
                                 (residual.nnUNetPlannerResEncM, False)):
        plans, about = planned(planner, slices_last)
        manager = PlansManager(plans)
        full = manager.get_configuration("3d_fullres")
        network = get_network_from_plans(
            full.network_arch_class_name, full.network_arch_init_kwargs,
            full.network_arch_init_kwargs_req_import, 1, 3, allow_init=False, deep_supervision=False)
        shapes = {name: list(value.shape) for name, value in network.state_dict().items()}
        folds = [{name: torch.from_numpy(value) for name, value in weights(shapes, seed).items()}
                 for seed in (0, 1)]
        predictor = nnUNetPredictor(device=torch.device("cpu"), allow_tqdm=False)
        predictor.manual_initialization(network, manager, full, folds, about, "nnUNetTrainer",
                                        (0, 1, 2))
        data = image().transpose(2, 1, 0)[None].astype(np.float32)
        found = predictor.predict_single_npy_array(data, {"spacing": list(SPACING[::-1])}, None,
                                                   None, False)
        digits = "".join(map(str, found.transpose(2, 1, 0).ravel()))
        print(np.bincount(found.ravel(), minlength=3), plans["transpose_forward"])
        cases.append({"plans": plans, "dataset": about, "weights": shapes, "labels": digits})
    out.write_text(json.dumps({"nnunetv2": version("nnunetv2"), "cases": cases}, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
