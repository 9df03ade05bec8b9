"""Tail probabilities of the normal, Student's t and chi-squared distributions.

Continued fractions and series as in Abramowitz and Stegun (1964), 6.5 and 26.5, evaluated by the
modified Lentz method; the image holds no SciPy, which the tests compare with.
"""

from __future__ import annotations

import math

STEPS = 2000
TINY = 1e-300


def normal_two_sided(z: float) -> float:
    """Return P(|Z| >= |z|) of a standard normal Z.

    Examples
    --------
    >>> round(normal_two_sided(1.959963984540054), 12)
    0.05
    """
    return math.erfc(abs(z) / math.sqrt(2))


def t_two_sided(t: float, freedom: float) -> float:
    """Return P(|T| >= |t|) of Student's t with ``freedom`` degrees.

    Examples
    --------
    >>> round(t_two_sided(2.228138852, 10), 9)
    0.05
    """
    if math.isinf(t):
        return 0.0
    return beta_ratio(freedom / 2, 0.5, freedom / (freedom + t * t))


def chi_squared_above(x: float, freedom: float) -> float:
    """Return P(X >= x) of a chi-squared X.

    Examples
    --------
    >>> round(chi_squared_above(3.841458821, 1), 9), round(chi_squared_above(5.991464547, 2), 9)
    (0.05, 0.05)
    """
    return 1.0 if x <= 0 else _gamma_above(freedom / 2, x / 2)


def beta_ratio(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
                     + a * math.log(x) + b * math.log1p(-x))
    if x > (a + 1) / (a + b + 2):
        return 1 - front * _fraction(_beta_terms(b, a, 1 - x)) / b
    return front * _fraction(_beta_terms(a, b, x)) / a


def _beta_terms(a, b, x):
    yield 1.0, 1.0
    for m in range(1, STEPS):
        yield -(a + m - 1) * (a + b + m - 1) * x / ((a + 2 * m - 2) * (a + 2 * m - 1)), 1.0
        yield m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)), 1.0


def _gamma_above(a, x):
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        for n in range(1, STEPS):
            term *= x / (a + n)
            total += term
            if term < total * 1e-16:
                break
        return 1 - front * total
    return front * _fraction(_gamma_terms(a, x))


def _gamma_terms(a, x):
    yield 1.0, x + 1 - a
    for n in range(1, STEPS):
        yield n * (a - n), x + 1 - a + 2 * n


def _fraction(terms):
    """Evaluate a1 / (b1 + a2 / (b2 + …)) by the modified Lentz method."""
    value, numerator, denominator = TINY, TINY, 0.0
    for above, below in terms:
        denominator = 1 / ((below + above * denominator) or TINY)
        numerator = (below + above / numerator) or TINY
        value *= numerator * denominator
        if abs(numerator * denominator - 1) < 1e-15:
            break
    return value
