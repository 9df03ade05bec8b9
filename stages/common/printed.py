"""Printed numbers: which values round to one, which are cut off to it, how wide its last digit is.

The only place where a computed value is held against a printed text. A value half-way between two
printed ones rounds either way.
"""

from __future__ import annotations

import math
from decimal import ROUND_DOWN, Context, Decimal, InvalidOperation

# How near to half a unit counts as half-way, where a study's or the house's parameters say nothing.
HALFWAY = 1e-9


def number(text: str) -> Decimal | None:
    """Return a printed number; None for a version, a text or what is not finite.

    Examples
    --------
    >>> number("0.70"), number("1.2.3"), number("nan")
    (Decimal('0.70'), None, None)
    """
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def decimals(text: str) -> int | None:
    """Return how many digits are printed after the point; None for what is no number.

    Examples
    --------
    >>> decimals("0.70"), decimals("227"), decimals("1.2.3")
    (2, 0, None)
    """
    value = number(text)
    return None if value is None else max(0, -value.as_tuple().exponent)


def unit(text: str) -> Decimal:
    """Return one unit of the last printed digit.

    Examples
    --------
    >>> unit("0.70"), unit("227")
    (Decimal('0.01'), Decimal('1'))
    """
    return Decimal(1).scaleb(-decimals(text))


def rounds(value, text: str, tolerance: float = HALFWAY):
    """Tell whether a value, or each of an array, rounds to a printed number; NaN does not.

    Parameters
    ----------
    value : float or ndarray
    text : str
        A number as printed.
    tolerance : float, optional
        How near to half a unit counts as half-way.

    Examples
    --------
    >>> rounds(0.6758, "0.676", 1e-9), rounds(0.6758, "0.677", 1e-9), rounds(0.475, "0.48", 1e-9)
    (True, False, True)
    """
    return abs(value - float(text)) <= float(unit(text)) / 2 + tolerance


def halfway(value: float, text: str, tolerance: float) -> bool:
    """Tell whether a value lies half-way between a printed number and the next one.

    Examples
    --------
    >>> halfway(0.585, "0.58", 1e-9), halfway(0.5807, "0.58", 1e-9)
    (True, False)
    """
    return abs(abs(value - float(text)) - float(unit(text)) / 2) <= tolerance


def is_cut(value: float, text: str) -> bool:
    """Tell whether a value, cut off at the printed decimals, is the printed number.

    Examples
    --------
    >>> is_cut(-0.02998, "-0.029"), is_cut(-0.0303, "-0.029")
    (True, False)
    """
    if not math.isfinite(value):
        return False
    # The largest float has 309 digits before the point.
    wide = Context(prec=320 + decimals(text))
    return Decimal(repr(float(value))).quantize(unit(text), ROUND_DOWN, wide) == number(text)


def bounds(text: str) -> tuple[Decimal, Decimal]:
    """Return the smallest and the largest value that is rounded or cut off to a printed number.

    Examples
    --------
    >>> bounds("0.79"), bounds("-0.29")
    ((Decimal('0.785'), Decimal('0.80')), (Decimal('-0.30'), Decimal('-0.285')))
    """
    value, one = number(text), unit(text)
    return value - (one if value <= 0 else one / 2), value + (one if value >= 0 else one / 2)
