"""A study folder as the engine reads it: ``studies/NAME/study.yaml`` and what stands beside it.

The engine holds no fact about a paper. What it must know of one stands in that file: what the paper
is called, which metrics hold which evidence, what of it comes from a fit, how its tables are headed
and what is private.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

import yaml

from stages.common import strict, yaml_text
from stages.common.errors import InputError
from stages.verdicts import names
from stages.verdicts.content import KINDS, Content, Private

FILE = "study.yaml"
NAME = re.compile(r"[a-z][a-z0-9_]*")
# What rules.csv names instead of a source: a key of study.yaml's `private` behind this.
PRIVATE = "needs-private-"


@dataclass(frozen=True)
class Study:
    """One study.

    Attributes
    ----------
    folder : Path
        ``studies/NAME``.
    content : Content
    """

    folder: Path
    content: Content

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def published(self) -> Path:
        """Folder of the printed numbers."""
        return self.folder / "published"

    @property
    def rules(self) -> Path:
        """How each printed number is checked."""
        return self.folder / "rules.csv"

    @property
    def claims(self) -> Path:
        """Folder of the claims."""
        return self.folder / "claims"

    @property
    def parameters(self) -> Path:
        """The study's parameters."""
        return self.folder / "params"

    def results(self, root: Path = Path()) -> Path:
        """Return the folder of the study's metrics."""
        return root / "metrics" / self.name / "results"

    def variations(self, root: Path = Path()) -> list[Path]:
        """Return the summaries of the numerical variations."""
        return [summary for summary, _ in self._variations(root)]

    def single_runs(self, root: Path = Path()) -> list[tuple[Path, Path]]:
        """Return each summary of variations that has a table of its single runs, and that table."""
        return [(summary, self.results(root) / runs)
                for summary, runs in self._variations(root) if runs]

    def _variations(self, root: Path) -> list[tuple[Path, str]]:
        """Return each summary, and the name of the table of its single runs; empty without one."""
        found = {}
        for pattern in self.content.variations:
            runs = self.content.single_runs.get(pattern, "")
            for environment in self.content.runs.environments:
                found[pattern.format(environment=environment)] = runs.format(environment=environment)
        return [(self.results(root) / name, runs) for name, runs in found.items()]

    def reports(self, root: Path = Path()) -> Path:
        """Return the folder of the study's reports."""
        return root / "reports" / self.name

    @cached_property
    def without_source(self) -> tuple[str, ...]:
        """What rules.csv may name where nothing is recomputed."""
        return (*(f"{PRIVATE}{key}" for key in self.content.private), names.NO_RESULT)

    def private(self, source: str) -> Private | None:
        """Return why nothing can be recomputed, where rules.csv says that data are not public."""
        return self.content.private.get(source.removeprefix(PRIVATE)) \
            if source.startswith(PRIVATE) else None

    def order(self, items: Iterable[str]) -> list[str]:
        """Return items in the order of ``study.yaml``, others behind them by name."""
        present = sorted(set(items))
        known = [item for item in self.content.items if item in present]
        return known + [item for item in present if item not in self.content.items]

    def rank(self, protocol: str, release: str, environment: str) -> tuple[int, bool, bool]:
        """Order runs where the evidence does not: preferred protocol, release, environment first."""
        preferred = self.content.preferred
        return (self.content.protocols.index(protocol), release != preferred.release,
                environment != preferred.environment)

    def fits(self, source: str, path: str) -> bool:
        """Tell whether a fit stands behind the value at a path of a source."""
        evidence = self.content.sources[source]
        return evidence.fitted and not any(fnmatchcase(path, fixed) for fixed in evidence.fixed)

    def varies(self, source: str, path: str) -> bool:
        """Tell whether the sweep varies the value at a path of a source."""
        unvaried = self.content.sources[source].unvaried
        return self.fits(source, path) and not any(fnmatchcase(path, name) for name in unvaried)

    def races(self, path: str) -> bool:
        """Tell whether the value at a path comes from a fit that races between threads."""
        return any(fnmatchcase(path, pattern) for pattern in self.content.racing)

    def guesses(self, path: str) -> bool:
        """Tell whether the value at a path rests on something that is guessed, not released."""
        return any(fnmatchcase(path, pattern) for pattern in self.content.guessed)


def read(folder: str | Path) -> Study:
    """Read a study folder.

    Raises
    ------
    InputError
        If ``study.yaml`` is missing, is not readable, has an unknown or missing key, or names what
        is not there.
    """
    folder = Path(folder)
    path = folder / FILE
    if not NAME.fullmatch(folder.name):
        raise InputError("is no name of a study", folder,
                         "use lower-case letters, digits and _, a letter first")
    try:
        content = yaml_text.parse(path.read_text(encoding="utf-8"), _NoRepeats)
    except FileNotFoundError:
        raise InputError("no such file", path, "a study is a folder with a study.yaml; copy "
                         "studies/template, or take the study out of dvc.yaml") from None
    except (yaml.YAMLError, OSError, ValueError) as error:
        raise InputError(f"is not readable YAML ({' '.join(str(error).split())})", path,
                         "correct the syntax") from None
    study = Study(folder, strict.build(Content, content, str(path), ""))
    _check(study, path)
    return study


class _NoRepeats(yaml.SafeLoader):
    """YAML whose mappings may not name a key twice."""


def _mapping(loader, node):
    seen = set()
    # A key that is a list or a mapping is refused below.
    for name in (key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
        if name in seen:
            raise ValueError(f"'{name}' stands twice, line {node.start_mark.line + 1}")
        seen.add(name)
    return loader.construct_mapping(node, deep=True)


_NoRepeats.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def _check(study: Study, path: Path) -> None:
    content = study.content
    if not content.protocols:
        raise InputError("names no protocol", path, "list at least one under 'protocols'")
    for name, item in content.items.items():
        if item.kind not in KINDS:
            raise InputError(f"item '{name}' is of kind '{item.kind}'", path,
                             f"valid: {', '.join(KINDS)}")
    if len(content.headline.number) != 4:
        raise InputError("headline.number must be item, row, metric and statistic", path,
                         "name the four")
    for taken in (*names.ALL, *study.without_source):
        if taken in content.sources:
            raise InputError(f"source '{taken}' has the name of a verdict", path, "rename it")
    for summary in content.single_runs:
        if summary not in content.variations:
            raise InputError(f"'single_runs' names {summary}, which 'variations' does not", path,
                             "correct it, or add it there")
    for pattern, bounds in content.plausible.items():
        if len(bounds) != 2 or not bounds[0] < bounds[1]:
            raise InputError(f"plausible.{pattern} must be the lowest and the highest value", path,
                             "give two numbers in that order")
    for needed in (study.published, study.rules, study.parameters):
        if not needed.exists():
            raise InputError("no such file or folder", needed, f"restore it: {path} needs it")
