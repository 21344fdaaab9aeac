"""The reference device: runs a kernel in CPython, one thread after the other.

A kernel's own syntax tree is compiled again with its positions kept, so that breakpoints, tracebacks and
`print` work, after the few changes that `reference_rewriter` makes to it. The arithmetic is that of
`scalar.Scalar`. No compiled code of cudapy runs.
"""

from __future__ import annotations

import ast
import contextlib
import operator
import re
import sys
import threading
import types
from functools import partial
from typing import TYPE_CHECKING, Any

from . import reference_names as names
from .errors import CompileError, CudaTypeError
from .printing import in_order
from .reference_arrays import SharedRows, argument_type, as_argument, widened_by_call
from .reference_cooperation import Barrier, NewArray, enter_block
from .reference_forms import Forms
from .reference_functions import Lift
from .reference_rewriter import INDICES, Rewriter
from .reference_structs import declared_as, is_struct
from .reference_trees import copied
from .reference_types import Types
from .reference_warps import WarpOperation, enter_thread
from .scalar import Context, Scalar, touches_float64

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


# How many calls of functions that call themselves a thread may have open at once, on every device.
RECURSION_LIMIT = 256
_MOST_OPEN = 24  # instances of one function whose types are looked for at once
_NONE = 1 << 30


def _positions(begin: tuple[int, ...], end: tuple[int, ...]) -> Iterator[tuple[int, int, int]]:
    """The threads, or blocks, from `begin` to before `end`, x fastest."""
    for z in range(begin[2], end[2]):
        for y in range(begin[1], end[1]):
            for x in range(begin[0], end[0]):
                yield x, y, z


def _parameters(tree: ast.FunctionDef) -> list[ast.arg]:
    return [*tree.args.posonlyargs, *tree.args.args, *tree.args.kwonlyargs]


class Instance:
    """One function as called with arguments of given types, ready to run."""

    def __init__(
        self, program: Program, function: types.FunctionType, arguments: list[str]
    ) -> None:
        self.filename, tree = program.tree(function)
        declared, result = program.signature(function, tree)
        tree = copied(tree)
        function = Lift(program, function, tree).run()
        tree = Forms(partial(names.found, function, tree, program.together)).visit(tree)
        self.parameters = [argument.arg for argument in _parameters(tree)]
        given = {
            name: declared_as(wanted, type)
            for name, wanted, type in zip(self.parameters, declared, arguments)
        }
        self.types = Types(program, function, tree, given, result)
        self.tree = tree
        self.namespace: dict[str, Any] = {}
        # While its types are looked for: how many are looked for around it; then, while it waits for one of
        # those that it calls itself through, which. Else -1.
        self.depth = self.waits_for = -1
        self.is_recursive = False
        self.indices: list[
            tuple[str, str]
        ] = []  # the spellings under which it reads thread indices

    def build(self) -> Callable[..., Any]:
        """The Python function that runs it."""
        rewriter = Rewriter(self.types)
        module = ast.Module(body=[rewriter.function(copied(self.tree))], type_ignores=[])
        self.namespace = rewriter.namespace
        self.indices = [
            (name, value.name)
            for name, value in self.namespace.items()
            if isinstance(value, names.Index)
        ]
        self.namespace["__name__"] = self.types.function.__module__
        called = self.namespace.get(self.tree.name)  # by itself, with the types of its arguments
        exec(compile(module, self.filename, "exec"), self.namespace)
        run: Callable[..., Any] = self.namespace[self.tree.name]
        if called is not None:
            self.namespace[self.tree.name] = called
        return run


class Program:
    """A kernel with the functions compiled together with it, for one list of argument types."""

    def __init__(
        self,
        functions: tuple[types.FunctionType, ...],
        sigs: tuple[str | None, ...],
        arguments: list[str],
    ) -> None:
        self.functions = functions
        self.sigs = dict(zip(map(id, functions), sigs))
        for sig in sigs:  # a string that names a function belongs to that one
            for function in functions:
                if sig is not None and re.match(rf"\s*{function.__name__}\s*:", sig):
                    self.sigs[id(function)] = sig
        self.together = {function.__name__: function for function in functions[1:]}
        self._made: list[types.FunctionType] = []
        self.specialised: dict[
            tuple[Any, ...], types.FunctionType
        ] = {}  # of functions that are handed functions
        self._trees: dict[int, tuple[str, ast.FunctionDef, list[str]]] = {}
        self.default_float = "float32"
        self._begin(arguments)
        if any(instance.types.touches_float64 for instance in self.instances.values()):
            self.default_float = "float64"
            self._begin(arguments)

    def _begin(self, arguments: list[str]) -> None:
        """Infers everything from the start."""
        self.uses_warps = False
        Context.default_float = self.default_float
        self.instances: dict[tuple[int, tuple[str, ...]], Instance] = {}
        self._runnables: dict[int, Callable[..., Any]] = {}
        self._open: list[Instance] = []  # their types are being looked for
        self._waiting: list[Instance] = []  # for the first function of their cycle
        self._lowest = (
            _NONE  # of the open ones, the outermost that was asked for since the last began
        )
        self._calls = 0  # open ones of functions that call themselves
        self.kernel = self.helper(self.functions[0], arguments)

    def tree(self, function: types.FunctionType) -> tuple[str, ast.FunctionDef]:
        filename, tree, _ = self._read(function)
        return filename, tree

    def _read(self, function: types.FunctionType) -> tuple[str, ast.FunctionDef, list[str]]:
        found = self._trees.get(id(function))
        if found is None:
            from .reference_signatures import read_function

            found = self._trees[id(function)] = read_function(function)
        return found

    def add_tree(self, function: types.FunctionType, tree: ast.FunctionDef) -> None:
        """Gives a function that was made here its tree, and keeps it alive."""
        self._trees[id(function)] = (self._trees[id(self.functions[0])][0], tree, [])
        self._made.append(function)

    def signature(
        self, function: types.FunctionType, tree: ast.FunctionDef
    ) -> tuple[list[str | None], str | None]:
        """What is written about a function's types, None for what is not."""
        from .reference_signatures import written_types

        return written_types(function, self.sigs.get(id(function)), self._read(function)[2])

    def annotation(self, function: types.FunctionType, node: ast.expr) -> str:
        from .reference_signatures import annotated_type

        found = annotated_type(function, ast.unparse(node))
        if found is None:
            raise CompileError(f"{ast.unparse(node)} is not a type (line {node.lineno})")
        return found

    def bind(self, function: types.FunctionType, node: ast.Call) -> list[Any]:
        """A call's arguments in the order of the parameters: expressions, or the values of defaults."""
        code = function.__code__
        parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        given: dict[str, Any] = dict(zip(parameters, node.args))
        given |= {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        defaults = dict(
            zip(reversed(parameters[: code.co_argcount]), reversed(function.__defaults__ or ()))
        )
        defaults |= function.__kwdefaults__ or {}
        return [
            given[name] if name in given else names.meaning(defaults[name]) for name in parameters
        ]

    def helper(self, function: types.FunctionType, arguments: list[str]) -> Instance:
        """The instance of a function for arguments of these types; a literal stays weak in it."""
        key = (id(function), tuple(arguments))
        instance = self.instances.get(key)
        if instance is None:
            instance = Instance(self, function, arguments)
            self.instances[key] = instance
            self._infer(instance)
        place = instance.depth if instance.depth >= 0 else instance.waits_for
        if place >= 0:
            self._lowest = min(self._lowest, place)
        return instance

    def _infer(self, instance: Instance) -> None:
        """Finds the types of a new instance. What a function gives that is still open is not known yet; those that
        ask for it are looked at again with it."""
        outer, self._lowest = self._lowest, _NONE
        first, depth = len(self._waiting), len(self._open)
        code = instance.types.function.__code__
        if [other.types.function.__code__ for other in self._open].count(code) >= _MOST_OPEN:
            raise CompileError(
                f"`{code.co_name}` calls itself with arguments of a new type each time"
            )
        self._open.append(instance)
        instance.depth = depth
        instance.types.begin()
        if self._lowest > depth:
            instance.types.finish()
        else:
            instance.is_recursive = True
            self._waiting.append(instance)
            if self._lowest == depth:
                self._infer_cycle(first)
            else:
                instance.waits_for = self._lowest
        instance.depth = -1
        self._open.pop()
        self._lowest = min(outer, self._lowest if self._lowest < depth else _NONE)

    def _infer_cycle(self, first: int) -> None:
        """Finds the types of functions that call each other: those that wait from `first` on."""
        changed = True
        while changed:
            changed = False
            number = first
            while number < len(self._waiting):  # which may become more
                changed |= self._waiting[number].types.settle()
                number += 1
            if not changed:
                for instance in self._waiting[first:]:
                    changed |= instance.types.settle_weak()
                    changed |= instance.types.settle_result()
        for instance in self._waiting[first:]:
            instance.waits_for = -1
            if instance.types.result is None:
                if instance.types.returns_value():
                    name = instance.types.function.__name__
                    raise CompileError(f"`{name}` only ever returns what its own calls return")
                instance.types.result = "void"
        del self._waiting[first:]

    def call(self, instance: Instance, values: tuple[Any, ...]) -> Any:
        """Calls a helper; those that call themselves not deeper than a compiled kernel does.

        Raises:
            RecursionError: that would be too deep.
        """
        run = self.runnable(instance)
        if not instance.is_recursive:
            return run(*values)
        if self._calls >= RECURSION_LIMIT:
            raise RecursionError(
                f"maximum recursion depth exceeded: `{instance.types.function.__name__}` is called when "
                f"{RECURSION_LIMIT} calls are open"
            )
        self._calls += 1
        try:
            return run(*values)
        finally:
            self._calls -= 1

    def runnable(self, instance: Instance) -> Callable[..., Any]:
        run = self._runnables.get(id(instance))
        if run is None:
            run = self._runnables[id(instance)] = instance.build()
            self._place(instance)
        return run

    def run(
        self, threads: tuple[int, int, int], block: tuple[int, int, int], arguments: list[Any]
    ) -> None:
        """Runs the kernel for every thread: block after block where the threads of one do something together, else
        x fastest."""
        Context.default_float = self.default_float
        self._thread = dict.fromkeys(INDICES, Scalar("int32", 0))
        self.uses_warps = self._uses(WarpOperation)
        run = self.runnable(self.kernel)
        grid = tuple(-(-wanted // size) for wanted, size in zip(threads, block))
        fixed = {f"blockDim.{axis}": size for axis, size in zip("xyz", block)}
        fixed |= {f"gridDim.{axis}": count for axis, count in zip("xyz", grid)}

        def enter(at: tuple[int, ...]) -> None:
            place = dict(fixed, **dict(zip(("idx", "idy", "idz"), at)))
            for axis, position, size in zip("xyz", at, block):
                place[f"threadIdx.{axis}"] = position % size
                place[f"blockIdx.{axis}"] = position // size
            self._enter({name: Scalar("int32", value) for name, value in place.items()})
            x, y, z = map(operator.mod, at, block)
            enter_thread(x + block[0] * (y + block[1] * z))

        if not self._uses(NewArray, Barrier, WarpOperation):
            for at in _positions((0, 0, 0), threads):
                enter(at)
                run(*arguments)
            return
        # What threads print comes out in their order, though blocks run one after the other.
        with in_order(
            lambda: tuple(int(self._thread[name].value) for name in ("idz", "idy", "idx"))
        ):
            for number in _positions((0, 0, 0), grid):
                begin = tuple(map(operator.mul, number, block))
                end = tuple(map(operator.add, begin, block))
                together = enter_block()
                if self._uses(Barrier, WarpOperation):
                    together.run(partial(run, *arguments), list(_positions(begin, end)), enter)
                    continue
                for at in _positions(begin, tuple(map(min, end, threads))):
                    enter(at)
                    run(*arguments)

    def _uses(self, *kinds: type) -> bool:
        """Whether the kernel or one of its helpers calls something whose meaning is one of these."""
        for instance in self.instances.values():
            for node in ast.walk(instance.tree):
                if not isinstance(node, ast.Call) or not instance.types.is_call_of(node, kinds):
                    continue
                if not instance.types.is_vote_of_tuple(node):
                    return True
        return False

    def _enter(self, thread: dict[str, Scalar]) -> None:
        """Gives the thread's indices to every function's namespace, under each spelling it uses (`cp.idx`, `i`)."""
        self._thread = thread
        for instance in self.instances.values():
            self._place(instance)

    def _place(self, instance: Instance) -> None:
        for spelled, index in instance.indices:
            instance.namespace[spelled] = self._thread[index]


def default_block(threads: tuple[int, int, int]) -> tuple[int, int, int]:
    """The shape of a block that a launch does not say."""
    return (32, 4, 2) if threads[2] > 1 else (32, 8, 1) if threads[1] > 1 else (256, 1, 1)


def _in_order(
    function: types.FunctionType, arguments: tuple[Any, ...], keywords: dict[str, Any]
) -> tuple[Any, ...]:
    """One argument a parameter, as Python binds them: by position, by keyword, by default."""
    import inspect

    signature = inspect.Signature(
        [
            parameter.replace(annotation=parameter.empty)
            for parameter in inspect.signature(function, follow_wrapped=False).parameters.values()
        ]
    )
    try:
        bound = signature.bind(*arguments, **keywords)
    except TypeError as error:
        raise CudaTypeError(f"`{function.__name__}`: {error}") from None
    bound.apply_defaults()
    return tuple(bound.arguments.values())


_programs: dict[tuple[object, ...], Program] = {}
_KEPT = 64


_launches_lock = threading.Lock()
_launches = 0  # that run now
_limit_before = 0


@contextlib.contextmanager
def _room_for_recursion() -> Iterator[None]:
    """A call of the kernel's takes some of the interpreter's, whose limit is one for all threads."""
    global _launches, _limit_before
    with _launches_lock:
        if _launches == 0:
            _limit_before = sys.getrecursionlimit()
            sys.setrecursionlimit(max(_limit_before, 20 * RECURSION_LIMIT))
        _launches += 1
    try:
        yield
    finally:
        with _launches_lock:
            _launches -= 1
            if _launches == 0:
                sys.setrecursionlimit(_limit_before)


def launch(
    kernel: Any,
    threads: tuple[int, int, int],
    block: tuple[int, int, int] | None,
    arguments: tuple[Any, ...],
    keywords: dict[str, Any] | None = None,
) -> None:
    """Runs a launch of `kernel` on the reference device; the core calls it in place of machine code.

    Args:
        kernel: a `cudapy` kernel.
        threads: how many along x, y, z.
        block: the block's size where the launch says one.
        arguments: what the launcher was called with by position.
        keywords: and by keyword.

    Raises:
        CudaTypeError: the number or a type of the arguments is wrong.
        Exception: whatever the kernel's own lines raise, with their file and line.
    """
    functions = kernel.functions
    from .reference_signatures import read_function, written_types

    declared, _ = written_types(functions[0], kernel.sigs[0], read_function(functions[0])[2])
    arguments = _in_order(functions[0], arguments, keywords or {})
    given = [
        wanted
        if wanted is not None and not is_struct(wanted.rstrip("*"))
        else declared_as(wanted, argument_type(value))
        for wanted, value in zip(declared, arguments)
    ]
    if any(map(touches_float64, given)):
        given = [
            type if wanted is not None else widened_by_call(value, type)
            for wanted, type, value in zip(declared, given, arguments)
        ]
    key = (functions, kernel.sigs, tuple(given))
    program = _programs.get(key)
    if program is None:
        program = Program(functions, kernel.sigs, given)
        if len(_programs) >= _KEPT:
            _programs.pop(next(iter(_programs)))
        _programs[key] = program
    shared = SharedRows()
    views = [
        as_argument(value, type, position, shared)
        for position, (value, type) in enumerate(zip(arguments, given))
    ]
    shared.check(dict(zip(program.kernel.parameters, views)))
    with _room_for_recursion():
        program.run(threads, block or default_block(threads), views)
    shared.give_back()
