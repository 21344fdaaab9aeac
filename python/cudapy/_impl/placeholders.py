"""What `idx`, `threadIdx` and their like are outside of a kernel: names that can be imported and say so when used.

Inside a kernel the front end replaces them (it knows them by `__cudapy_name__`), so no kernel ever meets these objects.
The names themselves are in `names_of_threads`, `names_of_bits`, `names_of_random`, `names_of_warps` and
`names_of_atomics`, with their texts: editors read them there, `help` and `inspect.signature` from the objects.
"""

from __future__ import annotations

from .attribute_docs import AttributeDoc
from .errors import CudaPyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from inspect import Signature
    from typing import Any, TypeVar

    _Function = TypeVar("_Function", bound="Callable[..., object]")

_VECTORS = ("threadIdx", "blockIdx", "blockDim", "gridDim")


class Placeholder:
    """A name that has a value only in a thread of a kernel."""

    __slots__ = ("__cudapy_name__", "name")

    def __init__(self, name: str) -> None:
        self.__cudapy_name__ = name
        self.name = name

    def __repr__(self) -> str:
        return f"<cudapy.{self.name}: has a value only inside a kernel>"

    def __getattr__(self, attribute: str) -> object:
        # Special names must stay missing, so that copying, pickling, inspect and notebooks see a plain object.
        if attribute.startswith("_"):
            raise AttributeError(attribute)
        if self.name in _VECTORS and attribute not in ("x", "y", "z"):
            raise AttributeError(f"{self.name} has .x, .y and .z, not .{attribute}")
        raise _outside(self.name)


# Behind the class: a class with slots cannot have an attribute of this name in its body beside its own text.
Placeholder.__doc__ = AttributeDoc("cudapy._impl.names_of_threads", Placeholder.__doc__)  # type: ignore[assignment]


class _FunctionDoc:
    """`__doc__` of a DeviceFunction: its own, or that of the class."""

    __slots__ = ("_of_class",)

    def __init__(self, of_class: str | None) -> None:
        self._of_class = of_class

    def __get__(self, instance: DeviceFunction | None, owner: type) -> str | None:
        return self._of_class if instance is None else instance._declared.__doc__


class _Signature:
    """`__signature__` of a DeviceFunction: its header, without the annotations, which are for type checkers."""

    __slots__ = ()

    def __get__(self, instance: DeviceFunction | None, owner: type) -> Signature:
        if instance is None:
            raise AttributeError("__signature__")
        import inspect

        shown = inspect.signature(instance._declared)
        bare = [p.replace(annotation=p.empty) for p in shown.parameters.values()]
        return shown.replace(parameters=bare, return_annotation=shown.empty)


class DeviceFunction(Placeholder):
    """A function that only threads of a kernel can call: `popc`, `rand`, `atomic.add`."""

    __slots__ = ("__name__", "__qualname__", "_declared")
    __signature__ = _Signature()

    def __init__(self, declared: Callable[..., object], name: str) -> None:
        super().__init__(name)
        self._declared = declared
        self.__name__ = declared.__name__
        self.__qualname__ = name

    def __call__(self, *arguments: object) -> object:
        raise _outside(self.name)

    def __repr__(self) -> str:
        return f"<cudapy.{self.name}{self.__signature__}: only inside a kernel>"


DeviceFunction.__doc__ = _FunctionDoc(DeviceFunction.__doc__)  # type: ignore[assignment]


def of_threads(declared: _Function) -> _Function:
    """Makes a DeviceFunction of what is declared below: its header and its text, without a body.

    To type checkers it stays the function that it looks like.
    """
    owner = declared.__qualname__.rpartition(".")[0]
    name = "atomic." + declared.__name__ if owner == "Atomic" else declared.__name__
    made: Any = DeviceFunction(declared, name)
    return made  # type: ignore[no-any-return]


def _outside(name: str) -> CudaPyError:
    return CudaPyError(
        f"{name} has a value only in the threads of a kernel, and this is plain Python.\n"
        f"A kernel is compiled, then launched over the number of threads wanted:\n"
        f"    call = cp.compile(function)        # or write @cp.kernel above it\n"
        f"    call(len(X))(X, Y)                 # threads, then the arguments\n"
        f'To step through it in Python instead, call cp.set_device("python") before the launch.'
    )


def _refuse(method: str) -> None:
    def refuse(self: Placeholder, *_: object) -> object:
        raise _outside(self.name)

    refuse.__name__ = method
    setattr(Placeholder, method, refuse)


for _operation in [
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "lshift",
    "rshift",
    "and",
    "or",
    "xor",
    "radd",
    "rsub",
    "rmul",
    "rtruediv",
    "rfloordiv",
    "rmod",
    "rpow",
    "rlshift",
    "rrshift",
    "rand",
    "ror",
    "rxor",
    "lt",
    "le",
    "gt",
    "ge",
    "eq",
    "ne",
    "neg",
    "pos",
    "invert",
    "abs",
    "bool",
    "int",
    "float",
    "index",
    "getitem",
    "round",
    "divmod",
    "call",
]:
    _refuse(f"__{_operation}__")
Placeholder.__hash__ = object.__hash__  # type: ignore[method-assign]
