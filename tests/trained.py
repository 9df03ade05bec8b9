"""Classifiers that the training stage made, with what their model card is made of."""

from stages.classification import card
from stages.common import canonical

# What the file of a network of MONAI says, as far as the card needs it; two of its training series are
# among those of the classifiers.
NETWORK = {
    "network": {"kind": "segresnet", "epochs": 32}, "source": "phantom",
    "preset": {"prepare": {"spacing_mm": [3.2, 3.2, 4.0]}},
    "result": {"best_dice": 0.88, "training": ["lits-004", "P-0_0_0.nii.gz", "P-1_3_6.nii.gz"],
               "validation": ["lits-001"]}}
DETECTION = {"scans": 14, "lesions": 8, "sensitivity": 0.75, "ppv": 0.6, "missed": 2,
             "false_positives_per_scan": {"mean": 1.2}, "lesion_dice": {"median": 0.8, "min": 0.0,
                                                                        "max": 0.9, "mean": 0.7}}


def write_network(folder):
    """Write a network and its scores, as the segmentation's stages do."""
    canonical.write_json(folder / "network/model.json", NETWORK)
    canonical.write_bytes(folder / "network/model.safetensors", b"weights")
    canonical.write_json(folder / "choice.json", {"chosen": "segresnet"})
    canonical.write_json(folder / "detection/segresnet.json", DETECTION)


def make_card(folder, run):
    """Run the stage that makes the card; return its exit code and messages."""
    return run(card.stage, "--params", folder / "params.yaml", "--classifiers", folder / "models",
               "--network", folder / "network", "--table", folder / "table.csv",
               "--predictions", folder / "out/predictions.csv", "--summary", folder / "summary.json",
               "--choice", folder / "choice.json", "--detection", folder / "detection",
               "--out", folder / "card.json")


def arguments(folder):
    """Return the arguments of the stage that applies the classifiers."""
    return ["--features", folder / "features.csv", "--excluded", folder / "excluded.csv",
            "--models", folder / "models", "--trained-on", "network: LiTS; classifiers: LiTS",
            "--card", folder / "card.json", "--out", folder / "predictions.csv"]
