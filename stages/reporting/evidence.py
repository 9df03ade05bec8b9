"""Recomputed values, each with the run that gave it."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from pathlib import Path

from stages.common import canonical
from stages.common.errors import InputError

# Sources with one file per protocol, release and environment; per release and environment; per
# release. The value is the environment of the last kind.
PER_RUN = ("selection", "models", "bootstrap", "failure")
PER_SEARCH = ("weights",)
PER_RELEASE = {"cohort": "cohort", "statistics": "statistics"}

MAKE = "make it again (dvc repro)"

# Protocols that may give evidence, preferred first.
PROTOCOLS = ("as-released", "as-described")


@dataclass(frozen=True, order=True)
class Origin:
    """What a value is a value of."""

    protocol: str
    release: str
    environment: str
    kernel: str = ""


@dataclass(frozen=True)
class Source:
    """One metrics file."""

    origin: Origin
    content: dict
    file: str | Path = ""

    def value(self, path: str):
        """Return the value at a slash-separated path; None where there is none.

        Raises
        ------
        InputError
            If more than one value stands there.
        """
        node = self.content
        for key in path.split("/"):
            if isinstance(node, list) and key.isdigit() and int(key) < len(node):
                node = node[int(key)]
            elif isinstance(node, dict) and key in node:
                node = node[key]
            else:
                return None
        if isinstance(node, (dict, list)):
            raise InputError(f"'{path}' is no single value", self.file, MAKE)
        return node


def collect(folder: str | Path) -> dict[str, list[Source]]:
    """Read all metrics files below ``folder``, in sorted order.

    Returns
    -------
    dict
        Source name to its files.

    Raises
    ------
    InputError
        If there is not a single file.
    """
    folder = Path(folder)
    found = {name: _runs(folder / name) for name in (*PER_RUN, *PER_SEARCH)}
    for name, environment in PER_RELEASE.items():
        found[name] = [Source(Origin("as-released", path.stem, environment),
                              canonical.read_json(path), path)
                       for path in sorted((folder / name).glob("????-??.json"))]
    if not any(found.values()):
        raise InputError("holds no results", folder, "run the pipeline first (dvc repro)")
    return found


def _runs(folder: Path) -> list[Source]:
    sources = []
    for path in sorted(folder.glob("**/*.json")):
        content = canonical.read_json(path)
        try:
            origin = Origin(**content["run"])
        except (KeyError, TypeError):
            origin = None
        if (origin is None or origin.protocol not in PROTOCOLS
                or not all(isinstance(text, str) for text in astuple(origin))):
            raise InputError("does not say which run it belongs to", path, MAKE)
        sources.append(Source(origin, content, path))
    return sources
