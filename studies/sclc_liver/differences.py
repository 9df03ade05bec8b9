"""Measure each difference between the paper's text and the released code, one at a time."""

from __future__ import annotations

from pathlib import Path

from tqdm import tqdm

from stages.classification import data
from stages.classification.bootstrap import summarise
from stages.classification.parameters import (
    PARTS,
    Bootstrap,
    Configuration,
    Protocol,
    protocol,
    read_bootstrap,
    read_protocols,
)
from stages.classification.select import select
from stages.classification.train import predictions, summary, train
from stages.common import canonical, cli

UNWEIGHTED = {model: Configuration(model) for model in ("LR", "RF", "XGB")}
PROTOCOLS = ("as-released", *(f"released+described-{part}" for part in PARTS), "as-described")


def measure(table, settings: Protocol, bootstrap: Bootstrap) -> dict:
    """Select, train and bootstrap the three unweighted models under one protocol.

    Parameters
    ----------
    table : DataFrame
        Canonical cohort table.
    settings : Protocol
    bootstrap : Bootstrap

    Returns
    -------
    dict
        ``selected`` (features) and, by model, cross-validation, test and bootstrap scores.
    """
    selected = select(*data.train_and_test(table), settings.selection)
    features = list(selected.coefficients)
    train_set, test_set = data.train_and_test(table, features)
    found = {}
    for model, configuration in UNWEIGHTED.items():
        trained = train(train_set, test_set, settings, configuration)
        predicted = predictions(model, trained, test_set)
        found[model] = summary(trained, test_set) | {
            "bootstrap": summarise(predicted, bootstrap)[model]}
    return {"selected": features, "models": found}


def stage() -> None:
    """Command line."""
    parser = data.parser("studies.sclc_liver.differences", __doc__, protocol=False)
    parser.add_argument("--out", type=Path, required=True, help="scores by protocol (JSON)")
    options = parser.parse_args()
    protocols, bootstrap = read_protocols(options.params), read_bootstrap(options.params)
    table = data.read_table(options.table)
    found = {name: measure(table, protocol(protocols, name), bootstrap)
             for name in tqdm(PROTOCOLS, unit="protocol")}
    canonical.write_json(options.out, {"run": data.run_of(options, "as-described"),
                                       "protocols": found})


if __name__ == "__main__":
    cli.main(stage)
