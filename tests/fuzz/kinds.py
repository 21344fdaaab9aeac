"""Every kind of object that somebody may hand to a kernel, from arrays in odd layouts to objects that misbehave.

Each maker draws from a `random.Random`, so that one seed makes the same object any number of times.
"""

from __future__ import annotations

import array
import ctypes
import datetime
import decimal
import fractions
import warnings
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import cudapy as cp
import numpy as np
from numpy.lib.stride_tricks import as_strided

DTYPES = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float32", "float64", "float32", "float64", "float32", "int32"),
)
ODD_DTYPES = (
    *("float16", "longdouble", "complex64", "complex128", "clongdouble", "S3", "U2", "O", "V4"),
    *("M8[s]", "m8[ms]", ">f4", ">i4", ">f8", ">u2", ">c8", "(2,)f4"),
    *([("x", "f4"), ("n", "i2")],),
)
ODD_SHAPES = ((), (0,), (1,), (9, 1), (1, 9), (3, 3), (0, 5), (5, 0), (2, 3, 4), (1,) * 8, (1,) * 9)


def shaped(random: Random, dtype: Any, shape: tuple[int, ...]) -> np.ndarray:
    """An array with small numbers where its type has some."""
    count = int(np.prod(shape))
    numbers = [random.randrange(0, 7) for _ in range(count)]
    try:
        return np.array(numbers).astype(dtype).reshape(shape)
    except (TypeError, ValueError):
        return np.zeros(shape, dtype)


def plain(random: Random) -> np.ndarray:
    return shaped(random, random.choice(DTYPES), random.choice(((9,), (9,), (9, 9), (3, 9))))


def of_odd_type(random: Random) -> np.ndarray:
    return shaped(random, random.choice(ODD_DTYPES), random.choice(((9,), (9,), (3, 3))))


def of_odd_shape(random: Random) -> np.ndarray:
    return shaped(random, random.choice(DTYPES), random.choice(ODD_SHAPES))


def of_odd_layout(random: Random) -> np.ndarray:
    dtype = np.dtype(random.choice(DTYPES))
    bytes_per_item = dtype.itemsize
    memory = shaped(random, dtype, (400,))
    raw = memory.view(np.uint8)
    misaligned = raw[1 : 1 + 9 * bytes_per_item].view(dtype)
    read_only = memory[:9].copy()
    read_only.flags.writeable = False
    return random.choice(
        [
            memory[:18:2],
            memory[8::-1],
            memory[:9][::-1],
            memory[:81].reshape(9, 9).T,
            memory[:81].reshape(9, 9)[::-1, ::-1],
            memory[:81].reshape(9, 9)[2:5, 1:],
            memory[:162].reshape(9, 18)[:, ::2],
            np.asfortranarray(memory[:81].reshape(9, 9)),
            np.broadcast_to(memory[:1], (9,)),
            np.broadcast_to(memory[:9], (9, 9)),
            as_strided(memory, (9,), (0,)),
            as_strided(memory, (9, 9), (bytes_per_item, bytes_per_item)),
            as_strided(memory[200:], (9,), (-3 * bytes_per_item,)),
            as_strided(raw[1:].view("V1"), (9,), (1,)),
            misaligned,
            read_only,
            memory[:9].newbyteorder() if hasattr(memory, "newbyteorder") else memory[:9],
        ]
    )


def huge(random: Random) -> np.ndarray:
    """More elements than there is memory, in one place."""
    one = shaped(random, random.choice(DTYPES), (1,))
    shape = random.choice(((2**31,), (2**33,), (2**40,), (2**20, 2**20), (2**16, 2**16, 2**16)))
    return as_strided(one, shape, (0,) * len(shape))


def subclass(random: Random) -> Any:
    values = shaped(random, random.choice(DTYPES), (9,))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        return random.choice(
            [
                np.ma.masked_array(values, mask=values == 0),
                np.ma.masked_array(values),
                np.matrix(values),
                values.view(np.recarray),
                np.ma.masked,
                np.char.array(["a", "b"]),
                values.view(type("Mine", (np.ndarray,), {})),
            ]
        )


def buffer(random: Random) -> Any:
    code = random.choice("bBhHiIlLqQfd")
    values = array.array(code, range(9))
    view = memoryview(values)
    released = memoryview(bytearray(9))
    released.release()
    return random.choice(
        [
            values,
            view,
            view[::2],
            view[::-1],
            view.toreadonly(),
            view.cast("B"),
            view.cast("B").cast("B", (3, 3 * values.itemsize)),
            released,
            bytes(range(9)),
            bytearray(range(9)),
            memoryview(b"abc").cast("c"),
            array.array("u", "abc"),
            array.array(code),
        ]
    )


def from_c(random: Random) -> Any:
    scalar = random.choice(
        (ctypes.c_float, ctypes.c_double, ctypes.c_int, ctypes.c_uint8, ctypes.c_bool)
    )
    pair = type("Pair", (ctypes.Structure,), {"_fields_": [("x", scalar), ("y", ctypes.c_int)]})
    big = type("Big", (ctypes.BigEndianStructure,), {"_fields_": [("x", ctypes.c_int)]})
    return random.choice(
        [
            (scalar * 9)(),
            (scalar * 3 * 9)(),
            (scalar * 0)(),
            scalar(3),
            pair(),
            (pair * 9)(),
            (big * 9)(),
            ctypes.pointer(scalar(3)),
            ctypes.cast((scalar * 9)(), ctypes.POINTER(scalar)),
            ctypes.c_void_p(64),
            (ctypes.c_char * 4)(),
            (ctypes.c_void_p * 9)(),
            (ctypes.c_wchar * 9)(),
            (ctypes.py_object * 2)(1, "a"),
        ]
    )


def number(random: Random) -> Any:
    whole = random.choice((0, 1, -1, 3, 255, 256, 2**31 - 1, 2**31, -(2**31) - 1, 2**53 + 1))
    return random.choice(
        [
            whole,
            random.choice((2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 10**400)),
            random.choice((0.5, -0.0, 1e-300, 1e300, float("inf"), float("-inf"), float("nan"))),
            random.choice((True, False)),
            random.choice((1j, complex(1, 2), complex("nan"))),
            np.float16(1.5),
            np.dtype(random.choice(DTYPES)).type(1),
            np.uint64(2**63),
            np.longdouble(1),
            np.datetime64("2024-01-01"),
            np.timedelta64(3, "s"),
            np.bytes_(b"a"),
            np.void(b"abcd"),
            np.float64("nan"),
            fractions.Fraction(1, 3),
            decimal.Decimal("1.5"),
            datetime.timedelta(1),
        ]
    )


def sequence(random: Random) -> Any:
    endless: list[Any] = [1]
    endless.append(endless)
    deep: Any = 1.0
    for _ in range(random.choice((2, 9, 40, 3000))):
        deep = [deep]
    return random.choice(
        [
            [],
            [[]],
            [[], []],
            [float(i) for i in range(9)],
            list(range(9)),
            [[float(i + j) for i in range(9)] for j in range(9)],
            [1, 2.5, True] * 3,
            [[1], [2, 3]],
            [[1, 2], 3],
            [3, [1, 2]],
            ["a"] * 9,
            [None] * 9,
            [1.0] * 8 + [None],
            [10**30] * 9,
            [2**31] * 9,
            [-1] * 9,
            [1j] * 9,
            [float("nan")] * 9,
            [np.float32(1)] * 9,
            [np.zeros(3)] * 3,
            [fractions.Fraction(1, 2)] * 9,
            (1.0,) * 9,
            ((1, 2), (3, 4)),
            [(1.0, 2.0)] * 3,
            range(9),
            iter([1.0, 2.0]),
            (float(i) for i in range(9)),
            endless,
            deep,
            {1.0: 2.0},
            {1.0, 2.0},
            type("Mine", (list,), {})([1.0] * 9),
        ]
    )


class Raises:
    """Whatever is asked of it, it raises."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"no {name} today")

    def __len__(self) -> int:
        raise RuntimeError("no length today")

    def __iter__(self) -> Iterator[Any]:
        raise RuntimeError("no elements today")

    def __float__(self) -> float:
        raise RuntimeError("no number today")

    __index__ = __int__ = __bool__ = __float__  # type: ignore[assignment]


class Clears:
    """An element that takes the list away that it is in, when its value is asked for."""

    def __init__(self, of: list[Any]) -> None:
        self.of = of

    def __float__(self) -> float:
        self.of.clear()
        return 1.0

    def __index__(self) -> int:
        self.of.clear()
        return 1


class Interface:
    """An object that says by __array_interface__ what it holds, and may not tell the truth about its form."""

    def __init__(self, described: Any) -> None:
        self.__array_interface__ = described


class Giver:
    """An object whose __dlpack__ gives what it should not."""

    def __init__(self, given: Any) -> None:
        self.given = given

    def __dlpack__(self, **options: Any) -> Any:
        if isinstance(self.given, Exception):
            raise self.given
        return self.given

    def __dlpack_device__(self) -> Any:
        return (1, 0)


def described(random: Random) -> Any:
    held = np.arange(9, dtype=np.float32)
    right = dict(held.__array_interface__)
    wrong = random.choice(
        [
            {},
            {"shape": "nine"},
            {"shape": (-9,)},
            {"shape": (9.5,)},
            {"shape": None},
            {"typestr": "<q9"},
            {"typestr": "f"},
            {"typestr": 5},
            {"typestr": ">f4"},
            {"strides": (4, 4)},
            {"strides": "four"},
            {"data": None},
            {"data": (0, False)},
            {"data": ("here", False)},
            {"data": 5},
            {"version": None},
        ]
    )
    made = Interface({**right, **wrong})
    made.held = held  # type: ignore[attr-defined]
    return random.choice([made, made, Interface(None), Interface([]), Interface({})])


def misbehaved(random: Random) -> Any:
    clearing: list[Any] = [1.0] * 8
    clearing.insert(random.choice((0, 4, 8)), Clears(clearing))
    return random.choice(
        [
            Raises(),
            Raises(),
            [Raises()] * 9,
            clearing,
            clearing,
            Giver(None),
            Giver(RuntimeError("not today")),
            Giver(5),
            Giver(np.zeros(3)),
            described(random),
            described(random),
            Giver(np.zeros(9, np.float32).__dlpack__()),
        ]
    )


def anything(random: Random) -> Any:
    return random.choice(
        [
            None,
            "text",
            "",
            b"",
            object(),
            Ellipsis,
            NotImplemented,
            slice(3),
            int,
            np.float32,
            np.dtype("f4"),
            len,
            np,
            cp,
            lambda: 1,
            Exception("x"),
            cp.Float,
        ]
    )


def cuda_array(random: Random) -> Any:
    values = shaped(random, random.choice(DTYPES), (9,))
    made = cp.CudaArray(values)
    return random.choice([made, made, cp.CudaArray(values[:0]), [made], cp.CudaArray])


KINDS: tuple[Callable[[Random], Any], ...] = (
    plain,
    plain,
    of_odd_type,
    of_odd_shape,
    of_odd_layout,
    of_odd_layout,
    huge,
    subclass,
    buffer,
    from_c,
    number,
    number,
    sequence,
    sequence,
    misbehaved,
    anything,
    cuda_array,
)
