"""What `implied` finds, once more with other code: SciPy's tests, and brute force on grids."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import numpy as np
from scipy import stats

from stages.common import canonical, cli
from stages.common.errors import InputError

CLASSES, VOLUMES = ("SCLC", "NSCLC"), ("SCC", "NSCC", "all")
THREE, SINGLE = "T1WI+c+T2WI+FLAIR", ("T1WI+c", "T2WI", "FLAIR")
# Points of a printed mean's interval that are tried.
POINTS = 9


def read(folder: Path) -> dict[tuple[str, str, str], tuple[str, str]]:
    """Read value and low of every printed number.

    Raises
    ------
    InputError
        If a file is missing or has other columns.
    """
    found = {}
    for path in sorted(folder.glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                try:
                    key = row["item"], row["row"], row["metric"]
                    found[key] = row["value"], row["low"]
                except KeyError as error:
                    raise InputError(f"has no column {error}", path, "restore it") from None
    if not found:
        raise InputError("holds no published table", folder, "restore it from the repository")
    return found


def span(text: str) -> tuple[float, float]:
    """Return the values that are rounded or cut off to a positive text.

    Examples
    --------
    >>> [round(end, 9) for end in span("18.3")]
    [18.25, 18.4]
    """
    unit = 10.0 ** -len(text.partition(".")[2])
    return float(text) - unit / 2, float(text) + unit


def volumes(cells: list[tuple[str, str]], sizes: range) -> dict:
    """Go through every number of SCLC tumours, and a grid of what the printed means may stand for.

    Parameters
    ----------
    cells : list of (str, str)
        Mean and SD of SCLC, NSCLC and all.
    sizes : range
        Of how many tumours there are; the last one is that of the text.
    """
    def fits(n, means=True, sds=True, cells=cells):
        return [k for k in range(1, n) if _possible(k, n, cells, means, sds)]

    (one, other, whole), last = cells, sizes[-1]
    exchanged = {"means_exchanged": [(other[0], one[1]), (one[0], other[1]), whole],
                 "sds_exchanged": [(one[0], other[1]), (other[0], one[1]), whole]}
    found = {"means": _ends(fits(last, sds=False)), "sds": _ends(fits(last, means=False)),
             "both": len(fits(last)), "any_number": sum(len(fits(n)) for n in sizes)}
    return found | {name: _ends(fits(last, cells=changed)) for name, changed in exchanged.items()}


def _ends(found):
    return [min(found), max(found)] if found else []


def _possible(k, n, cells, by_mean, by_sd) -> bool:
    (first, s1), (second, s2), (mean, sd) = cells
    a, b = np.meshgrid(*(np.linspace(*span(text), POINTS) for text in (first, second)))
    middle = (k * a + (n - k) * b) / n
    kept = (middle >= span(mean)[0]) & (middle <= span(mean)[1]) if by_mean else np.full(a.shape, True)
    if not by_sd or not kept.any():
        return bool(kept.any())
    for lost in (0, 1):
        least, most = (np.sqrt(((k - lost) * span(s1)[end]**2 + (n - k - lost) * span(s2)[end]**2
                                + k * (a - middle)**2 + (n - k) * (b - middle)**2) / (n - lost))
                       for end in (0, 1))
        if (kept & (least <= span(sd)[1]) & (most >= span(sd)[0])).any():
            return True
    return False


def fitting(accuracy: str, sd: str, sizes: range, models: int) -> list[int]:
    """Return the sizes of a test set with counts of right answers that give mean and SD."""
    def fits(n):
        rates = np.array(list(itertools.combinations_with_replacement(range(n + 1), models))) / n
        mean = rates.mean(axis=1)
        near = rates[(mean >= span(accuracy)[0] - 1e-9) & (mean <= span(accuracy)[1] + 1e-9)]
        spreads = np.concatenate([near.std(axis=1, ddof=lost) for lost in (0, 1)])
        return bool(((spreads >= span(sd)[0] - 1e-9) & (spreads <= span(sd)[1] + 1e-9)).any())
    return [n for n in sizes if fits(n)]


def derive(printed: dict) -> dict:
    """Return the same quantities as `implied`, by name."""
    def whole(*key):
        return int(printed[key][0])

    classes = [whole("Abstract", name, "patients") for name in CLASSES]
    patients, tumours = (whole("Methods", "dataset", name) for name in ("patients", "tumors"))
    folds, percent = (whole("Methods", "split", name) for name in ("cross-validation folds",
                                                                    "testing %"))
    size = round(percent * patients / 100)
    accuracy = printed["Abstract", "test/T1WI+c+FLAIR+T2WI", "Accuracy_mean_sd"]
    right = round(float(accuracy[0]) * size)
    interval = stats.binomtest(right, size).proportion_ci(method="exact")
    least = sum(percent * number // 100 for number in classes)
    # A tenth of each class, to a whole patient more or less.
    most, fewest = (np.array([percent * number // 100 + more for more in (0, 1)])
                    for number in (max(classes), min(classes)))
    constant = most[:, None] / np.add.outer(most, fewest)
    cells = [printed["Methods", f"tumor volume (cc)/{name}", "mean_sd"] for name in VOLUMES]
    area = {name: [float(text) for text in printed["Results", f"ROC area/{name}", "AUC_mean_sd"]]
            for name in (THREE, *SINGLE)}
    table = [[whole("Results", name, "males"),
              whole("Results", name, "patients") - whole("Results", name, "males")] for name in CLASSES]
    return {
        "volumes": volumes(cells, range(patients, tumours + 1)),
        "test_set": {"patients": size, "right": right, "low": float(interval.low),
                     "high": float(interval.high),
                     "constant": [float(constant.min()), float(constant.max())],
                     "fitting": fitting(*accuracy, range(least, least + 3), folds)},
        "areas": {name: float(stats.ttest_ind_from_stats(*area[THREE], folds, *area[name], folds,
                                                         equal_var=False).pvalue) for name in SINGLE},
        "sexes": float(stats.fisher_exact(table)[1])}


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.brain_metastases.derivations", __doc__)
    parser.add_argument("--published", type=Path, required=True, help="folder of printed numbers")
    parser.add_argument("--out", type=Path, required=True, help="what they imply (JSON)")
    options = parser.parse_args()
    canonical.write_json(options.out, derive(read(options.published)))


if __name__ == "__main__":
    cli.main(stage)
