"""Measure each difference between the paper's text and the released code, one at a time."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from stages.classification import data
from stages.classification.bootstrap import summarise
from stages.classification.parameters import Bootstrap, read_bootstrap
from stages.common import canonical, cli
from stages.common.errors import InputError
from studies.sclc_liver import fits
from studies.sclc_liver.fits import BETWEEN

ENDS = ("as-released", "as-described")


def measure(selected: list[str], scored: dict[str, dict], predicted: pd.DataFrame,
            bootstrap: Bootstrap) -> dict:
    """Bootstrap the three unweighted models of one protocol.

    Parameters
    ----------
    selected : list of str
        Selected features.
    scored : dict
        Model to its scores.
    predicted : DataFrame
        Predictions of the test series.
    bootstrap : Bootstrap

    Returns
    -------
    dict
        ``selected`` and, by model, cross-validation, test and bootstrap scores.
    """
    drawn = summarise(predicted, bootstrap)
    return {"selected": selected, "models": {model: found | {"bootstrap": drawn[model]}
                                             for model, found in scored.items()}}


def ends(texts: list[str]) -> dict[str, tuple[list[str], dict, pd.DataFrame]]:
    """Read the protocols that have a train stage of their own (``NAME=SELECTED=PREDICTIONS=SCORES``).

    Raises
    ------
    InputError
        If one is missing or not written so.
    """
    found = {}
    for text in texts:
        if text.count("=") != 3:
            raise InputError(f"--trained {text} is not NAME=SELECTED=PREDICTIONS=SCORES")
        name, *paths = text.split("=")
        selected, predicted, scores = map(Path, paths)
        found[name] = (data.read_selected(selected), *fits.trained(predicted, scores))
    for name in ENDS:
        if name not in found:
            raise InputError(f"the protocol {name} is not given; name it with --trained")
    return found


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_liver.differences", __doc__)
    parser.add_argument("--trained", action="append", required=True,
                        metavar="NAME=SELECTED=PREDICTIONS=SCORES",
                        help="a trained protocol: selected features, predictions, scores; repeatable")
    parser.add_argument("--fits", type=Path, required=True, help="fits of the protocols between them")
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--release", required=True, help="data release, for the record")
    parser.add_argument("--environment", required=True, help="image, for the record")
    parser.add_argument("--out", type=Path, required=True, help="scores by protocol (JSON)")
    options = parser.parse_args()
    bootstrap = read_bootstrap(options.params)
    found = {name: measure(*one, bootstrap) for name, one in ends(options.trained).items()}
    between, tables = fits.read(options.fits, BETWEEN)
    for name in BETWEEN:
        found[name] = measure(between[name]["selected"], between[name]["models"], tables[name],
                              bootstrap)
    canonical.write_json(options.out, {"run": data.run_of(options, "as-described"),
                                       "protocols": found})


if __name__ == "__main__":
    cli.main(stage)
