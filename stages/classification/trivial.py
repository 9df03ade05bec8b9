"""Score the trivial answer, "everyone is positive", as the models are scored."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stages.classification import bootstrap, data
from stages.classification.corrected.scores import interval
from stages.classification.parameters import Bootstrap, read_bootstrap
from stages.common import canonical, cli


def score(test: data.Split, settings: Bootstrap) -> dict:
    """Score the answer on the test series.

    Parameters
    ----------
    test : Split
    settings : Bootstrap

    Returns
    -------
    dict
        Score to value on all series, bootstrap mean and interval. NPV is undefined and left out.
    """
    called = np.ones(len(test.label), dtype=int)
    drawn = bootstrap.draw(test.studies, settings.samples, settings.seed)
    values = bootstrap.bootstrap(drawn, test.label, called, called.astype(float))
    whole = bootstrap.weighted(np.ones((1, len(called))), test.label, called, called.astype(float))
    return {name: {"all_series": whole[name][0], "mean": sample.mean(),
                   **interval(sample, settings.level)}
            for name, sample in values.items() if name != "NPV"}


def stage() -> None:
    """Command line."""
    parser = data.parser("stages.classification.trivial", __doc__, protocol=False)
    parser.add_argument("--out", type=Path, required=True, help="scores (JSON)")
    options = parser.parse_args()
    test = data.train_and_test(data.read_table(options.table))[1]
    canonical.write_json(options.out, {
        "run": data.run_of(options, "as-released"),
        "scores": score(test, read_bootstrap(options.params))})


if __name__ == "__main__":
    cli.main(stage)
