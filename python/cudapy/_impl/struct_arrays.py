"""What CudaArrays of structs ask NumPy for: their elements from Python's objects, spread over an array, and formats."""

from __future__ import annotations

from typing import Any

from .errors import CudaTypeError
from .record_classes import fields_of_class, is_record_class


def _plain(value: Any) -> Any:
    """What NumPy makes structs of: tuples, for instances of dataclasses and NamedTuples too, in lists."""
    if is_record_class(type(value)):
        return tuple(_plain(getattr(value, name)) for name, _ in fields_of_class(type(value)) or ())
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _converted(value: Any, dtype: Any) -> Any:
    import numpy

    own = getattr(value, "dtype", None)
    if own is None:
        return numpy.array(_plain(value), dtype)
    if getattr(own, "names", None) != dtype.names:  # another library's dtype has none
        raise CudaTypeError(
            f"CudaArray: elements of {own} do not become structs with the fields {dtype.names}"
        )
    return value if own == dtype else value.astype(dtype)


def as_structs(source: Any, dtype: Any) -> Any:
    """An array of NumPy's with structs of `dtype`, row by row.

    Raises:
        CudaTypeError: `source` has no dimensions, or other fields.
    """
    import numpy

    made = _converted(source, dtype)
    if made.ndim == 0:
        raise CudaTypeError("CudaArray: a struct without dimensions; write it as a list: [p]")
    return numpy.ascontiguousarray(made)


def spread(value: Any, dtype: Any, shape: tuple[int, ...]) -> Any:
    """A new array of structs whose elements are `value`, or a copy of it where it has as many."""
    import numpy

    made = numpy.empty(shape, dtype)
    made[...] = _converted(value, dtype)
    return made


def buffer_format(dtype: Any) -> str:
    """How the buffer protocol describes an element."""
    import numpy

    two: Any = numpy.empty(2, dtype)  # of one alone, how far the next is does not count
    return memoryview(two).format
