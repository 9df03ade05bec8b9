"""Second derivations, as in `second`: means, SDs, one test set, hazard ratios, features' numbers."""

from __future__ import annotations

import itertools
import math
import statistics
from fractions import Fraction

from stages.verdicts.consistency.second import _counts, _span, _tail

# More sets of counts than this are not gone through.
MOST = 60_000


def at_most_each(total, groups, most) -> bool:
    """The fullest of groups that share a whole number as evenly as they can."""
    return any(whole // size + (whole % size > 0) <= limit for whole in _counts(total)
               for size in _counts(groups) if size for limit in _counts(most))


def both_f1(accuracy, first, second) -> bool:
    """Two error rates in the place of a harmonic mean: 2 u v against e (u + v)."""
    error = 1 - _span(accuracy)[1]
    u, v = 1 - _span(first)[0], 1 - _span(second)[0]
    return error <= 0 or 2 * u * v >= error * (u + v)


def counted(mean, sd, n, runs=5) -> bool:
    """Go through every set of counts."""
    (m0, m1), (s0, s1) = _span(mean), _span(sd)
    for size in _counts(n):
        if math.comb(size + runs, runs) > MOST:
            raise NotImplementedError
        for chosen in itertools.combinations_with_replacement(range(size + 1), runs) if size else ():
            if not m0 * size * runs <= sum(chosen) <= m1 * size * runs:
                continue
            rates = [Fraction(k, size) for k in chosen]
            spreads = [statistics.pvariance(rates)] + ([statistics.variance(rates)] if runs > 1 else [])
            if any(max(s0, 0) ** 2 <= spread <= s1**2 for spread in spreads):
                return True
    return False


def pooled(sizes, means, size, mean, sds=(), sd=None) -> bool:
    """Two groups: the corners of what their means can be, and the exact difference there."""
    if len(sizes) != 2:
        raise NotImplementedError
    for whole in _counts(size):
        for n in _counts(sizes[0]):
            if 0 < n < whole and whole - n in _counts(sizes[1]):
                apart = _apart(n, whole - n, *map(_span, means), _span(mean))
                if apart and (sd is None or _spread(n, whole - n, apart, sds, sd)):
                    return True
    return False


def _apart(n, m, one, other, mean):
    """Return the least and the largest difference of two means whose common mean is printed."""
    corners = list(itertools.product(one, other))
    for end in mean:
        middle = end * (n + m)
        corners += [(a, (middle - n * a) / m) for a in one]
        corners += [((middle - m * b) / n, b) for b in other]
    kept = [a - b for a, b in corners if one[0] <= a <= one[1] and other[0] <= b <= other[1]
            and mean[0] * (n + m) <= n * a + m * b <= mean[1] * (n + m)]
    return (min(kept), max(kept)) if kept else None


def _spread(n, m, apart, sds, sd):
    squares = [end * end for end in apart]
    between = [0 if apart[0] <= 0 <= apart[1] else min(squares), max(squares)]
    for lost in (0, 1):
        inside = [sum((k - lost) * max(_span(text)[end], Fraction(0)) ** 2
                      for k, text in zip((n, m), sds)) for end in (0, 1)]
        around = [Fraction(n * m, n + m) * end for end in between]
        all_ = [(n + m - lost) * max(end, Fraction(0)) ** 2 for end in _span(sd)]
        if inside[0] + around[0] <= all_[1] and inside[1] + around[1] >= all_[0]:
            return True
    return False


def mean_share(mean, low, high, n) -> bool:
    """Go through how many of the shares lie at either end, each end as low and as high as may be."""
    least, most = [[Fraction(text)] * 2 if text in ("0", "1") else _span(text) for text in (low, high)]
    for size in _counts(n):
        means = [(a * k + b * (size - k)) / size for a in least for b in most if a <= b
                 for k in range(1, size)]
        if size == 1 and least[0] <= most[1] and most[0] <= least[1]:
            means = [max(least[0], most[0]), min(least[1], most[1])]
        if means and min(means) <= _span(mean)[1] and max(means) >= _span(mean)[0]:
            return True
    return False


def one_test_set(accuracies, areas, positives, negatives, rates=(), percents=(), n=None) -> bool:
    """Go through every test set and every table of each model, in whole numbers alone."""
    shares = [_span(text) for text in rates] or [tuple(end / 100 for end in _span(text))
                                                 for text in percents]
    if len(shares) == 1:
        shares = shares * len(accuracies)
    models = [(*_span(accuracy), *_span(area), *share)
              for accuracy, area, share in zip(accuracies, areas, shares)]
    return any(all(_model_fits(p, q, *model) for model in models)
               for p, q in itertools.product(_counts(positives), _counts(negatives))
               if p and q and (n is None or p + q in _counts(n)))


def _model_fits(p, q, accuracy0, accuracy1, area0, area1, rate0, rate1):
    """Is there a table whose rows, score against score, can hold the area?"""
    held, counts = _wholes(area0, area1, p * q, 2), _wholes(accuracy0, accuracy1, p + q)
    for tp in _wholes(rate0, rate1, p):
        for tn in range(max(0, counts.start - tp), min(q, counts.stop - 1 - tp) + 1):
            # Twice the pairs in order: those across the cutoff, then those on either side of it.
            sure, free = 2 * tp * tn, 2 * (tp * (q - tn) + (p - tp) * tn)
            if max(sure, held.start) < min(sure + free + 1, held.stop):
                return True
    return False


def _wholes(low, high, size, times=1):
    """Whole numbers that, over ``times * size``, lie between two fractions and 0 to 1."""
    size *= times
    return range(max(0, -(-low.numerator * size // low.denominator)),
                 min(size, high.numerator * size // high.denominator) + 1)


def hazard_ratio(ratio, low, high, p=None, level=95) -> bool:
    """Scan the values behind the three printed numbers; P by Simpson's rule (95 % only)."""
    if level != 95:
        raise NotImplementedError
    spans = [[float(a) + (float(b) - float(a)) * i / 12 for i in range(13)]
             for a, b in map(_span, (ratio, low, high))]
    (r0, r1), found = (spans[0][0], spans[0][-1]), []
    for a, b in itertools.product(*spans[1:]):
        if a > 0 and b > a and r0 <= math.sqrt(a * b) <= r1:
            found.append(abs(math.log(a * b)) / math.log(b / a) * 1.959963984540054)
    if not found or p is None:
        return bool(found)
    p0, p1 = _span(p)
    return 2 * _tail(max(found)) <= p1 and 2 * _tail(min(found)) >= p0


def feature_count(count, library, version, classes=None, images=1, extra=0) -> bool:
    """Subset sums of the classes' sizes, written down a second time."""
    if (library, version, images) != ("pyradiomics", "3.0.1", 1):
        raise NotImplementedError
    sizes = dict(zip(("firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm", "shape", "shape2D"),
                     (18, 24, 16, 16, 14, 5, 14, 9)))
    chosen = [classes] if classes else itertools.chain.from_iterable(
        itertools.combinations(sizes, k) for k in range(len(sizes) + 1))
    return any(sum(sizes[name] for name in some) + extra == int(count) for some in chosen)
