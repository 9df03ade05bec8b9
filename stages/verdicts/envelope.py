"""The numerical variations of each recomputed number, from the sweep's tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from stages.common import canonical, printed
from stages.common.errors import InputError
from stages.verdicts.evidence import Source
from stages.verdicts.published import Number
from stages.verdicts.study import Study

RESTORE = "restore it from git, or make it again (make sweep)"
QUANTILES = {"q05": 0.05, "q25": 0.25, "q75": 0.75, "q95": 0.95}


# A neutral variation should not matter (BLAS core, threads, last digit, order of the rows); ``seed`` is
# another seed of a seeded fit, in all but name (the order of the columns, for a forest or a linear
# booster); ``race`` is a repeat of a fit that races between threads.
NEUTRAL, SEED, RACE = "neutral", "seed", "race"

# How the keys of each kind begin in a summary; ``variations`` alone counts those of all kinds.
PREFIXES = {NEUTRAL: "", SEED: "seed_", RACE: "race_"}


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
    aged : bool
        Whether the sweep was made from other inputs or code than today's results (`age`).
    """

    release: str
    environment: str
    values: np.ndarray
    variations: int
    kind: str = NEUTRAL
    aged: bool = False


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
        Neutral variations of the release and the environment that the evidence comes from; all,
        where there are none of those.
    every : Pool
        Those of all releases and environments.
    seeds, races : Pool or None
        Variations that are not neutral, of all releases and environments.
    printed : float
        The published number.
    """

    own: Pool
    every: Pool
    seeds: Pool | None
    races: Pool | None
    printed: float

    @property
    def between(self) -> bool:
        """Whether values of one or another variation lie on both sides of the printed number."""
        pools = [pool for pool in (self.every, self.seeds, self.races) if pool]
        return (min(pool.minimum for pool in pools) <= self.printed
                <= max(pool.maximum for pool in pools))


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
        for key, spread in read(path):
            found.setdefault(key, []).append(spread)
    return found


def read(path: Path) -> list[tuple[tuple[str, str], Spread]]:
    """Return the spreads of one summary, each with the source and the path of its number.

    Raises
    ------
    InputError
        If it is no such summary, or is missing.
    """
    content = canonical.read_json(path)
    try:
        return list(_spreads(content))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise InputError("is no summary of the numerical variations", path, RESTORE) from None


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


def age(spreads: dict[tuple[str, str], list[Spread]], sources: dict[str, list[Source]],
        preferred: str) -> dict[tuple[str, str], list[Spread]]:
    """Mark the spreads of a release and environment whose sweep is not one of today's results.

    One of the neutral variations is the released computation itself, unchanged. Where it does not
    give the value that the pipeline gives today, the sweep was made from other inputs or code.

    Parameters
    ----------
    spreads : dict
        As `collect` returns them.
    sources : dict
        Recomputed values (`evidence.collect`).
    preferred : str
        The protocol that is varied.
    """
    today, old = defaultdict(list), set()
    for name, found in sources.items():
        for source in found:
            if source.origin.protocol == preferred:
                today[name, source.origin.release, source.origin.environment].append(source)
    for (name, path), several in spreads.items():
        for spread in several:
            run = (name, spread.release, spread.environment)
            values = {source.at(path) for source in today[run] if source.has(path)}
            if spread.kind == NEUTRAL and values and values.isdisjoint(spread.values.tolist()):
                old.add(run)
    return {(name, path): [replace(spread, aged=(name, spread.release, spread.environment) in old)
                           for spread in several] for (name, path), several in spreads.items()}


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
    equal = int(np.count_nonzero(printed.rounds(values, number.printed, tolerance)))
    quantiles = dict(zip(QUANTILES, np.quantile(values, [*QUANTILES.values()]).tolist()))
    return Pool(sum(spread.variations for spread in spreads), equal, float(values.min()),
                median=float(np.median(values)), maximum=float(values.max()), **quantiles)


def compare(number: Number, spreads: Iterable[Spread], tolerance: float, release: str,
            environment: str) -> Envelope | None:
    """Compare a printed number with the variations; None where no neutral variation has a value.

    Parameters
    ----------
    number : Number
    spreads : iterable of Spread
        One per release, environment and kind.
    tolerance : float
        How near to half a unit counts as half-way.
    release, environment : str
        What the evidence is computed from, and in.
    """
    if number.decimals is None:
        return None
    of_kind = {kind: [spread for spread in spreads if spread.kind == kind] for kind in PREFIXES}
    every = pool(number, of_kind[NEUTRAL], tolerance)
    if every is None:
        return None
    own = pool(number, [spread for spread in of_kind[NEUTRAL] if
                        (spread.release, spread.environment) == (release, environment)], tolerance)
    return Envelope(own or every, every, pool(number, of_kind[SEED], tolerance),
                    pool(number, of_kind[RACE], tolerance), float(number.printed))
