"""The studies that the root's ``dvc.yaml`` names are those that there are.

DVC itself says nothing of a study that is misspelt there until a stage lacks its files, and nothing
ever of one that is left out.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from containers.launcher import ROOT, LauncherError

FILE, STUDIES, MARK = "dvc.yaml", "studies", "study.yaml"
# What a new study is copied from (studies/README.md): it has no results, and is never judged.
TEMPLATE = "template"


def named(root: Path = ROOT) -> list[str] | None:
    """Return the studies of the first ``matrix: {study: [NAME, …]}``; None if there is none.

    Raises
    ------
    LauncherError
        If the file is no pipeline, or a matrix of studies is no list.
    """
    try:
        stages = yaml.safe_load((root / FILE).read_text(encoding="utf-8"))["stages"].values()
        lists = [stage["matrix"]["study"] for stage in stages
                 if isinstance(stage, dict) and "study" in (stage.get("matrix") or {})]
    except FileNotFoundError:
        return None
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise LauncherError(f"{FILE}: not a pipeline: {' '.join(str(error).split())}") from None
    if not lists:
        return None
    if not isinstance(lists[0], list):
        raise LauncherError(f"{FILE}: 'study: {lists[0]}' is no list; write study: [NAME, ...]")
    return [str(name) for name in lists[0]]


def check(root: Path = ROOT) -> None:
    """Refuse a study that is named and not there, and one that is there and not named.

    Raises
    ------
    LauncherError
        Naming file and study.
    """
    found = named(root)
    if found is None:
        return
    there = sorted(path.parent.name for path in (root / STUDIES).glob(f"*/{MARK}")
                   if path.parent.name != TEMPLATE)
    for name in found:
        if name not in there:
            raise LauncherError(f"{FILE}: 'study:' names {name!r}, but there is no "
                                f"{STUDIES}/{name}/{MARK}; correct the name (there are: "
                                f"{', '.join(there)}), or take it out of the list")
    for name in there:
        if name not in found:
            raise LauncherError(f"{FILE}: 'study:' does not name {name!r}, but there is "
                                f"{STUDIES}/{name}/{MARK}; add it to the list, or take the folder away")
