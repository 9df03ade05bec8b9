"""Recomputed values, each with the run that gave it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from stages.common import canonical
from stages.common.errors import InputError
from stages.common.parameters import Classification

# Sources with one file per protocol, release and environment; per release and environment; per
# release. The value is the environment of the last kind.
PER_RUN = ("selection", "models", "bootstrap", "failure")
PER_SEARCH = ("weights",)
PER_RELEASE = {"cohort": "cohort", "statistics": "statistics"}

MAKE = "make it again (dvc repro)"

# Protocols that may give evidence, preferred first.
PROTOCOLS = ("as-released", "as-described")

# Paths (shell patterns) that a file of these sources may lack: a feature that is not selected has no
# rank. A search of weights lacks the models that it does not fit: the forest's has a file of its own.
LACKS = {"selection": ("rank/*",), "weights": ("winners/RF/*",)}
# Release and environment of the forest's searches (dvc.yaml, forest_weights).
FORESTS = (("2025-08", "classification-notebook"),)
FOREST_LACKS = ("winners/LR/*", "winners/XGB/*")


@dataclass(frozen=True, order=True)
class Origin:
    """What a value is a value of."""

    protocol: str
    release: str
    environment: str
    kernel: str = ""


@dataclass(frozen=True)
class Source:
    """One metrics file.

    Attributes
    ----------
    origin : Origin
    content : dict
    file : path
    lacks : tuple of str
        Paths (shell patterns) that it may lack.
    """

    origin: Origin
    content: dict
    file: str | Path = ""
    lacks: tuple[str, ...] = ()

    def may_lack(self, path: str) -> bool:
        """Tell whether the file may lack a path."""
        return any(fnmatchcase(path, pattern) for pattern in self.lacks)

    def value(self, path: str, text: bool = False) -> float | int | str | None:
        """Return the value at a slash-separated path.

        Parameters
        ----------
        path : str
        text : bool
            Whether a text (a version) is due there instead of a number.

        Returns
        -------
        float, int, str or None
            None where the value is undefined (null), or missing and listed in ``lacks``.

        Raises
        ------
        InputError
            If the path is missing, or something else stands there than one text or finite number.
        """
        node = self.content
        for key in path.split("/"):
            if isinstance(node, list) and key.isdigit() and int(key) < len(node):
                node = node[int(key)]
            elif isinstance(node, dict) and key in node:
                node = node[key]
            elif self.may_lack(path):
                return None
            else:
                raise InputError(f"lacks '{path}'", self.file, MAKE)
        if node is None:
            return None
        if isinstance(node, (dict, list)):
            raise InputError(f"'{path}' is no single value", self.file, MAKE)
        if text:
            right = isinstance(node, str)
        else:  # true and false are integers to Python
            right = type(node) in (int, float) and math.isfinite(node)
        if not right:
            raise InputError(f"'{path}' is no {'text' if text else 'number'} ({node!r})", self.file,
                             MAKE)
        return node


def collect(folder: str | Path, settings: Classification) -> dict[str, list[Source]]:
    """Read the metrics file of every run that the parameters declare.

    Parameters
    ----------
    folder : path
    settings : Classification
        Protocols, releases, environments and searches.

    Returns
    -------
    dict
        Source name to its files, in the order of the parameters.

    Raises
    ------
    InputError
        If a file is missing, or is not that of its run.
    """
    folder = Path(folder)
    protocols = [name for name in settings.named_protocols if name in PROTOCOLS]
    pairs = [(release, environment) for release in settings.releases
             for environment in settings.environments]
    found = {name: [_run(folder / name / protocol / release / f"{environment}.json",
                         Origin(protocol, release, environment), LACKS.get(name, ()))
                    for protocol in protocols for release, environment in pairs]
             for name in PER_RUN}
    for name in PER_SEARCH:
        found[name] = [
            *(_run(folder / name / release / f"{environment}.json",
                   Origin(PROTOCOLS[0], release, environment), LACKS[name])
              for release, environment in pairs),
            *(_run(folder / name / release / f"{environment}-forest.json",
                   Origin(PROTOCOLS[0], release, environment), FOREST_LACKS)
              for release, environment in FORESTS)]
    for name, environment in PER_RELEASE.items():
        found[name] = []
        for release in settings.releases:
            path = folder / name / f"{release}.json"
            found[name].append(Source(Origin(PROTOCOLS[0], release, environment),
                                      canonical.read_json(path), path))
    return found


def _run(path: Path, declared: Origin, lacks: tuple[str, ...]) -> Source:
    """Read the file of a run; ``declared`` is which one, but for the kernel."""
    content = canonical.read_json(path)
    try:
        origin = Origin(**content["run"])
    except (KeyError, TypeError):
        origin = None
    if origin is None or not isinstance(origin.kernel, str):
        raise InputError("does not say which run it belongs to", path, MAKE)
    for name in ("protocol", "release", "environment"):
        said, due = getattr(origin, name), getattr(declared, name)
        if said != due:
            raise InputError(f"says that it belongs to the {name} {said!r}, not {due!r}", path, MAKE)
    return Source(origin, content, path, lacks)
