"""Train as stages.classification.train does, with weights of the classes that are this cohort's own.

The weights among the parameters are those of the released cohort. Here a configuration ``…_BAL`` with a
number takes negative over positive training series; ``…_AUC`` and ``…_F1`` take the weight (of
``imaging.weights``) whose model, fitted on group ``train``, has the best AUC or F1 on group ``val``, as
the authors searched theirs. Where that group has no series of one class, nothing can be searched: these
configurations are left out, with a line on standard error.

Takes that stage's arguments besides --cohort. Writes what that stage writes, MODELS/configurations.json
and what the cohort was: MODELS/source.json.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import yaml

from stages.classification import data, train, weights
from stages.classification.parameters import (
    Configuration,
    read_configurations,
    read_protocols,
    read_search,
)
from stages.common import canonical, cli, origin
from stages.common.columns import GROUP
from stages.common.errors import InputError
from stages.common.parameters import Grid, section

# What the end of a configuration's name asks of its weight.
BALANCED, SEARCHED = "BAL", ("AUC", "F1")
FILE = "configurations.json"


def ending(name: str) -> str:
    """Return what a configuration's name says of its weight, "" where nothing.

    Examples
    --------
    >>> ending("LR_AUC"), ending("LR")
    ('AUC', '')
    """
    return name.partition("_")[2]


def own(given: dict[str, Configuration], training: np.ndarray,
        winners: dict[str, dict]) -> dict[str, Configuration]:
    """Return the configurations with the weights of a cohort.

    Parameters
    ----------
    given : dict
        The configurations of the parameters.
    training : ndarray of int
        Labels of the training series.
    winners : dict
        `weights.winners` by model; empty where nothing could be searched.
    """
    found = {}
    for name, one in given.items():
        kind = ending(name)
        if kind == BALANCED and isinstance(one.weight, (int, float)):
            one = replace(one, weight=float((training == 0).sum() / (training == 1).sum()))
        elif kind in SEARCHED:
            if one.model not in winners:
                continue
            one = replace(one, weight=winners[one.model][kind]["weight"])
        found[name] = one
    return found


def search(params: Path, table: Path, selected: Path, given: dict[str, Configuration]) -> dict:
    """Search the weights on group ``val``; return `weights.winners` by model.

    Empty where the group ``train`` or ``val`` has no series of one class.
    """
    features = data.read_selected(selected)
    read = data.read_table(table, features)
    inside, held = (data.split(read, read[GROUP] == group, features) for group in ("train", "val"))
    if min(len(np.unique(part.label)) for part in (inside, held)) < 2:
        print(f"{table}: group 'train' or 'val' has no series of one class; configurations with a "
              "searched weight are left out", file=sys.stderr)
        return {}
    settings, grid = read_search(params), section(params, "imaging.weights", Grid)
    wanted = sorted({one.model for name, one in given.items() if ending(name) in SEARCHED})
    return {model: weights.winners(weights.evaluate(
        inside, held, model, settings.models[model], np.array(grid.values()))) for model in wanted}


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.classification.train_on_cohort", __doc__)
    parser.add_argument("--cohort", type=Path, required=True, help="folder of the cohort")
    parser.add_argument("--models", type=Path, required=True, help="folder for the fitted models")
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--table", type=Path, required=True, help="feature table (CSV)")
    parser.add_argument("--selected", type=Path, required=True, help="selected features (CSV)")
    options, others = parser.parse_known_args()
    source = origin.read(options.cohort)
    given, protocols = read_configurations(options.params), read_protocols(options.params)
    features = data.read_selected(options.selected)
    training, _ = data.train_and_test(data.read_table(options.table, features), features)
    if len(np.unique(training.label)) < 2:
        raise InputError("the training series are of one class", options.table,
                         f"move series of the other class there ('{GROUP}')")
    used = own(given, training.label, search(options.params, options.table, options.selected, given))
    plain = {name: asdict(one) for name, one in used.items()}
    with tempfile.TemporaryDirectory() as folder:
        params = Path(folder) / "classification.yaml"
        params.write_text(yaml.safe_dump(canonical.plain({"classification": {
            "configurations": plain, "protocols": {
                name: asdict(one) for name, one in protocols.items()}}}), sort_keys=False))
        sys.argv = ["stages.classification.train", "--models", str(options.models), "--params",
                    str(params), "--table", str(options.table), "--selected", str(options.selected),
                    *others]
        train.stage()
    canonical.write_json(options.models / FILE, plain)
    origin.write(options.models, source)


if __name__ == "__main__":
    cli.main(stage)
