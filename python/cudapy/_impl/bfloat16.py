"""bfloat16 and NumPy, which has no such type: ml_dtypes gives it one where that package is installed."""

from __future__ import annotations

import struct
from typing import Any


def dtype() -> Any:
    """ml_dtypes' dtype; None where it is not installed."""
    from importlib import import_module

    try:
        ml_dtypes = import_module("ml_dtypes")
    except ImportError:
        return None
    return import_module("numpy").dtype(ml_dtypes.bfloat16)


def as_numpy(bits: Any, wanted: Any = None, copy: bool | None = None) -> Any:
    """The elements whose bits are given as uint16, as a NumPy array: of ml_dtypes' bfloat16, or else of float32.

    Args:
        bits: a buffer of uint16.
        wanted: a dtype to convert to.
        copy: as in NumPy's `__array__` protocol.

    Raises:
        ValueError: `copy` is False and a copy is needed.
    """
    import numpy

    view = numpy.asarray(bits)
    own = dtype()
    if own is not None:
        result = view.view(own)
    elif copy is False:
        raise ValueError(
            "a bfloat16 array has to be copied to become a NumPy array without the package ml_dtypes"
        )
    else:
        result = (view.astype(numpy.uint32) << 16).view(numpy.float32)
    if wanted is not None:
        result = result.astype(wanted, copy=False)
    return result.copy() if copy and own is not None else result


def bits_of(value: float) -> int:
    """The bits of the nearest bfloat16, halfway to even; infinity beyond the largest.

    The float64 is cut to float32 towards zero first, with the last bit set where something was lost, so that it is
    rounded once.
    """
    if value != value:
        return 0x7FC0
    try:
        near = struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return 0xFF80 if value < 0 else 0x7F80
    word: int = struct.unpack("<I", struct.pack("<f", near))[0]
    if near != value:
        word = (word - 1 if abs(near) > abs(value) else word) | 1
    return (word + 0x7FFF + (word >> 16 & 1)) >> 16


def value_of(bits: int) -> float:
    """The number with these bits."""
    value: float = struct.unpack("<f", struct.pack("<I", bits << 16))[0]
    return value
