"""Small changes to code: comparisons, operators, numbers, conditions and returned values."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

COMPARED = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
            ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot,
            ast.IsNot: ast.Is}
COMBINED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.And: ast.Or,
            ast.Or: ast.And, ast.FloorDiv: ast.Div, ast.BitOr: ast.BitAnd}


@dataclass(frozen=True)
class Change:
    """One change to one module.

    Attributes
    ----------
    path : Path
        The module, relative to the repository.
    place : int
        Which node of `ast.walk`.
    kind : str
        ``comparison``, ``operator``, ``number``, ``not``, ``condition`` or ``return``.
    lines : range
        Where the changed expression stands.
    inside : bool
        Whether that is inside a function; otherwise importing the module runs it.
    """

    path: Path
    place: int
    kind: str
    lines: range
    inside: bool


def changes(path: Path, source: str) -> Iterator[Change]:
    """Yield every change to a module.

    Left alone is what says nothing when it is changed: documentation, annotations, the arguments of
    decorators (``frozen=True``) and the last lines that start a program.
    """
    tree = ast.parse(source)
    silent = {id(child) for part in _silent(tree) for child in ast.walk(part)}
    functions = [node for node in ast.walk(tree)
                 if isinstance(node, ast.FunctionDef | ast.Lambda | ast.AsyncFunctionDef)]
    inside = {id(child) for one in functions for part in
              (one.body if isinstance(one.body, list) else [one.body]) for child in ast.walk(part)}
    for place, node in enumerate(ast.walk(tree)):
        if id(node) in silent or not (kind := _kind(node)):
            continue
        at = node.test if kind == "condition" else node
        yield Change(path, place, kind, range(at.lineno, at.end_lineno + 1), id(node) in inside)


def _silent(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from node.decorator_list
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node
        for annotation in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if annotation:
                yield annotation
    if tree.body and isinstance(tree.body[-1], ast.If) and "__name__" in ast.dump(tree.body[-1].test):
        yield tree.body[-1]


def _kind(node: ast.AST) -> str:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARED:
        return "comparison"
    if isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in COMBINED:
        return "operator"
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return "number"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return "not"
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        return "condition"
    return "return" if isinstance(node, ast.Return) and node.value is not None else ""


def applied(source: str, change: Change) -> tuple[str, str]:
    """Return the changed source, and what stood and stands there."""
    tree = ast.parse(source)
    node = list(ast.walk(tree))[change.place]
    before = ast.unparse(node).splitlines()[0]
    if change.kind == "comparison":
        node.ops[0] = COMPARED[type(node.ops[0])]()
    elif change.kind == "operator":
        node.op = COMBINED[type(node.op)]()
    elif change.kind == "number":
        node.value = not node.value if isinstance(node.value, bool) else node.value + 1
    elif change.kind == "not":
        node.op = ast.UAdd()
        node.operand = ast.Call(ast.Name("bool", ast.Load()), [node.operand], [])
    elif change.kind == "condition":
        node.test = ast.UnaryOp(ast.Not(), node.test)
    else:
        node.value = ast.Constant(None)
    after = ast.unparse(ast.fix_missing_locations(node)).splitlines()[0]
    return ast.unparse(tree), f"{before} -> {after}"
