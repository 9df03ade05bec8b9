"""Wrong numbers to test the judge with: a printed number changed, swapped, or given another sign."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from stages.common import printed
from stages.verdicts.judge import Evidence
from stages.verdicts.published import Number

# Units of the last printed digit.
UNITS = (1, 2, 3, 5, 10)
SIGN, ROW, COLUMN = "sign", "swap in row", "swap in column"
SIZES = (*map(str, UNITS), SIGN, ROW, COLUMN)


@dataclass(frozen=True)
class Mutant:
    """Printed numbers of which some are wrong.

    Attributes
    ----------
    number : Number
        The true one that is put to the judge again.
    size : str
        One of `SIZES`.
    changed : dict of Number
        True number to what is printed instead: one, or two that are swapped.
    """

    number: Number
    size: str
    changed: dict[Number, Number]


def moved(text: str, units: int) -> str | None:
    """Return a printed text changed by units of its last digit; None where it has none.

    Examples
    --------
    >>> moved("0.70", -2), moved("227", 10), moved("3.0.1", 1), moved("3.0.1", -2)
    ('0.68', '237', '3.0.2', None)
    """
    value = printed.number(text)
    if value is not None:
        return format(value + units * printed.unit(text), "f")
    head, dot, last = text.rpartition(".")
    changed = int(last) + units if last.isdigit() else -1
    return f"{head}{dot}{changed}" if changed >= 0 else None


def signed(evidence: Mapping[Number, Evidence]) -> set[str]:
    """Return the metrics that are negative somewhere: as printed, as recomputed, as is plausible."""
    found = set()
    for number, one in evidence.items():
        values = [value.value for value in one.recomputed if not isinstance(value.value, str)]
        if number.decimals is not None and (
                float(number.printed) < 0 or (one.plausible and one.plausible[0] < 0)
                or min(values, default=0) < 0):
            found.add(number.metric)
    return found


def possible(text: str, evidence: Evidence, negative: bool) -> bool:
    """Tell whether such a quantity can have a value at all: others are noticed by anyone."""
    value = printed.number(text)
    if value is None:
        return True
    low, high = evidence.plausible or (None, None)
    return (negative or value >= 0) and (low is None or low <= value <= high)


def mutants(evidence: Mapping[Number, Evidence]) -> Iterator[Mutant]:
    """Yield every mutant of every number, in the order of the numbers.

    Changed by `UNITS` up and down; with another sign, where the metric has negative values; swapped
    with the next and the one before in its row (item and row) and in its column (item, metric and
    bound), where that is another text.
    """
    negatives, beside = signed(evidence), neighbours(evidence)
    for number, one in evidence.items():
        negative = number.metric in negatives
        texts = [(str(units), moved(number.printed, sign * units)) for units in UNITS
                 for sign in (-1, 1)]
        if negative and number.decimals is not None and float(number.printed):
            texts.append((SIGN, moved_sign(number.printed)))
        for size, text in texts:
            if text is not None and possible(text, one, negative):
                yield Mutant(number, size, {number: replace(number, printed=text)})
        for size, other in beside[number]:
            if possible(other.printed, one, negative):
                yield Mutant(number, size, {
                    number: replace(number, printed=other.printed),
                    other: replace(other, printed=number.printed)})


def moved_sign(text: str) -> str:
    """Return a printed number with the other sign.

    Examples
    --------
    >>> moved_sign("0.25"), moved_sign("-0.029")
    ('-0.25', '0.029')
    """
    return text[1:] if text.startswith("-") else f"-{text}"


def neighbours(numbers: Iterable[Number]) -> dict[Number, list[tuple[str, Number]]]:
    """Return for each number those beside it in its row and its column that print another text."""
    lines = defaultdict(list)
    for number in numbers:
        lines[ROW, number.item, number.row].append(number)
        lines[COLUMN, number.item, number.metric, number.bound].append(number)
    found = defaultdict(list)
    for (kind, *_), line in lines.items():
        for one, other in zip(line, line[1:]):
            alike = (one.decimals is None) == (other.decimals is None)  # versions, or numbers
            if alike and one.printed != other.printed:
                found[one].append((kind, other))
                found[other].append((kind, one))
    return found
