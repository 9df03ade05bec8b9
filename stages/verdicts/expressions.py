"""Arithmetic and comparisons on named values: the checks that the claims are written in.

Own code and not simpleeval: a claim is refused when it is read, its names are known before its values,
and true and false are no numbers; all three would be as much code around the library.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping

_BINARY = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
           ast.Div: operator.truediv, ast.Pow: operator.pow}
_UNARY = {ast.USub: operator.neg, ast.Not: operator.not_}
_COMPARE = {ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
            ast.Gt: operator.gt, ast.GtE: operator.ge, ast.In: lambda a, b: a in b,
            ast.NotIn: lambda a, b: a not in b}
FUNCTIONS = {"abs": abs, "min": min, "max": max, "len": len, "sum": sum, "floor": math.floor,
             "sqrt": math.sqrt}


class Expression:
    """One expression: names, numbers, texts, ``+ - * / **``, comparisons, and, or, not, calls.

    Parameters
    ----------
    text : str
    functions : mapping, optional
        Functions beside `FUNCTIONS`, by name.

    Raises
    ------
    ValueError
        If the text is not an expression or holds anything else.

    Examples
    --------
    >>> Expression("abs(a - b) > 2").evaluate({"a": 1, "b": 4})
    True
    >>> sorted(Expression("abs(a - b) > 2").names)
    ['a', 'b']
    """

    def __init__(self, text: str, functions: Mapping[str, Callable] | None = None):
        self.text, self._functions = text, FUNCTIONS | dict(functions or {})
        try:
            self._tree = ast.parse(text, mode="eval").body
        except SyntaxError as error:
            raise ValueError(f"'{text}' is not an expression ({error.msg})") from None
        self.names: set[str] = set()
        self._check(self._tree)

    def _check(self, node) -> None:
        if isinstance(node, ast.Name):
            self.names.add(node.id)
            return
        if isinstance(node, ast.Call):
            known = isinstance(node.func, ast.Name) and node.func.id in self._functions
            if not known or node.keywords:
                raise ValueError(f"'{self.text}' calls something other than "
                                 f"{', '.join(sorted(self._functions))}")
            children = node.args
        elif isinstance(node, ast.Compare) and all(type(op) in _COMPARE for op in node.ops):
            children = [node.left, *node.comparators]
        elif isinstance(node, ast.BoolOp):
            children = node.values
        elif isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            children = [node.left, node.right]
        elif isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
            children = [node.operand]
        elif isinstance(node, ast.Constant) and isinstance(node.value, (int, float, str)):
            children = []
        else:
            raise ValueError(f"'{self.text}' holds {type(node).__name__}, which is not allowed")
        for child in children:
            self._check(child)

    def evaluate(self, values: Mapping[str, object]):
        """Return the value of the expression; ``values`` holds every name of `names`.

        Raises
        ------
        TypeError
            If the values do not fit, or true or false is calculated with or compared.
        """
        return self._value(self._tree, values)

    def _number(self, node, values):
        """Return the value of a part that is calculated with: true and false are no numbers."""
        value = self._value(node, values)
        if isinstance(value, bool):
            raise TypeError(f"'{self.text}' calculates with {value}")
        return value

    def _value(self, node, values):
        if isinstance(node, ast.Name):
            return values[node.id]
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Call):
            return self._functions[node.func.id](*(self._number(a, values) for a in node.args))
        if isinstance(node, ast.BinOp):
            return _BINARY[type(node.op)](self._number(node.left, values),
                                          self._number(node.right, values))
        if isinstance(node, ast.UnaryOp):
            return _UNARY[type(node.op)](self._value(node.operand, values))
        if isinstance(node, ast.BoolOp):
            combine = all if isinstance(node.op, ast.And) else any
            return combine(self._value(item, values) for item in node.values)
        left = self._number(node.left, values)
        for op, item in zip(node.ops, node.comparators):
            right = self._number(item, values)
            if not _COMPARE[type(op)](left, right):
                return False
            left = right
        return True
