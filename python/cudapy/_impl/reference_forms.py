"""Calls that stand for other expressions, written out before types are inferred: `np.clip`, `math.log(x, base)`.

np.where(c, a, b)       a if c else b
np.clip(x, low, high)   min(max(x, low), high)
np.square(x)            x ** 2
math.log(x, base)       math.log(x) / math.log(base)
"""

from __future__ import annotations

import ast
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

# NumPy's spelling, and the name of Python's function that means the same in a kernel.
_PYTHONS = {
    "abs": "abs",
    "absolute": "abs",
    "minimum": "min",
    "maximum": "max",
    "power": "pow",
    "divmod": "divmod",
}


def _called(name: str, *arguments: ast.expr) -> ast.expr:
    # The names with a percent sign are cudapy's own, which nothing in a program can hide.
    return ast.Call(func=ast.Name(id="%" + name, ctx=ast.Load()), args=list(arguments), keywords=[])


class Forms(ast.NodeTransformer):
    """Rewrites one function.

    Args:
        find: the object that a chain of names outside of the function stands for, None if it is a variable or nothing.
    """

    def __init__(self, find: Callable[[ast.expr], Any]) -> None:
        self._find = find

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        """`P[i]["x"]` is `P[i].x`."""
        self.generic_visit(node)
        name = node.slice.value if isinstance(node.slice, ast.Constant) else None
        if not (isinstance(name, str) and isinstance(node.value, ast.Subscript)):
            return node
        made = ast.Attribute(value=node.value, attr=name, ctx=node.ctx)
        return ast.copy_location(made, node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        found = self._find(node.func)
        made = self._log(found, node) or self._numpy(found, node)
        return node if made is None else ast.fix_missing_locations(ast.copy_location(made, node))

    def _log(self, found: Any, node: ast.Call) -> ast.expr | None:
        if found is not math.log or len(node.args) != 2:
            return None
        value, base = (ast.Call(func=node.func, args=[item], keywords=[]) for item in node.args)
        return ast.BinOp(left=value, op=ast.Div(), right=base)

    def _numpy(self, found: Any, node: ast.Call) -> ast.expr | None:
        module = getattr(found, "__module__", None) or type(found).__module__
        if not str(module).startswith("numpy") or node.keywords:
            return None
        name = getattr(found, "__name__", "")
        match name, node.args:
            case "where", [condition, value, other]:
                return ast.IfExp(test=condition, body=value, orelse=other)
            case "clip", [value, low, high]:
                return _called("min", _called("max", value, low), high)
            case "square", [value]:
                return ast.BinOp(left=value, op=ast.Pow(), right=ast.Constant(2))
            case "logical_not", [value]:
                return ast.UnaryOp(op=ast.Not(), operand=value)
        return _called(_PYTHONS[name], *node.args) if name in _PYTHONS else None
