"""The types of a kernel's variables and expressions, inferred on CPython's own syntax tree.

A second statement of the language's type rules, independent of the compiler's: the reference device needs them, because a
variable's one type depends on assignments that may not run. Types are strings: a scalar's name, `"weak int"`,
`"weak float"`, `"float32*"` for an array, `"void"`; a tuple for several values; None where nothing is known yet.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from . import reference_names as names
from .errors import CudaPyError
from .scalar import BITS, Scalar, is_float, is_weak, promote, result_type, strong, type_of

if TYPE_CHECKING:
    from types import FunctionType

    from .interpreter import Program

OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
}


def join(a: Any, b: Any) -> Any:
    """The one type of a variable that is assigned values of both types."""
    if a is None or b is None:
        return a if b is None else b
    if a == b:
        return a
    if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
        return tuple(map(join, a, b))
    if isinstance(a, tuple) or isinstance(b, tuple) or a.endswith("*") or b.endswith("*") or "void" in (a, b):
        raise CudaPyError(f"a variable is both {a} and {b}")
    if "bool" in (a, b):
        other = b if a == "bool" else a
        return promote("int32", other)
    return promote(a, b)


class Types:
    """The types in one function, called with arguments of given types.

    Attributes:
        variables: the type of every parameter and variable.
        result: the type of what it returns.
        widest_float: "float64" if any value in it is one.
    """

    def __init__(
        self, program: Program, function: FunctionType, tree: ast.FunctionDef, parameters: dict[str, str], result: str | None
    ) -> None:
        self.program = program
        self.function = function
        self.tree = tree
        self.variables: dict[str, Any] = dict(parameters)
        self.declared: dict[str, str] = {}
        self.declared_result = result
        self.result: Any = result
        self.touches_float64 = False
        self.assigned = _assigned_names(tree)
        self._weak_values: dict[str, object] = {}
        self._run()

    def _run(self) -> None:
        while True:
            self._settle()
            weak = [name for name, type in self.variables.items() if isinstance(type, str) and is_weak(type)]
            if not weak:
                break
            for name in weak:
                self.variables[name] = strong(self.variables[name], self._weak_values.get(name))
        if isinstance(self.result, str) and is_weak(self.result):
            self.result = strong(self.result, self._weak_values.get("return"))
        if self.result is None:
            self.result = "void"

    def _settle(self) -> None:
        """Visits the body until nothing changes any more."""
        for _ in range(100):
            before = (dict(self.variables), self.result)
            for statement in self.tree.body:
                self._visit(statement)
            if before == (self.variables, self.result):
                return
        raise CudaPyError(f"the types of `{self.function.__name__}` do not settle")

    # Statements

    def _visit(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign():
                for target in node.targets:
                    self._bind(target, self.type_of(node.value), node.value)
            case ast.AugAssign(target=ast.Name(id=name)):
                self._bind(node.target, self._binary(node.op, self.variables.get(name), self.type_of(node.value)), None)
            case ast.AnnAssign(target=ast.Name(id=name)):
                self.declared[name] = self.program.annotation(self.function, node.annotation)
                self.variables[name] = self.declared[name]
            case ast.For():
                self._bind(node.target, self.iterated(node.iter), node.iter)
            case ast.Return() if node.value is not None and self.declared_result is None:
                self.result = join(self.result, self.type_of(node.value))
                self._note_weak("return", self.result, node.value)
            case ast.Expr() | ast.AugAssign():
                self.type_of(node.value)
            case ast.If() | ast.While():
                self.type_of(node.test)
        for body in ("body", "orelse"):
            for statement in getattr(node, body, []):
                self._visit(statement)

    def _bind(self, target: ast.expr, type: Any, value: ast.expr | None) -> None:
        if isinstance(target, (ast.Tuple, ast.List)):
            if type is None:
                return
            parts = value.elts if isinstance(value, (ast.Tuple, ast.List)) else [None] * len(target.elts)
            for item, item_type, part in zip(target.elts, type, parts):
                self._bind(item, item_type, part)
        elif isinstance(target, ast.Name) and target.id not in self.declared:
            self.variables[target.id] = join(self.variables.get(target.id), type)
            self._note_weak(target.id, type, value)

    def _note_weak(self, name: str, type: Any, value: ast.expr | None) -> None:
        """Remembers the largest constant, which decides between int32 and int64."""
        known = self.constant(value) if type == "weak int" and value is not None else None
        before = self._weak_values.get(name, 0)
        if isinstance(known, int) and isinstance(before, int) and abs(known) >= abs(before):
            self._weak_values[name] = known

    def iterated(self, node: ast.expr) -> Any:
        """The type of what a `for` over `node` yields."""
        type = self.type_of(node)
        return type[:-1] if isinstance(type, str) and type.endswith("*") else type

    # Expressions

    def type_of(self, node: ast.expr) -> Any:
        type = self._type_of(node)
        if type in ("float64", "float64*"):
            self.touches_float64 = True
        return type

    def _type_of(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant():
                return type_of(node.value)  # type: ignore[arg-type]
            case ast.Name(id=name) if name in self.variables or name in self.assigned:
                return self.variables.get(name)
            case ast.Name() | ast.Attribute():
                return self._meaning_type(self.meaning(node))
            case ast.Tuple() | ast.List():
                return tuple(self.type_of(item) for item in node.elts)
            case ast.BinOp():
                return self._binary(node.op, self.type_of(node.left), self.type_of(node.right))
            case ast.UnaryOp(op=ast.Not()):
                self.type_of(node.operand)
                return "bool"
            case ast.UnaryOp():
                operand = self.type_of(node.operand)
                return "int32" if operand == "bool" else operand
            case ast.Compare():
                for operand_node in (node.left, *node.comparators):
                    self.type_of(operand_node)
                return "bool"
            case ast.BoolOp():
                return self._common([self.type_of(value) for value in node.values])
            case ast.IfExp():
                self.type_of(node.test)
                return self._common([self.type_of(node.body), self.type_of(node.orelse)])
            case ast.Subscript():
                self.type_of(node.slice)
                array = self.type_of(node.value)
                return None if array is None else array[:-1]
            case ast.Call():
                return self._call(node)
        raise CudaPyError(f'the "python" device does not know {type(node).__name__} (line {node.lineno})')

    def _common(self, types: list[Any]) -> Any:
        common = types[0]
        for type in types[1:]:
            common = None if common is None or type is None else join(common, type)
        return common

    def _binary(self, operator: ast.operator, left: Any, right: Any) -> Any:
        if left is None or right is None:
            return None
        return result_type(OPERATORS[type(operator)], left, right)

    def meaning(self, node: ast.expr) -> Any:
        """The meaning of a global name, or of a chain of attributes that starts at one."""
        if isinstance(node, ast.Attribute):
            return names.attribute(self._owner(node.value), node.attr)
        assert isinstance(node, ast.Name)
        return names.lookup(self.function, node.id, self.program.together)

    def _owner(self, node: ast.expr) -> Any:
        owner = self.meaning(node)
        return owner.value if isinstance(owner, names.Plain) else owner

    def _meaning_type(self, meaning: Any) -> Any:
        if isinstance(meaning, names.Index):
            return "int32"
        if isinstance(meaning, (Scalar, bool, int, float)):
            return type_of(meaning)
        return "void"

    def _call(self, node: ast.Call) -> Any:
        types = [self.type_of(argument) for argument in node.args]
        types += [self.type_of(keyword.value) for keyword in node.keywords]
        called = self.meaning(node.func)
        if isinstance(called, names.Plain):
            return "void"
        if any(type is None for type in types):
            return None
        if hasattr(called, "result"):
            return called.result(types)
        arguments = self.program.bind(called, node, types[: len(node.args)], types[len(node.args) :])
        known = [self.constant(argument) for argument in node.args]
        return self.program.helper(called, arguments, known).types.result

    # Constants

    def constant(self, node: ast.expr) -> object:
        """The value of an expression of weak constants, or None."""
        match node:
            case ast.Constant():
                return node.value
            case ast.UnaryOp(op=ast.USub()):
                operand = self.constant(node.operand)
                return -operand if isinstance(operand, (int, float)) else None
            case ast.BinOp():
                left, right = self.constant(node.left), self.constant(node.right)
                if isinstance(left, int) and isinstance(right, int):
                    return int(eval(f"({left}) {OPERATORS[type(node.op)]} ({right})"))
            case ast.Name(id=name) if name not in self.assigned and name not in self.variables:
                found = self.meaning(node)
                return found if isinstance(found, int) else None
        return None


def _assigned_names(tree: ast.FunctionDef) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def zero(type: str) -> Scalar:
    """What a variable holds before it is assigned."""
    return Scalar(type, 0.0 if is_float(type) else False if BITS[type] == 1 else 0)
