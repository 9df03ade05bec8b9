"""A printed number as the set of values that it may stand for."""

from __future__ import annotations

import math
from dataclasses import dataclass

from stages.common import printed
from stages.common.errors import InputError

# Room for the last bits of floating-point arithmetic, far below any printed digit.
ROUND_OFF = 1e-9
# Whole numbers between two bounds that a search goes through at most.
WIDEST = 1_000_000
# Units of the last printed digit by which a number is changed to see whether a check would notice.
SHIFTS = (-10, -5, -3, -2, -1, 1, 2, 3, 5, 10)


@dataclass(frozen=True)
class Kind:
    """What kind of quantity a number is.

    Attributes
    ----------
    name : str
    exact : bool
        Printed as it is (a count); otherwise rounded or cut off at its last digit.
    low, high : float
        The values that the quantity can take.
    """

    name: str
    exact: bool
    low: float
    high: float


KINDS = {kind.name: kind for kind in (
    Kind("Count", True, 0, math.inf), Kind("Whole", True, -math.inf, math.inf),
    Kind("Rate", False, 0, 1), Kind("Percent", False, 0, 100), Kind("Positive", False, 0, math.inf),
    Kind("Correlation", False, -1, 1), Kind("Value", False, -math.inf, math.inf),
    Kind("Text", True, -math.inf, math.inf))}


@dataclass(frozen=True)
class Number:
    """A closed interval of values, and the text that it was printed as.

    Attributes
    ----------
    low, high : float
        Smallest and largest value that the number may stand for, in the units it is printed in.
    kind : Kind
    text : str or None
        None for a constant, which is not put to the test.
    """

    low: float
    high: float
    kind: Kind
    text: str | None = None

    def shifted(self, units: int) -> Number | None:
        """Return the number changed by units of its last digit; None where no such value exists.

        Examples
        --------
        >>> read("0.98", KINDS["Rate"]).shifted(1).text, read("0.98", KINDS["Rate"]).shifted(3)
        ('0.99', None)
        """
        if self.kind.name == "Text":
            head, dot, last = self.text.rpartition(".")
            changed = int(last) + units if last.isdigit() else -1
            return read(f"{head}{dot}{changed}", self.kind) if changed >= 0 else None
        changed = printed.number(self.text) + units * printed.unit(self.text)
        if not self.kind.low <= changed <= self.kind.high:
            return None
        return read(format(changed, "f"), self.kind)

    def holds(self, value) -> bool:
        """Tell whether a value (or each of an array) may be what is printed."""
        return (self.low <= value) & (value <= self.high)

    def whole(self) -> range:
        """Return the whole numbers inside the interval.

        Raises
        ------
        InputError
            If there are too many to go through.
        """
        if not self.high - self.low <= WIDEST:
            raise InputError(f"the bounds {self.low} to {self.high} are too wide to search",
                             fix="give narrower bounds")
        return range(math.ceil(self.low - ROUND_OFF), math.floor(self.high + ROUND_OFF) + 1)

    def one(self) -> float:
        """Return the only value of an exact number.

        Raises
        ------
        InputError
            If it is known by bounds only.
        """
        if self.low != self.high:
            raise InputError(f"{self.low} to {self.high} is known by bounds only",
                             fix="this check needs the number itself")
        return self.low


# Names for annotations: what `check.check` reads an argument as.
Count = Whole = Rate = Percent = Positive = Correlation = Value = Text = Number


def equally_long(*lists) -> None:
    """Refuse lists of different lengths.

    Raises
    ------
    InputError
        If one holds more numbers than another.

    Examples
    --------
    >>> equally_long([1, 2], [3])
    Traceback (most recent call last):
    ...
    stages.common.errors.InputError: lists of 2, 1 numbers belong together; give as many of each
    """
    lengths = [len(one) for one in lists]
    if len(set(lengths)) > 1:
        raise InputError(f"lists of {', '.join(map(str, lengths))} numbers belong together",
                         fix="give as many of each")


def read(value, kind: Kind, name: str = "a number") -> Number:
    """Turn a printed text or a constant into a `Number`.

    A text stands for every value that is rounded (half either way) or cut off to it. A number is a
    constant, a pair of numbers its bounds.

    Parameters
    ----------
    value : str, int, float, pair of numbers, or Number
    kind : Kind
    name : str
        For the error message.

    Raises
    ------
    InputError
        If it is no number, lies outside what its kind can be, or its bounds are in the wrong order.

    Examples
    --------
    >>> number = read("0.79", KINDS["Value"])
    >>> round(number.low, 6), round(number.high, 6)
    (0.785, 0.8)
    >>> read("227", KINDS["Count"]).whole()
    range(227, 228)
    >>> read("66", KINDS["Rate"], "sensitivity")
    Traceback (most recent call last):
    ...
    stages.common.errors.InputError: sensitivity: 66 is no Rate (0 to 1); name the right unit or kind
    """
    if isinstance(value, Number):
        return value
    if kind.name == "Text":
        if not isinstance(value, str):
            raise InputError(f"{name}: {value!r} is no text", fix="quote it")
        return Number(0, 0, kind, value)
    if isinstance(value, str):
        return _printed(value, kind, name)
    pair = value if isinstance(value, (list, tuple)) else (value, value)
    if len(pair) != 2 or not all(_plain(bound) for bound in pair):
        raise InputError(f"{name}: {value!r} is neither a number nor a pair of bounds",
                         fix="give a finite number or [low, high]")
    if pair[0] > pair[1]:
        raise InputError(f"{name}: the bounds {pair[0]} and {pair[1]} are in the wrong order",
                         fix="give [low, high]")
    _fits(pair[0], pair[1], kind, name, value)
    return Number(pair[0], pair[1], kind)


def _plain(bound) -> bool:
    return isinstance(bound, (int, float)) and not isinstance(bound, bool) and math.isfinite(bound)


def _fits(low, high, kind, name, value):
    if low < kind.low or high > kind.high:
        raise InputError(f"{name}: {value} is no {kind.name} ({kind.low:g} to {kind.high:g})",
                         fix="name the right unit or kind")


def _printed(text: str, kind: Kind, name: str) -> Number:
    value = printed.number(text)
    if value is None:
        raise InputError(f"{name}: {text!r} is no number", fix="give it as printed")
    _fits(value, value, kind, name, text)
    if kind.exact:
        if value != value.to_integral_value():
            raise InputError(f"{name}: {text} is no whole number", fix="name the right kind")
        return Number(int(value), int(value), kind, text)
    low, high = printed.bounds(text)
    slack = ROUND_OFF * max(1.0, abs(float(value)))
    return Number(max(float(low) - slack, kind.low), min(float(high) + slack, kind.high), kind, text)
