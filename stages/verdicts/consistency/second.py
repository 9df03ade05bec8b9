"""Second derivations of what a check refuses: other code, that shares no function with the first.

Printed texts become exact fractions, and what could stand behind them is searched by brute force.
Each function takes the arguments of the check of the same name, numbers as texts and constants as
they are, and tells whether they are possible.
"""

from __future__ import annotations

import itertools
import math
from fractions import Fraction


def _span(value):
    """Every value that a text may be rounded or cut off to, as two exact ends."""
    if isinstance(value, (list, tuple)):
        return Fraction(str(value[0])), Fraction(str(value[1]))
    exact = Fraction(str(value))
    if not isinstance(value, str):
        return exact, exact
    step = Fraction(1, 10 ** len(value.partition(".")[2]))
    towards, away = step / 2, step
    if exact > 0:
        return exact - towards, exact + away
    return (exact - away, exact + towards) if exact < 0 else (exact - away, exact + away)


def _counts(value):
    if isinstance(value, (list, tuple)):
        return range(int(value[0]), int(value[1]) + 1)
    return range(int(value), int(value) + 1)


def percentage(count, total, percent) -> bool:
    """A whole number of a whole total gives the percentage."""
    low, high = _span(percent)
    return any(low * n <= 100 * k <= high * n for k in _counts(count) for n in _counts(total) if n)


def ratio(numerator, denominator, quotient, scale=1) -> bool:
    """Two whole numbers give the quotient."""
    low, high = _span(quotient)
    return any(low <= Fraction(scale) * k / n <= high
               for k in _counts(numerator) for n in _counts(denominator) if n)


def reduction(before, after, percent) -> bool:
    """Going from one whole number to a smaller one is such a loss in percent."""
    low, high = _span(percent)
    return any(low <= 100 * (1 - Fraction(k, n)) <= high
               for k in _counts(after) for n in _counts(before) if n and k <= n)


def total(total, parts, weights=None, rest=0) -> bool:
    """Whole parts, each with its weight, and a rest add up to the total."""
    signs = weights or itertools.repeat(1)
    return any(sum(w * k for w, k in zip(signs, chosen)) + more in _counts(total)
               for chosen in itertools.product(*map(_counts, parts)) for more in _counts(rest))


def shares(parts, whole=100) -> bool:
    """The smallest and the largest sums of the parts lie on either side of the whole."""
    spans = [_span(part) for part in parts]
    return sum(a for a, _ in spans) <= whole <= sum(b for _, b in spans)


def restated(numbers, scales=None) -> bool:
    """No two of the numbers, each scaled, exclude each other."""
    spans = [tuple(Fraction(str(scale)) * end for end in _span(number))
             for number, scale in zip(numbers, scales or [1] * len(numbers))]
    return all(a[0] <= b[1] and b[0] <= a[1] for a, b in itertools.combinations(spans, 2))


def recounted(numbers) -> bool:
    """One whole number is in all of them."""
    return bool(set.intersection(*(set(_counts(number)) for number in numbers)))


def same_text(texts) -> bool:
    """All texts are those of the first."""
    return all(text == texts[0] for text in texts)


def ordered(numbers) -> bool:
    """No number is above one that comes later."""
    spans = [_span(number) for number in numbers]
    return all(a[0] <= b[1] for a, b in itertools.combinations(spans, 2))


def at_most(counts) -> bool:
    """No count is above one that comes later."""
    return all(min(_counts(a)) <= max(_counts(b)) for a, b in itertools.combinations(counts, 2))


def member(value, allowed) -> bool:
    """One of what is allowed is printed so."""
    low, high = _span(value)
    return bool([one for one in allowed if low <= Fraction(str(one)) <= high])


def on_grid(value, start, step, count) -> bool:
    """A step of the grid, taken one by one, is printed so."""
    low, high = _span(value)
    place = Fraction(str(start))
    for _ in range(count):
        if low <= place <= high:
            return True
        place += Fraction(str(step))
    return False


def release(version, releases) -> bool:
    """The version is one of the releases."""
    return releases.count(version) > 0


def percentile(value, n, percent, samples) -> bool:
    """Go through every pair of neighbours in the order of the samples."""
    low, high = _span(value)
    share = Fraction(str(percent)) / 100 * (samples - 1) % 1
    return any(low <= (1 - share) * Fraction(k, size) + share * Fraction(m, size) <= high
               for size in _counts(n) if size for k in range(size + 1) for m in range(k, size + 1))


def rate(rate, n) -> bool:
    """Wins, or half wins, of so many give the rate."""
    low, high = _span(rate)
    return any(low <= Fraction(k, size) <= high
               for size in _counts(n) if size for k in range(2 * size + 1))


def f1_score(precision, recall, f1) -> bool:
    """Twice the product against the sum, with neither divided."""
    (p0, p1), (r0, r1), (f0, f1_) = _span(precision), _span(recall), _span(f1)
    p0, r0 = max(p0, Fraction(0)), max(r0, Fraction(0))
    return 2 * p0 * r0 <= f1_ * (p0 + r0) and 2 * p1 * r1 >= f0 * (p1 + r1)


def macro(classes, average) -> bool:
    """The sum of the classes, not their mean, is compared."""
    low, high = _span(average)
    spans = [_span(one) for one in classes]
    return (sum(a for a, _ in spans) <= high * len(spans)
            and sum(b for _, b in spans) >= low * len(spans))


def two_by_two(positives, negatives, n=None, **rates) -> bool:
    """Go through every table of four counts, with exact fractions."""
    for p, q in itertools.product(_counts(positives), _counts(negatives)):
        if n is not None and p + q not in _counts(n):
            continue
        for tp, tn in itertools.product(range(p + 1), range(q + 1)):
            fn, fp = p - tp, q - tn
            found = {"accuracy": (tp + tn, p + q), "sensitivity": (tp, p), "specificity": (tn, q),
                     "ppv": (tp, tp + fp), "npv": (tn, tn + fn), "f1": (2 * tp, 2 * tp + fp + fn),
                     "balanced_accuracy": (tp * q + tn * p, 2 * p * q)}
            if all(text is None or _may_be(found[name], _span(text)) for name, text in rates.items()):
                return True
    return False


def _may_be(fraction, span):
    top, bottom = fraction
    if bottom == 0:
        return span[0] <= 0 or span[1] >= 1
    return span[0] <= Fraction(top, bottom) <= span[1]


def detection(scans, lesions, sensitivities, ppvs=(), false_positives=()) -> bool:
    """Per detector: the reference sizes that some whole (true, false) positives explain."""
    for count in _counts(scans):
        shared = set(_counts(lesions))
        for index, text in enumerate(sensitivities):
            s0, s1 = _span(text)
            shared = {size for size in shared if any(
                _explained(tp, count, index, ppvs, false_positives)
                for tp in range(math.ceil(s0 * size), min(size, math.floor(s1 * size)) + 1))}
        if shared:
            return True
    return False


def _explained(tp, scans, index, ppvs, false_positives):
    if not ppvs:
        return True
    low, high = _span(false_positives[index])
    return any(_may_be((tp, tp + fp), _span(ppvs[index]))
               for fp in range(max(0, math.ceil(low * scans)), math.floor(high * scans) + 1))


def median_dice(dice, sensitivity) -> bool:
    """Try every number of lesions up to 2,000: is the middle one missed?"""
    low, high = _span(sensitivity)
    possible = False
    for lesions in range(1, 2001):
        found = min(lesions, math.floor(high * lesions))
        if low * lesions <= found:
            missed = lesions - found
            # The upper middle lesion in rising order of Dice is a found one.
            possible = possible or lesions // 2 >= missed
    return possible or _span(dice)[0] <= 0


def kaplan_meier(survival, n, events, complete=False, scale=1) -> bool:
    """One product is the lowest curve; that all who leave went before is the highest."""
    low, high = (end / Fraction(str(scale)) for end in _span(survival))
    for size, d in itertools.product(_counts(n), _counts(events)):
        if size == 0:
            continue
        left = Fraction(size - d, size)
        if d <= size and low <= left and (high >= left or not complete and d > 0):
            return True
    return False


def constant_answer(positives, negatives, accuracy=None, f1=None, ppv=None) -> bool:
    """Counts of either class give what one answer for all scores."""
    return any(all(text is None or _may_be(value, _span(text)) for text, value in
                   ((accuracy, (p, p + q)), (ppv, (p, p + q)), (f1, (2 * p, 2 * p + q))))
               for p in _counts(positives) for q in _counts(negatives) if p + q)


def operating_point(auc, sensitivity, specificity) -> bool:
    """Rectangles around the point bound the area."""
    (a0, a1), (s0, s1), (c0, c1) = _span(auc), _span(sensitivity), _span(specificity)
    clip = lambda value: min(max(value, Fraction(0)), Fraction(1))  # noqa: E731
    # Rectangle below the step up at the point, and above the step that leaves it.
    return clip(s0) * clip(c0) <= a1 and a0 <= clip(s1) + clip(c1) - clip(s1) * clip(c1)


def ranked(ranks, values) -> bool:
    """Ranks are 1 to n, and no pair of values is in the wrong order."""
    by_rank = {int(rank): _span(value) for rank, value in zip(ranks, values)}
    return set(by_rank) == set(range(1, len(ranks) + 1)) and all(
        by_rank[a][1] >= by_rank[b][0] for a, b in itertools.combinations(sorted(by_rank), 2))


def rank_sum(z, n, first, correction=False) -> bool:
    """Go through every group size and every U."""
    low, high = (float(end) for end in _span(z))
    for whole, m in itertools.product(_counts(n), _counts(first)):
        k = whole - m
        if min(m, k) < 1:
            continue
        spread = (m * k * (whole + 1) / 12) ** 0.5
        for u in range(m * k // 2 + 1):
            away = abs(u - m * k / 2) - (0.5 if correction else 0.0)
            if low - 1e-12 <= away / spread <= high + 1e-12:
                return True
    return False


def normal_p(z, p, sides=2) -> bool:
    """P by an integral of the density, at both ends of z."""
    (z0, z1), (p0, p1) = _span(z), _span(p)
    away = sorted(abs(float(end)) for end in (z0, z1))
    if z0 <= 0 <= z1:
        away[0] = 0.0
    return sides * _tail(away[1]) <= p1 and sides * _tail(away[0]) >= p0


def _tail(z, steps=20_000, far=12.0):
    """Area under the normal curve beyond z, by Simpson's rule."""
    if z >= far:
        return 0.0
    width = (far - z) / steps
    height = sum((1 if i in (0, steps) else 4 if i % 2 else 2)
                 * math.exp(-((z + i * width) ** 2) / 2) for i in range(steps + 1))
    return height * width / 3 / math.sqrt(2 * math.pi)


def spearman(rho, p, n, methods=None) -> bool:
    """Student's t by integrating its density; other methods are not derived here."""
    if methods not in (None, ["t"]):
        raise NotImplementedError
    (r0, r1), (p0, p1) = (tuple(map(float, _span(text))) for text in (rho, p))
    sizes = sorted((abs(r0), abs(r1)))
    smallest = 0.0 if r0 <= 0 <= r1 else sizes[0]
    return any(_t_tail(sizes[1], size) <= p1 and _t_tail(smallest, size) >= p0
               for size in _counts(n) if size > 2)


def spearman_groups(rhos, ps, n, methods=None) -> bool:
    """Groups that fit one by one, and sizes that add up."""
    sizes = [[size for size in range(3, max(_counts(n)) + 1) if spearman(rho, p, size, methods)]
             for rho, p in zip(rhos, ps)]
    return any(sum(chosen) in _counts(n) for chosen in itertools.product(*sizes))


def _t_tail(rho, n, steps=4000):
    """P of a correlation: the share of (1 - r^2)^((n - 4) / 2) beyond |rho| (angle r = sin a)."""
    def area(start):
        width = (math.pi / 2 - start) / steps
        return width * sum(math.cos(start + (i + 0.5) * width) ** (n - 3) for i in range(steps))
    return area(math.asin(min(1.0, rho))) / area(0.0)
