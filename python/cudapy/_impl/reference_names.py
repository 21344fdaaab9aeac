"""What a name that a kernel reads from outside means on the reference device.

A name is looked up as the compiler does: a template's bindings, the functions compiled together, closure, globals,
cudapy's own names, Python's. What is found becomes a *meaning*: an object with `result(types)`, the static
type of calling it, or a constant.
"""

from __future__ import annotations

import ast
import builtins
import math
import types
from functools import reduce
from typing import TYPE_CHECKING, Any

import cudapy

from . import (
    complex_functions,
    library_of_math,
    library_of_numpy,
    library_of_python,
    names_of_atomics,
    placeholders,
)
from . import types as cuda_types
from .printing import printed
from .record_classes import is_record_class
from .reference_arrays import constant_array
from .reference_cooperation import COOPERATION
from .reference_intrinsics import INTRINSICS, Atomic, Intrinsic
from .reference_math import CONSTANTS, MathFunction, is_known
from .reference_structs import (
    Record,
    StructMaker,
    is_instance,
    is_struct,
    record,
    record_of_instance,
)
from .reference_tuples import Compared
from .reference_warps import WARPS
from .scalar import (
    WEAK_COMPLEX,
    WEAK_INT,
    Scalar,
    Value,
    arithmetic_type,
    binary,
    cast,
    compare,
    convert,
    is_complex,
    is_integer,
    number,
    part_of,
    promote,
    result_type,
    type_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_MISSING = object()


class Cast:
    """`int(x)`, `float(x)`, `cp.uint8(x)`: a conversion."""

    def __init__(self, type: str) -> None:
        self.type = type

    def result(self, types: list[str]) -> str:
        return self.type

    def __call__(self, value: Value = 0) -> Value:
        return cast(value, self.type)


class Len:
    def result(self, types: list[str]) -> str:
        return "int32"

    def __call__(self, array: Any) -> Scalar:
        return Scalar("int32", getattr(array, "length", None) or len(array))


class Extreme:
    """`min` and `max`: of values of one type, or of tuples of one, the first of equal ones."""

    def __init__(self, operator: str) -> None:
        self.operator = operator

    def result(self, types: list[str]) -> str:
        common = types[0]
        for type in types[1:]:
            common = promote(common, type)
        return common

    def __call__(self, *values: Any) -> Any:
        if len(values) == 1 and isinstance(values[0], tuple):
            values = values[0]
        if isinstance(values[0], tuple):
            return self._of_tuples(values)
        common = self.result([type_of(value) for value in values])
        best = cast(values[0], common)
        for value in values[1:]:
            other = cast(value, common)
            if compare(self.operator, other, best):
                best = other
        return best

    def _of_tuples(self, tuples: tuple[Any, ...]) -> Any:
        best = Compared(tuples[0])
        for items in tuples[1:]:
            other = Compared(items)
            if (other < best) if self.operator == "<" else (other > best):
                best = other
        return best.items


class Part:
    """`np.real`, `np.imag`, `np.conj`: of a number."""

    def __init__(self, name: str) -> None:
        self.name = name

    def result(self, types: list[str]) -> str:
        type = "int32" if types[0] == "bool" else types[0]
        return part_of(type) if is_complex(type) and self.name != "conjugate" else type

    def __call__(self, value: Any) -> Any:
        found = getattr(value, self.name)
        return found() if self.name == "conjugate" else found


class Complex:
    """`complex(a)`, `complex(a, b)`; the type of an array's elements, too."""

    type = "complex64"

    def result(self, types: list[str]) -> str:
        # First among themselves: a whole number alone would be part of what it is without the other.
        return promote(WEAK_COMPLEX, reduce(promote, types))

    def __call__(self, real: Any, imag: Any = None) -> Any:
        type = self.result([type_of(value) for value in (real, imag) if value is not None])
        if imag is None:
            return cast(real, type)
        part = part_of(type)
        return Scalar(type, complex(convert(number(real), part), convert(number(imag), part)))


class Abs:
    def result(self, types: list[str]) -> str:
        if is_complex(types[0]):
            return part_of(types[0])
        return arithmetic_type(types[0], types[0])

    def __call__(self, value: Value) -> Any:
        return abs(value)


class Round:
    """`round(x)`: to the nearest int32, ties to even; `round(x, n)` keeps the type."""

    def result(self, types: list[str]) -> str:
        if len(types) == 1 and not (is_integer(types[0]) or types[0] == WEAK_INT):
            return "int32"
        return types[0]

    def __call__(self, value: Value, digits: Value | None = None) -> Value:
        if digits is None:
            if is_integer(type_of(value)):
                return value
            bare = number(value)
            return cast(float(round(bare)) if math.isfinite(bare) else bare, "int32")
        bare = number(value)
        if not isinstance(bare, float) or not math.isfinite(bare):
            return value
        return cast(round(bare, int(number(digits))), type_of(value))


class Power:
    def result(self, types: list[str]) -> str:
        return result_type("**", *types)

    def __call__(self, base: Value, exponent: Value) -> Value:
        return binary("**", base, exponent)


class Divmod:
    """`divmod(a, b)`: both results have the type of `a // b`."""

    def __call__(self, a: Value, b: Value) -> tuple[Value, Value]:
        return binary("//", a, b), binary("%", a, b)


class Loop:
    """`range`, `enumerate` and `zip`: what a `for` goes over."""

    def __init__(self, name: str) -> None:
        self.name = name

    def result(self, types: list[str]) -> Any:
        if self.name == "range":
            common = types[0]
            for type in types[1:]:
                common = promote(common, type)
            return common
        # Of what each argument gives at a turn.
        return ("int32", types[0]) if self.name == "enumerate" else tuple(types)

    def __call__(self, *values: Any) -> Any:
        if self.name == "range":
            return range(*(int(number(value)) for value in values))
        if self.name == "enumerate":
            return enumerate(values[0], *(int(number(value)) for value in values[1:]))
        return zip(*values)


class Index:
    """`idx`, `threadIdx.x`, …: its value is put into the namespace before each thread runs."""

    def __init__(self, name: str) -> None:
        self.name = name


class Plain:
    """Something of Python's that has no meaning in the language, such as `print` or `breakpoint`: used as it is."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def result(self, types: list[str]) -> str:
        return "void"

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self.value(*arguments, **named)


_BUILTINS: dict[object, Any] = {
    builtins.len: Len(),
    builtins.min: Extreme("<"),
    builtins.max: Extreme(">"),
    builtins.abs: Abs(),
    builtins.sum: library_of_python.sum,
    builtins.complex: Complex(),
    builtins.round: Round(),
    builtins.pow: Power(),
    builtins.divmod: Divmod(),
    builtins.range: Loop("range"),
    builtins.enumerate: Loop("enumerate"),
    builtins.zip: Loop("zip"),
    builtins.print: Plain(printed),
    builtins.any: WARPS["any"],
    builtins.all: WARPS["all"],
    builtins.int: Cast("int32"),
    builtins.float: Cast("float32"),
    builtins.bool: Cast("bool"),
}
_OWN = {
    **{name: Index(name) for name in ("idx", "idy", "idz")},
    **{name: getattr(cudapy, name) for name in ("threadIdx", "blockIdx", "blockDim", "gridDim")},
    **{elem.name: elem for elem in cuda_types.ELEM_TYPES},
    **{name: getattr(cudapy, name) for name in COOPERATION},
    "double": cuda_types.float64,
    "xrange": builtins.range,
    **{"%" + name: getattr(builtins, name) for name in ("abs", "min", "max", "pow", "divmod")},
    "%contains": library_of_python.contains,
    "math": math,
    "atomic": cudapy.atomic,
    "fma": cudapy.fma,
    **{name: getattr(cudapy, name) for name in INTRINSICS},
    **{name: getattr(cudapy, name) for name in WARPS if name not in ("any", "all")},
}


def meaning(value: Any) -> Any:
    """What an object of Python's means in a kernel: a constant, a Scalar, a function, or one of the classes above."""
    if type(value) is complex:
        return value
    if isinstance(value, (bool, int, float)):
        return value if type(value) in (bool, int, float) else _numpy_scalar(value)
    if isinstance(value, placeholders.DeviceFunction):
        return _device_function(value.name)
    if isinstance(value, placeholders.Placeholder):
        if value.name == "warpSize":
            return Scalar("int32", 32)
        return Index(value.name) if value.name.startswith("id") else value
    if isinstance(value, cuda_types.ElemType):
        return Cast(value.name)
    if isinstance(value, types.FunctionType):
        return value
    if is_record_class(value):
        return StructMaker(value)
    if type(value) is tuple:
        return tuple(map(meaning, value))
    if is_instance(value):
        return record_of_instance(value)
    if type(value).__name__ == "ndarray" and value.shape != ():
        return constant_array(value)
    try:
        if value in _BUILTINS:
            return _BUILTINS[value]
    except TypeError:  # unhashable
        return Plain(value)
    if isinstance(value, types.BuiltinFunctionType) and value.__module__ == "math":
        if is_known(value.__name__):
            return MathFunction(value.__name__)
        packaged = _packaged(library_of_math, value.__name__)
        if packaged is not None:
            return packaged
    if isinstance(value, types.BuiltinFunctionType) and value.__module__ == "cmath":
        return getattr(complex_functions, value.__name__)
    if _is_of_numpy(value):
        packaged = _packaged(library_of_numpy, value.__name__)
        if packaged is not None:
            return packaged
    wrapped = getattr(value, "__wrapped__", None)
    if isinstance(wrapped, types.FunctionType):
        return wrapped
    return _numpy_meaning(value)


def _is_of_numpy(value: Any) -> bool:
    """Whether it is a function of NumPy's: a ufunc, or one that says where it is from."""
    module = getattr(value, "__module__", None) or type(value).__module__
    has_name = isinstance(getattr(value, "__name__", None), str)
    return has_name and str(module).partition(".")[0] == "numpy"


def _packaged(library: types.ModuleType, name: str) -> types.FunctionType | None:
    """What the package has in the kernel language under this name, as Python objects of kernels are looked up."""
    found = getattr(library, name, None)
    is_public = isinstance(found, types.FunctionType) and not name.startswith("_")
    return found if is_public else None


def _device_function(name: str) -> Any:
    if name == "fma":
        return MathFunction(name)
    if name in WARPS:
        return WARPS[name]
    if name in COOPERATION:
        return COOPERATION[name]
    return Atomic(name.partition(".")[2]) if name.startswith("atomic.") else Intrinsic(name)


def _numpy_scalar(value: Any) -> Any:
    name = getattr(getattr(value, "dtype", None), "name", None)
    if name is None:  # an IntEnum, or another subclass of Python's numbers
        return float(value) if isinstance(value, float) else int(value)
    return Scalar(name, value.item())


def _numpy_meaning(value: Any) -> Any:
    kind = type(value)
    if (
        kind.__module__.partition(".")[0] == "numpy"
        and getattr(value, "shape", None) == ()
        and hasattr(value, "dtype")
    ):
        return _numpy_scalar(value)
    if kind.__name__ == "ufunc" and is_known(value.__name__):
        return MathFunction(value.__name__, to_integer=False, of_numpy=True)
    names = {elem.name for elem in cuda_types.ELEM_TYPES} | {"bool_"}
    name = getattr(value, "name", None) or getattr(value, "__name__", None)
    module = getattr(value, "__module__", None) or kind.__module__
    if module and module.partition(".")[0] == "numpy" and name in names:
        return Cast(str(name).rstrip("_"))
    return Plain(value)


def attribute(owner: Any, name: str) -> Any:
    """The meaning of `owner.name`, where `owner` is a module, a namespace, or one of CUDA's vectors."""
    if isinstance(owner, Plain):
        owner = owner.value
    if is_instance(owner) and not hasattr(owner, name):  # a record of NumPy's
        owner = record_of_instance(owner)
    if isinstance(owner, Record):
        return getattr(owner, name)
    if isinstance(owner, names_of_atomics.Atomic):
        return meaning(getattr(owner, name))
    if isinstance(owner, placeholders.Placeholder):
        return Index(f"{owner.name}.{name}")
    if owner is math:
        if name in CONSTANTS:
            return CONSTANTS[name]
        if is_known(name):
            return MathFunction(name)
        packaged = _packaged(library_of_math, name)
        if packaged is not None:
            return packaged
    return meaning(getattr(owner, name))


def _object(
    function: types.FunctionType, name: str, together: dict[str, types.FunctionType]
) -> Any:
    """The object that a name stands for which `function` reads and does not assign, `_MISSING` if there is none."""
    found = getattr(function, "__cudapy_bindings__", {}).get(name, _MISSING)
    if found is _MISSING:
        found = together.get(name, _MISSING)
    if found is _MISSING and name in function.__code__.co_freevars:
        assert function.__closure__ is not None
        found = function.__closure__[function.__code__.co_freevars.index(name)].cell_contents
    for place in (function.__globals__, _OWN, vars(builtins)):
        if found is _MISSING:
            found = place.get(name, _MISSING)
    return found


def found(
    function: types.FunctionType,
    tree: ast.FunctionDef,
    together: dict[str, types.FunctionType],
    node: ast.expr,
) -> Any:
    """The object that a name or a chain of attributes stands for; None if it starts at a variable or at nothing."""
    if isinstance(node, ast.Attribute):
        owner = found(function, tree, together, node.value)
        # Placeholders raise when they are asked for anything.
        is_asked = not isinstance(owner, placeholders.Placeholder)
        return getattr(owner, node.attr, None) if is_asked else None
    if not isinstance(node, ast.Name) or node.id in function.__code__.co_varnames:
        return None
    object = _object(function, node.id, together)
    return None if object is _MISSING else object


def lookup(function: types.FunctionType, name: str, together: dict[str, types.FunctionType]) -> Any:
    """The meaning of a name that `function` reads and does not assign.

    Raises:
        NameError: it has none.
    """
    found = _object(function, name, together)
    if found is _MISSING:
        raise NameError(f"name {name!r} is not defined in kernel `{function.__name__}`")
    return found if isinstance(found, Index) else meaning(found)


def _item(value: Any, type: str) -> Any:
    if is_struct(type):
        return record(value, type)
    return value if type.endswith("*") else cast(value, type)  # a row stays what it is


def _items(value: Any, types: Any) -> Any:
    """A value as its variable's type: a type for one variable, a tuple for several."""
    if not isinstance(types, tuple):
        return _item(value, types)
    items = tuple(value)
    # Where there are more or fewer, the assignment to the variables raises what Python does.
    return tuple(map(_items, items, types)) if len(items) == len(types) else items


def loop_values(types: Any, values: Any) -> Iterator[Any]:
    """The values of a `for`, each as its variable's type, or variables' types."""
    for value in values:
        yield _items(value, types)
