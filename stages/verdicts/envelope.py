"""The numerical variations of each recomputed number, from the sweep's tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stages.common import canonical
from stages.common.errors import InputError
from stages.verdicts.published import Number
from stages.verdicts.study import Study

# What a recomputed number rests on.
ARITHMETIC, VARIATIONS, ONE_RUN = "arithmetic", "variations", "one run"

# A neutral variation should not matter (BLAS core, threads, last digit, order of the rows); ``seed`` is
# another seed of a seeded fit, in all but name; ``race`` is a repeat of a fit that races.
NEUTRAL, SEED, RACE = "neutral", "seed", "race"

# How the keys of each kind begin in a summary; ``variations`` alone counts those of all kinds.
PREFIXES = {NEUTRAL: "", SEED: "seed_", RACE: "race_"}

QUANTILES = {"q05": 0.05, "q25": 0.25, "q75": 0.75, "q95": 0.95}


@dataclass(frozen=True)
class Spread:
    """The values of one number over the variations of one kind, release and environment.

    Attributes
    ----------
    release, environment : str
    values : ndarray of float, shape (n,)
        Only those that are defined.
    variations : int
        How many were computed.
    kind : str
        ``neutral``, ``seed`` or ``race``.
    """

    release: str
    environment: str
    values: np.ndarray
    variations: int
    kind: str = NEUTRAL


@dataclass(frozen=True)
class Pool:
    """What some variations say of one published number.

    Attributes
    ----------
    variations, equal : int
        How many there are; how many round to the printed number.
    minimum, q05, q25, median, q75, q95, maximum : float
        Over all that are defined.
    """

    variations: int
    equal: int
    minimum: float
    q05: float
    q25: float
    median: float
    q75: float
    q95: float
    maximum: float

    def __str__(self) -> str:
        return f"{self.minimum:.4g} to {self.maximum:.4g}"


@dataclass(frozen=True)
class Envelope:
    """What the variations say of one published number.

    Attributes
    ----------
    own : Pool
        Variations of the release and the environment that the evidence comes from; all, where
        there are none of those.
    every : Pool
        Those of all releases and environments.
    printed : float
        The published number.
    """

    own: Pool
    every: Pool
    printed: float

    @property
    def between(self) -> bool:
        """Whether values of one or another variation lie on both sides of the printed number."""
        return self.every.minimum <= self.printed <= self.every.maximum


def collect(study: Study, root: Path) -> dict[tuple[str, str], list[Spread]]:
    """Read every summary of the sweep that the study declares; there may be none.

    Returns
    -------
    dict
        (source, path) to its spreads, one per release, environment and kind.

    Raises
    ------
    InputError
        If one is no such summary, or one is missing.
    """
    found: dict[tuple[str, str], list[Spread]] = {}
    for path in study.variations(root):
        content = canonical.read_json(path)
        try:
            for key, spread in _spreads(content):
                found.setdefault(key, []).append(spread)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise InputError("is no summary of the numerical variations", path,
                             "restore it from git, or make it again (make sweep)") from None
    return found


def _spreads(content: dict) -> Iterator[tuple[tuple[str, str], Spread]]:
    environment = content["environment"]
    for release, sources in content["releases"].items():
        for source, numbers in sources.items():
            for name, spread in numbers.items():
                for kind, prefix in PREFIXES.items():
                    if found := _spread(spread, prefix):
                        yield (source, name), Spread(release, environment, *found, kind)


def _spread(spread: dict, prefix: str) -> tuple[np.ndarray, int] | None:
    """Return the values and the number of the variations of one kind; None where there are none."""
    others = [spread.get(f"{other}variations", 0) for other in PREFIXES.values() if other]
    variations = (spread.get(f"{prefix}variations", 0) if prefix
                  else spread["variations"] - sum(others))  # of all kinds
    counts = spread.get(f"{prefix}counts", {})
    values = np.repeat([float(value) for value in counts], list(counts.values()))
    if not (np.isfinite(values).all() and len(values) <= variations):
        raise ValueError("values that are not finite, or more than there are variations")
    return (values, variations) if variations else None


def find(study: Study, spreads: dict[tuple[str, str], list[Spread]], source: str,
         path: str) -> list[Spread]:
    """Return the variations of one number, as `collect` read them.

    Raises
    ------
    InputError
        If there is a sweep, and it lacks a number that it varies.
    """
    found = spreads.get((source, path), [])
    if spreads and not found and study.varies(source, path):
        raise InputError(f"lacks '{path}' of '{source}'", study.variations()[0].parent,
                         "make it again (make sweep)")
    return found


def pool(number: Number, spreads: Iterable[Spread], tolerance: float) -> Pool | None:
    """Put variations together; None where none has a value."""
    spreads = [spread for spread in spreads if len(spread.values)]
    if not spreads:
        return None
    values = np.concatenate([spread.values for spread in spreads])
    equal = sum(int(count) for value, count in zip(*np.unique(values, return_counts=True))
                if number.matches(value, tolerance)[0])
    quantiles = {name: float(np.quantile(values, level)) for name, level in QUANTILES.items()}
    return Pool(sum(spread.variations for spread in spreads), equal, float(values.min()),
                median=float(np.median(values)), maximum=float(values.max()), **quantiles)


def compare(number: Number, spreads: list[Spread], tolerance: float, release: str,
            environment: str) -> Envelope | None:
    """Compare a printed number with the variations; None where no variation has a value.

    Parameters
    ----------
    number : Number
    spreads : list of Spread
        One per release and environment.
    tolerance : float
        How near to half a unit counts as half-way.
    release, environment : str
        What the evidence is computed from, and in.
    """
    every = None if number.decimals is None else pool(number, spreads, tolerance)
    if every is None:
        return None
    own = pool(number, [spread for spread in spreads
                        if (spread.release, spread.environment) == (release, environment)], tolerance)
    return Envelope(own or every, every, float(number.printed))


def basis(study: Study, source: str, path: str, varied: bool) -> str:
    """Return what a recomputed number rests on.

    Returns
    -------
    str
        ``arithmetic`` (counts, ranks, closed formulas: nothing is fitted and nothing can vary),
        ``variations`` or ``one run``.
    """
    if not study.fits(source, path):
        return ARITHMETIC
    return VARIATIONS if varied else ONE_RUN


def settle(envelope: Envelope | None, least: int, racing: bool = False) -> tuple[str, str]:
    """Return verdict and note for a number that no run gives exactly.

    Parameters
    ----------
    envelope : Envelope or None
    least : int
        Fewer variations of the evidence's own run cannot contradict.
    racing : bool
        Whether the released fit races: then no number of variations can.
    """
    if envelope is None:
        return "not-checked", "its numerical envelope is not measured"
    own, every = envelope.own, envelope.every
    if own.equal:
        return "envelope", f"{own.equal} of {own.variations} variations equal it ({own})"
    if every.equal:
        return "envelope", (f"none of the {own.variations} variations of this run equals it ({own}); "
                            f"{every.equal} of the {every.variations} of all releases and "
                            f"environments do ({every})")
    if envelope.between:
        return "not-checked", (f"inside the extremes of {every.variations} variations ({every}), but "
                               "no variation gives it")
    if own.variations < least:
        return "not-checked", f"outside all of only {own.variations} variations ({own})"
    if racing:
        return "not-checked", (f"outside all of {every.variations} repeatable variations "
                               f"({every}); the released fit races between threads")
    others = every.variations - own.variations
    more = (f", and every one of {others} of other releases and environments ({every} in all)"
            if others else "")
    return "contradicted", f"differs under every one of {own.variations} variations ({own}){more}"
