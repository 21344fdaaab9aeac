"""Memory by address, for arrays on the reference device whose elements Python's memoryview does not read itself."""

from __future__ import annotations

import ctypes
from typing import Any


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


class ComplexElements:
    """Complex numbers by the indices of all dimensions."""

    def __init__(self, view: memoryview) -> None:
        self._view = view  # keeps the memory
        self._pair = (ctypes.c_float if view.itemsize == 8 else ctypes.c_double) * 2
        self._strides = view.strides or ()
        self._address = address_of(view)

    def _parts(self, indices: tuple[int, ...]) -> Any:
        offset = sum(index * stride for index, stride in zip(indices, self._strides))
        return self._pair.from_address(self._address + offset)

    def __getitem__(self, indices: tuple[int, ...]) -> complex:
        return complex(*self._parts(indices))

    def __setitem__(self, indices: tuple[int, ...], value: complex) -> None:
        parts = self._parts(indices)
        parts[0], parts[1] = value.real, value.imag
