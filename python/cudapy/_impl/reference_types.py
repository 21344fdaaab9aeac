"""The types of a kernel's variables and expressions, inferred on CPython's own syntax tree.

A second statement of the language's type rules, independent of the compiler's: the reference device needs
them, because a
variable's one type depends on assignments that may not run. Types are strings: a scalar's name, `"weak int"`,
`"weak float"`, `"float32*"` for an array, `"void"`; a tuple for several values; None where nothing is known yet.
"""

from __future__ import annotations

import ast
from functools import reduce
from typing import TYPE_CHECKING, Any

from . import reference_names as names
from .errors import CudaPyError
from .reference_arrays import ArrayView
from .reference_constants import Constants
from .reference_cooperation import NewArray
from .reference_flow import drop_unreachable
from .reference_forms import one_by_one
from .reference_intrinsics import Atomic, Intrinsic
from .reference_structs import (
    Record,
    field_types,
    fields_of,
    is_struct,
    same_fields,
    type_of_record,
    zero_record,
)
from .reference_warps import WarpOperation
from .scalar import (
    BITS,
    HALVES,
    WEAK_INT,
    Context,
    Scalar,
    arithmetic_type,
    beside,
    is_complex,
    is_float,
    is_integer,
    is_weak,
    part_of,
    promote,
    rank_of,
    strong,
    touches_float64,
    type_of,
)

if TYPE_CHECKING:
    from types import FunctionType

    from .interpreter import Program

SYMBOLS: dict[type[ast.operator], str] = {
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
_BRANCHES = ("body", "orelse")
_MAY_BE_FIELDS = ("T", "itemsize", "nbytes", "strides")
_ARRAY_ATTRIBUTES = ("shape", "ndim", "size", *_MAY_BE_FIELDS)


def join(a: Any, b: Any) -> Any:
    """The one type of a variable that is assigned values of both types."""
    if a is None or b is None:
        return a if b is None else b
    if a == b:
        return a
    if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
        return tuple(map(join, a, b))
    if not a.endswith("*") and same_fields(a, b):
        return a
    if (
        isinstance(a, tuple)
        or isinstance(b, tuple)
        or a.endswith("*")
        or b.endswith("*")
        or "void" in (a, b)
    ):
        raise CudaPyError(f"a variable is both {a} and {b}")
    return promote(a, b)


def join_in_variable(a: Any, b: Any) -> Any:
    """As `join`, but a variable that is given a number alone has 32 bits or more."""
    if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
        return tuple(map(join_in_variable, a, b))
    joined = join(a, b)
    meets_number = isinstance(a, str) and isinstance(b, str) and is_weak(a) != is_weak(b)
    if not meets_number or rank_of(joined) or is_struct(joined):
        return joined
    if joined in HALVES:
        return "float32"
    return "int32" if is_integer(joined) and BITS[joined] < 32 else joined


class Types:
    """The types in one function, called with arguments of given types.

    Attributes:
        variables: the type of every parameter and variable. One that stands for a single weak expression stays weak.
        result: the type of what it returns, which may be weak.
        touches_float64: whether any value in it is a float64.
        constants: what is known of its values without running it.
    """

    def __init__(
        self,
        program: Program,
        function: FunctionType,
        tree: ast.FunctionDef,
        parameters: dict[str, str],
        result: str | None,
    ) -> None:
        self.program = program
        self.function = function
        self.tree = tree
        self.variables: dict[str, Any] = dict(parameters)
        self.parameters = set(parameters)
        self.declared: dict[str, str] = {}
        self.declared_result = result
        self.result: Any = result
        self.touches_float64 = any(touches_float64(type) for type in (*parameters.values(), result))
        self.assigned = {
            n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        self.constants = Constants(self)
        # What a weak integer in a variable, or in the result ("return"), becomes alone.
        self._alone: dict[str, str] = {}

    def begin(self) -> None:
        """Finds what is known before weak variables get their types."""
        # A name that only unreachable statements assign is a variable all the same.
        drop_unreachable(self.tree.body, lambda test: self.constants.of(test, locals=False))
        self.constants.find_single()  # which asks for types, and so for constants
        self.settle()

    def finish(self) -> None:
        """Finds the rest."""
        while self.settle_weak():
            self.settle()
        if self.result is None:
            self.result = "void"

    def settle_weak(self) -> bool:
        """Gives weak variables the types that they have alone.

        Returns:
            Whether there was one.
        """
        found = False
        for name, type in self.variables.items():
            if self._has_weak(type) and not self._stays_weak(name):
                self.variables[name] = self._stored(name, type)
                found = True
        return found

    def settle_result(self) -> bool:
        """The same for the result."""
        before, self.result = self.result, self.storage("return")
        return bool(before != self.result)

    def returns_value(self) -> bool:
        return any(isinstance(n, ast.Return) and n.value is not None for n in ast.walk(self.tree))

    def _stays_weak(self, name: str) -> bool:
        return (
            name not in self.assigned if name in self.parameters else name in self.constants.single
        )

    @staticmethod
    def _has_weak(type: Any) -> bool:
        return (
            settled(type) != type if isinstance(type, tuple) else type is not None and is_weak(type)
        )

    def _stored(self, name: str, type: Any) -> Any:
        if isinstance(type, tuple):
            return settled(type)
        return self._alone.get(name, "int32") if type == WEAK_INT else strong(type)

    def storage(self, name: str) -> Any:
        """The type in which a variable, or the result ("return"), is held."""
        type = self.result if name == "return" else self.variables.get(name)
        return self._stored(name, type) if self._has_weak(type) else type

    def settle(self) -> bool:
        """Visits the body until nothing changes any more.

        Returns:
            Whether anything did.
        """
        for turn in range(100):
            before = (dict(self.variables), self.result, dict(self._alone))
            for statement in self.tree.body:
                self._visit(statement)
            if before == (self.variables, self.result, self._alone):
                return turn > 0
        raise CudaPyError(f"the types of `{self.function.__name__}` do not settle")

    # Statements

    def _visit(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign():
                for target in node.targets:
                    self._bind(target, self.type_of(node.value), node.value)
            case ast.AugAssign(target=ast.Name()):
                whole = self.augmented(node)
                self._bind(node.target, self.type_of(whole), whole)
            case ast.AnnAssign(target=ast.Name(id=name)):
                self.declared[name] = self.program.annotation(self.function, node.annotation)
                self.variables[name] = self.declared[name]
                self.touches_float64 |= self.declared[name] == "float64"
            case ast.For():
                self._bind(node.target, self.iterated(node.iter), None)
                if isinstance(node.iter, ast.Call) and isinstance(node.target, ast.Name):
                    for argument in node.iter.args:
                        self._note_alone(node.target.id, self.type_of(argument), argument)
            case ast.Return() if node.value is not None:
                type = self.type_of(node.value)
                if self.declared_result is None:
                    self.result = join(self.result, type)
                    self._note_alone("return", type, node.value)
            case ast.AugAssign():
                self._visit_indices(node.target)
                self.type_of(node.value)
            case ast.Expr():
                self.type_of(node.value)
            case ast.If():
                taken = self.taken(node)
                if taken is not None:
                    for statement in taken:
                        self._visit(statement)
                    return
                self.type_of(node.test)
            case ast.While() | ast.Assert():
                self.type_of(node.test)
        for branch in _BRANCHES:
            for statement in getattr(node, branch, []):
                self._visit(statement)

    def taken(self, node: ast.If) -> list[ast.stmt] | None:
        """The branch of an `if` whose condition is a constant; the other one is not looked at."""
        known = self.constants.of(node.test, locals=False)
        return None if known is None else node.body if known else node.orelse

    @staticmethod
    def augmented(node: ast.AugAssign) -> ast.BinOp:
        """`x + e` of `x += e`."""
        assert isinstance(node.target, ast.Name)
        read = ast.copy_location(ast.Name(id=node.target.id, ctx=ast.Load()), node.target)
        return ast.copy_location(ast.BinOp(left=read, op=node.op, right=node.value), node)

    def _bind(self, target: ast.expr, type: Any, value: ast.expr | None) -> None:
        if isinstance(target, (ast.Tuple, ast.List)):
            if type is None:
                return
            if is_struct(type):
                type = field_types(type)
            if isinstance(type, str) and type.endswith("*"):
                type = (type[:-1],) * len(target.elts)
            parts = (
                value.elts
                if isinstance(value, (ast.Tuple, ast.List))
                else [None] * len(target.elts)
            )
            for item, item_type, part in zip(target.elts, type, parts):
                self._bind(item, item_type, part)
        elif isinstance(target, (ast.Subscript, ast.Attribute)):
            self._visit_indices(target)
        elif isinstance(target, ast.Name) and target.id not in self.declared:
            self.variables[target.id] = join_in_variable(self.variables.get(target.id), type)
            if value is not None:
                self._note_alone(target.id, type, value)

    def _visit_indices(self, target: ast.expr) -> None:
        """Meets the functions that the place of a store calls."""
        for part in ast.walk(target):
            if isinstance(part, ast.Call):
                self.type_of(part)

    def _note_alone(self, name: str, type: Any, value: ast.expr) -> None:
        if type == WEAK_INT:
            self._alone[name] = promote(self._alone.get(name, "int32"), self.alone(value))

    def alone(self, node: ast.expr) -> str:
        """What a weak expression becomes where nothing else decides its type."""
        type = self.type_of(node)
        if type != WEAK_INT:
            return strong(type) if isinstance(type, str) else type
        known = self.constants.of(node)
        if known is not None:
            return strong(WEAK_INT, known)
        if isinstance(node, ast.Name):
            return self._alone.get(node.id, "int32")
        widest = "int32"
        for part in ast.iter_child_nodes(node):
            if (
                isinstance(part, ast.expr)
                and not isinstance(node, ast.Call)
                and self.type_of(part) == WEAK_INT
            ):
                widest = promote(widest, self.alone(part))
        return widest

    def iterated(self, node: ast.expr) -> Any:
        """The type of what a `for` over `node` yields."""
        type = self.type_of(node)
        is_turn = isinstance(node, ast.Call) and self.is_call_of(node, (names.Loop,))
        if is_struct(type):
            return common_element(field_types(type))
        if isinstance(type, tuple) and not is_turn:
            return common_element(type)
        return type[:-1] if isinstance(type, str) and type.endswith("*") else type

    # Expressions

    def type_of(self, node: ast.expr) -> Any:
        type = self._type_of(node)
        if touches_float64(type):
            self.touches_float64 = True
        return type

    def _type_of(self, node: ast.expr) -> Any:
        match node:
            case ast.JoinedStr():
                return "void"
            case ast.Constant():
                return (
                    type_of(node.value)
                    if isinstance(node.value, (bool, int, float, complex))
                    else "void"
                )
            case ast.Name(id=name) if self.is_local(name):
                return self.variables.get(name)
            case ast.Attribute(attr=attribute) if self.is_array_attribute(node):
                rank = self._array_rank(node.value, attribute)
                if attribute == "T":
                    return self.type_of(node.value)
                if attribute in ("shape", "strides"):
                    number = "int32" if attribute == "shape" else "int64"
                    return None if rank is None else (number,) * rank
                if attribute == "nbytes":
                    return "int64"
                return WEAK_INT if attribute in ("ndim", "itemsize") else "int32"
            case ast.Attribute() if self.dtype_base(node) is not None:
                return "void"
            case ast.Attribute(attr="real" | "imag") if self.is_value(node.value):
                return self.part(node.value)
            case ast.Attribute() if self.is_value(node.value):
                owner = self.type_of(node.value)
                return None if owner is None else fields_of(owner)[node.attr][0]
            case ast.Name() | ast.Attribute():
                return self._meaning_type(self.meaning(node))
            case ast.Tuple() | ast.List():
                types = tuple(map(self._element_type, node.elts))
                return None if None in types else types
            case ast.BinOp():
                return self._binary(node)
            case ast.UnaryOp():
                operand = self.type_of(node.operand)
                if isinstance(node.op, ast.Not):
                    return "bool"
                return "int32" if operand == "bool" else operand
            case ast.Compare():
                for item in (node.left, *node.comparators):
                    self.type_of(item)
                return "bool"
            case ast.BoolOp():
                return self.common(node.values)
            case ast.IfExp():
                self.type_of(node.test)
                # What a function gives that is just being looked at is not known: the other arm says.
                arms = [self.type_of(node.body), self.type_of(node.orelse)]
                if arms.count(None) == 1:
                    return arms[0] if arms[1] is None else arms[1]
                return self.common([node.body, node.orelse])
            case ast.Subscript():
                self._index(node.slice)
                owner = self.type_of(node.value)
                if is_struct(owner):
                    owner = field_types(owner)
                if isinstance(owner, tuple) and isinstance(node.slice, ast.Tuple):
                    return self.type_of(one_by_one(node))
                if isinstance(owner, tuple) and isinstance(node.slice, ast.Slice):
                    return owner[self.constants.bounds(node.slice)]
                if isinstance(owner, tuple):
                    known = self.constants.of(node.slice)
                    return common_element(owner) if known is None else owner[known]
                indices = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
                rank = self._array_rank(node.value, "elements", len(indices))
                gone = sum(not isinstance(index, ast.Slice) for index in indices)
                return None if rank is None else owner[: len(owner) - gone]
            case ast.NamedExpr():  # of a tuple that is written out: see reference_functions
                type = self.type_of(node.value)
                self._bind(node.target, type, node.value)
                return type
            case ast.Call():
                return self._call(node)
        raise CudaPyError(
            f'the "python" device does not know {type(node).__name__} (line {node.lineno})'
        )

    def _index(self, node: ast.expr) -> None:
        """Looks at an index, or several, or the parts of a slice."""
        if isinstance(node, ast.Tuple):
            for item in node.elts:
                self._index(item)
        elif isinstance(node, ast.Slice):
            for part in (node.lower, node.upper, node.step):
                if part is not None:
                    self.type_of(part)
        else:
            self.type_of(node)

    def _element_type(self, node: ast.expr) -> Any:
        """The type of an element of a tuple: weak, unless it is an integer that needs more than 32 bits."""
        type = self.type_of(node)
        alone = self.alone(node) if type == WEAK_INT else "int32"
        return type if alone == "int32" else alone

    def is_array_attribute(self, node: ast.expr) -> bool:
        """Whether it is `A.shape`, `A.T` or the like, of a variable or of a row."""
        if not isinstance(node, ast.Attribute) or node.attr not in _ARRAY_ATTRIBUTES:
            return False
        base = node.value
        if node.attr in _MAY_BE_FIELDS and self.is_value(base) and is_struct(self.type_of(base)):
            return False
        if isinstance(base, ast.Attribute) and base.attr == "T":
            return self.is_array_attribute(base)
        if isinstance(base, ast.Subscript):
            return True
        if isinstance(base, ast.Name) and self.is_local(base.id):
            return True
        try:
            return isinstance(base, (ast.Name, ast.Attribute)) and isinstance(
                self.meaning(base), ArrayView
            )
        except (AssertionError, AttributeError, NameError):
            return False

    def dtype_base(self, node: ast.expr) -> ast.expr | None:
        """The A of `A.dtype`, or of `A.dtype.type`; None if it is something else."""
        if isinstance(node, ast.Attribute) and node.attr == "type":
            node = node.value
        if not isinstance(node, ast.Attribute) or node.attr != "dtype":
            return None
        base = node.value
        if self.is_value(base):
            return base
        try:
            return base if isinstance(self.meaning(base), ArrayView) else None
        except (AssertionError, AttributeError, NameError):
            return None

    def _array_rank(self, node: ast.expr, wanted: str, indices: int = 1) -> int | None:
        """The number of an array's dimensions; None if its type is not known yet."""
        type = self.type_of(node)
        if type is None:
            return None
        rank = rank_of(type) if isinstance(type, str) else 0
        if rank < indices:
            raise CudaPyError(f"{type} has no {wanted}, or not as many (line {node.lineno})")
        return rank

    def is_value(self, node: ast.expr) -> bool:
        """Is it a variable, or what is computed, and no name from outside?"""
        while isinstance(node, ast.Attribute):
            node = node.value
        return not isinstance(node, ast.Name) or self.is_local(node.id)

    def is_view(self, node: ast.Call) -> bool:
        """Is it `x.view(T)` of a number?"""
        called = node.func
        return (
            isinstance(called, ast.Attribute)
            and called.attr == "view"
            and len(node.args) + len(node.keywords) == 1
            and self.is_value(called.value)
        )

    def is_conjugate(self, node: ast.Call) -> bool:
        """Is it `z.conjugate()`?"""
        called = node.func
        return (
            isinstance(called, ast.Attribute)
            and called.attr == "conjugate"
            and self.is_value(called.value)
        )

    @staticmethod
    def is_replace(node: ast.Call) -> bool:
        """Is it `p._replace(x=1)`?"""
        return isinstance(node.func, ast.Attribute) and node.func.attr == "_replace"

    def part(self, node: ast.expr) -> Any:
        """The type of a number's real part."""
        type = self.type_of(node)
        if type is None:
            return None
        return part_of(type) if is_complex(type) else "int32" if type == "bool" else type

    def is_local(self, name: str) -> bool:
        return name in self.variables or name in self.assigned

    def common(self, nodes: list[ast.expr]) -> Any:
        """The common type of choices; a constant that does not fit the others' type keeps its own."""
        types = [self.type_of(node) for node in nodes]
        common = types[0]
        for _ in range(2):  # a constant may have come before the type that it does not fit
            for node, type in zip(nodes, types):
                if common is None or type is None:
                    return None
                common = join(common, self._beside(node, type, common))
        return common

    def _beside(self, node: ast.expr, type: str, partner: str) -> str:
        return beside(type, self.constants.of(node), partner) if type == WEAK_INT else type

    def meet(self, left: ast.expr, right: ast.expr) -> Any:
        """The type that two values are compared or computed in."""
        a, b = self.type_of(left), self.type_of(right)
        if a is None or b is None:
            return None
        if isinstance(a, tuple):
            return settled(join(a, b))
        return promote(self._beside(left, a, b), self._beside(right, b, a))

    def is_tuple_operation(self, node: ast.BinOp) -> bool:
        """Whether it is `a + b` or `t * 2` of tuples."""
        types = [self.type_of(node.left), self.type_of(node.right)]
        return any(isinstance(type, tuple) for type in types)

    def _tuple_operation(self, node: ast.BinOp) -> Any:
        left, right = self.type_of(node.left), self.type_of(node.right)
        if left is None or right is None:
            return None
        if isinstance(node.op, ast.Add):
            return left + right
        tuple_type, number = (left, node.right) if isinstance(left, tuple) else (right, node.left)
        return tuple_type * self.constants.of(number)

    def _binary(self, node: ast.BinOp) -> Any:
        if self.is_tuple_operation(node):
            return self._tuple_operation(node)
        common = self.meet(node.left, node.right)
        if common is None:
            return None
        symbol = SYMBOLS[type(node.op)]
        if symbol in ("<<", ">>"):
            return self._shift(node)
        if symbol in ("&", "|", "^") and common == "bool":
            return "bool"
        common = arithmetic_type(common, common)
        exponent = self.constants.of(node.right) if symbol == "**" else None
        if (symbol == "/" or (isinstance(exponent, int) and exponent < 0)) and not (
            is_float(common) or is_complex(common)
        ):
            return "weak float" if is_weak(common) else Context.default_float
        return common

    def _shift(self, node: ast.BinOp) -> str:
        left, right = self.type_of(node.left), self.type_of(node.right)
        if left == "bool":
            return "int32"
        if left != WEAK_INT or right == WEAK_INT:
            return str(left)
        own = self._beside(node.left, left, right)
        return own if own != WEAK_INT else right if BITS[right] >= 32 else "int32"

    # Names and calls

    def meaning(self, node: ast.expr) -> Any:
        """The meaning of a global name, or of a chain of attributes that starts at one."""
        base = self.dtype_base(node)
        if base is not None:
            type = self.type_of(base)
            return names.Cast(type and type.rstrip("*"))
        if isinstance(node, ast.Attribute):
            # The object itself where there is one: a member of an enumeration means its number.
            owner = names.found(self.function, self.tree, self.program.together, node.value)
            if owner is None:
                owner = self.meaning(node.value)
            return names.attribute(
                owner.value if isinstance(owner, names.Plain) else owner, node.attr
            )
        assert isinstance(node, ast.Name)
        return names.lookup(self.function, node.id, self.program.together)

    def is_call_of(self, node: ast.Call, kinds: tuple[type, ...]) -> bool:
        """Whether a call's function, looked up by its name, is one of these."""
        try:
            return isinstance(self.meaning(node.func), kinds)
        except (AssertionError, AttributeError, NameError):
            return False

    def is_vote_of_tuple(self, node: ast.Call) -> bool:
        """Whether it is Python's `any` or `all`. What is never run has no types, and counts as none."""
        try:
            called, types = self.meaning(node.func), list(map(self.type_of, node.args))
            return isinstance(called, WarpOperation) and self.is_python_vote(called, types)
        except (AssertionError, AttributeError, CudaPyError, LookupError, NameError, TypeError):
            return False

    def _meaning_type(self, meaning: Any) -> Any:
        if isinstance(meaning, names.Index):
            return "int32"
        if isinstance(meaning, tuple):
            return tuple(map(self._meaning_of_element, meaning))
        if isinstance(meaning, ArrayView):
            return meaning.type
        if isinstance(meaning, Record):
            return type_of_record(meaning)
        if isinstance(meaning, (Scalar, bool, int, float, complex)):
            return type_of(meaning)
        return "void"

    def _meaning_of_element(self, element: Any) -> Any:
        """As `_element_type`, of a tuple from outside."""
        type = self._meaning_type(element)
        alone = strong(type, element) if type == WEAK_INT else "int32"
        return type if alone == "int32" else alone

    def _call(self, node: ast.Call) -> Any:
        if self.is_replace(node):
            assert isinstance(node.func, ast.Attribute)
            for keyword in node.keywords:
                self.type_of(keyword.value)
            return self.type_of(node.func.value)
        if self.is_conjugate(node):
            assert isinstance(node.func, ast.Attribute)
            type = self.type_of(node.func.value)
            return "int32" if type == "bool" else type
        if self.is_view(node):
            assert isinstance(node.func, ast.Attribute)
            self.type_of(node.func.value)
            wanted = [*node.args, *(keyword.value for keyword in node.keywords)][0]
            return self.meaning(wanted).type
        called = self.meaning(node.func)
        if isinstance(called, NewArray):
            return called.type_of(self, node)
        types = [self.type_of(argument) for argument in node.args]
        types += [self.type_of(keyword.value) for keyword in node.keywords]
        if isinstance(called, names.Plain):
            return "void"
        if any(type is None for type in types):
            return None
        if isinstance(called, names.Len) and (isinstance(types[0], tuple) or is_struct(types[0])):
            return WEAK_INT
        if isinstance(called, names.Loop) and called.name != "range":
            return called.result(list(map(self.iterated, node.args)))
        if isinstance(called, names.Extreme) and all(isinstance(type, tuple) for type in types):
            choices = types[0] if len(types) == 1 else types
            if isinstance(choices[0], tuple):
                return reduce(join, choices)
        if isinstance(called, names.Extreme) and len(types) == 1:
            return reduce(join, field_types(types[0]) if is_struct(types[0]) else types[0])
        if isinstance(called, WarpOperation) and self.is_python_vote(called, types):
            return "bool"
        if isinstance(called, (names.Extreme, names.Loop)) and "*" not in "".join(types):
            return (
                self.common(node.args)
                if isinstance(called, names.Extreme)
                else self._range(node, types)
            )
        if isinstance(called, (Intrinsic, Atomic, WarpOperation)):
            return called.typed(self, node)
        known = self.constants.of(node)
        if known is not None and all(map(is_weak, types)) and not isinstance(called, names.Cast):
            return type_of(known)
        if isinstance(called, names.Power):
            return self._binary(
                ast.copy_location(ast.BinOp(node.args[0], ast.Pow(), node.args[1]), node)
            )
        if isinstance(called, names.Divmod):
            quotient = ast.BinOp(node.args[0], ast.FloorDiv(), node.args[1])
            common = self._binary(ast.copy_location(quotient, node))
            return (common, common)
        if hasattr(called, "result"):
            return called.result(types)
        return self.program.helper(called, self.passed(called, node)).types.result

    @staticmethod
    def is_python_vote(called: WarpOperation, types: list[Any]) -> bool:
        """Whether it is Python's `any` or `all`, of a tuple."""
        is_vote = called.name in ("any", "all") and not called.takes_mask
        return is_vote and (isinstance(types[0], tuple) or is_struct(types[0]))

    def _range(self, node: ast.Call, types: list[str]) -> str:
        return "int32" if set(types) == {"bool"} else str(self.common(node.args))

    def passed(self, function: FunctionType, node: ast.Call) -> list[str]:
        """The types of a call's arguments in the order of the parameters. A literal stays weak, but one that needs more
        than an int32 is passed as what it is alone."""
        passed = []
        for given in self.program.bind(function, node):
            if not isinstance(given, ast.expr):
                passed.append(type_of(given))
                continue
            type = self.type_of(given)
            if isinstance(type, tuple):
                type = settled(type)
            passed.append(
                self.alone(given) if type == WEAK_INT and self.alone(given) != "int32" else type
            )
        return passed


def common_element(type: tuple[Any, ...]) -> Any:
    """What the elements of a tuple have in common: the type of one whose index is known at run time."""
    return settled(reduce(join, type))


def settled(type: Any) -> Any:
    """A type whose weak parts have become what they are alone."""
    return tuple(map(settled, type)) if isinstance(type, tuple) else strong(type)


def zero(type: Any) -> Any:
    """What a variable holds before it is assigned."""
    if isinstance(type, tuple):
        return tuple(map(zero, type))
    if is_struct(type):
        return zero_record(type)
    if is_complex(type):
        return Scalar(type, 0j)
    return Scalar(type, 0.0 if is_float(type) else False if BITS[type] == 1 else 0)
