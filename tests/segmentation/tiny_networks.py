"""A tiny preset of MONAI's networks, and the command lines of their stages."""

from tests.segmentation.volumes import PARAMS

TINY = {
    "seed": 3, "prepare": {"spacing_mm": [2, 2, 5], "foreground_hu": -600, "margin": 0},
    "windows_hu": [[-100, 250], [-50, 200]],
    "crops": {"size": [16, 16, 8], "ratio": [4, 1, 3], "per_image": 2},
    "validation": {"cases": 1, "every_epochs": 4},
    "inference": {"overlap": 0.25, "windows_at_once": 2},
    "networks": {
        "unet": {"kind": "unet", "learning_rate": 0.01, "epochs": 24, "loss": "dice+ce",
                 "channels": [4, 8], "strides": [2], "residual_units": 1},
        "segresnet": {"kind": "segresnet", "learning_rate": 0.01, "epochs": 2, "loss": "dice",
                      "filters": 8, "blocks_down": [1, 1], "blocks_up": [1]}}}


def arguments(folder, name="unet", out="model"):
    return ["--cases", folder / "prepared", "--network", name, "--params", folder / "params.yaml",
            "--device", "cpu", "--state", folder / "state", "--out", folder / out,
            "--curves", folder / out / "curves.csv"]


def infer_arguments(cohort, folder):
    return ["--manifest", cohort, "--model", folder / "model", "--params", PARAMS, "--device", "cpu",
            "--out", folder / "masks"]


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
