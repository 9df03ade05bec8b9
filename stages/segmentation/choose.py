"""Take the network of MONAI with the best validation Dice; the test cases have no say.

nnU-Net divides the cases in its own way: its validation scores are of other cases.
Copies its folder to OUT and writes every network's validation Dice (--metrics).
"""

from __future__ import annotations

from pathlib import Path

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.segmentation import networks, settings


def validation(folder: Path) -> float:
    """Return the validation Dice of a trained model.

    Raises
    ------
    InputError
        If the folder holds no trained model.
    """
    about = canonical.read_json(folder / networks.MODEL)
    try:
        return float(about["result"]["best_dice"])
    except (KeyError, TypeError):
        raise InputError("names no validation Dice", folder / networks.MODEL,
                         "train the network again") from None


def best(scores: dict[str, float]) -> str:
    """Return the name with the highest score, the first by name among equals."""
    return min(scores, key=lambda name: (-scores[name], name))


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.segmentation.choose", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True, help="folder of the model folders")
    parser.add_argument("--metrics", type=Path, required=True, help="scores and choice (JSON)")
    parser.add_argument("--out", type=Path, required=True, help="folder of the chosen model")
    options = parser.parse_args()
    names = settings.networks(options.params)
    scores = {name: validation(options.models / name) for name in names}
    chosen = best(scores)
    folder = options.models / chosen
    for name in (networks.MODEL, networks.WEIGHTS):
        try:
            content = (folder / name).read_bytes()
        except OSError as error:
            raise InputError(f"cannot be read ({error.strerror})", folder / name,
                             "train the network again") from None
        canonical.write_bytes(options.out / name, content)
    canonical.write_json(options.metrics, {"validation_dice": scores, "chosen": chosen})


if __name__ == "__main__":
    cli.main(stage)
