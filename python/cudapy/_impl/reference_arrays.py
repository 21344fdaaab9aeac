"""Arguments of a launch on the reference device: scalars get their exact type, arrays become views whose
items have one.

Arrays are reached through Python's buffer protocol in place; lists are copied, and copied back when the
kernel wrote them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import CudaTypeError
from .scalar import Scalar, Value, convert, is_float, number, strong, type_of
from .types import ELEM_TYPES, elemType

if TYPE_CHECKING:
    from collections.abc import Iterator

_FORMATS = {elem.format: elem.name for elem in ELEM_TYPES} | {"l": "int64", "L": "uint64"}


class ArrayView:
    """A 1-D array in a kernel: items are Scalars, and what is stored takes the array's element type.

    Attributes:
        type: the array's type, `"float32*"`.
        length: number of elements.
    """

    __slots__ = ("_back", "_data", "_written", "element", "length", "type")

    def __init__(self, data: Any, element: str, back: list[Any] | None = None) -> None:
        self._data = data
        self._back = back
        self._written = False
        self.element = element
        self.type = element + "*"
        self.length = len(data)

    def __repr__(self) -> str:
        return f"<{self.element}[{self.length}]>"

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[Scalar]:
        for position in range(self.length):
            yield self[position]

    def _place(self, index: Value) -> int:
        if isinstance(index, (bool, float)):
            raise TypeError(f"an array's index is an integer, not {index!r}")
        position = index.__index__()
        if isinstance(index, int) and position < 0:  # a constant counts from the end
            position += self.length
        if not 0 <= position < self.length:
            raise IndexError(f"index {index} is out of bounds for an array of {self.length}")
        return position

    def __getitem__(self, index: Value) -> Scalar:
        return Scalar(self.element, self._data[self._place(index)])

    def __setitem__(self, index: Value, value: Value) -> None:
        self._data[self._place(index)] = convert(number(value), self.element)
        self._written = True

    def finish(self) -> None:
        """After the launch: gives a list its new values."""
        if self._back is not None and self._written:
            self._back[:] = self._data


def argument_type(value: Any) -> str:
    """The type of an argument for which the kernel has none written down."""
    if isinstance(value, (bool, int, float)) and type(value) in (bool, int, float):
        return strong(type_of(value), value) if not isinstance(value, float) else "float32"
    if isinstance(value, (list, tuple)):
        return elemType(value).name + "*"
    dtype = getattr(value, "dtype", None)
    if dtype is not None and getattr(value, "shape", None) == ():
        return str(dtype.name)
    with _buffer(value) as view:
        return _element_of(view) + "*"


def _buffer(value: Any) -> memoryview:
    try:
        return memoryview(value)
    except TypeError:
        raise CudaTypeError(f"{type(value).__name__} is no argument for a kernel") from None


def _element_of(view: memoryview) -> str:
    element = _FORMATS.get(view.format.lstrip("@=<"))
    if element is None or view.ndim != 1:
        raise CudaTypeError(
            f"an array of {view.ndim} dimensions with elements {view.format!r} is no argument for a kernel"
        )
    return element


def as_argument(value: Any, wanted: str, position: int) -> Any:
    """An argument as the kernel's parameter of type `wanted`."""
    if not wanted.endswith("*"):
        return _scalar_argument(value, wanted, position)
    element = wanted[:-1]
    if isinstance(value, (list, tuple)):
        data = [convert(item, element) for item in value]
        return ArrayView(data, element, value if isinstance(value, list) else None)
    view = _buffer(value)
    given = _element_of(view)
    if given != element:
        raise CudaTypeError(f"argument {position + 1}: expected {element}[:], got {given}[:]")
    return ArrayView(view, element)


def _scalar_argument(value: Any, wanted: str, position: int) -> Scalar:
    bare = value.item() if hasattr(value, "item") and getattr(value, "shape", None) == () else value
    if not isinstance(bare, (bool, int, float)):
        raise CudaTypeError(
            f"argument {position + 1}: expected {wanted}, got {type(value).__name__}"
        )
    if isinstance(bare, float) and not is_float(wanted):
        raise CudaTypeError(f"argument {position + 1}: expected {wanted}, got the float {bare!r}")
    return Scalar(wanted, convert(bare, wanted))
