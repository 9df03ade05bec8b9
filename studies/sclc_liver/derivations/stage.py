"""Write the second derivations of one release: source and path of the first one to the value."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stages.classification.parameters import read_bootstrap, read_configurations, read_protocol
from stages.common import canonical, cli
from studies.sclc_liver.derivations import acquisition, burden, released, weighted

# Weighted configurations that are derived a second time, and the protocol that they follow.
CONFIGURATIONS, PROTOCOL = ("LR_AUC",), "as-released"


def derive(series: list[released.Series], features: tuple[str, ...], params: Path
           ) -> dict[str, dict[str, float]]:
    """Return the value by source and path, as the rules name the first derivation's.

    Parameters
    ----------
    series : list of Series
    features : tuple of str
        The selected ones.
    params : Path
        The study's parameters.
    """
    settings, level = read_protocol(params, PROTOCOL), read_bootstrap(params).level
    chosen = read_configurations(params)
    train = [one for one in series if not one.test]
    test = [one for one in series if one.test]
    table = {part: np.array([[one.number(name) for name in features] for one in rows])
             for part, rows in (("train", train), ("test", test))}
    positive = np.array([one.positive for one in train])
    models, bootstrap = {}, {}
    for name in CONFIGURATIONS:
        how = chosen[name].weight, settings.models[chosen[name].model]["C"]
        split = {key: getattr(settings.folds, key) for key in ("n_splits", "test_size", "seed")}
        models |= _flat(f"configurations/{name}/cross_validation",
                        weighted.validation(table["train"], positive, *how, split))
        score = weighted.Fit(table["train"], positive, *how).scores(table["test"])
        bootstrap |= _flat(f"configurations/{name}", weighted.sampled(test, score, level))
    return {"bootstrap": bootstrap, "cohort": acquisition.sizes(series), "models": models,
            "statistics": burden.rank_sum(series)}


def _flat(head, found):
    return {f"{head}/{metric}/{statistic}": value for metric, values in found.items()
            for statistic, value in values.items()}


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_liver.derivations.stage", __doc__)
    parser.add_argument("--table", type=Path, required=True, help="the released table, as fetched")
    parser.add_argument("--selected", type=Path, required=True, help="selected features (CSV)")
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--release", required=True, help="data release, for the record")
    parser.add_argument("--out", type=Path, required=True, help="values (JSON)")
    options = parser.parse_args()
    features = released.names(options.selected)
    series = released.read(options.table, features)
    canonical.write_json(options.out, {"release": options.release,
                                       "values": derive(series, features, options.params)})


if __name__ == "__main__":
    cli.main(stage)
