"""Arguments of a launch on the reference device: scalars get their exact type, arrays become views whose
items have one.

Arrays are reached through Python's buffer protocol in place; lists are copied, and copied back when the
kernel wrote them.
"""

from __future__ import annotations

import itertools
import math
import operator
from typing import TYPE_CHECKING, Any, Protocol

from .errors import CudaTypeError
from .record_classes import is_record_class
from .reference_memory import PlacedElements, SwappedElements, is_swapped
from .reference_structs import (
    Record,
    is_struct,
    plain_values,
    record,
    record_of,
    size_of,
    struct_of_class,
    struct_of_dtype,
)
from .scalar import (
    HALVES,
    Scalar,
    Value,
    convert,
    is_complex,
    is_float,
    number,
    strong,
    type_of,
)
from .types import ELEM_TYPES, bfloat16, elemType

if TYPE_CHECKING:
    from collections.abc import Iterator

_FORMATS = {elem.format: elem.name for elem in ELEM_TYPES if elem is not bfloat16} | {
    "l": "int64",
    "L": "uint64",
}


class _Elements(Protocol):
    """Memory by the indices of all dimensions: a memoryview, `PlacedElements` or `_Nested`."""

    def __getitem__(self, indices: Any, /) -> Any: ...
    def __setitem__(self, indices: Any, value: Any, /) -> None: ...


class _Nested:
    """A copy of a list, or of lists in a list. A row that several lists hold is one row in their copies, too.

    Attributes:
        rows: the innermost lists, in order.
        problem: why it cannot be written.
    """

    def __init__(self, source: Any, element: str, shared: SharedRows) -> None:
        self.source = source
        self.element = element
        self.shape = _shape_of(source)
        self.rows = list(_rows_of(source, len(self.shape)))
        self.items = shared.copied(source, element, len(self.shape))
        self.problem = ""

    def __getitem__(self, indices: tuple[int, ...]) -> Any:
        row = self.items
        for index in indices:
            row = row[index]
        return row

    def __setitem__(self, indices: tuple[int, ...], value: Any) -> None:
        if self.problem:
            raise CudaTypeError(self.problem)
        self[indices[:-1]][indices[-1]] = value

    def is_within(self, other: _Nested) -> bool:
        """Whether its rows are rows of another's, one after the other, of the same type."""
        mine, theirs = list(map(id, self.rows)), list(map(id, other.rows))
        starts = range(len(theirs) - len(mine) + 1)
        return self.element == other.element and any(
            theirs[start : start + len(mine)] == mine for start in starts
        )

    def repeated_row(self) -> tuple[int, int] | None:
        seen: dict[int, int] = {}
        for place, row in enumerate(self.rows):
            if seen.setdefault(id(row), place) != place:
                return seen[id(row)], place
        return None

    def place_of(self, row: int) -> str:
        place = ""
        for length in reversed(self.shape[:-1]):
            row, index = divmod(row, length)
            place = f"[{index}]{place}"
        return place


def _rows_of(source: Any, depth: int) -> Iterator[Any]:
    if depth == 1:
        yield source
        return
    for item in source:
        yield from _rows_of(item, depth - 1)


class SharedRows:
    """The copies of a launch's lists: one of each list, however many arguments it is in."""

    def __init__(self) -> None:
        self._copies: dict[tuple[int, str], tuple[list[Any], list[Any], Any]] = {}

    def copied(self, source: Any, element: str, depth: int) -> Any:
        if depth > 1:
            return [self.copied(item, element, depth - 1) for item in source]
        known = self._copies.get((id(source), element))
        if known is None:
            items = [_copied(item, element) for item in source]
            known = self._copies[id(source), element] = (items, items.copy(), source)
        return known[0]

    def give_back(self) -> None:
        """Stores what has changed; what has not keeps its object."""
        for items, before, source in self._copies.values():
            for index, (item, old) in enumerate(zip(items, before)):
                if repr(item) != repr(old):  # a NaN is what it was, 0.0 is not -0.0
                    source[index] = item

    @staticmethod
    def check(views: dict[str, Any]) -> None:
        """Finds lists of the arguments, by parameter, that are one list in a way that the copies of a compiled launch
        cannot follow: these cannot be written."""
        lists = {
            name: view.nested
            for name, view in views.items()
            if isinstance(view, ArrayView)
            and view.nested is not None
            and 0 not in view.nested.shape
        }
        for name, nested in lists.items():
            repeated = nested.repeated_row()
            if repeated is not None:
                first, second = map(nested.place_of, repeated)
                nested.problem = (
                    f"argument `{name}`: the kernel writes it, and one list stands at {first} and at {second} "
                    "in it"
                )
        for (before, one), (name, other) in itertools.combinations(lists.items(), 2):
            if set(map(id, one.rows)).isdisjoint(map(id, other.rows)):
                continue
            problem = one.problem or other.problem
            if not (one.is_within(other) or other.is_within(one)):
                problem = (
                    f"argument `{name}`: it holds lists of argument `{before}`, in another order or as another "
                    "type, and the kernel writes them"
                )
            one.problem = other.problem = problem


def _shape_of(source: Any) -> tuple[int, ...]:
    if not isinstance(source, (list, tuple)):
        return ()
    shapes = {_shape_of(item) for item in source}
    if len(shapes) > 1:
        raise CudaTypeError("a list of lists of different lengths is no argument for a kernel")
    return (len(source), *(shapes.pop() if shapes else ()))


def _copied(source: Any, element: str) -> Any:
    if not isinstance(source, (bool, int, float, complex)):  # a Fraction, a NumPy number
        as_number = (
            complex if is_complex(element) else float if is_float(element) else operator.index
        )
        source = as_number(source)
    return convert(source, element)


def _packed(lengths: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """The strides of elements that follow each other, row by row."""
    return tuple(math.prod(lengths[axis + 1 :]) * itemsize for axis in range(len(lengths)))


def _strides_of(view: memoryview) -> tuple[int, ...] | None:
    """An array's strides as a kernel knows them: along a dimension that has no second element, those of elements that
    follow each other. None of an array that a compiled kernel gets such a copy of."""
    shape, strides = view.shape, view.strides
    if not shape or not strides or is_swapped(view):
        return None
    if any(length > 1 and stride % view.itemsize for length, stride in zip(shape, strides)):
        return None
    packed = _packed(shape, view.itemsize)
    return tuple(
        stride if length > 1 else other for length, stride, other in zip(shape, strides, packed)
    )


class _ComplexItem:
    """A complex number in a list, whose parts can be stored to."""

    def __init__(self, array: ArrayView, index: Any) -> None:
        self.__dict__.update(array=array, index=index)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.array[self.index], name)

    def __setattr__(self, name: str, value: Any) -> None:
        now = number(self.array[self.index])
        part = float(number(value))
        self.array[self.index] = (
            complex(part, now.imag) if name == "real" else complex(now.real, part)
        )


class ArrayView:
    """An array in a kernel, or a view of one: items are Scalars, what is stored takes the element type, and fewer
    indices than dimensions, or slices among them, give a view of the rest.

    Attributes:
        type: the array's type, `"float32**"`.
        shape: the length of each dimension, as int32s.
        size: the number of elements.
    """

    __slots__ = (
        "_is_transposed",
        "_lengths",
        "_memory",
        "_place",
        "_strides",
        "element",
        "type",
    )

    def __init__(
        self,
        memory: _Elements,
        element: str,
        lengths: tuple[int, ...],
        place: tuple[int | range, ...] | None = None,
        is_transposed: bool = False,
        strides: tuple[int, ...] | None = None,
    ) -> None:
        """`place` has an index for each of the memory's dimensions, or the range of those that are left. The lengths
        of a transposed view are those of the ranges from the last one on. `strides` are the memory's, in bytes; without
        them the elements follow each other."""
        self._is_transposed = is_transposed
        self._memory = memory
        self._lengths = lengths
        self._place = tuple(map(range, lengths)) if place is None else place
        self._strides = _packed(lengths, size_of(element)) if strides is None else strides
        self.element = element
        self.type = element + "*" * len(lengths)

    def __repr__(self) -> str:
        return f"<{self.element}{list(self._lengths)}>"

    def __len__(self) -> int:
        return self._lengths[0]

    def __iter__(self) -> Iterator[Any]:
        for position in range(len(self)):
            yield self[position]

    @property
    def length(self) -> int:
        return self._lengths[0]

    @property
    def shape(self) -> tuple[Scalar, ...]:
        return tuple(Scalar("int32", length) for length in self._lengths)

    @property
    def ndim(self) -> int:
        return len(self._lengths)

    @property
    def itemsize(self) -> int:
        return size_of(self.element)

    @property
    def nbytes(self) -> Scalar:
        return Scalar("int64", math.prod(self._lengths) * self.itemsize)

    @property
    def strides(self) -> tuple[Scalar, ...]:
        steps = [
            own.step * stride
            for own, stride in zip(self._place, self._strides)
            if isinstance(own, range)
        ]
        if self._is_transposed:
            steps.reverse()
        return tuple(Scalar("int64", step) for step in steps)

    @property
    def T(self) -> ArrayView:
        lengths = self._lengths[::-1]
        return self._view(lengths, self._place, not self._is_transposed)

    def _view(
        self, lengths: tuple[int, ...], place: tuple[int | range, ...], is_transposed: bool
    ) -> ArrayView:
        return ArrayView(self._memory, self.element, lengths, place, is_transposed, self._strides)

    @property
    def size(self) -> Scalar:
        return Scalar("int32", math.prod(self._lengths))

    def _position(self, index: Value, axis: int, length: int) -> int:
        if isinstance(index, (bool, float, complex)):
            raise TypeError(f"an array's index is an integer, not {index!r}")
        position = index.__index__()
        if isinstance(index, int) and position < 0:  # a constant counts from the end
            position += length
        if not 0 <= position < length:
            raise IndexError(
                f"index {index} is out of bounds for an array of {length} (dimension {axis})"
            )
        return position

    def _indexed(self, index: Any) -> tuple[int | range, ...]:
        listed = index if isinstance(index, tuple) else (index,)
        if self._is_transposed:
            open_ones = [slice(None)] * (self.ndim - len(listed))
            listed = (*listed, *open_ones)[::-1]
        given = iter(listed)
        place: list[int | range] = []
        axis = 0
        for own in self._place:
            one = next(given, None) if isinstance(own, range) else None
            if isinstance(own, int) or one is None:
                place.append(own)
            elif isinstance(one, slice):
                place.append(own[one])
            else:
                place.append(own[self._position(one, axis, len(own))])
            axis += isinstance(own, range)
        return tuple(place)

    def __getitem__(self, index: Any) -> Any:
        place = self._indexed(index)
        lengths = tuple(len(own) for own in place if isinstance(own, range))
        if lengths:
            step = -1 if self._is_transposed else 1
            return self._view(lengths[::step], place, self._is_transposed)
        found = self._memory[place]
        return found if isinstance(found, (Scalar, Record)) else Scalar(self.element, found)

    def __setitem__(self, index: Any, value: Any) -> None:
        is_placed = isinstance(self._memory, PlacedElements)
        stored = value if is_placed else convert(number(value), self.element)
        self._memory[self._indexed(index)] = stored

    def place(self, index: Any) -> Any:
        """An element whose fields can be stored to."""
        if isinstance(self._memory, PlacedElements):
            place = self._indexed(index)
            return self._memory.place(tuple(own for own in place if isinstance(own, int)))
        return _ComplexItem(self, index)

    @property
    def nested(self) -> _Nested | None:
        """The copy of lists that it is an array of, if it is."""
        return self._memory if isinstance(self._memory, _Nested) else None


def constant_array(value: Any) -> ArrayView:
    """An array from outside of the kernel, as it is now."""
    with memoryview(value) as view:
        element, shape = _element_of(value, view), view.shape
        native = memoryview(value.astype(value.dtype.newbyteorder("=")))
    assert shape is not None
    is_placed = element in HALVES or is_struct(element)
    memory: _Elements = PlacedElements(native, element) if is_placed else native
    return ArrayView(memory, element, shape)


def widened_by_call(value: Any, given: str) -> str:
    """What Python's floats become beside arguments of float64: a `given` of `argument_type` that is float64 as well."""
    is_number = type(value) in (float, complex)
    is_list = isinstance(value, (list, tuple)) and given.rstrip("*") == "float32"
    if not (is_number or is_list):
        return given
    return given.replace("float32", "float64").replace("complex64", "complex128")


def argument_type(value: Any) -> str:
    """The type of an argument for which the kernel has none written down; a Python float's is settled by the call."""
    if isinstance(value, (bool, int, float)) and type(value) in (bool, int, float):
        return strong(type_of(value), value) if not isinstance(value, float) else "float32"
    if isinstance(value, complex) and type(value) is complex:
        return "complex64"
    if is_record_class(type(value)):
        return struct_of_class(type(value))
    if isinstance(value, (list, tuple)):
        return elemType(value).name + "*" * len(_shape_of(value))
    dtype = getattr(value, "dtype", None)
    if getattr(value, "shape", None) == () and _fields(value) is not None:
        return struct_of_dtype(dtype)
    is_number = getattr(dtype, "kind", "") in tuple("biufc")
    if dtype is not None and is_number and getattr(value, "shape", None) == ():
        return str(dtype.name)
    with _buffer(value) as view:
        return _element_of(value, view) + "*" * view.ndim


def _fields(value: Any) -> Any:
    """The fields of the elements of an array of NumPy's; None if they are numbers."""
    return getattr(getattr(value, "dtype", None), "names", None)


def _buffer(value: Any) -> memoryview:
    if getattr(getattr(value, "dtype", None), "name", "") == "bfloat16" and hasattr(value, "view"):
        value = value.view("uint16")  # NumPy makes no buffer of ml_dtypes' type
    if getattr(getattr(value, "dtype", None), "name", "") == "bfloat16" and hasattr(value, "_bits"):
        value = value._bits()
    try:
        return memoryview(value)
    except TypeError:
        raise CudaTypeError(f"{type(value).__name__} is no argument for a kernel") from None


def _element_of(value: Any, view: memoryview) -> str:
    if _fields(value) is not None:
        return struct_of_dtype(value.dtype)
    if getattr(getattr(value, "dtype", None), "name", "") == "bfloat16" or (
        callable(getattr(value, "elemType", None)) and value.elemType() is bfloat16
    ):
        return "bfloat16"
    element = _FORMATS.get(view.format.lstrip("@=<>"))
    if element is None or view.ndim == 0:
        raise CudaTypeError(
            f"an array of {view.ndim} dimensions with elements {view.format!r} is no argument for a kernel"
        )
    return element


def as_argument(value: Any, wanted: str, position: int, shared: SharedRows) -> Any:
    """An argument as the kernel's parameter of type `wanted`; `shared` holds copies of the launch's lists."""
    if not wanted.endswith("*"):
        return _scalar_argument(value, wanted, position)
    element = wanted.rstrip("*")
    if isinstance(value, (list, tuple)):
        nested = _Nested(value, element, shared)
        _check_type(element + "*" * len(nested.shape), wanted, position)
        return ArrayView(nested, element, nested.shape)
    view = _buffer(value)
    _check_type(_element_of(value, view) + "*" * view.ndim, wanted, position)
    assert view.shape is not None
    # memoryview reads elements whose format is a native one alone.
    is_native = view.format.lstrip("@") in _FORMATS
    is_placed = is_complex(element) or is_struct(element) or element in HALVES or not is_native
    memory: _Elements = PlacedElements(view, element) if is_placed else view
    if is_swapped(view):
        memory = SwappedElements(view, element)
    return ArrayView(memory, element, view.shape, strides=_strides_of(view))


def _check_type(given: str, wanted: str, position: int) -> None:
    if given != wanted:
        raise CudaTypeError(f"argument {position + 1}: expected {wanted}, got {given}")


def _scalar_argument(value: Any, wanted: str, position: int) -> Scalar | Record:
    if is_struct(wanted):
        is_record = is_record_class(type(value))
        return record_of(value, wanted) if is_record else record(plain_values(value), wanted)
    bare = value.item() if hasattr(value, "item") and getattr(value, "shape", None) == () else value
    if not isinstance(bare, (bool, int, float, complex)):
        raise CudaTypeError(
            f"argument {position + 1}: expected {wanted}, got {type(value).__name__}"
        )
    if isinstance(bare, float) and not is_float(wanted) and not is_complex(wanted):
        raise CudaTypeError(f"argument {position + 1}: expected {wanted}, got the float {bare!r}")
    return Scalar(wanted, convert(bare, wanted))
