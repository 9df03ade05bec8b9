"""A rule, what files say of it, and readers of the files that several rules ask."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

MET, OPEN, OTHERS = "met", "NOT MET", "not ours"
DOI = "needs the DOI of an archive, which only a deposit gives"
ORCID = "needs the ORCIDs of the paper's authors, which are not known here"


@dataclass(frozen=True)
class Rule:
    """One thing that is asked.

    Attributes
    ----------
    id : str
        As its source names it.
    asks : str
    look : callable
        `Files` to status (`MET`, `OPEN`, `OTHERS`) and why.
    """

    id: str
    asks: str
    look: Callable[[Files], tuple[str, str]]


@dataclass(frozen=True)
class Files:
    """What stands in a clone.

    Attributes
    ----------
    root : Path
    """

    root: Path

    def text(self, name: str) -> str:
        """Return a file's text; empty where there is none."""
        path = self.root / name
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""

    def yaml(self, name: str) -> dict:
        """Return a mapping from a YAML file; empty where there is none."""
        try:
            content = yaml.safe_load(self.text(name))
        except yaml.YAMLError:
            content = None
        return content if isinstance(content, dict) else {}

    def rows(self, name: str) -> list[dict]:
        """Return the rows of a CSV file; none where there is none."""
        path = self.root / name
        if not path.is_file():
            return []
        with open(path, newline="", encoding="utf-8") as stream:
            return list(csv.DictReader(stream))

    def lacking(self, *names: str) -> list[str]:
        """Return which files are not here or empty."""
        return [name for name in names if not self.text(name).strip()]

    @cached_property
    def citation(self) -> dict:
        """``CITATION.cff``."""
        return self.yaml("CITATION.cff")

    @cached_property
    def paper(self) -> dict:
        """The article that the citation file names; empty where it names none."""
        return next((one for one in self.citation.get("references") or []
                     if one.get("type") == "article"), {})

    @cached_property
    def doi(self) -> str:
        """The package's own DOI; empty where it has none."""
        named = [one.get("value", "") for one in self.citation.get("identifiers") or []
                 if one.get("type") == "doi"]
        return self.citation.get("doi", "") or "".join(named[:1])

    @cached_property
    def studies(self) -> dict[str, dict]:
        """Studies with a ledger: name to ``study.yaml``."""
        return {path.parent.name: self.yaml(f"studies/{path.parent.name}/study.yaml")
                for path in sorted(self.root.glob("reports/*/ledger.csv"))}

    @cached_property
    def ledgers(self) -> dict[str, list[dict]]:
        """The ledgers of the studies."""
        return {name: self.rows(f"reports/{name}/ledger.csv") for name in self.studies}

    @cached_property
    def images(self) -> list[str]:
        """Folders of the images."""
        return sorted(path.parent.relative_to(self.root).as_posix()
                      for path in self.root.glob("containers/*/image.json"))


def need(met: object, why: str, otherwise: str) -> tuple[str, str]:
    """Return the status for a condition."""
    return (MET, why) if met else (OPEN, otherwise)


def here(files: Files, *names: str) -> tuple[str, str]:
    """Return whether files are here."""
    lacking = files.lacking(*names)
    return need(not lacking, ", ".join(names), f"missing: {', '.join(lacking)}")
