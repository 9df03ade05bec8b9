"""The second opinion on time to relapse: log-rank tests and Cox's model by R's package survival.

Reads what `stages.survival.analyse` read and what it wrote, and writes R's values beside its own with
the largest difference. R's package survival comes with most builds of R; Debian's is r-cran-survival.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.statistics import rbridge

SOURCE = Path(__file__).with_name("survival.R")
NORMAL = 1.959963984540054
# R's releases differ in the last digits.
DIGITS = 6


def functions():
    """Return the functions of ``survival.R`` by name.

    Raises
    ------
    InputError
        If R or its package survival is missing.
    """
    interface = rbridge.start()
    if not interface.evalr('requireNamespace("survival", quietly = TRUE)')[0]:
        raise InputError("R has no package survival", fix="install it (apt-get install "
                         "r-cran-survival), then run the same command again")
    found = interface.evalr(SOURCE.read_text(encoding="utf-8"))
    return interface, dict(zip(found.names, found))


def log_rank(time: np.ndarray, event: np.ndarray, group: np.ndarray) -> dict[str, float]:
    """Run R's ``survdiff``; arrays of shape (n,). Returns ``chi_squared`` and ``P``."""
    interface, run = functions()
    answer = run["log_rank"](*_vectors(interface, time, event, group))
    return dict(zip(answer.names, map(float, answer)))


def cox(time: np.ndarray, event: np.ndarray, x: np.ndarray) -> dict[str, np.ndarray]:
    """Run R's ``coxph`` (Efron's ties) and ``cox.zph``.

    Parameters
    ----------
    time, event : (n,) arrays
    x : (n, p) array of float

    Returns
    -------
    dict
        ``b`` (log hazard ratios), ``error`` (standard errors), ``proportional`` (P), each (p,).
    """
    interface, run = functions()
    answer = run["cox"](*_vectors(interface, time, event, np.asarray(x, float).ravel(order="F")))
    return {name: np.array(list(values), float) for name, values in zip(answer.names, answer)}


def _vectors(interface, *columns):
    return [interface.FloatSexpVector([float(value) for value in column]) for column in columns]


def second(table: pd.DataFrame, first: dict) -> dict:
    """Return R's values of what `stages.survival.analyse` found, and the largest difference.

    Parameters
    ----------
    table : DataFrame
        ``time``, ``event`` and the covariates.
    first : dict
        Results of `stages.survival.analyse`.
    """
    time, event = table["time"].to_numpy(float), table["event"].to_numpy(float)
    tests, gaps = {}, []
    for name, value in first["log_rank"].items():
        tests[name] = log_rank(time, event, table[name].to_numpy(float))
        gaps += [abs(tests[name][key] - value[key]) for key in tests[name]]
    models = {}
    for kind in ("together", "selected"):
        if first[kind] is None:
            continue
        ratios = first[kind]["hazard_ratio"]
        fit = cox(time, event, table[list(ratios)].to_numpy(float))
        models[kind] = {}
        for name, b, error, p in zip(ratios, fit["b"], fit["error"], fit["proportional"]):
            models[kind][name] = own = {"estimate": np.exp(b), "low": np.exp(b - NORMAL * error),
                                        "high": np.exp(b + NORMAL * error), "proportional_P": p}
            gaps += [abs(own[key] - ratios[name][key]) for key in ("estimate", "low", "high")]
    return rounded({"log_rank": tests, "cox": models, "largest_difference": max(gaps)})


def rounded(value):
    """Return a document with its numbers cut to `DIGITS` digits.

    Examples
    --------
    >>> rounded({"a": 1.23456789, "b": 1e-9})
    {'a': 1.23457, 'b': 1e-09}
    """
    if isinstance(value, dict):
        return {name: rounded(item) for name, item in value.items()}
    return float(f"{float(value):.{DIGITS}g}")


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.statistics.survival", __doc__)
    parser.add_argument("--events", type=Path, required=True, help="events and covariates (CSV)")
    parser.add_argument("--first", type=Path, required=True, help="results of stages.survival.analyse")
    parser.add_argument("--out", type=Path, required=True, help="R's results (JSON)")
    options = parser.parse_args()
    first = canonical.read_json(options.first)
    try:
        names = [*first["log_rank"]]
        table = canonical.read_csv(options.events, ("time", "event", *names))
        found = second(table, first)
    except (KeyError, TypeError) as error:
        raise InputError(f"holds no results of stages.survival.analyse ({error})", options.first,
                         "make it again") from None
    rbridge.announce()
    canonical.write_json(options.out, found)


if __name__ == "__main__":
    cli.main(stage)
