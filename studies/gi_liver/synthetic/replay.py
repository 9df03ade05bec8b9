"""The paper's protocol on a table of lesions, and what chance makes of its greatest cell."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.prediction import lesions
from stages.prediction.areas import p_value
from stages.prediction.lesions import Lesions
from stages.prediction.parameters import read_models
from stages.prediction.preparation import uncorrelated
from studies.gi_liver.synthetic import paper
from studies.gi_liver.synthetic.parameters import Paper, Preset, read_paper, read_preset, read_samplers


def fewer(found: Lesions, settings: Paper) -> dict[str, int]:
    """Return how many features the filter keeps of as many as the paper has."""
    left = [place for place, name in enumerate(found.names) if name not in settings.without]
    return {"features": len(left),
            "kept": len(uncorrelated(found.features[:, left], settings.correlation))}


def replay(found: Lesions, protocol: paper.Protocol, preset: Preset) -> dict:
    """Return all cells of the paper's protocol, its greatest one, and the greatest ones of chance.

    Those of labels dealt anew to the patients: the same protocol, the choice among its cells included.
    """
    seed, random = preset.seed, np.random.default_rng(preset.seed)
    cells = paper.cells(found, protocol, seed)
    name, sampler = paper.greatest(cells)
    chance = []
    for _ in range(preset.greatest_permutations):
        dealt = paper.cells(found.labelled(random.permutation(found.outcome)), protocol, seed)
        chance.append(max(cell["AUC"] for cell in dealt.values()))
    best = cells[name, sampler]
    low, middle, high = np.quantile(chance, [0.05, 0.5, 0.95])
    return {
        "cells": {f"{one}/{other}": cell for (one, other), cell in cells.items()},
        "greatest": {"classifier": name, "sampler": sampler, **best},
        "chance_of_the_greatest": {"permutations": len(chance), "q05": low, "median": middle,
                                   "q95": high, "P": p_value(best["AUC"], np.array(chance))},
        "features": len(found.names),
        "kept": len(uncorrelated(found.features, protocol.settings.correlation)),
        "fewer": fewer(found, protocol.settings),
        "importance": [{"feature": feature, "importance": value} for feature, value in
                       paper.importance(found, protocol, seed).items()]}


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.gi_liver.synthetic.replay", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--table", type=Path, required=True, help="lesions (CSV)")
    parser.add_argument("--out", type=Path, required=True, help="cells and chance (JSON)")
    options = parser.parse_args()
    preset, settings = read_preset(options.params), read_paper(options.params)
    protocol = paper.Protocol(read_models(options.params), read_samplers(options.params), settings,
                              preset.tuning_folds)
    found = lesions.read(options.table)
    for label in (0, 1):
        count = int((found.outcome == label).sum())
        if count <= settings.test_patients:
            raise InputError(f"{count} patients with the label {label} cannot give "
                             f"{settings.test_patients} to the test set", options.table,
                             "lower synthetic.paper.test_patients")
    canonical.write_json(options.out, replay(found, protocol, preset))


if __name__ == "__main__":
    cli.main(stage)
