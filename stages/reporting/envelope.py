"""The numerical variations of each recomputed number, from the sweep's tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stages.common import canonical
from stages.reporting.published import Number

# Models whose released fit races between threads: tracked variations cannot cover that.
RACING = ("XGB",)

@dataclass(frozen=True)
class Spread:
    """The values of one number over the variations of one release in one environment.

    Attributes
    ----------
    release, environment : str
    values : ndarray of float, shape (n,)
        Only those that are defined.
    variations : int
        How many were computed.
    """

    release: str
    environment: str
    values: np.ndarray
    variations: int


@dataclass(frozen=True)
class Envelope:
    """What the variations say of one published number.

    Attributes
    ----------
    variations, equal : int
        How many there are; how many round to the printed number.
    low, median, high : float
        Over all of them.
    inside : bool
        Whether the printed number lies between the smallest and the largest value of one release in
        one environment, or equals a value.
    """

    variations: int
    equal: int
    low: float
    median: float
    high: float
    inside: bool


def collect(folder: str | Path) -> dict[tuple[str, str], list[Spread]]:
    """Read every summary of the sweep below ``folder``; there may be none.

    Returns
    -------
    dict
        (source, path) to its spreads, one per release and environment.
    """
    found = {}
    for path in sorted(Path(folder).glob("*.json")):
        content = canonical.read_json(path)
        for release, sources in content["releases"].items():
            for source, numbers in sources.items():
                for name, spread in numbers.items():
                    counts = spread.get("counts", {})
                    values = np.repeat([float(value) for value in counts], list(counts.values()))
                    found.setdefault((source, name), []).append(
                        Spread(release, path.stem, values, spread["variations"]))
    return found


def compare(number: Number, spreads: list[Spread], tolerance: float) -> Envelope | None:
    """Compare a printed number with the variations; None where no variation has a value."""
    spreads = [spread for spread in spreads if len(spread.values)]
    if not spreads or number.decimals is None:
        return None
    printed = float(number.printed)
    values = np.concatenate([spread.values for spread in spreads])
    equal = sum(int(count) for value, count in zip(*np.unique(values, return_counts=True))
                if number.matches(value, tolerance)[0])
    inside = equal > 0 or any(spread.values.min() <= printed <= spread.values.max()
                              for spread in spreads)
    return Envelope(sum(spread.variations for spread in spreads), equal, float(values.min()),
                    float(np.median(values)), float(values.max()), inside)


def races(path: str) -> bool:
    """Tell whether the number at a path comes from a fit that races between threads.

    Examples
    --------
    >>> races("configurations/XGB_F1/AUC/mean"), races("configurations/LR/AUC/mean")
    (True, False)
    """
    return any(part.split("_")[0] in RACING for part in path.split("/"))


def settle(envelope: Envelope | None, least: int, racing: bool = False) -> tuple[str, str]:
    """Return verdict and note for a number that no run gives exactly.

    Parameters
    ----------
    envelope : Envelope or None
    least : int
        Fewer variations cannot contradict.
    racing : bool
        Whether the released fit races: then no number of variations can.
    """
    if envelope is None:
        return "not-checked", "its numerical envelope is not measured"
    span = f"{envelope.low:.4g} to {envelope.high:.4g}"
    if envelope.inside:
        return "envelope", f"{envelope.equal} of {envelope.variations} variations equal it ({span})"
    if envelope.variations < least:
        return "not-checked", f"outside all of only {envelope.variations} variations ({span})"
    if racing:
        return "not-checked", (f"outside all of {envelope.variations} repeatable variations "
                               f"({span}); the released fit races between threads")
    return "contradicted", f"differs under every one of {envelope.variations} variations ({span})"
