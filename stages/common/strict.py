"""Read a mapping into frozen dataclasses; refuse what is unknown, missing or of another type."""
# dvc: no dependency (params: tracks each value that is read)

from __future__ import annotations

import dataclasses
import difflib
import math
import re
import types
import typing

from stages.common.errors import InputError

# What becomes part of a path must be a name and nothing else.
NAME = re.compile(r"\w[\w.+-]*", re.ASCII)


def build(kind, value, source: str, where: str):
    """Turn ``value`` (from YAML) into ``kind``.

    Parameters
    ----------
    kind : type
        A dataclass, ``dict[str, X]``, ``tuple[X, ...]``, an optional, or a plain type.
    value : object
        What the file says.
    source : str
        The file, for error messages.
    where : str
        The dotted name of the parameter, for error messages.

    Raises
    ------
    InputError
        Naming the parameter, what was expected and, for a misspelt one, the nearest valid name.
    """
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, value, source, where)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType or origin is typing.Union:
        if value is None:
            return None
        return build(next(a for a in arguments if a is not type(None)), value, source, where)
    if origin is dict:
        _expect(isinstance(value, dict), "a mapping", value, source, where)
        return {str(key): build(arguments[1], item, source, f"{where}.{key}")
                for key, item in value.items()}
    if origin is tuple:
        _expect(isinstance(value, list), "a list", value, source, where)
        return tuple(build(arguments[0], item, source, f"{where}[{index}]")
                     for index, item in enumerate(value))
    return _plain(kind, value, source, where)


def _plain(kind, value, source, where):
    if kind is object:
        _expect(_finite(value), "without NaN and infinity", value, source, where)
        return value
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is float and isinstance(value, float):
        _expect(math.isfinite(value), "a finite number", value, source, where)
    right = isinstance(value, kind) and not (kind is int and isinstance(value, bool))
    _expect(right, f"a value of type {kind.__name__}", value, source, where)
    return value


def _finite(value) -> bool:
    if isinstance(value, (dict, list)):
        return all(map(_finite, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, float) or math.isfinite(value)


def _dataclass(kind, value, source, where):
    _expect(isinstance(value, dict), "a mapping", value, source, where)
    hints = typing.get_type_hints(kind)
    for key in value:
        if key not in hints:
            close = difflib.get_close_matches(str(key), list(hints), n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"valid: {', '.join(sorted(hints))}"
            raise InputError(f"unknown parameter '{_join(where, key)}'", source, hint)
    missing = [field.name for field in dataclasses.fields(kind)
               if field.name not in value and field.default is dataclasses.MISSING
               and field.default_factory is dataclasses.MISSING]
    if missing:
        raise InputError(f"parameter '{_join(where, missing[0])}' is missing", source,
                         "add it, or restore the file from the repository")
    return kind(**{key: build(hints[key], item, source, _join(where, key))
                   for key, item in value.items()})


def _join(where, key):
    return f"{where}.{key}" if where else str(key)


def _expect(right, what, value, source, where):
    if not right:
        raise InputError(f"parameter '{where}' must be {what}, not {value!r}", source,
                         "correct the value")


def check_choice(value, valid, where: str, source) -> None:
    """Refuse a parameter that is none of the ``valid`` values.

    Raises
    ------
    InputError
        Listing them.
    """
    if value not in valid:
        raise InputError(f"parameter '{where}' is {value!r}", source, f"valid: {', '.join(valid)}")


def check_range(holds: bool, where: str, valid: str, source) -> None:
    """Refuse a parameter whose condition does not hold; ``valid`` says in words what does.

    Raises
    ------
    InputError
        Naming the parameter.
    """
    if not holds:
        raise InputError(f"parameter '{where}' cannot be used", source, f"valid: {valid}")


def check_name(value: str, where: str, source) -> None:
    """Refuse a parameter that becomes part of a path and is no plain name.

    Raises
    ------
    InputError
        Naming the parameter.
    """
    if not NAME.fullmatch(value):
        raise InputError(f"parameter '{where}' has {value!r}, which is no name", source,
                         "use letters, digits and . _ + -")
