"""The reference device: runs a kernel in CPython, one thread after the other.

A kernel's own syntax tree is compiled again with its positions kept, so that breakpoints, tracebacks and `print` work, after
the few changes that make Python mean what the kernel language means: names from outside are replaced by their meanings,
every assignment gives its variable's one type, and the branches of a choice give their common type. The
arithmetic is that of `scalar.Scalar`. No compiled code of cudapy runs.
"""

from __future__ import annotations

import ast
import copy
import types
from typing import TYPE_CHECKING, Any

from . import reference_names as names
from .errors import CompileError, CudaTypeError
from .reference_arrays import ArrayView, argument_type, as_argument
from .reference_types import Types, zero
from .scalar import Context, Scalar, cast, is_weak, strong, type_of

if TYPE_CHECKING:
    from collections.abc import Callable


def _truth(value: object) -> Scalar:
    return Scalar("bool", bool(value))


def _not(value: object) -> Scalar:
    return Scalar("bool", not value)


def _join(value: Any, type: Any) -> Any:
    """`value` as its variable's type: component by component for several, as it is for an array."""
    if isinstance(type, tuple):
        return tuple(map(_join, value, type))
    return value if isinstance(value, ArrayView) or type == "void" else cast(value, type)


_INDICES = ["idx", "idy", "idz"] + [f"{name}.{axis}" for name in ("threadIdx", "blockIdx", "blockDim", "gridDim") for axis in "xyz"]
_SUPPORT: dict[str, Any] = {"%truth": _truth, "%not": _not, "%join": _join, "%loop": names.loop_values, "%zero": zero}


class Rewriter(ast.NodeTransformer):
    """Makes the tree of one function mean in CPython what the kernel language says.

        x = a < b or c          x = %join(%truth(%truth(a < b) or c), 'bool')
        for i in range(n): …    for i in %loop('int32', range(n)): …
    """

    def __init__(self, types: Types) -> None:
        self.types = types
        self.namespace: dict[str, Any] = dict(_SUPPORT)

    def function(self, tree: ast.FunctionDef) -> ast.FunctionDef:
        body = [node for statement in tree.body for node in _as_list(self.visit(statement))]
        parameters = {argument.arg for argument in _parameters(tree)}
        start: list[ast.stmt] = []
        for name, type in self.types.variables.items():
            if name not in parameters and isinstance(type, str) and not type.endswith("*") and type != "void":
                target = ast.Name(id=name, ctx=ast.Store())
                start.append(ast.Assign(targets=[target], value=_call("%zero", tree, ast.Constant(type))))
        result = ast.FunctionDef(name=tree.name, args=_bare(tree.args), body=[*start, *body], decorator_list=[])
        if hasattr(tree, "type_params"):
            result.type_params = []  # type: ignore[attr-defined]
        return ast.fix_missing_locations(ast.copy_location(result, tree))

    def _joined(self, value: ast.expr, type: Any) -> ast.expr:
        return _call("%join", value, value, ast.Constant(type))

    def _target_type(self, target: ast.expr) -> Any:
        if isinstance(target, (ast.Tuple, ast.List)):
            return tuple(self._target_type(item) for item in target.elts)
        return self.types.variables[target.id] if isinstance(target, ast.Name) else "void"

    # Names

    def _outside(self, node: ast.expr, spelled: str) -> ast.expr:
        meaning = self.types.meaning(node)
        if isinstance(meaning, types.FunctionType):
            meaning = Helper(self.types.program, meaning)
        self.namespace[spelled] = meaning
        return ast.copy_location(ast.Name(id=spelled, ctx=ast.Load()), node)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self.types.variables or node.id in self.types.assigned:
            return node
        return self._outside(node, node.id)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        return self._outside(node, ast.unparse(node))

    # Expressions

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return _call("%truth", node, node) if isinstance(node.value, bool) else node

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        return _call("%truth", node, node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        self.generic_visit(node)
        return _call("%not", node, node.operand) if isinstance(node.op, ast.Not) else node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        type = self.types.type_of(node)
        self.generic_visit(node)
        return self._joined(node, type)

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        type = self.types.type_of(node)
        self.generic_visit(node)
        return self._joined(node, type)

    # Statements

    def visit_Assign(self, node: ast.Assign) -> Any:
        type = self._target_type(node.targets[0])
        node.targets = [self.visit(target) for target in node.targets]
        node.value = self.visit(node.value)
        if len(node.targets) > 1:
            return self._one_by_one(node)
        node.value = self._joined(node.value, type)
        return node

    def _one_by_one(self, node: ast.Assign) -> Any:
        """`a = b = value` assigns from left to right, to each what its own type makes of the value."""
        statements: list[ast.stmt] = []
        held = ast.Name(id="%value", ctx=ast.Store())
        statements.append(ast.copy_location(ast.Assign(targets=[held], value=node.value), node))
        for target in node.targets:
            value = self._joined(ast.copy_location(ast.Name(id="%value", ctx=ast.Load()), node), self._target_type(target))
            statements.append(ast.copy_location(ast.Assign(targets=[target], value=value), node))
        return statements

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        node.value = self.visit(node.value)
        if not isinstance(node.target, ast.Name):
            node.target = self.visit(node.target)
            return node
        read = ast.copy_location(ast.Name(id=node.target.id, ctx=ast.Load()), node.target)
        value = ast.copy_location(ast.BinOp(left=read, op=node.op, right=node.value), node)
        joined = self._joined(value, self._target_type(node.target))
        return ast.copy_location(ast.Assign(targets=[node.target], value=joined), node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt | None:
        if node.value is None:
            return ast.copy_location(ast.Pass(), node)
        value = self._joined(self.visit(node.value), self._target_type(node.target))
        return ast.copy_location(ast.Assign(targets=[node.target], value=value), node)

    def visit_For(self, node: ast.For) -> ast.stmt:
        node.iter = _call("%loop", node.iter, ast.Constant(self._target_type(node.target)), self.visit(node.iter))
        node.body = [made for item in node.body for made in _as_list(self.visit(item))]
        node.orelse = [made for item in node.orelse for made in _as_list(self.visit(item))]
        return node

    def visit_Return(self, node: ast.Return) -> ast.stmt:
        if node.value is not None:
            node.value = self._joined(self.visit(node.value), self.types.result)
        return node


def _as_list(made: Any) -> list[ast.stmt]:
    return made if isinstance(made, list) else [made]


def _call(name: str, at: ast.AST, *arguments: ast.expr) -> ast.expr:
    made = ast.Call(func=ast.Name(id=name, ctx=ast.Load()), args=list(arguments), keywords=[])
    made.func = ast.copy_location(made.func, at)
    return ast.copy_location(made, at)


def _parameters(tree: ast.FunctionDef) -> list[ast.arg]:
    return [*tree.args.posonlyargs, *tree.args.args, *tree.args.kwonlyargs]


def _bare(arguments: ast.arguments) -> ast.arguments:
    """The parameters without annotations and defaults: those have been used already."""
    bare = copy.deepcopy(arguments)
    for argument in [*bare.posonlyargs, *bare.args, *bare.kwonlyargs]:
        argument.annotation = None
    bare.defaults = []
    bare.kw_defaults = [None for _ in bare.kwonlyargs]
    return bare


class Instance:
    """One function as called with arguments of given types, ready to run."""

    def __init__(self, program: Program, function: types.FunctionType, arguments: list[str]) -> None:
        self.filename, tree = program.tree(function)
        declared, result = program.signature(function, tree)
        parameters = [argument.arg for argument in _parameters(tree)]
        self.parameter_types = [wanted or given for wanted, given in zip(declared, arguments)]
        self.types = Types(program, function, tree, dict(zip(parameters, self.parameter_types)), result)
        self.tree = tree
        self.namespace: dict[str, Any] = {}
        self.indices: list[tuple[str, str]] = []  # the spellings under which it reads thread indices

    def build(self) -> Callable[..., Any]:
        """The Python function that runs it."""
        rewriter = Rewriter(self.types)
        module = ast.Module(body=[rewriter.function(copy.deepcopy(self.tree))], type_ignores=[])
        self.namespace = rewriter.namespace
        self.indices = [(name, value.name) for name, value in self.namespace.items() if isinstance(value, names.Index)]
        self.namespace["__name__"] = self.types.function.__module__
        exec(compile(module, self.filename, "exec"), self.namespace)
        run: Callable[..., Any] = self.namespace[self.tree.name]
        return run


class Helper:
    """A function that a kernel calls. The types of its arguments choose the instance."""

    def __init__(self, program: Program, function: types.FunctionType) -> None:
        self.program = program
        self.function = function

    def __call__(self, *values: Any, **named: Any) -> Any:
        code = self.function.__code__
        parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        given = dict(zip(parameters, values)) | named
        defaults = dict(zip(reversed(parameters[: code.co_argcount]), reversed(self.function.__defaults__ or ())))
        defaults |= self.function.__kwdefaults__ or {}
        arguments = [given[name] if name in given else names.meaning(defaults[name]) for name in parameters]
        instance = self.program.helper(self.function, [_type_of_any(value) for value in arguments], arguments)
        converted = [_join(value, type) for value, type in zip(arguments, instance.parameter_types)]
        run = self.program.runnable(instance)
        positional = code.co_argcount
        return run(*converted[:positional], **dict(zip(parameters[positional:], converted[positional:])))


def _type_of_any(value: Any) -> str:
    return value.type if isinstance(value, ArrayView) else type_of(value)


class Program:
    """A kernel with the functions compiled together with it, for one list of argument types."""

    def __init__(self, functions: tuple[types.FunctionType, ...], sigs: tuple[str | None, ...], arguments: list[str]) -> None:
        self.functions = functions
        self.sigs = dict(zip(map(id, functions), sigs))
        self.together = {function.__name__: function for function in functions[1:]}
        self._trees: dict[int, tuple[str, ast.FunctionDef, list[str]]] = {}
        self.default_float = "float32"
        self._begin(arguments)
        if any(instance.types.touches_float64 for instance in self.instances.values()):
            self.default_float = "float64"
            self._begin(arguments)

    def _begin(self, arguments: list[str]) -> None:
        """Infers everything from the start."""
        Context.default_float = self.default_float
        self.instances: dict[tuple[int, tuple[str, ...]], Instance] = {}
        self._runnables: dict[int, Callable[..., Any]] = {}
        self._in_progress: list[int] = []
        self.kernel = self.helper(self.functions[0], arguments, [])

    def tree(self, function: types.FunctionType) -> tuple[str, ast.FunctionDef]:
        filename, tree, _ = self._read(function)
        return filename, tree

    def _read(self, function: types.FunctionType) -> tuple[str, ast.FunctionDef, list[str]]:
        found = self._trees.get(id(function))
        if found is None:
            from .reference_signatures import read_function

            found = self._trees[id(function)] = read_function(function)
        return found

    def signature(self, function: types.FunctionType, tree: ast.FunctionDef) -> tuple[list[str | None], str | None]:
        """What is written about a function's types, None for what is not."""
        from .reference_signatures import written_types

        return written_types(function, self.sigs.get(id(function)), self._read(function)[2])

    def annotation(self, function: types.FunctionType, node: ast.expr) -> str:
        from .reference_signatures import annotated_type

        found = annotated_type(function, ast.unparse(node))
        if found is None:
            raise CompileError(f"{ast.unparse(node)} is not a type (line {node.lineno})")
        return found

    def bind(
        self, function: types.FunctionType, node: ast.Call, positional: list[str], named: list[str]
    ) -> list[str]:
        """The types of a call's arguments in the order of the parameters."""
        code = function.__code__
        parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        given = dict(zip(parameters, positional))
        given |= {keyword.arg: type for keyword, type in zip(node.keywords, named) if keyword.arg}
        defaults = dict(zip(reversed(parameters[: code.co_argcount]), reversed(function.__defaults__ or ())))
        defaults |= function.__kwdefaults__ or {}
        return [given[name] if name in given else type_of(names.meaning(defaults[name])) for name in parameters]

    def helper(self, function: types.FunctionType, arguments: list[str], values: list[Any]) -> Instance:
        """The instance of a function for arguments of these types; a weak argument is what it would be alone."""
        known = [*values, *[None] * (len(arguments) - len(values))]
        settled = [strong(type, value) if is_weak(type) else type for type, value in zip(arguments, known)]
        key = (id(function), tuple(settled))
        if key not in self.instances:
            if id(function) in self._in_progress:
                raise CompileError(f"`{function.__name__}` calls itself, which kernels cannot do yet")
            self._in_progress.append(id(function))
            self.instances[key] = Instance(self, function, settled)
            self._in_progress.pop()
        return self.instances[key]

    def runnable(self, instance: Instance) -> Callable[..., Any]:
        run = self._runnables.get(id(instance))
        if run is None:
            run = self._runnables[id(instance)] = instance.build()
            self._place(instance)
        return run

    def run(self, threads: tuple[int, int, int], block: tuple[int, int, int], arguments: list[Any]) -> None:
        """Runs the kernel for every thread, x fastest."""
        Context.default_float = self.default_float
        self._thread = dict.fromkeys(_INDICES, Scalar("int32", 0))
        run = self.runnable(self.kernel)
        grid = tuple(-(-wanted // size) for wanted, size in zip(threads, block))
        fixed = {f"blockDim.{axis}": size for axis, size in zip("xyz", block)}
        fixed |= {f"gridDim.{axis}": count for axis, count in zip("xyz", grid)}
        for z in range(threads[2]):
            for y in range(threads[1]):
                for x in range(threads[0]):
                    place = dict(fixed, idx=x, idy=y, idz=z)
                    for axis, at, size in zip("xyz", (x, y, z), block):
                        place[f"threadIdx.{axis}"] = at % size
                        place[f"blockIdx.{axis}"] = at // size
                    self._enter({name: Scalar("int32", value) for name, value in place.items()})
                    run(*arguments)

    def _enter(self, thread: dict[str, Scalar]) -> None:
        """Gives the thread's indices to every function's namespace, under each spelling it uses (`cp.idx`, `i`)."""
        self._thread = thread
        for instance in self.instances.values():
            self._place(instance)

    def _place(self, instance: Instance) -> None:
        for spelled, index in instance.indices:
            instance.namespace[spelled] = self._thread[index]


_programs: dict[tuple[object, ...], Program] = {}
_KEPT = 64


def launch(kernel: Any, threads: tuple[int, int, int], block: tuple[int, int, int] | None, arguments: tuple[Any, ...]) -> None:
    """Runs a launch of `kernel` on the reference device; the core calls it in place of machine code.

    Args:
        kernel: a `cudapy` kernel.
        threads: how many along x, y, z.
        block: the block's size where the launch says one.
        arguments: what the launcher was called with.

    Raises:
        CudaTypeError: the number or a type of the arguments is wrong.
        Exception: whatever the kernel's own lines raise, with their file and line.
    """
    functions = kernel.functions
    from .reference_signatures import read_function, written_types

    declared, _ = written_types(functions[0], kernel.sigs[0], read_function(functions[0])[2])
    if len(arguments) != len(declared):
        raise CudaTypeError(f"{functions[0].__name__} takes {len(declared)} arguments, not {len(arguments)}")
    given = [wanted or argument_type(value) for wanted, value in zip(declared, arguments)]
    key = (functions, kernel.sigs, tuple(given))
    program = _programs.get(key)
    if program is None:
        program = Program(functions, kernel.sigs, given)
        if len(_programs) >= _KEPT:
            _programs.pop(next(iter(_programs)))
        _programs[key] = program
    views = [as_argument(value, type, position) for position, (value, type) in enumerate(zip(arguments, given))]
    program.run(threads, block or (256, 1, 1), views)
    for view in views:
        if isinstance(view, ArrayView):
            view.finish()
