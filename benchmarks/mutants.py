"""Mutation score of a package: small changes to its code, each of which a test should notice.

``containers/run --tests reporting -- python -m benchmarks.mutants --package stages/verdicts --tests
tests/verdicts --count 100 --seed 1 --out found.csv``. Each mutant runs in a fork of one warm process,
against the test files that name its module. Own code and not mutmut or cosmic-ray: those start Python,
pandas and pytest anew for each mutant, ten times the cost.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import csv
import importlib.abc
import importlib.util
import os
import random
import re
import resource
import sys
from pathlib import Path

import pytest

KILLED, SURVIVED, UNTESTED = "killed", "survived", "no test names the module"
# Of the processor: a mutant that never ends is noticed, too.
LIMIT_SECONDS = 60
COMPARED = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
            ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot,
            ast.IsNot: ast.Is}
COMBINED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.And: ast.Or,
            ast.Or: ast.And, ast.FloorDiv: ast.Div, ast.BitOr: ast.BitAnd}


def changes(tree: ast.Module) -> list[tuple[int, str]]:
    """Return the place (in `ast.walk`) and the kind of every change that `apply` knows."""
    documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found = []
    for index, node in enumerate(ast.walk(tree)):
        if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARED:
            found.append((index, "comparison"))
        elif isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in COMBINED:
            found.append((index, "operator"))
        elif isinstance(node, ast.Constant) and id(node) not in documented:
            if isinstance(node.value, int | float):
                found.append((index, "number"))
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            found.append((index, "not"))
        elif isinstance(node, ast.If | ast.IfExp | ast.While):
            found.append((index, "condition"))
        elif isinstance(node, ast.Return) and node.value is not None:
            found.append((index, "return"))
    return found


def apply(source: str, place: int, kind: str) -> tuple[str, int, str]:
    """Return the changed source, the line and what stands there."""
    tree = ast.parse(source)
    node = list(ast.walk(tree))[place]
    before = ast.unparse(node).splitlines()[0]
    if kind == "comparison":
        node.ops[0] = COMPARED[type(node.ops[0])]()
    elif kind == "operator":
        node.op = COMBINED[type(node.op)]()
    elif kind == "number":
        node.value = not node.value if isinstance(node.value, bool) else node.value + 1
    elif kind == "not":
        node.op = ast.UAdd()
        node.operand = ast.Call(ast.Name("bool", ast.Load()), [node.operand], [])
    elif kind == "condition":
        node.test = ast.UnaryOp(ast.Not(), node.test)
    else:
        node.value = ast.Constant(None)
    after = ast.unparse(ast.fix_missing_locations(node)).splitlines()[0]
    return ast.unparse(tree), node.lineno, f"{before} -> {after}"


class Changed(importlib.abc.MetaPathFinder, importlib.abc.SourceLoader):
    """Gives one module another source."""

    def __init__(self, name: str, path: Path, source: str):
        self.name, self.path, self.source = name, path, source

    def find_spec(self, name, path, target=None):
        """Return this loader for the one module."""
        return importlib.util.spec_from_loader(name, self, origin=str(self.path)) \
            if name == self.name else None

    def get_filename(self, name):
        """Return where the module stands."""
        return str(self.path)

    def get_data(self, path):
        """Return the changed source."""
        return self.source.encode()


def noticed(name: str, path: Path, source: str, tests: list[str]) -> bool:
    """Run tests against a changed module in a fork; tell whether one fails."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0
    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT_SECONDS, LIMIT_SECONDS))
    top = name.partition(".")[0]
    for module in [one for one in sys.modules if one.partition(".")[0] in (top, "tests")]:
        del sys.modules[module]
    sys.meta_path.insert(0, Changed(name, path, source))
    with open(os.devnull, "w") as nothing:
        os.dup2(nothing.fileno(), 1)
        os.dup2(nothing.fileno(), 2)
    with contextlib.suppress(BaseException):
        os._exit(int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests])))
    os._exit(1)


def naming(module: Path, folder: Path) -> list[str]:
    """Return the test files of a folder that name a module; without one, those that name its folder."""
    for name in (module.stem, module.parent.name):
        word = re.compile(rf"\b{re.escape(name)}\b")
        found = sorted(str(path) for path in folder.rglob("test_*.py") if word.search(path.read_text()))
        if found:
            return found
    return []


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", type=Path, required=True, help="folder of modules")
    parser.add_argument("--tests", type=Path, required=True, help="folder of tests")
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="one line per mutant (CSV)")
    options = parser.parse_args()
    every = [(path, *change) for path in sorted(options.package.rglob("*.py"))
             for change in changes(ast.parse(path.read_text()))]
    with open(options.out, "w", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(["module", "line", "kind", "change", "outcome"])
        for path, place, kind in random.Random(options.seed).sample(every, options.count):
            source, line, change = apply(path.read_text(), place, kind)
            name = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
            tests = naming(path, options.tests)
            outcome = UNTESTED if not tests else \
                KILLED if noticed(name, path.resolve(), source, tests) else SURVIVED
            table.writerow([path, line, kind, change, outcome])
            stream.flush()


if __name__ == "__main__":
    main()
