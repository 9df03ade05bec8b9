"""``make deps``: write into every ``dvc.yaml`` what the code of each stage depends on.

That is the module which the command names (``python -m PACKAGE.MODULE``), all modules of the project
that it imports, at the top or late, directly or not, the files that these read from beside them
(``Path(__file__).with_name("NAME")``), and the folder of the image (``containers/run IMAGE``), of which
DVC sees the pins alone (``.dvcignore``). A folder stands for its files where a stage needs them all.
Lines that name data stay. With ``--check`` nothing is written: a list that differs is an error.

A module that has the line ``# dvc: no dependency`` (with the reason behind it) is left out: it words
messages, or it reads parameters, which ``params:`` tracks one by one.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cached_property
from pathlib import Path

import grimp
import yaml

from containers.commands import folded, named
from containers.commands.listed import Listed, rewrite
from containers.launcher import ROOT, LauncherError, Parser, entry

# The image and the module of a command.
COMMAND = re.compile(r"containers/run\s(?:[^;&|]*?\s)?(\S+)\s+--\s+python\s+-m\s+([\w.]+)")
# What DVC sees of an image's folder; the orchestrator, which fetches, is no image.
PINS = ("image.json", "requirements.lock")
EXEMPT = re.compile(r"^# dvc: no dependency\b", re.MULTILINE)
# Rooms and studies. A room imports itself and COMMON, and ROOMS what it says; a study itself, COMMON
# and, in each stage, one room: that of the stage's image. Nothing imports a study.
PACKAGES, COMMON = ("stages", "studies"), "common"
ROOMS = {"report": {"verdicts"}}


class Code:
    """The project's modules, what they import and what they read from beside them.

    Parameters
    ----------
    root : Path
        The repository.
    """

    def __init__(self, root: Path = ROOT):
        self.root = root
        self._read: dict[str, tuple[str, ...]] = {}
        self.folders = folded.contents(root, PACKAGES)

    @cached_property
    def graph(self) -> grimp.ImportGraph:
        """The import graph of the project's packages."""
        sys.path.insert(0, str(self.root))
        try:
            there = [name for name in PACKAGES if (self.root / name / "__init__.py").is_file()]
            return grimp.build_graph(*there, cache_dir=None, exclude_type_checking_imports=True)
        finally:
            sys.path.remove(str(self.root))

    def path(self, module: str) -> Path | None:
        """Return the file of a module, relative to the repository; None if there is none."""
        base = Path(*module.split("."))
        return next((path for path in (base.with_suffix(".py"), base / "__init__.py")
                     if (self.root / path).is_file()), None)

    def needs(self, module: str) -> set[str]:
        """Return the files that decide what a module does, relative to the repository.

        Raises
        ------
        LauncherError
            If there is no such module.
        """
        return {name for each in self.closure(module) for name in self.files(each)}

    def closure(self, module: str) -> set[str]:
        """Return a module and all of the project that it imports, directly or not.

        Raises
        ------
        LauncherError
            If there is no such module.
        """
        if self.path(module) is None:
            raise LauncherError(f"there is no module {module}; correct the command")
        return {module, *self.graph.find_upstream_modules(module)}

    def files(self, module: str) -> tuple[str, ...]:
        """Return a module's own file and those that it reads from beside it; none if exempt."""
        if module not in self._read:
            path = self.path(module)
            text = (self.root / path).read_text(encoding="utf-8")
            beside = [str(path.with_name(node.args[0].value)) for node in ast.walk(ast.parse(text))
                      if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
                      and node.func.attr == "with_name" and node.args
                      and isinstance(node.args[0], ast.Constant)]
            there = [name for name in beside if (self.root / name).exists()]
            self._read[module] = () if EXEMPT.search(text) else (str(path), *there)
        return self._read[module]

    def owns(self, name: str) -> bool:
        """Tell whether a dependency is code of the project, or read from beside it."""
        return Path(name).parts[0] in PACKAGES and (
            name.endswith(".py") or name in self.folders or any(
                name in self.files(module) for module in self.graph.modules))

    def foreign(self) -> list[str]:
        """Return the imports that the house forbids, a line each; rooms meet in files."""
        found = []
        for module in sorted(self.graph.modules):
            package, room, *_ = [*module.split("."), ""]
            for other in sorted(self.graph.find_modules_directly_imported_by(module)):
                to, place, *_ = [*other.split("."), ""]
                if package == "stages" and to == "studies":
                    found.append(f"{module} imports {other}: nothing imports a study")
                elif package == to == "stages" and place not in (room, COMMON, *ROOMS.get(room, ())):
                    found.append(f"{module} imports {other}: a room imports itself and "
                                 f"{package}.{COMMON} only")
                elif package == to == "studies" and place != room:
                    found.append(f"{module} imports {other}: a study imports no other one")
        return found

    def rooms(self, module: str) -> set[str]:
        """Return the rooms that a stage's module needs, without those that another of them brings."""
        named = {parts[1] for parts in (name.split(".") for name in self.closure(module))
                 if parts[0] == "stages" and len(parts) > 1} - {COMMON}
        return named - set().union(*(ROOMS.get(room, set()) for room in named))


def files(root: Path = ROOT) -> list[Path]:
    """Return every ``dvc.yaml`` that git has or would take, relative to the repository.

    Raises
    ------
    LauncherError
        If git finds none.
    """
    found = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard", "--", "dvc.yaml",
                            "**/dvc.yaml"], cwd=root, capture_output=True, text=True)
    names = sorted({name for name in found.stdout.split("\0") if name and (root / name).is_file()})
    if not names:
        raise LauncherError(f"{root}: git lists no dvc.yaml here: {found.stderr.strip()}")
    return [Path(name) for name in names]


def wanted(given: list[str], called: list[tuple[str, str]], code: Code) -> tuple[str, ...]:
    """Return what a stage depends on: the image's folder, the data in their order, the code.

    Parameters
    ----------
    given : list of str
        What is listed.
    called : list of (str, str)
        Image and module, for each command of the stage.
    code : Code
        The project's modules.
    """
    pins = [f"containers/{image}" for image, _ in called
            if "$" in image or (code.root / "containers" / image / PINS[0]).is_file()]
    # Of an image that no command names, the folder is in vain and a file in it is data.
    data = [name for name in given if not code.owns(name) and Path(name).parent != Path("containers")]
    needs = set().union(*(code.needs(module) for _, module in called))
    return tuple([*dict.fromkeys(pins), *data, *sorted(folded.fold(needs, code.folders))])


def lists(file: Path, code: Code) -> list[Listed]:
    """Return the dependency lists of a ``dvc.yaml``; one that stages share (``&``, ``*``) once.

    Raises
    ------
    LauncherError
        If the file is no pipeline, a stage names no module that there is or does not run in the
        repository's root, or stages share a list and need different ones.
    """
    text = (code.root / file).read_text(encoding="utf-8")
    found: dict[int | str, Listed] = {}
    for stage, block in _blocks(file, text):
        called = COMMAND.findall(_command(block["cmd"]))
        if not called:
            continue
        place = code.root / file.parent / (block["wdir"].value if "wdir" in block else ".")
        if place.resolve() != code.root.resolve():
            raise LauncherError(f"{file}: stage '{stage}' does not run in the repository's root; "
                                "correct its wdir")
        node = block.get("deps")
        given = [item.value for item in node.value] if node else []
        try:
            for _, module in called:
                if len(rooms := code.rooms(module)) > 1:
                    raise LauncherError(f"{module} needs the rooms {' and '.join(sorted(rooms))}, and "
                                        "an image has one; divide the stage")
            need = wanted(given, called, code)
        except LauncherError as error:
            raise LauncherError(f"{file}: stage '{stage}': {error}") from None
        shared = found.get(id(node)) if node else None
        if shared and shared.wanted != need:
            raise LauncherError(f"{file}: stages '{shared.stage}' and '{stage}' share a list of "
                                "dependencies but need two; write each its own")
        found[id(node) if node else stage] = shared or Listed(
            file, stage, tuple(given), need, *_place(node, block["cmd"], text))
    return list(found.values())


def _blocks(file: Path, text: str):
    """Give the name and the block of each stage of a ``dvc.yaml``, as nodes that know their place."""
    try:
        stages = dict(_pairs(yaml.compose(text)))["stages"]
        for name, node in _pairs(stages):
            block = dict(_pairs(node))
            yield name, dict(_pairs(block["do"])) if "do" in block else block
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise LauncherError(f"{file}: not a pipeline: {' '.join(str(error).split())}") from None


def _pairs(node) -> list[tuple[str, yaml.Node]]:
    return [(key.value, value) for key, value in node.value]


def _command(node) -> str:
    parts = [item.value for item in node.value] if isinstance(node.value, list) else [node.value]
    return " && ".join(" ".join(part.split()) for part in parts)


def _place(node, command, text) -> tuple[int, int, int | None]:
    """Return where a list stands or belongs: its first line, the line behind it, its indentation."""
    if node and node.value and not node.flow_style:
        first, last = node.value[0].start_mark, node.value[-1].end_mark
        return first.line, last.line + 1, first.column - 2
    if node:
        return node.start_mark.line, node.end_mark.line + 1, None
    lines, last = text.splitlines(), command.end_mark.line + (command.end_mark.column > 0)
    while not lines[last - 1].strip() or lines[last - 1].lstrip().startswith("#"):
        last -= 1
    return last, last, None


def run(check: bool, root: Path = ROOT) -> list[str]:
    """Write the lists of every pipeline, or only look at them; say what changes, a line each.

    Raises
    ------
    LauncherError
        If a study is named that is not there or the reverse, if a room imports another one, or with
        ``check`` if a list is not what it should be.
    """
    named.check(root)
    code = Code(root)
    # Before the lists: an import that is forbidden is the cause where a stage needs two rooms.
    if foreign := code.foreign():
        raise LauncherError("; ".join(foreign))
    found = [(file, lists(file, code)) for file in files(root)]
    wrong = [one.differs() for _, listed in found for one in listed if one.given != one.wanted]
    if check and wrong:
        raise LauncherError(f"{'; '.join(wrong)}: run 'make deps'")
    for file, listed in found:
        if not all(one.given == one.wanted for one in listed):
            rewrite(file, listed, root)
    return wrong


def main() -> None:
    """Entry point."""
    parser = Parser(prog="make deps", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; refuse what differs")
    for line in run(parser.parse_args().check):
        print(f"mended: {line}")


if __name__ == "__main__":
    entry(main)
