"""Bootstrap the test scores: every sample draws one series of each study."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from stages.classification import data, scores
from stages.classification.parameters import Bootstrap, read_bootstrap
from stages.common import canonical, cli
from stages.common.errors import InputError

TEXTS = {"configuration": str, "series": str, "study": str}

def draw(studies: np.ndarray, samples: int, seed: int) -> np.ndarray:
    """Draw one series of each study, many times.

    Parameters
    ----------
    studies : ndarray of str, shape (n,)
        The study of each series, in table order.
    samples : int
        Number of samples, B.
    seed : int
        Seed of NumPy's legacy generator.

    Returns
    -------
    ndarray of int, shape (B, number of studies)
        Row numbers; studies in sorted order.

    Notes
    -----
    The released procedure calls ``np.random.choice(series, size=1, replace=False)``, which is the
    first element of a random permutation: the same generator gives the same draws here.
    """
    generator = np.random.RandomState(seed)
    rows = [np.flatnonzero(studies == study) for study in np.unique(studies)]
    drawn = np.empty((samples, len(rows)), dtype=np.int64)
    for sample in drawn:
        for position, candidates in enumerate(rows):
            sample[position] = candidates[generator.permutation(len(candidates))[0]]
    return drawn


def bootstrap(drawn: np.ndarray, label: np.ndarray, predicted: np.ndarray,
              probability: np.ndarray) -> dict[str, np.ndarray]:
    """Score every sample at once.

    Parameters
    ----------
    drawn : ndarray of int, shape (B, s)
        Row numbers of each sample.
    label, predicted : ndarray of int, shape (n,)
    probability : ndarray of float, shape (n,)

    Returns
    -------
    dict of ndarray, shape (B,)
        The seven scores of Table 4 with the conventions of `scores.score`.
    """
    weight = np.zeros((len(drawn), len(label)))
    np.add.at(weight, (np.arange(len(drawn))[:, None], drawn), 1.0)
    return weighted(weight, label, predicted, probability)


def weighted(weight: np.ndarray, label: np.ndarray, predicted: np.ndarray,
             probability: np.ndarray, stratum: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Score samples that hold each series a number of times.

    Parameters
    ----------
    weight : ndarray of float, shape (B, n)
        How often each sample holds each series.
    label, predicted : ndarray of int, shape (n,)
    probability : ndarray of float, shape (n,)
    stratum : ndarray, shape (n,), optional
        AUC then compares only series of the same stratum (the same held-out fold).

    Returns
    -------
    dict of ndarray, shape (B,)
    """
    positive, called = label == 1, predicted == 1
    tp = weight[:, positive & called].sum(axis=1)
    fp = weight[:, ~positive & called].sum(axis=1)
    fn = weight[:, positive & ~called].sum(axis=1)
    tn = weight[:, ~positive & ~called].sum(axis=1)
    total = weight.sum(axis=1)
    return {
        "Accuracy": (tp + tn) / total,
        "PPV": _ratio(tp, tp + fp, 0.0),
        "NPV": _ratio(tn, tn + fn, np.nan),
        "Sensitivity": _ratio(tp, tp + fn, 0.0),
        "Specificity": _ratio(tn, tn + fp, 0.0),
        "F1": _ratio(2 * tp, 2 * tp + fp + fn, 0.0),
        "AUC": _area(weight, positive, probability, stratum),
    }


def _ratio(top, bottom, empty):
    return np.divide(top, bottom, out=np.full(len(top), empty), where=bottom > 0)


def _area(weight, positive, probability, stratum=None):
    """AUC as the share of (positive, negative) pairs in order, half for ties."""
    high, low = probability[positive], probability[~positive]
    ordered = (high[:, None] > low) + 0.5 * (high[:, None] == low)
    of_positive, of_negative = weight[:, positive], weight[:, ~positive]
    if stratum is None:
        pairs = of_positive.sum(axis=1) * of_negative.sum(axis=1)
    else:
        same = (stratum[positive][:, None] == stratum[~positive]).astype(float)
        ordered = ordered * same
        pairs = ((of_positive @ same) * of_negative).sum(axis=1)
    wins = ((of_positive @ ordered) * of_negative).sum(axis=1)
    return _ratio(wins, pairs, np.nan)


def intervals(values: dict[str, np.ndarray], level: float) -> dict[str, dict]:
    """Return mean, interval bounds, standard deviation and defined samples of each score."""
    tail = (1 - level) / 2
    found = {}
    for name, sample in values.items():
        low, high = np.nanquantile(sample, [tail, 1 - tail])
        found[name] = {"mean": np.nanmean(sample), "low": low, "high": high,
                       "sd": np.nanstd(sample), "defined": int(np.sum(~np.isnan(sample)))}
    return found


def summarise(predictions: pd.DataFrame, parameters: Bootstrap) -> dict:
    """Bootstrap every configuration on the same samples.

    Parameters
    ----------
    predictions : DataFrame
        Rows of `train.predictions`: each configuration lists the same series in the same order.
    parameters : Bootstrap
    """
    drawn, series, found = None, None, {}
    for name, part in predictions.groupby("configuration", sort=True):
        if drawn is None:
            series = part["series"].tolist()
            drawn = draw(part["study"].to_numpy(), parameters.samples, parameters.seed)
        elif part["series"].tolist() != series:
            raise InputError(f"configuration {name} lists other series than the first one",
                             "predictions.csv", "run the train stage again")
        values = bootstrap(drawn, part["NE_Class"].to_numpy(), part["predicted"].to_numpy(),
                           part["probability"].to_numpy())
        found[name] = intervals(values, parameters.level)
    return found


def _check(predictions: pd.DataFrame, path) -> None:
    """Refuse predictions that are not whole."""
    numbers = predictions[["NE_Class", "predicted", "probability"]].apply(
        pd.to_numeric, errors="coerce")
    whole = (predictions[[*TEXTS]].notna().all(axis=1) & numbers["probability"].between(0, 1)
             & numbers[["NE_Class", "predicted"]].isin((0, 1)).all(axis=1))
    if predictions.empty or not whole.all():
        line = 2 if predictions.empty else 2 + int(np.argmin(whole))
        raise InputError(f"line {line} is no whole prediction", path, "run the train stage again")


def stage() -> None:
    """Command line."""
    parser = data.parser("stages.classification.bootstrap", __doc__, table=False)
    parser.add_argument("--out", type=Path, required=True, help="means and intervals (JSON)")
    options = parser.parse_args()
    parameters = read_bootstrap(options.params)
    columns = ("configuration", "series", "study", "NE_Class", "predicted", "probability")
    predictions = canonical.read_csv(options.predictions, columns, dtype=TEXTS)
    _check(predictions, options.predictions)
    canonical.write_json(options.out, {
        "run": data.run_of(options), "metrics": list(scores.METRICS),
        "configurations": summarise(predictions, parameters)})


if __name__ == "__main__":
    cli.main(stage)
