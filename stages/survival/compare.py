"""Groups and covariates against time: log-rank test, Cox regression, test of proportionality."""

from __future__ import annotations

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter
from lifelines.exceptions import ConvergenceError
from lifelines.statistics import multivariate_logrank_test, proportional_hazard_test

from stages.common.errors import InputError

TIME, EVENT = "_time", "_event"
# Newton's steps go on until the digits stand: by default the fourth one is still open.
EXACT = {"precision": 1e-12, "r_precision": 1e-13}


def log_rank(time: np.ndarray, event: np.ndarray, group: np.ndarray) -> dict[str, float]:
    """Return chi-squared, degrees of freedom and P of the log-rank test of two or more groups."""
    result = multivariate_logrank_test(time, group, event)
    return {"chi_squared": float(result.test_statistic), "df": int(len(np.unique(group)) - 1),
            "P": float(result.p_value)}


def cox(time: np.ndarray, event: np.ndarray, covariates: pd.DataFrame) -> dict:
    """Fit Cox's model (Efron's ties) to covariates as they stand.

    Parameters
    ----------
    time : (n,) array of float
    event : (n,) array of bool
    covariates : (n, p) DataFrame
        Numbers.

    Returns
    -------
    dict
        ``hazard_ratio``: by covariate ``estimate``, ``low``, ``high`` (95 %) and ``P`` (Wald);
        ``proportional``: by covariate ``P`` that the hazards are proportional (Schoenfeld residuals
        against the rank of time); ``concordance`` of the fitted rows; ``n``, ``events``.

    Raises
    ------
    InputError
        If the model cannot be fitted: a covariate is constant or tells the events apart.
    """
    frame = covariates.assign(**{TIME: time, EVENT: event.astype(int)})
    try:
        fitted = CoxPHFitter().fit(frame, TIME, EVENT, fit_options=EXACT)
    except (ConvergenceError, ValueError, np.linalg.LinAlgError) as error:
        raise InputError(f"Cox's model cannot be fitted to {', '.join(covariates)} "
                         f"({str(error).splitlines()[0]})",
                         fix="leave out what is constant or tells the events apart") from None
    test = proportional_hazard_test(fitted, frame, time_transform="rank")
    summary = fitted.summary
    return {"hazard_ratio": {name: {"estimate": float(row["exp(coef)"]),
                                    "low": float(row["exp(coef) lower 95%"]),
                                    "high": float(row["exp(coef) upper 95%"]), "P": float(row["p"])}
                             for name, row in summary.iterrows()},
            "proportional": dict(zip(test.name, np.atleast_1d(test.p_value).astype(float))),
            "concordance": float(fitted.concordance_index_), "n": len(frame),
            "events": int(np.sum(event))}
