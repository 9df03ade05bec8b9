"""Which values a quantity can plausibly take: an envelope that covers most of them says nothing."""

from __future__ import annotations

from fnmatch import fnmatchcase

from stages.verdicts.study import Study

FIX = "a score is 0 to 1, one in percent has ' %' at the end of its metric"

# What the field's scores are, wherever they are printed; a study declares its other quantities.
RATES = ("auc", "accuracy", "sensitivity", "specificity", "ppv", "npv", "precision", "recall", "f1",
         "dice", "p")


def values(study: Study, metric: str) -> tuple[float, float] | None:
    """Return the lowest and the highest plausible value of a metric; None where it is not bounded.

    Parameters
    ----------
    study : Study
        Its ``plausible`` (pattern of metrics to bounds) goes before the field's scores.
    metric : str
        Its name in the printed tables: a score of the field, or one with ``%`` at its end.
    """
    for pattern, bounds in study.content.plausible.items():
        if fnmatchcase(metric, pattern):
            return bounds
    return of_unit(metric)


def of_unit(metric: str) -> tuple[float, float] | None:
    """Return the lowest and the highest value that the unit of a metric allows; None for no limit.

    Examples
    --------
    >>> of_unit("AUC"), of_unit("Accuracy %"), of_unit("age_mean")
    ((0.0, 1.0), (0.0, 100.0), None)
    """
    if metric.endswith("%") or metric == "percent":
        return 0.0, 100.0
    return (0.0, 1.0) if metric.split("_")[0].lower() in RATES else None


def fits(metric: str, value: float) -> bool:
    """Tell whether a value is one that the unit of a metric allows."""
    bounds = of_unit(metric)
    return bounds is None or bounds[0] <= value <= bounds[1]
