"""Arrays that lie against memory which nobody may touch, so that an access beyond them ends the process.

Checks are compiled in or proved away; a vector load that is wider than the array, or an access that was moved in front
of its guard, reads neighbouring memory and goes unseen anywhere else.
"""

from __future__ import annotations

import ctypes
import itertools
import mmap
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

_libc = ctypes.CDLL(None, use_errno=True)
_PAGE = mmap.PAGESIZE
_NO_ACCESS = 0
_MOST_BYTES = 1 << 20  # of larger arrays copies would take longer than their kernels


def fenced(array: np.ndarray, at_end: bool) -> np.ndarray:
    """A copy of `array`, laid out alike, whose last byte is the last before a page without access; or whose first byte
    is the first behind one.
    """
    low, high = byte_bounds(array)
    size = high - low
    pages = (size + _PAGE - 1) // _PAGE
    memory = mmap.mmap(-1, (pages + 2) * _PAGE)
    start = _PAGE * (pages + 1) - size if at_end else _PAGE
    fences = _fences(memory, pages)
    everything = np.frombuffer(memory, np.uint8)
    everything[start : start + size] = np.ctypeslib.as_array(
        ctypes.cast(low, ctypes.POINTER(ctypes.c_uint8)), (size,)
    )
    for fence in fences:
        _protect(fence, _NO_ACCESS)
    first = array.__array_interface__["data"][0] - low
    copy = np.ndarray(array.shape, array.dtype, everything, start + first, array.strides)
    copy.flags.writeable = array.flags.writeable
    return copy


def fenced_arguments(arguments: list[Any], threads: int) -> list[Any]:
    """`arguments` with its arrays fenced in, at their ends or their beginnings, depending on the number of threads.

    Arrays that overlap stay what they are, and so do large ones and those of objects.
    """
    at_end = (
        threads // 2 % 2 == 0
    )  # in full gangs, one thread more, and tails; at the beginning in one thread less
    arrays = [x for x in arguments if isinstance(x, np.ndarray)]
    if any(np.may_share_memory(a, b) for a, b in itertools.combinations(arrays, 2)):
        return arguments
    return [
        fenced(x, at_end)
        if isinstance(x, np.ndarray)
        and 0 < x.nbytes
        and extent(x) <= _MOST_BYTES
        and not x.dtype.hasobject
        else x
        for x in arguments
    ]


def extent(array: np.ndarray) -> int:
    low, high = byte_bounds(array)
    return int(high - low)


def _fences(memory: mmap.mmap, pages: int) -> tuple[int, int]:
    base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    return base, base + _PAGE * (pages + 1)


def _protect(address: int, access: int) -> None:
    if _libc.mprotect(ctypes.c_void_p(address), _PAGE, access) != 0:
        raise OSError(ctypes.get_errno(), "mprotect")
