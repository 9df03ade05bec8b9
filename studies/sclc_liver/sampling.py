"""Try every assignment of the test studies to biopsy and cfDNA against the printed scores.

The sampling type is not released. Figure 5c prints accuracy and AUC of the logistic regression by
sampling type, and the text how many errors are of cfDNA. Every one of the 2^s ways to divide the s
test studies is tried on the released model's predictions: none may fit (the numbers belong to other
predictions), one (the types would follow) or many (they cannot be told). Only counts are written.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from stages.classification import data
from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.common.parameters import section
from stages.common.printed import rounds

TYPES = ("biopsy", "cfDNA")
# The positive studies are tried all at once: 2^22 assignments take about 200 MB.
MOST_POSITIVE = 22


@dataclass(frozen=True)
class Studies:
    """Test studies of one label, s of them.

    Attributes
    ----------
    series, right : ndarray of int, shape (s,)
        How many series each has, and how many of them are called rightly.
    probability : list of ndarray
        Probability of the positive class of each study's series.
    """

    series: np.ndarray
    right: np.ndarray
    probability: list[np.ndarray]


def by_label(predicted: pd.DataFrame) -> tuple[Studies, Studies]:
    """Return the positive and the negative studies of a table of predictions.

    Raises
    ------
    InputError
        If a label has no study, or there are too many positive ones to try them all.
    """
    found = []
    for label in (1, 0):
        groups = [part for _, part in predicted[predicted["NE_Class"] == label].groupby("study")]
        if not groups:
            raise InputError(f"holds no test study with label {label}", "predictions.csv",
                             "run the train stage on a table with both labels in its test group")
        found.append(Studies(
            np.array([len(part) for part in groups]),
            np.array([int((part["predicted"] == label).sum()) for part in groups]),
            [part["probability"].to_numpy() for part in groups]))
    if len(found[0].series) > MOST_POSITIVE:
        raise InputError(f"holds {len(found[0].series)} positive test studies; all assignments of "
                         f"at most {MOST_POSITIVE} are tried", "predictions.csv")
    return found[0], found[1]


def wins(positive: Studies, negative: Studies) -> np.ndarray:
    """Count pairs of series in the right order (half for ties), shape (positive, negative)."""
    return np.array([[((high[:, None] > low) + 0.5 * (high[:, None] == low)).sum()
                      for low in negative.probability] for high in positive.probability])


def subset_sums(values: np.ndarray) -> np.ndarray:
    """Return the sum of every subset of s values, shape (2^s,).

    Examples
    --------
    >>> subset_sums(np.array([1, 10])).tolist()
    [0, 1, 10, 11]
    """
    sums = np.zeros(1, dtype=values.dtype)
    for value in values:
        sums = np.concatenate([sums, sums + value])
    return sums


def _rounds(top, bottom, number: str, tolerance: float):
    """Tell which ratios round to a printed number; undefined ones do not."""
    ratio = np.divide(top, bottom, out=np.full(np.shape(bottom), np.nan), where=bottom > 0)
    return rounds(ratio, number, tolerance)


def tally(positive: Studies, negative: Studies, printed: dict[str, dict[str, str]],
          errors: int, tolerance: float) -> dict:
    """Count the assignments that give the printed scores.

    Parameters
    ----------
    positive, negative : Studies
    printed : dict
        Sampling type to ``Accuracy`` and ``AUC`` as printed.
    errors : int
        Printed number of wrongly called cfDNA series.
    tolerance : float
        How near to half a unit counts as half-way.

    Returns
    -------
    dict
        Counts of assignments: all, and those that give the accuracies, the AUCs, both, and both
        with the printed errors.
    """
    won = wins(positive, negative)
    series, right = subset_sums(positive.series), subset_sums(positive.right)
    found = dict.fromkeys(("accuracy", "AUC", "accuracy_and_AUC", "with_errors"), 0)
    for chosen in range(2 ** len(negative.series)):
        inside = np.array([bool(chosen >> bit & 1) for bit in range(len(negative.series))])
        sides = {}
        for name, mask in zip(TYPES, (inside, ~inside)):
            of_positive = (series, right, subset_sums(won[:, mask].sum(axis=1)))
            if name == "cfDNA":  # the other positive studies
                of_positive = tuple(sums[-1] - sums for sums in of_positive)
            sides[name] = (*of_positive, int(negative.series[mask].sum()),
                           int(negative.right[mask].sum()))
        accuracy, area = np.ones(len(series), bool), np.ones(len(series), bool)
        for name, (count, good, won_pairs, others, good_others) in sides.items():
            accuracy &= _rounds(good + good_others, count + others, printed[name]["Accuracy"],
                                tolerance)
            area &= _rounds(won_pairs, count * others, printed[name]["AUC"], tolerance)
        count, good, _, others, good_others = sides["cfDNA"]
        wrong = (count + others) - (good + good_others)
        found["accuracy"] += int(accuracy.sum())
        found["AUC"] += int(area.sum())
        found["accuracy_and_AUC"] += int((accuracy & area).sum())
        found["with_errors"] += int((accuracy & area & (wrong == errors)).sum())
    return {"assignments": len(series) * 2 ** len(negative.series)} | found


def printed_scores(figure: Path, text: Path) -> tuple[dict, int]:
    """Read the printed scores by sampling type, and the printed number of cfDNA errors.

    Raises
    ------
    InputError
        If one is missing.
    """
    columns = ("item", "row", "metric", "value")
    table = canonical.read_csv(figure, columns, dtype=str, keep_default_na=False)
    words = canonical.read_csv(text, columns, dtype=str, keep_default_na=False)
    cells = {(entry["item"], entry["row"], entry["metric"]): entry["value"]
             for entry in pd.concat([table, words]).to_dict("records")}
    try:
        scores = {name: {metric: cells["Fig5c", name, metric]
                         for metric in ("Accuracy", "AUC")} for name in TYPES}
        return scores, int(cells["Results", "failure", "near-boundary misclassified"])
    except KeyError as error:
        raise InputError(f"lacks the printed number {error}", figure,
                         "restore it from the repository") from None


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_liver.sampling", __doc__)
    parser.add_argument("--predictions", type=Path, required=True, help="predictions.csv")
    parser.add_argument("--figure", type=Path, required=True, help="Figure 5 (CSV)")
    parser.add_argument("--text", type=Path, required=True, help="numbers of the text (CSV)")
    parser.add_argument("--params", type=Path, required=True, help="the house's parameters")
    parser.add_argument("--release", required=True, help="data release, for the record")
    parser.add_argument("--environment", required=True, help="image, for the record")
    parser.add_argument("--out", type=Path, required=True, help="counts (JSON)")
    options = parser.parse_args()
    tolerance = section(options.params, "verdicts.halfway_tolerance", float)
    predicted = canonical.read_csv(options.predictions, (
        "configuration", "study", "NE_Class", "predicted", "probability"))
    printed, errors = printed_scores(options.figure, options.text)
    positive, negative = by_label(predicted[predicted["configuration"] == "LR"])
    canonical.write_json(options.out, {
        "run": data.run_of(options, "as-released"),
        "studies": {"positive": len(positive.series), "negative": len(negative.series)},
        **tally(positive, negative, printed, errors, tolerance)})


if __name__ == "__main__":
    cli.main(stage)
