"""Which expressions of a function are constants, and their values: as Python computes them, exactly.

A weak constant takes its type only once it meets one, so its value has to be known before: `1.0 / 3.0 * x`
rounds 1/3 once, to the type of `x`.
"""

from __future__ import annotations

import ast
import math
import operator
from typing import TYPE_CHECKING, Any

from . import reference_names as names
from .reference_math import MathFunction
from .reference_structs import field_types, is_struct, size_of
from .scalar import is_weak, rank_of

if TYPE_CHECKING:
    from .reference_types import Types

_BINARY: dict[type[ast.operator], Any] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
}
_COMPARE: dict[type[ast.cmpop], Any] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_UNARY: dict[type[ast.unaryop], Any] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
}
_FUNCTIONS: dict[str, Any] = {"floor": math.floor, "ceil": math.ceil, "trunc": math.trunc}


class Constants:
    """What is known of a function's values without running it.

    Attributes:
        single: the variables that one assignment, outside of a `for`'s head, gives its value.
    """

    def __init__(self, types: Types) -> None:
        self._types = types
        self.single: dict[str, ast.expr] = {}
        self._always: set[str] = set()  # of those: assigned wherever they are read

    def of(self, node: ast.expr, locals: bool = True) -> Any:
        """The value of a constant expression, or None. Without `locals`, variables are never constants."""
        try:
            return self._of(node, locals)
        except (ArithmeticError, ValueError, TypeError):
            return None

    def _of(self, node: ast.expr, locals: bool) -> Any:
        match node:
            case ast.Constant():
                return node.value if isinstance(node.value, (bool, int, float)) else None
            case ast.Name(id=name) if self._types.is_local(name):
                return self._variable(name) if locals else None
            case ast.Attribute(attr="ndim") if self._types.is_array_attribute(node):
                array = self._types.type_of(node.value)
                return rank_of(array) if isinstance(array, str) else None
            case ast.Attribute(attr="itemsize") if self._types.is_array_attribute(node):
                array = self._types.type_of(node.value)
                return size_of(array.rstrip("*")) if isinstance(array, str) else None
            case ast.Attribute() if self._types.is_value(node):
                return None
            case ast.Name() | ast.Attribute():
                found = self._types.meaning(node)
                return found if isinstance(found, (bool, int, float)) else None
            case ast.UnaryOp():
                operand = self._of(node.operand, locals)
                if operand is None:
                    return None
                if isinstance(node.op, ast.Not):
                    return not operand
                return None if isinstance(operand, bool) else _UNARY[type(node.op)](operand)
            case ast.BinOp():
                return self._binary(node, locals)
            case ast.Compare():
                return self._compare(node, locals)
            case ast.BoolOp():
                return self._logical(node, locals)
            case ast.IfExp():
                test = self._of(node.test, locals)
                return (
                    None if test is None else self._of(node.body if test else node.orelse, locals)
                )
            case ast.Call():
                return self._call(node, locals)
        return None

    def _variable(self, name: str) -> Any:
        type = self._types.variables.get(name)
        if name not in self._always or not isinstance(type, str) or not is_weak(type):
            return None
        return self._of(self.single[name], True)

    def _binary(self, node: ast.BinOp, locals: bool) -> Any:
        left, right = self._of(node.left, locals), self._of(node.right, locals)
        if left is None or right is None or isinstance(left, bool) or isinstance(right, bool):
            return None
        if isinstance(node.op, (ast.LShift, ast.Pow)) and abs(right) > 126:
            return None
        value = _BINARY[type(node.op)](left, right)
        return None if isinstance(value, complex) else value

    def _compare(self, node: ast.Compare, locals: bool) -> Any:
        left = self._of(node.left, locals)
        if isinstance(node.ops[0], (ast.In, ast.NotIn)):
            elements = self._elements(node.comparators[0], locals)
            if left is None or elements is None:
                return None
            return (left in elements) == isinstance(node.ops[0], ast.In)
        for op, comparator in zip(node.ops, node.comparators):
            right = self._of(comparator, locals)
            if left is None or right is None:
                return None
            if not _COMPARE[type(op)](left, right):
                return False  # whatever the rest of the chain is
            left = right
        return True

    def _elements(self, node: ast.expr, locals: bool) -> list[Any] | None:
        """Of a tuple of constants that is written out, or from outside."""
        if isinstance(node, (ast.Tuple, ast.List)):
            elements = [self._of(item, locals) for item in node.elts]
        elif isinstance(node, (ast.Name, ast.Attribute)) and not self._types.is_value(node):
            meaning = self._types.meaning(node)
            elements = list(meaning) if isinstance(meaning, tuple) else [None]
        else:
            return None
        is_known = all(isinstance(item, (bool, int, float)) for item in elements)
        return elements if is_known else None

    def bounds(self, node: ast.Slice) -> slice:
        """The constant bounds of a tuple's slice."""
        parts = (node.lower, node.upper, node.step)
        return slice(*(None if part is None else self.of(part) for part in parts))

    def _logical(self, node: ast.BoolOp, locals: bool) -> Any:
        stops_at = isinstance(node.op, ast.Or)
        value: Any = None
        for item in node.values:
            value = self._of(item, locals)
            if value is None or bool(value) == stops_at:
                return value
        return value

    def _call(self, node: ast.Call, locals: bool) -> Any:
        if node.keywords or self._types.is_conjugate(node) or self._types.is_view(node):
            return None
        called = self._types.meaning(node.func)
        if isinstance(called, names.Len):
            type = self._types.type_of(node.args[0])
            if is_struct(type):
                return len(field_types(type))
            return len(type) if isinstance(type, tuple) else None
        values = [self._of(argument, locals) for argument in node.args]
        if not values or any(value is None or isinstance(value, bool) for value in values):
            return None
        if isinstance(called, names.Extreme):
            return min(values) if called.operator == "<" else max(values)
        if isinstance(called, names.Abs):
            return abs(values[0])
        if isinstance(called, names.Power):
            return values[0] ** values[1]
        if isinstance(called, names.Round) and len(values) == 1:
            return round(values[0])
        if isinstance(called, MathFunction) and called.to_integer:
            return _FUNCTIONS[called.spelling](values[0])
        return None

    def find_single(self) -> None:
        """Counts assignments, and sees whether each variable's only one comes before all its reads in the
        same block."""
        counts: dict[str, int] = {}
        found: dict[str, tuple[ast.expr, list[ast.stmt], ast.stmt]] = {}
        self._count(self._types.tree.body, counts, found)
        reads: dict[str, list[ast.Name]] = {}
        for node in ast.walk(self._types.tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                reads.setdefault(node.id, []).append(node)
        for name, (value, block, statement) in found.items():
            if counts[name] != 1:
                continue
            self.single[name] = value
            after = block[block.index(statement) + 1 :]
            inside = {id(node) for later in after for node in ast.walk(later)}
            if all(id(read) in inside for read in reads.get(name, [])):
                self._always.add(name)

    def _count(
        self,
        block: list[ast.stmt],
        counts: dict[str, int],
        found: dict[str, tuple[ast.expr, list[ast.stmt], ast.stmt]],
    ) -> None:
        for statement in block:
            if isinstance(statement, ast.If):
                known = self.of(statement.test, locals=False)
                if known is not None:
                    self._count(statement.body if known else statement.orelse, counts, found)
                    continue
            for target, value in _assignments(statement):
                counts[target] = counts.get(target, 0) + 1
                if value is not None:
                    found[target] = (value, block, statement)
            for branch in ("body", "orelse"):
                self._count(getattr(statement, branch, []), counts, found)


def _assignments(statement: ast.stmt) -> list[tuple[str, ast.expr | None]]:
    """The variables that a statement itself assigns, each with the expression that it is given where there is one."""
    match statement:
        case ast.Assign():
            return [
                pair for target in statement.targets for pair in _pairs(target, statement.value)
            ]
        case ast.AugAssign():
            return _pairs(statement.target, None)
        case ast.AnnAssign():
            return _pairs(statement.target, None)
        case ast.For():
            return _pairs(statement.target, None)
    return []


def _pairs(target: ast.expr, value: ast.expr | None) -> list[tuple[str, ast.expr | None]]:
    if isinstance(target, (ast.Tuple, ast.List)):
        parts = (
            value.elts if isinstance(value, (ast.Tuple, ast.List)) else [None] * len(target.elts)
        )
        return [pair for item, part in zip(target.elts, parts) for pair in _pairs(item, part)]
    return [(target.id, value)] if isinstance(target, ast.Name) else []
