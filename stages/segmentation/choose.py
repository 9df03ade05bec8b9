"""Take the network with the best validation Dice; the test cases have no say.

Each network is validated on training cases that it has not learnt from: those of MONAI on
``validation.cases`` of them, which also choose the epoch; an nnU-Net on those outside of its folds. The
cases are not the same, so that a small difference between two networks says nothing.
Copies its folder to OUT and writes every network's validation Dice and number of cases (--metrics).
"""

from __future__ import annotations

from pathlib import Path

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.segmentation import networks, settings


def validation(folder: Path) -> tuple[float | None, int]:
    """Return the validation Dice of a trained model, None without lesions, and its cases.

    Raises
    ------
    InputError
        If the folder holds no trained model.
    """
    about = canonical.read_json(folder / networks.MODEL)
    try:
        found = about["result"]
        dice = found["best_dice"]
        return None if dice is None else float(dice), len(found["validation"])
    except (KeyError, TypeError, ValueError):
        raise InputError("names no validation Dice", folder / networks.MODEL,
                         "train the network again") from None


def best(scores: dict[str, float | None]) -> str | None:
    """Return the name with the highest score, the first by name among equals; None without any.

    Examples
    --------
    >>> best({"c": 0.5, "b": 0.7, "a": None, "d": 0.7}), best({"a": None})
    ('b', None)
    """
    known = {name: score for name, score in scores.items() if score is not None}
    return min(known, key=lambda name: (-known[name], name), default=None)


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.segmentation.choose", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--networks", nargs="+", help="instead of imaging.networks")
    parser.add_argument("--models", type=Path, required=True, help="folder of the model folders")
    parser.add_argument("--metrics", type=Path, required=True, help="scores and choice (JSON)")
    parser.add_argument("--out", type=Path, required=True, help="folder of the chosen model")
    options = parser.parse_args()
    names = options.networks or settings.networks(options.params)
    found = {name: validation(options.models / name) for name in names}
    scores = {name: dice for name, (dice, _) in found.items()}
    chosen = best(scores)
    if chosen is None:
        raise InputError("no network has a validation case with lesions", options.models,
                         "train on more cases with lesions")
    folder = options.models / chosen
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise InputError("holds no weights", folder, "train the network again")
    for path in (folder / networks.MODEL, *weights):
        canonical.write_bytes(options.out / path.name, path.read_bytes())
    canonical.write_json(options.metrics, {
        "validation_dice": scores, "validation_cases": {name: n for name, (_, n) in found.items()},
        "chosen": chosen})


if __name__ == "__main__":
    cli.main(stage)
