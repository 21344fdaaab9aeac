"""Functions as values on the reference device: nested functions, lambdas, functions handed to helpers.

They are written out before types are inferred, as the language defines them: a nested function is one of its own that
gets the variables around it that it reads as further parameters at each call, and a helper that is handed
functions is a helper of its own for those.

    def kernel(X, k):                           def kernel(X, k):
        def add(x):                                 ...
            return x + k                            X[idx] = %f0(X[idx], k=k)
        X[idx] = add(X[idx])
        X[idx] = apply(add, X[idx])                 X[idx] = %f1(X[idx], %c0=k)
"""

from __future__ import annotations

import ast
import types
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import reference_names as names
from . import types as cuda_types
from .reference_math import MathFunction
from .reference_structs import StructMaker
from .reference_trees import copied

if TYPE_CHECKING:
    from .interpreter import Program

_PACKS = "__cudapy_packs__"  # of a made function: the parameters that stand for each of its `*args`
_FUNCTIONS = "__cudapy_functions__"  # of a made function: what its names for functions stand for


@dataclass
class Value:
    """A function that a name stands for.

    Attributes:
        target: what is called; None for a nested function whose variables are taken at each use.
        node: of such a one: its definition.
        carried: what a call passes along: the parameter, and the variable here that it gets. A parameter with an
            equals sign before it is passed where the call leaves it out.
        defaults: numbers for parameters that a call leaves out.
    """

    target: Any = None
    node: ast.FunctionDef | None = None
    carried: list[tuple[str, str]] = field(default_factory=list)
    defaults: dict[str, ast.expr] = field(default_factory=dict)


def _own_parameters(arguments: ast.arguments) -> list[str]:
    return [item.arg for item in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]


def _scope(node: ast.FunctionDef) -> tuple[list[str], set[str]]:
    """The names that a function's own lines read, in order, and those that it binds; inner functions' free names are
    read by it."""
    read: list[str] = []
    bound = set(_own_parameters(node.args))

    def visit(item: ast.AST) -> None:
        if isinstance(item, (ast.FunctionDef, ast.Lambda)):
            if isinstance(item, ast.FunctionDef):
                bound.add(item.name)
            for default in (*item.args.defaults, *item.args.kw_defaults):
                if default is not None:
                    visit(default)
            read.extend(free_names(_as_definition(item)))
            return
        if isinstance(item, ast.Name):
            if isinstance(item.ctx, ast.Store):
                bound.add(item.id)
            else:
                read.append(item.id)
        for child in ast.iter_child_nodes(item):
            visit(child)

    for statement in node.body:
        visit(statement)
    return read, bound


def free_names(node: ast.FunctionDef) -> list[str]:
    """The names that a function reads from around it."""
    read, bound = _scope(node)
    return list(dict.fromkeys(name for name in read if name not in bound))


def _decided(test: ast.expr) -> bool | None:
    """The truth of a condition of numbers alone, such as `len(args) == 0` written out; None if it reads a name."""
    if any(isinstance(node, (ast.Name, ast.Call)) for node in ast.walk(test)):
        return None
    return bool(eval(compile(ast.Expression(test), "<condition>", "eval")))


def _as_definition(node: ast.FunctionDef | ast.Lambda) -> ast.FunctionDef:
    if isinstance(node, ast.FunctionDef):
        return node
    body = ast.copy_location(ast.Return(value=node.body), node.body)
    made = ast.FunctionDef(name="<lambda>", args=node.args, body=[body], decorator_list=[])
    return ast.copy_location(made, node)


def is_callable(found: Any) -> bool:
    """Whether an object from outside is a function or a type, which kernels call."""
    return isinstance(found, cuda_types.ElemType) or (
        callable(found) and not isinstance(names.meaning(found), names.Index)
    )


class Lift:
    """Rewrites one function's tree, in place."""

    def __init__(
        self, program: Program, function: types.FunctionType, tree: ast.FunctionDef
    ) -> None:
        self.program = program
        self.original = function
        self.tree = tree
        self.made: dict[str, Any] = {}
        self.values: dict[str, Value] = dict(getattr(function, _FUNCTIONS, {}))
        self.packs: dict[str, list[str]] = dict(getattr(function, _PACKS, {}))
        self.locals = _scope(tree)[1]
        self._count = 0
        self._pending: list[ast.stmt] = []

    def run(self) -> types.FunctionType:
        """Rewrites the tree.

        Returns:
            The function to look names up in.
        """
        self.tree.body = self._block(self.tree.body)
        if not self.made:
            return self.original
        return _copy(self.original, self.original.__code__, self.made)

    # Statements

    def _block(self, block: list[ast.stmt]) -> list[ast.stmt]:
        made: list[ast.stmt] = []
        for node in block:
            made += self._statement(node)
            if made and isinstance(made[-1], ast.Return):  # the rest is never reached
                break
        return made or [ast.Pass()]

    def _statement(self, node: ast.stmt) -> list[ast.stmt]:
        self._pending = []
        if isinstance(node, ast.FunctionDef):
            self.values[node.name] = self._define(node, True)
            return self._taken(node)
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            value = self._value(node.value, True) if isinstance(target, ast.Name) else None
            if isinstance(target, ast.Name) and value is not None:
                self.values[target.id] = value
                return self._taken(node)
        if isinstance(node, ast.For) and self._pack(node.iter) is not None:
            return self._unrolled(node)
        if isinstance(node, ast.If):
            counts = any(
                isinstance(part, ast.Name) and part.id in self.packs for part in ast.walk(node.test)
            )
            node.test = self._expression(node.test)
            decided = _decided(node.test) if counts else None
            if decided is not None:
                return self._block(node.body if decided else node.orelse)
            known = self._known(node.test)
            before = dict(self.values)
            node.body = self._block(node.body)
            after_body = self.values
            self.values = before
            node.orelse = self._block(node.orelse) if node.orelse else []
            if known is not None:
                self.values = after_body if known else self.values
            else:
                self.values = {**self.values, **after_body}
            return [node]
        for name, child in ast.iter_fields(node):
            if isinstance(child, ast.expr):
                setattr(node, name, self._expression(child))
            elif isinstance(child, list) and child and isinstance(child[0], ast.expr):
                setattr(node, name, [self._expression(item) for item in child])
            elif isinstance(child, list) and child and isinstance(child[0], ast.stmt):
                setattr(node, name, self._block(child))
        return [node]

    def _pack(self, node: ast.expr) -> list[str] | None:
        return self.packs.get(node.id) if isinstance(node, ast.Name) else None

    def _unrolled(self, node: ast.For) -> list[ast.stmt]:
        """`for x in args`: its body once for each of them."""
        made: list[ast.stmt] = []
        for name in self._pack(node.iter) or []:
            target = copied(node.target)
            turn = ast.copy_location(
                ast.Assign(targets=[target], value=self._load(name, node.iter)), node
            )
            made += self._block([ast.fix_missing_locations(turn), *map(copied, node.body)])
        return made + (self._block(node.orelse) if node.orelse else [])

    def _taken(self, node: ast.stmt) -> list[ast.stmt]:
        made, self._pending = self._pending, []
        return [ast.fix_missing_locations(ast.copy_location(item, node)) for item in made]

    def _known(self, test: ast.expr) -> bool | None:
        """The truth of a condition that is a number from outside."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            inner = self._known(test.operand)
            return None if inner is None else not inner
        found = test.value if isinstance(test, ast.Constant) else self._found(test)
        return bool(found) if isinstance(found, (bool, int, float)) else None

    # Expressions

    def _found(self, node: ast.expr) -> Any:
        """The object from outside that a name or a chain of attributes stands for; None if it is none."""
        root = node
        while isinstance(root, ast.Attribute):
            root = root.value
        if not isinstance(root, ast.Name) or root.id in self.locals or root.id in self.values:
            return None
        return names.found(self.original, self.tree, self.program.together, node)

    def _value(self, node: ast.expr, is_statement: bool) -> Value | None:
        """The function that an expression stands for, if it does."""
        if isinstance(node, ast.Lambda):
            return self._define(_as_definition(node), is_statement)
        if isinstance(node, ast.Name) and node.id in self.values:
            return self.values[node.id]
        if isinstance(node, ast.Subscript) and self._pack(node.value) is not None:
            return self._value(self._item(node), is_statement)
        if isinstance(node, ast.IfExp):
            known = self._known(node.test)
            if known is not None:
                return self._value(node.body if known else node.orelse, is_statement)
        if isinstance(node, (ast.Name, ast.Attribute)):
            found = self._found(node)
            return Value(found) if found is not None and is_callable(found) else None
        return None

    def _item(self, node: ast.Subscript) -> ast.expr:
        """`args[0]`."""
        index = ast.literal_eval(node.slice)
        return self._load((self._pack(node.value) or [])[index], node)

    def _spread(self, items: list[ast.expr]) -> list[ast.expr]:
        """Arguments with `*args` written out."""
        made: list[ast.expr] = []
        for item in items:
            pack = self._pack(item.value) if isinstance(item, ast.Starred) else None
            made += [item] if pack is None else [self._load(name, item) for name in pack]
        return made

    def _spread_tuples(self, node: ast.Call, room: int | None) -> None:
        """Writes out tuples behind stars: `h(*t)` is `h(t[0], t[1])` where there is room for two arguments.
        `max(*t, x)`, which has room for any number, is `max((*t, x))`."""
        items = node.args
        if not any(isinstance(item, ast.Starred) for item in items):
            return
        made: list[ast.expr] = []
        for item in items:
            if not isinstance(item, ast.Starred):
                made.append(item)
            elif isinstance(item.value, ast.Tuple):
                made += item.value.elts
            elif type(self._found(item.value)) is tuple:
                count = len(self._found(item.value))
                made += [self._element(item.value, place) for place in range(count)]
            else:
                made.append(item)
        if room is None and any(isinstance(item, ast.Starred) for item in made):
            made = [ast.Tuple(elts=made, ctx=ast.Load())]
        for place, item in enumerate(made):
            if not isinstance(item, ast.Starred):
                continue
            assert room is not None
            count = room - (len(made) - 1)
            value = item.value
            first = value
            if not isinstance(value, ast.Name):  # evaluated once
                self._count += 1
                held = f"%star{self._count}"
                target = ast.Name(id=held, ctx=ast.Store())
                first, value = ast.NamedExpr(target=target, value=value), self._load(held, item)
            elements = [self._element(value if k else first, k) for k in range(count)]
            made[place : place + 1] = elements
            break
        node.args = [ast.fix_missing_locations(ast.copy_location(item, node)) for item in made]

    def _element(self, value: ast.expr, place: int) -> ast.expr:
        part = ast.Subscript(value=value, slice=ast.Constant(place), ctx=ast.Load())
        return ast.fix_missing_locations(ast.copy_location(part, value))

    def _room(self, called: Value | None, node: ast.Call) -> int | None:
        """How many positional arguments a call has room for; None: any number."""
        if called is None:
            return None
        function = self._user_function(called)
        if function is None:
            meaning = names.meaning(called.target)
            if isinstance(meaning, StructMaker):
                return len(meaning.by_position)
            if isinstance(meaning, MathFunction):
                return meaning.arity
            return {pow: 2, divmod: 2, complex: 2}.get(called.target)
        tree = called.node or self.program.tree(function)[1]
        plain = [item.arg for item in (*tree.args.posonlyargs, *tree.args.args)]
        named = [item.arg for item in node.keywords]
        return None if tree.args.vararg else len([name for name in plain if name not in named])

    def _expression(self, node: ast.expr) -> ast.expr:
        if isinstance(node, ast.Subscript) and self._pack(node.value) is not None:
            return self._item(node)
        for name, child in ast.iter_fields(node):
            if isinstance(node, ast.Call) and name in ("func", "args", "keywords"):
                continue
            if isinstance(child, ast.expr):
                setattr(node, name, self._expression(child))
            elif isinstance(child, list):
                for position, item in enumerate(child):
                    if isinstance(item, ast.expr):
                        child[position] = self._expression(item)
        return self._call(node) if isinstance(node, ast.Call) else node

    def _call(self, node: ast.Call) -> ast.expr:
        pack = self._pack(node.args[0]) if len(node.args) == 1 else None
        if pack is not None and self._found(node.func) is len:
            return ast.copy_location(ast.Constant(len(pack)), node)
        node.args = self._spread(node.args)
        called = self._value(node.func, False)
        self._spread_tuples(node, self._room(called, node))
        given = [self._value(item, False) for item in node.args]
        named = [self._value(item.value, False) for item in node.keywords]
        function = self._user_function(called)
        node.args = [
            item if value else self._expression(item) for item, value in zip(node.args, given)
        ]
        for keyword, value in zip(node.keywords, named):
            keyword.value = keyword.value if value else self._expression(keyword.value)
        if called is None:
            return node
        if (
            function is None
        ):  # of Python's, NumPy's or math's: it has no name of its own if it was handed on
            if isinstance(node.func, ast.Name) and node.func.id in self.values:
                node.func = self._name(called.target, node)
            return node
        target, carried, defaults = self._close(called)
        parameters = _parameters_of(target)
        handed = {name: value for name, value in zip(parameters, given) if value}
        handed |= {
            item.arg: value for item, value in zip(node.keywords, named) if value and item.arg
        }
        rest = self.program.tree(target)[1].args.vararg
        extra = node.args[len(parameters) :] if rest is not None else []
        extras = [f"%r{number}" for number in range(len(extra))]
        handed |= {name: value for name, value in zip(extras, given[len(parameters) :]) if value}
        present = {*parameters[: len(node.args)], *(item.arg for item in node.keywords)}
        for name, default in _defaults_of(target).items():
            if name not in present and is_callable(default):
                handed[name] = Value(default)
        if (
            rest is None
            and target is self._found(node.func)
            and not (handed or carried or defaults)
        ):
            return node
        node.args = [
            item
            for item, value in zip(node.args[: len(node.args) - len(extra)], given)
            if not value
        ]
        node.keywords = [item for item, value in zip(node.keywords, named) if not value]
        node.keywords += [
            ast.keyword(arg=name, value=item)
            for name, item in zip(extras, extra)
            if name not in handed
        ]
        if any(name in handed for name in parameters[: len(given)]):
            # What came after a function moves up: give all by their names.
            plain = [name for name in parameters[: len(given)] if name not in handed]
            node.keywords += [
                ast.keyword(arg=name, value=item) for name, item in zip(plain, node.args)
            ]
            node.args = []
        for name, variable in carried:
            if name.startswith("="):
                name = name[1:]
                if name in present:
                    continue
            node.keywords.append(ast.keyword(arg=name, value=self._load(variable, node)))
        for name, number in defaults.items():
            if name not in present:
                node.keywords.append(ast.keyword(arg=name, value=copied(number)))
        if handed or rest is not None:
            target = self._specialise(target, handed, extras, node)
        node.func = self._name(target, node)
        return ast.fix_missing_locations(node)

    def _user_function(self, value: Value | None) -> types.FunctionType | None:
        if value is None:
            return None
        if value.node is not None:
            return self.original  # some function: it is made at the call
        meaning = names.meaning(value.target)
        return meaning if isinstance(meaning, types.FunctionType) else None

    def _load(self, name: str, at: ast.AST) -> ast.expr:
        return ast.copy_location(ast.Name(id=name, ctx=ast.Load()), at)

    def _name(self, target: Any, at: ast.AST) -> ast.expr:
        """A new name for a function."""
        name = f"%f{len(self.made)}"
        self.made[name] = target
        return self._load(name, at)

    # Functions

    def _define(self, node: ast.FunctionDef, is_statement: bool) -> Value:
        value = Value(node=node)
        positional = [*node.args.posonlyargs, *node.args.args]
        pairs = list(zip(reversed(positional), reversed(node.args.defaults)))
        pairs += [pair for pair in zip(node.args.kwonlyargs, node.args.kw_defaults) if pair[1]]  # type: ignore[misc]
        for parameter, default in reversed(pairs):
            if isinstance(default, ast.Constant):
                value.defaults[parameter.arg] = default
            elif isinstance(default, ast.Name) and default.id in self.locals and not is_statement:
                value.carried.append(("=" + parameter.arg, default.id))
            else:
                held = f"%default{self._count}"
                self._count += 1
                target = ast.Name(id=held, ctx=ast.Store())
                self._pending.append(ast.Assign(targets=[target], value=self._expression(default)))
                value.carried.append(("=" + parameter.arg, held))
        return value

    def _close(self, value: Value) -> tuple[Any, list[tuple[str, str]], dict[str, ast.expr]]:
        """What to call, what to pass along and what is defaulted, with the variables as they are here."""
        if value.node is None:
            target = names.meaning(value.target)
            return (
                target if isinstance(target, types.FunctionType) else value.target,
                value.carried,
                value.defaults,
            )
        group = self._called_from(value.node)
        if value.node in group:
            return self._close_group(value, group)
        carried = list(value.carried)
        inner: dict[str, Value] = {}
        hidden: list[str] = []
        for name in free_names(value.node):
            if name in self.values:
                inner[name] = self._carry(self.values[name], hidden, carried)
            elif name in self.locals:
                hidden.append(name)
                carried.append((name, name))
        return self._make(value.node, set(), hidden, inner, {}), carried, value.defaults

    def _called_from(self, node: ast.FunctionDef) -> list[ast.FunctionDef]:
        """The nested functions that one may call, directly or not; itself among them if it does."""
        found: list[ast.FunctionDef] = []
        waiting = [node]
        while waiting:
            for name in free_names(waiting.pop()):
                called = self.values[name].node if name in self.values else None
                if called is not None and called not in found:
                    found.append(called)
                    waiting.append(called)
        return found

    def _close_group(
        self, value: Value, group: list[ast.FunctionDef]
    ) -> tuple[Any, list[tuple[str, str]], dict[str, ast.expr]]:
        """As `_close`, for a function that calls itself: all functions of its group get all variables that any of them
        reads, and pass them on."""
        read = {id(node): free_names(node) for node in group}
        values = [v for v in self.values.values() if v.node in group or v.node is None]
        variables = [n for names_ in read.values() for n in names_ if n not in self.values]
        variables += [variable for v in values for _, variable in v.carried]
        variables = [n for n in dict.fromkeys(variables) if n in self.locals]

        def spelled(node: ast.FunctionDef, variable: str) -> str:
            return variable if variable in read[id(node)] else "%v" + variable

        made = {
            id(node): self._make(node, set(), [spelled(node, v) for v in variables], {}, {})
            for node in group
        }
        for node in group:
            inner = getattr(made[id(node)], _FUNCTIONS)
            for name in read[id(node)]:
                called = self.values.get(name)
                if called is None:
                    continue
                own = [(parameter, spelled(node, v)) for parameter, v in called.carried]
                target = called.target
                if called.node is not None:
                    target = made[id(called.node)]
                    own += [(spelled(called.node, v), spelled(node, v)) for v in variables]
                inner[name] = Value(target, carried=own, defaults=called.defaults)
        assert value.node is not None
        carried = [*value.carried, *((spelled(value.node, v), v) for v in variables)]
        return made[id(value.node)], carried, value.defaults

    def _carry(self, value: Value, hidden: list[str], carried: list[tuple[str, str]]) -> Value:
        """`value` as a function sees it that gets the variables along with it as further parameters `hidden`."""
        target, own, defaults = self._close(value)
        there = []
        for name, variable in own:
            new = f"%c{len(hidden)}"
            hidden.append(new)
            carried.append((new, variable))
            there.append((name, new))
        return Value(target, carried=there, defaults=defaults)

    def _specialise(
        self,
        target: types.FunctionType,
        handed: dict[str, Value],
        extras: list[str],
        call: ast.Call,
    ) -> types.FunctionType:
        carried: list[tuple[str, str]] = []
        hidden: list[str] = []
        inner = dict(getattr(target, _FUNCTIONS, {}))
        for name, value in handed.items():
            inner[name] = self._carry(value, hidden, carried)
        for name, variable in carried:
            call.keywords.append(ast.keyword(arg=name, value=self._load(variable, call)))
        _, tree = self.program.tree(target)
        hidden = [*(name for name in extras if name not in handed), *hidden]
        # A function that hands on what it was handed calls itself.
        shape = tuple(
            (name, id(inner[name].target), tuple(p for p, _ in inner[name].carried))
            for name in handed
        )
        key = (id(target), tuple(extras), tuple(hidden), shape)
        known = self.program.specialised.get(key)
        if known is not None:
            return known
        made = self._make(tree, set(handed), hidden, inner, {}, target)
        if tree.args.vararg is not None:
            setattr(made, _PACKS, {tree.args.vararg.arg: extras})
            self.program.tree(made)[1].args.vararg = None
        self.program.specialised[key] = made
        return made

    def _make(
        self,
        node: ast.FunctionDef,
        without: set[str],
        hidden: list[str],
        inner: dict[str, Value],
        bindings: dict[str, Any],
        base: types.FunctionType | None = None,
    ) -> types.FunctionType:
        """A function with the parameters of `node` but `without`, and `hidden` ones behind them."""
        tree = copied(node)
        arguments = tree.args

        def keep(items: list[ast.arg]) -> list[ast.arg]:
            return [item for item in items if item.arg not in without]

        annotations = {
            item.arg: ast.unparse(item.annotation)
            for item in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
            if item.annotation is not None and item.arg not in without
        }
        arguments.posonlyargs, arguments.args = keep(arguments.posonlyargs), keep(arguments.args)
        arguments.kwonlyargs = keep(arguments.kwonlyargs) + [
            ast.copy_location(ast.arg(arg=name), node) for name in hidden
        ]
        for item in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            item.annotation = None
        arguments.defaults, arguments.kw_defaults = [], [None] * len(arguments.kwonlyargs)
        tree.decorator_list, tree.returns = [], None
        module = ast.fix_missing_locations(ast.Module(body=[copied(tree)], type_ignores=[]))
        namespace: dict[str, Any] = {}
        exec(compile(module, self.program.tree(self.original)[0], "exec"), namespace)
        made = _copy(base or self.original, namespace[tree.name].__code__, bindings)
        made.__annotations__ = annotations
        defaults = _defaults_of(base) if base else {}
        made.__kwdefaults__ = {
            name: value for name, value in defaults.items() if name not in without
        }
        setattr(made, _FUNCTIONS, inner)
        self.program.add_tree(made, tree)
        return made


def _parameters_of(function: types.FunctionType) -> list[str]:
    code = function.__code__
    return list(code.co_varnames[: code.co_argcount])


def _defaults_of(function: types.FunctionType) -> dict[str, Any]:
    positional = _parameters_of(function)
    defaults = dict(zip(reversed(positional), reversed(function.__defaults__ or ())))
    return {**defaults, **(function.__kwdefaults__ or {})}


def _copy(
    function: types.FunctionType, code: types.CodeType, bindings: dict[str, Any]
) -> types.FunctionType:
    """A function with other code whose names mean what they mean in `function`, and `bindings`."""
    closure = function.__closure__ if code is function.__code__ else None
    made = types.FunctionType(
        code, function.__globals__, code.co_name, function.__defaults__, closure
    )
    outer: dict[str, Any] = {}
    if closure is None and function.__closure__ is not None:
        cells = zip(function.__code__.co_freevars, function.__closure__)
        # One that is empty is a variable that is not assigned yet.
        outer = {name: cell.cell_contents for name, cell in cells if cell != types.CellType()}
    made.__module__ = function.__module__
    made.__annotations__ = dict(function.__annotations__)
    if closure is not None or code is function.__code__:
        made.__kwdefaults__ = function.__kwdefaults__
    else:
        made.__defaults__ = None
    known = getattr(function, "__cudapy_bindings__", {})
    made.__dict__["__cudapy_bindings__"] = {**outer, **known, **bindings}
    return made
