"""Calls that stand for other expressions, written out before types are inferred: `np.clip`, `math.log(x, base)`.

np.where(c, a, b)       a if c else b
np.clip(x, low, high)   min(max(x, low), high)
np.square(x)            x ** 2
sum((a, b))             0 + a + b
min((a, b))             min(a, b)
x in t                  contains(x, t)
a, *rest = t            a = t[0]; rest = t[1:]
(*t, x)                 t[:] + (x,)
math.log(x, base)       math.log(x) / math.log(base)
"""

from __future__ import annotations

import ast
import math
from typing import TYPE_CHECKING, Any

from . import library_of_python

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


def _has_star(target: ast.expr) -> bool:
    items = target.elts if isinstance(target, (ast.Tuple, ast.List)) else []
    return any(isinstance(item, ast.Starred) or _has_star(item) for item in items)


def _assigned(target: ast.expr, value: ast.expr) -> ast.stmt:
    return ast.Assign(targets=[target], value=value)


def _taken_apart(target: ast.expr, value: ast.expr) -> list[ast.stmt]:
    """`a, *rest, z = t` as `a = t[0]`, `rest = t[1:-1]`, `z = t[-1]`: of a tuple, what a star takes is one too."""
    if not _has_star(target) or not isinstance(target, (ast.Tuple, ast.List)):
        return [_assigned(target, value)]
    made = []
    count = len(target.elts)
    star = next((i for i, x in enumerate(target.elts) if isinstance(x, ast.Starred)), count)
    for place, item in enumerate(target.elts):
        index: ast.expr = ast.Constant(place if place < star else place - count)
        if isinstance(item, ast.Starred):
            behind = count - 1 - place
            upper = ast.UnaryOp(op=ast.USub(), operand=ast.Constant(behind)) if behind else None
            index = ast.Slice(lower=ast.Constant(place), upper=upper, step=None)
            item = item.value
        part = ast.Subscript(value=value, slice=index, ctx=ast.Load())
        made += _taken_apart(item, part)
    return made


def is_field_index(node: ast.expr) -> bool:
    """Whether it is `A[i].v[j]`: an index of a field of an element."""
    if not isinstance(node, ast.Subscript):
        return False
    is_field, step = False, node.value
    while isinstance(step, (ast.Subscript, ast.Attribute)):
        if isinstance(step, ast.Subscript) and is_field:
            return True
        is_field = is_field or isinstance(step, ast.Attribute)
        step = step.value
    return False


def one_by_one(node: ast.Subscript) -> ast.Subscript:
    """`v[j][k]` for `v[j, k]`."""
    assert isinstance(node.slice, ast.Tuple)
    value = node.value
    for index in node.slice.elts:
        value = ast.Subscript(value=value, slice=index, ctx=ast.Load())
    assert isinstance(value, ast.Subscript)
    value.ctx = node.ctx
    return ast.fix_missing_locations(ast.copy_location(value, node))


class Forms(ast.NodeTransformer):
    """Rewrites one function.

    Args:
        find: the object that a chain of names outside of the function stands for, None if it is a variable or nothing.
    """

    def __init__(self, find: Callable[[ast.expr], Any]) -> None:
        self._find = find
        self._stars = 0

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        """`P[i]["x"]` is `P[i].x`, and `P[i].v[j, k]` is `P[i].v[j][k]`."""
        self.generic_visit(node)
        if is_field_index(node) and isinstance(node.slice, ast.Tuple):
            return one_by_one(node)
        name = node.slice.value if isinstance(node.slice, ast.Constant) else None
        if not (isinstance(name, str) and isinstance(node.value, ast.Subscript)):
            return node
        made = ast.Attribute(value=node.value, attr=name, ctx=node.ctx)
        return ast.copy_location(made, node)

    def visit_Tuple(self, node: ast.Tuple) -> ast.expr:
        self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load) or not any(
            isinstance(item, ast.Starred) for item in node.elts
        ):
            return node
        whole: ast.expr | None = None
        plain: list[ast.expr] = []
        parts: list[ast.expr] = []
        for item in node.elts:
            if not isinstance(item, ast.Starred):
                if not plain:
                    parts.append(ast.Tuple(elts=plain, ctx=ast.Load()))
                plain.append(item)
                continue
            plain = []
            every = ast.Slice(lower=None, upper=None, step=None)
            parts.append(ast.Subscript(value=item.value, slice=every, ctx=ast.Load()))
        for part in parts:
            whole = part if whole is None else ast.BinOp(left=whole, op=ast.Add(), right=part)
        assert whole is not None
        return ast.fix_missing_locations(ast.copy_location(whole, node))

    def visit_Assign(self, node: ast.Assign) -> ast.stmt | list[ast.stmt]:
        self.generic_visit(node)
        if not any(map(_has_star, node.targets)):
            return node
        held = self._new_name()
        made: list[ast.stmt] = [_assigned(ast.Name(id=held, ctx=ast.Store()), node.value)]
        for target in node.targets:
            made += _taken_apart(target, ast.Name(id=held, ctx=ast.Load()))
        return [ast.fix_missing_locations(ast.copy_location(item, node)) for item in made]

    def visit_For(self, node: ast.For) -> ast.stmt:
        self.generic_visit(node)
        if _has_star(node.target):
            held = self._new_name()
            parts = _taken_apart(node.target, ast.Name(id=held, ctx=ast.Load()))
            made = [ast.fix_missing_locations(ast.copy_location(item, node)) for item in parts]
            node.body[:0] = made
            name = ast.Name(id=held, ctx=ast.Store())
            node.target = ast.copy_location(name, node.target)
        return node

    def _new_name(self) -> str:
        self._stars += 1
        return f"%star{self._stars}"

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        """`x in t` is a call, unless the elements are known."""
        self.generic_visit(node)
        items = node.comparators[0]
        is_written = isinstance(items, (ast.Tuple, ast.List)) or type(self._find(items)) is tuple
        if not isinstance(node.ops[0], (ast.In, ast.NotIn)) or is_written:
            return node
        made = _called("contains", node.left, items)
        if isinstance(node.ops[0], ast.NotIn):
            made = ast.UnaryOp(op=ast.Not(), operand=made)
        return ast.fix_missing_locations(ast.copy_location(made, node))

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        found = self._find(node.func)
        text = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
        if (found is ord or found is float) and isinstance(text, str):
            return ast.copy_location(ast.Constant(found(text)), node)
        made = self._of_values(found, node) or self._log(found, node) or self._numpy(found, node)
        return node if made is None else ast.fix_missing_locations(ast.copy_location(made, node))

    def _of_values(self, found: Any, node: ast.Call) -> ast.expr | None:
        if len(node.args) != 1 or node.keywords or not isinstance(node.args[0], ast.Tuple):
            return None
        if (found is min or found is max) and len(node.args[0].elts) > 1:
            return _called(found.__name__, *node.args[0].elts)
        if found is not sum and found is not library_of_python.sum:
            return None
        total: ast.expr = ast.Constant(0)
        for item in node.args[0].elts:
            total = ast.BinOp(left=total, op=ast.Add(), right=item)
        return total

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
