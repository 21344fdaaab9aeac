"""Memory by address, for arrays on the reference device whose elements Python's memoryview does not read itself."""

from __future__ import annotations

import ctypes
import operator
import sys
from typing import Any

from .reference_structs import Place, load, size_of, store
from .scalar import COMPLEX


class _Buffer(ctypes.Structure):
    """Python's `Py_buffer`."""

    _fields_ = (
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.c_void_p),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("suboffsets", ctypes.c_void_p),
        ("internal", ctypes.c_void_p),
    )


_WITH_STRIDES = 0x10 | 0x08  # PyBUF_STRIDES


def address_of(view: memoryview) -> int:
    """Where the first element lies. The memory lives as long as `view`."""
    buffer = _Buffer()
    api = ctypes.pythonapi
    if api.PyObject_GetBuffer(ctypes.py_object(view), ctypes.byref(buffer), _WITH_STRIDES) != 0:
        raise BufferError("no buffer with strides")
    address = buffer.buf or 0
    api.PyBuffer_Release(ctypes.byref(buffer))
    return address


class PlacedElements:
    """Complex numbers, structs or floats of 16 bits by the indices of all dimensions."""

    def __init__(self, view: memoryview, type: str) -> None:
        self._view = view  # keeps the memory
        self._type = type
        self._strides = view.strides or ()
        self._address = address_of(view)

    def address(self, indices: tuple[int, ...]) -> int:
        offset: int = sum(map(operator.mul, indices, self._strides))
        return self._address + offset

    def place(self, indices: tuple[int, ...]) -> Place:
        return Place(self.address(indices), self._type)

    def __getitem__(self, indices: tuple[int, ...]) -> Any:
        return load(self.place(indices))

    def __setitem__(self, indices: tuple[int, ...], value: Any) -> None:
        store(self.place(indices), value)


class SwappedElements:
    """Numbers in foreign byte order, in place."""

    def __init__(self, view: memoryview, type: str) -> None:
        self._placed = PlacedElements(view, type)
        self._part = size_of(COMPLEX.get(type, type))
        self._native = (ctypes.c_char * size_of(type))()
        self._element = Place(ctypes.addressof(self._native), type)

    def _reversed(self, raw: bytes) -> bytes:
        parts = (raw[begin : begin + self._part] for begin in range(0, len(raw), self._part))
        return b"".join(part[::-1] for part in parts)

    def __getitem__(self, indices: tuple[int, ...]) -> Any:
        address = self._placed.address(indices)
        self._native.raw = self._reversed(ctypes.string_at(address, len(self._native)))
        return load(self._element)

    def __setitem__(self, indices: tuple[int, ...], value: Any) -> None:
        store(self._element, value)
        swapped = self._reversed(self._native.raw)
        ctypes.memmove(self._placed.address(indices), swapped, len(swapped))


def is_swapped(view: memoryview) -> bool:
    """Whether its elements are numbers in the other byte order than the machine's."""
    return view.format.startswith(">" if sys.byteorder == "little" else "<")
