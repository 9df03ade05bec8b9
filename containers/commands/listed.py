"""A stage's list of dependencies: where it stands in a ``dvc.yaml``, and how it is written there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from containers.launcher import ROOT


@dataclass(frozen=True)
class Listed:
    """A stage's dependencies, as its ``dvc.yaml`` has them and as they should be.

    They stand on the lines `first` to `last` (from 0, without `last`), indented by `indent`
    (None: ``deps:`` itself is missing).
    """

    file: Path
    stage: str
    given: tuple[str, ...]
    wanted: tuple[str, ...]
    first: int
    last: int
    indent: int | None

    def differs(self) -> str:
        """Say what is wrong with the list, in one line."""
        lacking = [name for name in self.wanted if name not in self.given]
        vain = [name for name in self.given if name not in self.wanted]
        said = [f"lacks {', '.join(lacking)}"] if lacking else []
        said += [f"lists {', '.join(vain)} in vain"] if vain else []
        return f"{self.file}: stage '{self.stage}' {' and '.join(said) or 'is out of order'}"


def rewrite(file: Path, listed: list[Listed], root: Path = ROOT) -> None:
    """Write the lists into a ``dvc.yaml``; nothing else of it changes."""
    lines = (root / file).read_text(encoding="utf-8").splitlines()
    for one in sorted(listed, key=lambda one: -one.first):
        head, indent = [], one.indent
        if indent is None:
            command = next(line for line in lines[one.first::-1] if line.strip().startswith("cmd:"))
            depth = len(command) - len(command.lstrip())
            head, indent = [f"{' ' * depth}deps:"], depth + 2
        lines[one.first:one.last] = [*head, *(f"{' ' * indent}- {name}" for name in one.wanted)]
    (root / file).write_text("\n".join(lines) + "\n", encoding="utf-8")
