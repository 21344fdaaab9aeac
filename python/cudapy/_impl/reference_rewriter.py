"""How the tree of a function is rewritten for the reference device: names from outside are replaced by their
meanings, every assignment gives its variable's one type, and the branches of a choice their common type.
"""

from __future__ import annotations

import ast
import types
from typing import TYPE_CHECKING, Any

from . import reference_names as names
from .errors import CompileError
from .reference_arrays import ArrayView
from .reference_cooperation import Barrier, NewArray, call_within
from .reference_forms import is_field_index, one_by_one
from .reference_intrinsics import Atomic, Intrinsic
from .reference_math import MathFunction
from .reference_structs import (
    StructMaker,
    field_place,
    field_types,
    fields_of,
    is_struct,
    item_place,
    record,
    replaced,
)
from .reference_tuples import Compared, all_of, any_of, contains
from .reference_types import Types, settled, zero
from .reference_warps import WarpOperation
from .scalar import (
    WEAK_FLOAT,
    WEAK_INT,
    Scalar,
    cast,
    is_complex,
    is_float,
    is_integer,
    is_weak,
    part_of,
    promote,
    strong,
)

if TYPE_CHECKING:
    from .interpreter import Program


def _not(value: object) -> Scalar:
    return Scalar("bool", not value)


def _cast(value: Any, type: Any) -> Any:
    """`value` as a `type`: component by component for several, as it is for an array."""
    if isinstance(type, tuple):
        items = tuple(value)
        # Where there are more or fewer, the assignment to the variables raises what Python does.
        return tuple(map(_cast, items, type)) if len(items) == len(type) else items
    if is_struct(type):
        return record(value, type)
    return value if isinstance(value, ArrayView) or type == "void" else cast(value, type)


def _place(array: ArrayView, index: Any) -> Any:
    return array.place(index)


INDICES = ["idx", "idy", "idz"] + [
    f"{name}.{axis}" for name in ("threadIdx", "blockIdx", "blockDim", "gridDim") for axis in "xyz"
]
_SUPPORT: dict[str, Any] = {
    "%not": _not,
    "%cast": _cast,
    "%loop": names.loop_values,
    "%zero": zero,
    "%place": _place,
    "%compared": Compared,
    "%member": contains,
    "%replaced": replaced,
    "%any": any_of,
    "%all": all_of,
    "%field": field_place,
    "%item": item_place,
    "%within": call_within,
}


class Helper:
    """A function that a kernel calls: with the types that choose its instance, then its arguments."""

    def __init__(self, program: Program, function: types.FunctionType) -> None:
        self.program = program
        self.function = function

    def __call__(self, passed: tuple[str, ...], *values: Any) -> Any:
        instance = self.program.helper(self.function, list(passed))
        return self.program.call(instance, values)


class Rewriter:
    """Makes the tree of one function mean in CPython what the kernel language says: every expression gives
    a Scalar of its static type, every assignment its variable's one type.

        x = 2 * a + b           x = %cast(%cast(2, 'int8') * a + b, 'int16')
        for i in range(n): …    for i in %loop('int32', %range(n)): …

    In a program with operations of warps loops count their turns, and operations say where they are:

        for d in (2, 1):        %turn3 = 0
            v += shfl(v, d)     for d in …:
                                    %turn3 += 1
                                    v = v + shfl((3, %turn3, 4), v, d)
    """

    def __init__(self, types: Types) -> None:
        self.types = types
        self._order = 0  # of the loops and operations so far
        self._loops: list[int] = []  # around the statement at hand
        self.namespace: dict[str, Any] = dict(_SUPPORT)

    def function(self, tree: ast.FunctionDef) -> ast.FunctionDef:
        body = self.block(tree.body)
        start: list[ast.stmt] = []
        for name in self.types.variables:
            type = self.types.storage(name)
            if type == "void" or (isinstance(type, str) and type.endswith("*")):
                continue
            if name not in self.types.parameters:
                value = _call("%zero", tree, ast.Constant(type))
            elif name in self.types.assigned:  # what it is given may be narrower than what it holds
                value = _call("%cast", tree, ast.Name(id=name, ctx=ast.Load()), ast.Constant(type))
            else:
                continue
            start.append(ast.Assign(targets=[ast.Name(id=name, ctx=ast.Store())], value=value))
        result = ast.FunctionDef(
            name=tree.name, args=_bare(tree.args), body=[*start, *body], decorator_list=[]
        )
        if hasattr(tree, "type_params"):
            result.type_params = []  # type: ignore[attr-defined]
        return ast.fix_missing_locations(ast.copy_location(result, tree))

    # Expressions

    def cast(self, value: ast.expr, type: Any) -> ast.expr:
        return _call("%cast", value, value, ast.Constant(type))

    def natural(self, node: ast.expr) -> ast.expr:
        """An expression at its own type; a weak one at the type that it has alone."""
        type = self.types.type_of(node)
        if isinstance(type, tuple):
            return self.at(node, settled(type))
        return (
            self.at(node, self.types.alone(node))
            if isinstance(type, str) and is_weak(type)
            else self.typed(node, type)
        )

    def at(self, node: ast.expr, type: Any) -> ast.expr:
        """An expression at a type that it is asked for. Operations on weak values are carried out in that type."""
        own = self.types.type_of(node)
        if isinstance(own, tuple):
            made = self.typed(node, field_types(type) if is_struct(type) else type)
            if is_struct(type):
                return self.cast(made, type)
            return made if isinstance(node, (ast.Tuple, ast.List)) else self.cast(made, type)
        if not isinstance(own, str) or own.endswith("*") or own == "void":
            made = self.typed(node, own)
            return self.cast(made, type) if isinstance(type, tuple) else made
        if not is_weak(own):
            made = self.typed(node, own)
            return made if own == type else self.cast(made, type)
        known = self.types.constants.of(node)
        if known is not None:
            return self.cast(ast.copy_location(ast.Constant(known), node), type)
        if (
            own == WEAK_INT
            and not is_integer(type)
            and type != "bool"
            and not isinstance(node, ast.IfExp)
        ):
            return self.cast(self.at(node, self.types.alone(node)), type)
        if isinstance(
            node, (ast.UnaryOp, ast.BinOp, ast.IfExp, ast.BoolOp)
        ) or self._is_builtin_call(node):
            return self.typed(node, type)
        return self.cast(self.typed(node, own), type)

    def _is_builtin_call(self, node: ast.expr) -> bool:
        if not isinstance(node, ast.Call):
            return False
        if self.types.is_conjugate(node) or self.types.is_view(node):
            return False
        if self.types.is_replace(node):
            return False
        return isinstance(self.types.meaning(node.func), (names.Extreme, names.Abs, names.Power))

    def typed(self, node: ast.expr, type: Any) -> ast.expr:
        """An expression whose outermost operation is carried out in `type`."""
        match node:
            case ast.Constant():
                made: ast.expr = self.cast(node, type)
            case ast.JoinedStr():
                made = ast.JoinedStr(values=[self._formatted(item) for item in node.values])
            case ast.Name(id=name) if self.types.is_local(name):
                if self.types.variables.get(name) is None:
                    message = f"`{name}` is used before it is given a value (line {node.lineno})"
                    raise CompileError(message, [{"code": "used-before-assignment"}])
                made = node
            case ast.Attribute() if self.types.is_array_attribute(node):
                made = ast.Attribute(value=self.natural(node.value), attr=node.attr, ctx=ast.Load())
            case ast.Attribute() if self.types.dtype_base(node) is not None:
                made = self._outside(node, type)
            case ast.Attribute(attr=attribute) if self.types.is_value(node):
                value = self.natural(node.value)
                made = ast.Attribute(value=value, attr=attribute, ctx=ast.Load())
            case ast.Name() | ast.Attribute():
                made = self._outside(node, type)
            case ast.UnaryOp():
                made = self._unary(node, type)
            case ast.BinOp():
                made = self._binary(node, type)
            case ast.Compare():
                made = self._compare(node)
            case ast.BoolOp():
                values = [
                    self.natural(item) if type == "bool" else self.at(item, type)
                    for item in node.values
                ]
                made = ast.BoolOp(op=node.op, values=values)
                made = self.cast(ast.copy_location(made, node), "bool") if type == "bool" else made
            case ast.IfExp():
                body, orelse = self.at(node.body, type), self.at(node.orelse, type)
                made = ast.IfExp(test=self.condition(node.test), body=body, orelse=orelse)
            case ast.Subscript():
                known = self.types.constants.of(node.slice)
                owner = self.types.type_of(node.value)
                is_tuple = isinstance(owner, tuple) or is_struct(owner)
                if is_tuple and isinstance(node.slice, ast.Tuple):
                    return self.typed(one_by_one(node), type)
                if is_tuple and isinstance(node.slice, ast.Slice):
                    return ast.copy_location(self._tuple_slice(node.value, node.slice), node)
                constant = is_tuple and known is not None
                index = ast.Constant(known) if constant else self._index(node.slice)
                made = ast.Subscript(value=self.natural(node.value), slice=index, ctx=node.ctx)
                if is_tuple and not constant:
                    made = self.cast(ast.copy_location(made, node), self.types.type_of(node))
            case ast.Tuple() | ast.List():
                made = ast.Tuple(elts=list(map(self.at, node.elts, type)), ctx=ast.Load())
            case ast.Call():
                made = self._called(node, type)
            case ast.NamedExpr():
                value = self.at(node.value, self.types.storage(node.target.id))
                made = ast.NamedExpr(target=node.target, value=value)
            case _:
                raise CompileError(f'the "python" device does not know this (line {node.lineno})')
        return ast.copy_location(made, node)

    def _formatted(self, node: ast.expr) -> ast.expr:
        if not isinstance(node, ast.FormattedValue):
            return node
        # repr of a number is its text; that of the object which stands for it names its type too.
        conversion = ord("s") if node.conversion > 0 else node.conversion
        return ast.FormattedValue(
            value=self.natural(node.value), conversion=conversion, format_spec=node.format_spec
        )

    def condition(self, node: ast.expr) -> ast.expr:
        known = self.types.constants.of(node)
        return (
            self.natural(node)
            if known is None
            else ast.copy_location(ast.Constant(bool(known)), node)
        )

    def _outside(self, node: ast.expr, type: Any) -> ast.expr:
        """A name from outside: its meaning goes into the namespace under the spelling it has here."""
        meaning = self.types.meaning(node)
        if isinstance(meaning, types.FunctionType):
            meaning = Helper(self.types.program, meaning)
        spelled = ast.unparse(node)
        self.namespace[spelled] = meaning
        name = ast.copy_location(ast.Name(id=spelled, ctx=ast.Load()), node)
        is_number = isinstance(meaning, (bool, int, float, complex))
        return (
            self.cast(name, self.types.storage("return") if type is None else strong(type))
            if is_number
            else name
        )

    def _unary(self, node: ast.UnaryOp, type: Any) -> ast.expr:
        if isinstance(node.op, ast.Not):
            return _call("%not", node, self.condition(node.operand))
        operand = self.at(node.operand, type)
        return (
            operand if isinstance(node.op, ast.UAdd) else ast.UnaryOp(op=node.op, operand=operand)
        )

    def _tuple_slice(self, value: ast.expr, node: ast.Slice) -> ast.expr:
        bounds = self.types.constants.bounds(node)
        parts = [
            None if bound is None else ast.Constant(bound)
            for bound in (bounds.start, bounds.stop, bounds.step)
        ]
        return ast.Subscript(value=self.natural(value), slice=ast.Slice(*parts), ctx=ast.Load())

    def _tuple_operation(self, node: ast.BinOp, type: Any) -> ast.expr:
        """`a + b` or `t * 2` of tuples."""
        left = self.types.type_of(node.left)
        if isinstance(node.op, ast.Add):
            given = (self.at(node.left, type[: len(left)]), self.at(node.right, type[len(left) :]))
            return ast.BinOp(left=given[0], op=node.op, right=given[1])
        is_left = isinstance(left, tuple)
        value, number = (node.left, node.right) if is_left else (node.right, node.left)
        count = ast.Constant(self.types.constants.of(number))
        return ast.BinOp(left=self.natural(value), op=node.op, right=count)

    def _membership(self, node: ast.Compare) -> ast.expr:
        """`x in t`: constants stay as weak as they are."""

        def made(item: ast.expr) -> ast.expr:
            known = self.types.constants.of(item)
            if known is not None:
                return ast.copy_location(ast.Constant(known), item)
            if isinstance(item, (ast.Tuple, ast.List)):
                whole = ast.Tuple(elts=list(map(made, item.elts)), ctx=ast.Load())
                return ast.copy_location(whole, item)
            return self.natural(item)

        value, items = made(node.left), made(node.comparators[0])
        found = _call("%member", node, value, items)
        return (
            self.cast(found, "bool")
            if isinstance(node.ops[0], ast.In)
            else _call("%not", node, found)
        )

    def _binary(self, node: ast.BinOp, type: Any) -> ast.expr:
        if self.types.is_tuple_operation(node):
            return self._tuple_operation(node, type)
        if isinstance(node.op, (ast.LShift, ast.RShift)):
            return ast.BinOp(
                left=self.at(node.left, type), op=node.op, right=self.natural(node.right)
            )
        return ast.BinOp(left=self.at(node.left, type), op=node.op, right=self.at(node.right, type))

    def _compare(self, node: ast.Compare) -> ast.expr:
        if isinstance(node.ops[0], (ast.In, ast.NotIn)):
            return self._membership(node)
        operands = [node.left, *node.comparators]
        if len(operands) == 2:
            common = self.types.meet(*operands)
            if isinstance(common, str) and is_weak(common):
                common = promote(self.types.alone(operands[0]), self.types.alone(operands[1]))
            made = [self.at(item, common) for item in operands]
        else:  # each pair of a chain has a common type of its own, found when it is compared
            made = []
            for item in operands:
                known = self.types.constants.of(item)
                made.append(
                    self.natural(item)
                    if known is None
                    else ast.copy_location(ast.Constant(known), item)
                )
        made = [
            _call("%compared", item, value)
            if isinstance(self.types.type_of(item), tuple)
            else value
            for item, value in zip(operands, made)
        ]
        compare = ast.copy_location(
            ast.Compare(left=made[0], ops=node.ops, comparators=made[1:]), node
        )
        return self.cast(compare, "bool")

    def _index(self, node: ast.expr) -> ast.expr:
        if isinstance(node, ast.Tuple):
            made = ast.Tuple(elts=[self._index(item) for item in node.elts], ctx=ast.Load())
            return ast.copy_location(made, node)
        if isinstance(node, ast.Slice):
            parts = [part and self._index(part) for part in (node.lower, node.upper, node.step)]
            return ast.copy_location(ast.Slice(*parts), node)
        known = self.types.constants.of(node)
        if isinstance(known, int) and known < 0 and self.types.type_of(node) == WEAK_INT:
            return ast.copy_location(ast.Constant(known), node)
        return self.natural(node)

    def _called(self, node: ast.Call, type: Any) -> ast.expr:
        if self.types.is_conjugate(node):
            assert isinstance(node.func, ast.Attribute)
            value = self.natural(node.func.value)
            method = ast.Attribute(value=value, attr="conjugate", ctx=ast.Load())
            return ast.Call(func=method, args=[], keywords=[])
        if self.types.is_replace(node):
            return self._replace(node)
        if self.types.is_view(node):
            assert isinstance(node.func, ast.Attribute)
            seen = ast.Attribute(value=self.natural(node.func.value), attr="view", ctx=ast.Load())
            as_type = ast.Constant(self.types.type_of(node))
            return ast.Call(func=seen, args=[as_type], keywords=[])
        called = self.types.meaning(node.func)
        if isinstance(called, WarpOperation) and self.types.is_python_vote(
            called, list(map(self.types.type_of, node.args))
        ):
            return self.cast(_call(f"%{called.name}", node, self.natural(node.args[0])), "bool")
        function = self._outside(node.func, "void")
        if isinstance(called, types.FunctionType):
            return self._helper(called, function, node)
        if isinstance(called, NewArray):
            place = ast.Constant((node.lineno, node.col_offset))  # type: ignore[arg-type]
            given = [*map(self.natural, called.arguments(node)), place]
            return ast.Call(func=function, args=given, keywords=[])
        if isinstance(called, Barrier):
            line: list[ast.expr] = [ast.Constant(node.lineno)]
            return ast.Call(func=function, args=[*line, *map(self.natural, node.args)], keywords=[])
        if isinstance(called, StructMaker):
            values = [
                self.at(value, field)
                if isinstance(value, ast.expr)
                else self._default(value, field, node)
                for value, field in called.arguments(node)
            ]
            return ast.Call(func=function, args=values, keywords=[])
        arguments = [
            self.natural(argument)
            if not isinstance(argument, ast.Call)
            or not self.types.is_call_of(argument, (names.Loop,))
            else self.typed(argument, None)
            for argument in node.args
        ]
        if isinstance(called, WarpOperation):
            wanted = called.argument_types(node)
            values = [
                self.at(argument, want) if want else made
                for argument, want, made in zip(node.args, wanted, arguments)
            ]
            return ast.Call(func=function, args=[self._here(), *values], keywords=[])
        if isinstance(called, names.Cast):
            known = self.types.constants.of(node.args[0]) if node.args else None
            if known is not None:
                arguments = [ast.copy_location(ast.Constant(known), node)]
        elif isinstance(called, names.Divmod):
            common = self.types.type_of(node)[0]
            common = settled(type)[0] if is_weak(common) else common
            arguments = [self.at(argument, common) for argument in node.args]
        elif isinstance(called, names.Abs) and is_complex(self.types.type_of(node.args[0])):
            pass
        elif isinstance(called, names.Extreme) and len(node.args) == 1:
            arguments = [self._numbers(node.args[0], type)]
        elif isinstance(called, names.Complex):
            part = part_of(settled(type))
            arguments = [
                made if is_complex(self.types.type_of(argument)) else self.at(argument, part)
                for argument, made in zip(node.args, arguments)
            ]
        elif isinstance(called, (names.Extreme, names.Abs, names.Power)) or (
            isinstance(called, names.Round)
            and not is_float(self.types.type_of(node.args[0]))
            and self.types.type_of(node.args[0]) != WEAK_FLOAT
        ):
            arguments = [self.at(argument, type) for argument in node.args]
        elif isinstance(called, Atomic):
            element = called.element(self.types, node)
            values = node.args[1:] if called.names_place(node) else node.args[2:]
            arguments = [*self._atomic_place(called, node), *(self.at(v, element) for v in values)]
        elif isinstance(called, Intrinsic):
            wanted = called.argument_types(self.types, node)
            arguments = [
                self.at(argument, want) if want else made
                for argument, want, made in zip(node.args, wanted, arguments)
            ]
        elif isinstance(called, MathFunction):
            wanted = called.argument_types([self.types.type_of(argument) for argument in node.args])
            arguments = [
                self.at(argument, want) if want else made
                for argument, want, made in zip(node.args, wanted, arguments)
            ]
        keywords = node.keywords if isinstance(called, names.Plain) else []
        return ast.Call(func=function, args=arguments, keywords=keywords)

    def _replace(self, node: ast.Call) -> ast.expr:
        """`p._replace(x=1)`."""
        assert isinstance(node.func, ast.Attribute)
        whole = self.types.type_of(node.func.value)
        names_: list[ast.expr] = []
        values: list[ast.expr] = []
        for keyword in node.keywords:
            assert keyword.arg is not None
            names_.append(ast.Constant(keyword.arg))
            values.append(self.at(keyword.value, fields_of(whole)[keyword.arg][0]))
        given = [ast.Tuple(elts=items, ctx=ast.Load()) for items in (names_, values)]
        return _call("%replaced", node, self.natural(node.func.value), *given)

    def _numbers(self, node: ast.expr, type: Any) -> ast.expr:
        """The elements of a tuple of which the least is looked for, all of one type."""
        whole = self.types.type_of(node)
        if is_struct(whole):  # its fields one by one: a cast of it would make another struct
            all_of_them = (type,) * len(field_types(whole))
            return self.cast(ast.copy_location(self.natural(node), node), all_of_them)
        return self.at(node, (type,) * len(whole))

    def _default(self, value: Any, wanted: Any, node: ast.Call) -> ast.expr:
        """A default value at the type of its parameter, or of its field."""
        meaning = value if isinstance(value, Scalar) else names.meaning(value)
        if not isinstance(meaning, Scalar):
            return self.cast(ast.copy_location(ast.Constant(meaning), node), wanted)
        held = f"%default{len(self.namespace)}"  # a NumPy number
        self.namespace[held] = meaning
        return self.cast(ast.copy_location(ast.Name(id=held, ctx=ast.Load()), node), wanted)

    def _helper(self, called: types.FunctionType, function: ast.expr, node: ast.Call) -> ast.expr:
        """A call with all arguments in the order of the parameters, each at its parameter's type; the weak types that
        choose the instance go along."""
        passed = self.types.passed(called, node)
        instance = self.types.program.helper(called, passed)
        arguments: list[ast.expr] = [ast.Constant(tuple(passed))]  # type: ignore[arg-type]
        for name, given in zip(instance.parameters, self.types.program.bind(called, node)):
            wanted = instance.types.storage(name)
            if isinstance(given, ast.expr):
                arguments.append(self.at(given, wanted))
            else:
                arguments.append(self._default(given, wanted, node))
        if not self.types.program.uses_warps:
            return ast.Call(func=function, args=arguments, keywords=[])
        within = ast.Name(id="%within", ctx=ast.Load())
        return ast.Call(func=within, args=[self._here(), function, *arguments], keywords=[])

    # Places in the program

    def _next(self) -> int:
        self._order += 1
        return self._order

    def _here(self) -> ast.expr:
        """Where an operation of a warp, or a call, is: the loops around it and their turns, and its own number."""
        items: list[ast.expr] = []
        for loop in self._loops:
            items += [ast.Constant(loop), ast.Name(id=f"%turn{loop}", ctx=ast.Load())]
        return ast.Tuple(elts=[*items, ast.Constant(self._next())], ctx=ast.Load())

    def _enter_loop(self) -> int:
        loop = self._next()
        self._loops.append(loop)
        return loop

    def _counting(self, number: int, loop: ast.For | ast.While) -> list[ast.stmt]:
        """The loop, which counts its turns where they tell places apart."""
        if not self.types.program.uses_warps:
            return [loop]
        start = ast.Name(id=f"%turn{number}", ctx=ast.Store())
        turn = ast.AugAssign(
            target=ast.Name(id=f"%turn{number}", ctx=ast.Store()),
            op=ast.Add(),
            value=ast.Constant(1),
        )
        loop.body.insert(0, ast.copy_location(turn, loop.body[0]))
        return [ast.Assign(targets=[start], value=ast.Constant(0)), loop]

    # Statements

    def block(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        made: list[ast.stmt] = []
        for node in statements:
            made += [ast.copy_location(statement, node) for statement in self.statement(node)]
        return made

    def statement(self, node: ast.stmt) -> list[ast.stmt]:
        match node:
            case ast.Assign():
                return self._assign(node)
            case ast.AugAssign():
                return [self._augmented(node)]
            case ast.AnnAssign():
                if node.value is None:
                    return [ast.Pass()]
                return [
                    ast.Assign(
                        targets=[node.target], value=self._for_target(node.value, node.target)
                    )
                ]
            case ast.For():
                return self._for(node)
            case ast.While():
                number = self._enter_loop()
                body = self.block(node.body)
                test = self.condition(node.test)  # comes behind the body of the turn before
                self._loops.pop()
                loop = ast.While(test=test, body=body, orelse=self.block(node.orelse))
                return self._counting(number, loop)
            case ast.If():
                taken = self.types.taken(node)
                if taken is not None:
                    return self.block(taken) or [ast.Pass()]
                return [
                    ast.If(
                        test=self.condition(node.test),
                        body=self.block(node.body),
                        orelse=self.block(node.orelse),
                    )
                ]
            case ast.Return() if node.value is not None:
                return [ast.Return(value=self.at(node.value, self.types.storage("return")))]
            case ast.Assert():
                text = None if node.msg is None else self._text(node.msg)
                return [ast.Assert(test=self.condition(node.test), msg=text)]
            case ast.Raise() if node.exc is not None:
                return [ast.Raise(exc=self._exception(node.exc), cause=None)]
            case ast.Expr():
                is_text = isinstance(node.value, ast.Constant)
                return [node if is_text else ast.Expr(value=self.natural(node.value))]
        return [node]

    def _text(self, node: ast.expr) -> ast.expr:
        """The message of an exception, as a text: that of a number is its text too."""
        is_plain = isinstance(node, ast.Constant) and isinstance(node.value, (str, type(None)))
        if is_plain:
            return node
        value = ast.FormattedValue(value=self.natural(node), conversion=-1, format_spec=None)
        return ast.JoinedStr(values=[value])

    def _exception(self, node: ast.expr) -> ast.expr:
        called = node.func if isinstance(node, ast.Call) else node
        name = self._outside(called, "void")
        texts = list(map(self._text, node.args)) if isinstance(node, ast.Call) else []
        return ast.copy_location(ast.Call(func=name, args=texts, keywords=[]), node)

    def _target(self, target: ast.expr) -> ast.expr:
        if isinstance(target, (ast.Tuple, ast.List)):
            return ast.copy_location(
                ast.Tuple(elts=[self._target(item) for item in target.elts], ctx=ast.Store()),
                target,
            )
        if isinstance(target, ast.Attribute):
            return ast.copy_location(self._field_target(target), target)
        if is_field_index(target):
            return ast.copy_location(self._item_target(target), target)
        return self.typed(target, None) if isinstance(target, ast.Subscript) else target

    def _item_target(self, target: Any) -> ast.expr:
        """`A[i].v[j]` as something to store to."""
        whole = self._place(target.value)
        return ast.Subscript(value=whole, slice=self._index(target.slice), ctx=ast.Store())

    def _field_target(self, target: ast.Attribute) -> ast.expr:
        """`A[i].position.x` as something to store to."""
        return ast.Attribute(value=self._place(target.value), attr=target.attr, ctx=ast.Store())

    def _place(self, node: ast.expr) -> ast.expr:
        if isinstance(node, ast.Subscript) and is_field_index(node):
            return _call("%item", node, self._place(node.value), self._index(node.slice))
        if isinstance(node, ast.Subscript):
            return _call("%place", node, self.natural(node.value), self._index(node.slice))
        assert isinstance(node, ast.Attribute)
        return _call("%field", node, self._place(node.value), ast.Constant(node.attr))

    def _atomic_place(self, called: Atomic, node: ast.Call) -> list[ast.expr]:
        """An array and an index, or an element's place and the name of a field."""
        place = node.args[0]
        if not called.names_place(node):
            return [self.natural(place), self._index(node.args[1])]
        if isinstance(place, ast.Subscript):
            return [self.natural(place.value), self._index(place.slice)]
        assert isinstance(place, ast.Attribute)
        return [self._place(place.value), ast.Constant(place.attr)]

    def _target_type(self, target: ast.expr) -> Any:
        if isinstance(target, (ast.Tuple, ast.List)):
            return tuple(self._target_type(item) for item in target.elts)
        return (
            self.types.storage(target.id)
            if isinstance(target, ast.Name)
            else self.types.type_of(target)
        )

    def _for_target(self, value: ast.expr, target: ast.expr) -> ast.expr:
        wanted = self._target_type(target)
        if isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, (ast.Tuple, ast.List)):
            made = [self._for_target(item, part) for item, part in zip(value.elts, target.elts)]
            return ast.copy_location(ast.Tuple(elts=made, ctx=ast.Load()), value)
        if isinstance(wanted, tuple):
            return self.at(value, wanted)
        return self.at(value, wanted)

    def _assign(self, node: ast.Assign) -> list[ast.stmt]:
        if len(node.targets) == 1:
            value = self._for_target(node.value, node.targets[0])
            return [ast.Assign(targets=[self._target(node.targets[0])], value=value)]
        # `a = b = value` assigns from left to right, to each what its own type makes of the value.
        held = ast.Name(id="%value", ctx=ast.Store())
        made: list[ast.stmt] = [ast.Assign(targets=[held], value=self.natural(node.value))]
        known = self.types.constants.of(node.value)
        for target in node.targets:
            value = ast.Name(id="%value", ctx=ast.Load()) if known is None else ast.Constant(known)
            cast = self.cast(ast.copy_location(value, node), self._target_type(target))
            made.append(ast.Assign(targets=[self._target(target)], value=cast))
        return made

    def _augmented(self, node: ast.AugAssign) -> ast.stmt:
        if isinstance(node.target, ast.Name):
            value = self._for_target(self.types.augmented(node), node.target)
            return ast.Assign(targets=[node.target], value=value)
        load: ast.expr
        if isinstance(node.target, ast.Attribute):
            load = ast.Attribute(value=node.target.value, attr=node.target.attr, ctx=ast.Load())
        else:
            load = ast.Subscript(value=node.target.value, slice=node.target.slice, ctx=ast.Load())
        common = self.types.type_of(
            ast.copy_location(ast.BinOp(left=load, op=node.op, right=node.value), node)
        )
        is_shift = isinstance(node.op, (ast.LShift, ast.RShift))
        value = self.natural(node.value) if is_shift else self.at(node.value, common)
        place: Any = self._target(node.target)
        return ast.AugAssign(target=place, op=node.op, value=value)

    def _for(self, node: ast.For) -> list[ast.stmt]:
        wanted = self._target_type(node.target)
        over = node.iter
        if (
            isinstance(over, ast.Call)
            and isinstance(wanted, str)
            and isinstance(self.types.meaning(over.func), names.Loop)
        ):
            function = self._outside(over.func, "void")
            values: ast.expr = ast.Call(
                func=function, args=[self.at(item, wanted) for item in over.args], keywords=[]
            )
        else:
            type = self.types.type_of(over)
            is_made = isinstance(type, tuple) and isinstance(over, (ast.BinOp, ast.IfExp))
            values = self.natural(over) if is_made else self.typed(over, type)
        loop = _call("%loop", node.iter, ast.Constant(wanted), ast.copy_location(values, over))
        number = self._enter_loop()
        body = self.block(node.body)
        self._loops.pop()
        made = ast.For(target=node.target, iter=loop, body=body, orelse=self.block(node.orelse))
        return self._counting(number, made)


def _call(name: str, at: ast.AST, *arguments: ast.expr) -> ast.expr:
    made = ast.Call(func=ast.Name(id=name, ctx=ast.Load()), args=list(arguments), keywords=[])
    made.func = ast.copy_location(made.func, at)
    return ast.copy_location(made, at)


def _bare(arguments: ast.arguments) -> ast.arguments:
    """The parameters, all positional: annotations, defaults and keywords have been used already."""
    everything = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    plain = [ast.copy_location(ast.arg(arg=argument.arg), argument) for argument in everything]
    return ast.arguments(posonlyargs=[], args=plain, kwonlyargs=[], kw_defaults=[], defaults=[])
