"""Read a part of the parameters as a frozen, checked object.

A study's parameters are a folder in which each top part has a file of its own: ``classification.…``
stands in ``classification.yaml`` below the key ``classification``. DVC parses a file anew for every
stage that reads it, so that small files are quick. No part is known here: each room has the
dataclasses of what it reads beside the code that uses it, and reads nothing else. A wrong parameter
so stops the stages that need it, and no others.
"""
# dvc: no dependency (params: tracks each value that is read)

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from stages.common import strict, yaml_text
from stages.common.errors import InputError


@dataclass(frozen=True)
class Grid:
    """Values at equal distances: ``start``, ``start + step``, …"""

    start: float
    step: float
    count: int

    def values(self) -> tuple[float, ...]:
        """Return the values, each the float nearest to its decimal value."""
        return tuple(round(self.start + self.step * index, 10) for index in range(self.count))


def section(path: str | Path, name: str, kind: type):
    """Read and check one part of the parameters.

    Parameters
    ----------
    path : str or Path
        Their folder, or one file that holds all that is read.
    name : str
        The part, as ``classification.bootstrap``. A literal: a test collects them.
    kind : type
        What it is (see `strict.build`): a frozen dataclass, a mapping, a tuple or a plain type.

    Raises
    ------
    InputError
        If the file or the part is missing, or the part has an unknown, missing or ill-typed
        parameter.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "cohort.yaml").write_text("cohort: {seeds: [1, 2]}")
    ...     section(folder, "cohort.seeds", tuple[int, ...])
    (1, 2)
    """
    path = _file(Path(path), name)
    node, above = _content(path), ""
    for key in name.split("."):
        if not isinstance(node, dict):
            what = f"parameter '{above}'" if above else "the file"
            raise InputError(f"{what} must be a mapping, not {node!r:.60}", path, "correct the value")
        here = f"{above}.{key}" if above else key
        if key not in node:
            close = difflib.get_close_matches(key, map(str, node), n=1, cutoff=0.8)
            hint = f"is '{close[0]}' misspelt? " if close else ""
            raise InputError(f"parameter '{here}' is missing", path,
                             f"{hint}add it, or restore the file from the repository")
        node, above = node[key], here
    return strict.build(kind, node, str(path), name)


def _file(path: Path, name: str) -> Path:
    return path / f"{name.partition('.')[0]}.yaml" if path.is_dir() else path


def _content(path):
    try:
        return _parsed(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("no such file", path, "restore it from the repository") from None
    # ValueError: a date that cannot be, too, or bytes that are no text.
    except (yaml.YAMLError, OSError, ValueError) as error:
        said = " ".join(str(error).split())
        raise InputError(f"is not readable YAML ({said})", path, "correct the syntax") from None
    except RecursionError:
        raise InputError("is nested too deeply", path, "correct it") from None


@lru_cache(maxsize=4)
def _parsed(text: str):
    """Parse once for all parts that a stage reads; nobody changes the result."""
    return yaml_text.parse(text)


def choose(options: dict, name: str, kind: str):
    """Return ``options[name]``.

    Raises
    ------
    InputError
        Listing the valid names.
    """
    if name not in options:
        raise InputError(f"unknown {kind} '{name}'", "parameters",
                         f"valid: {', '.join(sorted(options))}")
    return options[name]
