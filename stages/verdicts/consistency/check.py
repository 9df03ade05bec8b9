"""What a check is: a question to printed numbers, and how much its answer is worth."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from stages.common.errors import InputError
from stages.verdicts.consistency.printed import KINDS, SHIFTS, Number, read
from stages.verdicts.names import CONSISTENT, UNTESTED
from stages.verdicts.names import IMPOSSIBLE as IMPOSSIBLE  # what checks name as their failure
from stages.verdicts.names import INCONSISTENT as INCONSISTENT


@dataclass(frozen=True)
class Result:
    """The answer of one check.

    Attributes
    ----------
    verdict : str
        ``consistent``; ``inconsistent``: printed numbers disagree; ``impossible``: no data whatever
        give them; ``untested``: the check refuses no other printed value either.
    assumption : str
        Under which this holds.
    used : dict of str
        The printed numbers, by the name of the argument.
    could_fail : float
        Share (0 to 1) of other printed values (each number in turn, `SHIFTS` units of its last
        digit away) that the check refuses.
    refused, tried : dict of frozenset of int
        Those shifts by number.
    """

    verdict: str
    assumption: str
    used: dict[str, str]
    could_fail: float
    refused: dict[str, frozenset] = field(repr=False)
    tried: dict[str, frozenset] = field(repr=False)


def check(failure: str, assumption: str) -> Callable:
    """Make a check of a function that tells whether its numbers are possible.

    Arguments whose annotation names a kind of number (`printed.KINDS`), or a list of such, are read
    as printed numbers (texts) or constants (numbers, pairs of bounds).

    Parameters
    ----------
    failure : str
        The verdict where they are not: ``inconsistent`` or ``impossible``.
    assumption : str

    Returns
    -------
    callable
        Takes the same arguments, returns a `Result`. Its attribute ``possible`` is the function
        itself, with the arguments read; ``failure`` and ``assumption`` are kept.
    """
    def make(function):
        signature = inspect.signature(function)
        kinds = {name: (KINDS[found[1]], found[0].startswith("list"))
                 for name, parameter in signature.parameters.items()
                 if (found := re.search(r"(?:list\[)?(\w+)", str(parameter.annotation)))
                 and found[1] in KINDS}

        def arguments(*given, **named) -> dict:
            bound = signature.bind(*given, **named)
            bound.apply_defaults()
            return {name: _read(value, kinds.get(name), name)
                    for name, value in bound.arguments.items()}

        @functools.wraps(function)
        def answer(*given, **named) -> Result:
            return _judge(function, arguments(*given, **named), failure, assumption)

        answer.possible = lambda *given, **named: bool(function(**arguments(*given, **named)))
        answer.failure, answer.assumption = failure, assumption
        answer.signature, answer.kinds = signature, kinds
        return answer
    return make


def _read(value, kind, name):
    if kind is None or value is None:
        return value
    kind, several = kind
    if not several:
        return read(value, kind, name)
    if not isinstance(value, (list, tuple)):
        raise InputError(f"{name}: {value!r} is no list", fix="give a list of numbers")
    return [read(item, kind, f"{name}[{index}]") for index, item in enumerate(value)]


def _judge(function, arguments, failure, assumption) -> Result:
    numbers = dict(_printed(arguments))
    used = {name: number.text for name, number in numbers.items()}
    possible = bool(function(**arguments))
    refused, tried = {}, {}
    for name, number in numbers.items():
        others = {shift: other for shift in SHIFTS if (other := number.shifted(shift)) is not None}
        tried[name] = frozenset(others)
        refused[name] = frozenset(shift for shift, other in others.items()
                                  if not function(**_replaced(arguments, name, other)))
    count = sum(map(len, tried.values()))
    share = sum(map(len, refused.values())) / count if count else 0.0
    verdict = failure if not possible else CONSISTENT if share else UNTESTED
    return Result(verdict, assumption, used, share, refused, tried)


def _printed(arguments: dict) -> Iterator[tuple[str, Number]]:
    for name, value in arguments.items():
        if isinstance(value, Number) and value.text is not None:
            yield name, value
        elif isinstance(value, list):
            yield from ((f"{name}[{index}]", item) for index, item in enumerate(value)
                        if isinstance(item, Number) and item.text is not None)


def _replaced(arguments: dict, name: str, other: Number) -> dict:
    head, bracket, index = name.partition("[")
    if not bracket:
        return {**arguments, name: other}
    changed = list(arguments[head])
    changed[int(index[:-1])] = other
    return {**arguments, head: changed}
