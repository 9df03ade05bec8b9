"""Count the features of PyRadiomics by asking the library itself: all default ones of each class."""

from __future__ import annotations

import itertools
from pathlib import Path

import radiomics

from stages.common import canonical, cli
from stages.common.errors import InputError


def counts() -> dict[str, int]:
    """Return how many features each class computes where nothing else is asked for."""
    return {name: sum(not deprecated for deprecated in kind.getFeatureNames().values())
            for name, kind in sorted(radiomics.getFeatureClasses().items())}


def choices(sizes: dict[str, int], wanted: int) -> list[list[str]]:
    """Return every choice of whole classes that gives a number of features.

    Examples
    --------
    >>> choices({"a": 3, "b": 4, "c": 7}, 7)
    [['c'], ['a', 'b']]
    """
    return [list(some) for k in range(1, len(sizes) + 1) for some in itertools.combinations(sizes, k)
            if sum(sizes[name] for name in some) == wanted]


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.gi_liver.features", __doc__)
    parser.add_argument("--published", type=Path, required=True, help="printed numbers (CSV)")
    parser.add_argument("--out", type=Path, required=True, help="counts (JSON)")
    options = parser.parse_args()
    table = canonical.read_csv(options.published, ("item", "row", "metric", "value"), dtype=str,
                               keep_default_na=False)
    place = {"item": "Results", "row": "selection", "metric": "candidates"}
    found = table[(table[list(place)] == list(place.values())).all(axis=1)]["value"].tolist()
    if len(found) != 1 or not found[0].isdigit():
        raise InputError("does not print one number of candidate features", options.published,
                         "restore it from the repository")
    sizes = counts()
    canonical.write_json(options.out, {"version": radiomics.__version__, "classes": sizes,
                                       "all": sum(sizes.values()),
                                       "choices": choices(sizes, int(found[0]))})


if __name__ == "__main__":
    cli.main(stage)
