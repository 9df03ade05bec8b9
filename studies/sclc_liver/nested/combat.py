"""ComBat: features of several batches (makers, slice thicknesses) brought to one location and scale.

Johnson, Li and Rabinovic 2007 (Biostatistics 8:118), parametric, without covariates, as the package
neuroCombat (Fortin et al. 2018) computes it. It is learnt from some rows and applied to others: what
is held out tells the adjustment nothing. No outcome enters, so that an effect that goes with the
batch is taken away with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stages.common.errors import InputError
from studies.sclc_liver.nested.linear import Cohort

# A batch has a spread from two rows on.
LEAST = 2
# Relative change at which the estimates of location and scale, each made from the other, stand still.
TOLERANCE, ROUNDS = 1e-10, 1000


@dataclass(frozen=True)
class Harmonisation:
    """What was learnt for k batches and p features.

    Attributes
    ----------
    batches : ndarray, shape (k,)
        Those that were learnt: rows of others stay as they are.
    centre, scale : ndarray of float, shape (p,)
        Mean over all rows, and SD within batches; scale 0 where a feature does not vary.
    shift, spread : ndarray of float, shape (k, p)
        Location and SD of each batch, in units of ``scale``.
    """

    batches: np.ndarray
    centre: np.ndarray
    scale: np.ndarray
    shift: np.ndarray
    spread: np.ndarray

    def apply(self, features: np.ndarray, batch: np.ndarray) -> np.ndarray:
        """Return features, shape (m, p), of rows whose batches are given, shape (m,), adjusted."""
        found, varies = features.copy(), self.scale > 0
        centre, scale = self.centre[varies], self.scale[varies]
        for name, shift, spread in zip(self.batches, self.shift[:, varies], self.spread[:, varies]):
            rows = np.ix_(batch == name, varies)
            found[rows] = ((features[rows] - centre) / scale - shift) / spread * scale + centre
        return found


def learn(features: np.ndarray, batch: np.ndarray) -> Harmonisation:
    """Learn the adjustment from n rows of p features.

    Parameters
    ----------
    features : ndarray of float, shape (n, p)
    batch : ndarray, shape (n,)
        A batch of fewer than `LEAST` rows is not learnt; with fewer than two batches nothing is.

    Raises
    ------
    InputError
        If fewer than two features vary: each is adjusted by what the others have in common.
    """
    names, counts = np.unique(batch, return_counts=True)
    names, width = names[counts >= LEAST], features.shape[1]
    if len(names) < 2:
        none = np.zeros((0, width))
        return Harmonisation(names[:0], np.zeros(width), np.zeros(width), none, none)
    rows = np.isin(batch, names)
    values, own = features[rows], np.searchsorted(names, batch[rows])
    member = (own == np.arange(len(names))[:, None]).astype(float)
    size = member.sum(axis=1, keepdims=True)
    centre, means = values.mean(axis=0), member @ values / size
    scale = np.sqrt(((values - means[own]) ** 2).mean(axis=0))
    varies = scale > 1e-12 * np.maximum(np.abs(centre), np.finfo(float).tiny)
    if varies.sum() < 2:
        raise InputError("fewer than two features vary: ComBat has nothing to learn from",
                         fix="give more features")
    scale = np.where(varies, scale, 0.0)
    standard = (values[:, varies] - centre[varies]) / scale[varies]
    location = member @ standard / size
    square = member @ (standard - location[own]) ** 2
    shift, spread = np.zeros((len(names), width)), np.ones((len(names), width))
    for position in range(len(names)):
        shift[position, varies], spread[position, varies] = _shrunk(
            location[position], square[position], float(size[position, 0]))
    return Harmonisation(names, centre, scale, shift, spread)


def _shrunk(location: np.ndarray, square: np.ndarray, count: float) -> tuple[np.ndarray, np.ndarray]:
    """Return location and SD of a batch, each feature drawn towards all (empirical Bayes).

    Parameters
    ----------
    location, square : ndarray of float, shape (p,)
        Mean of ``count`` rows, and sum of squares about it.
    """
    variance = square / (count - 1)
    variance = np.where(variance > 0, variance, 1.0)  # as neuroCombat: constant within the batch
    around, between = location.mean(), location.var(ddof=1)
    mean, among = variance.mean(), variance.var(ddof=1)
    shape, rate = 2 + mean ** 2 / among, mean + mean ** 3 / among
    shift, scale = location, variance
    for _ in range(ROUNDS):
        before = shift, scale
        shift = (between * count * location + scale * around) / (between * count + scale)
        total = square + count * (location - shift) ** 2
        scale = (0.5 * total + rate) / (count / 2 + shape - 1)
        if all(np.abs(new - old).max() <= TOLERANCE * np.abs(new).max()
               for new, old in zip((shift, scale), before)):
            return shift, np.sqrt(scale)
    raise InputError(f"ComBat does not come to rest in {ROUNDS} rounds",
                     fix="leave out the features of extreme values")


@dataclass(frozen=True)
class Harmonised(Cohort):
    """A cohort whose features are harmonised anew in every fold, outer and inner.

    Attributes
    ----------
    batch : ndarray of int, shape (n,)
        Of each series.
    """

    batch: np.ndarray

    def prepared(self, learn_from: np.ndarray, held: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the features of both sides, adjusted by what the first side teaches."""
        found = learn(self.features[learn_from], self.batch[learn_from])
        return tuple(found.apply(self.features[side], self.batch[side])
                     for side in (learn_from, held))
