"""CUDA's device functions on the reference device: bits, atomics, random numbers, fences and the clock.

Random numbers are Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", 2011):
a block of four words for every seed and counter, from which each function takes its own.
"""

from __future__ import annotations

import math
import operator
import time
from typing import TYPE_CHECKING, Any

from .reference_math import MathFunction
from .scalar import (
    BITS,
    Scalar,
    Value,
    binary,
    convert,
    is_weak,
    number,
    promote,
    type_of,
)

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable

    from .reference_types import Types

INTRINSICS = (
    *("popc", "clz", "ffs", "brev", "byte_perm", "mulhi", "clock"),
    *("threadfence", "threadfence_block", "threadfence_system"),
    *("float_as_int", "float_as_uint", "int_as_float", "uint_as_float"),
    *("double_as_longlong", "longlong_as_double"),
    *("randbits", "rand", "rand64", "randint", "normal", "normal64"),
)
_WORD = 0xFFFFFFFF
_RESULTS = {
    "popc": "int32",
    "clz": "int32",
    "ffs": "int32",
    "byte_perm": "uint32",
    "clock": "int64",
    "float_as_int": "int32",
    "float_as_uint": "uint32",
    "int_as_float": "float32",
    "uint_as_float": "float32",
    "double_as_longlong": "int64",
    "longlong_as_double": "float64",
    "threadfence": "void",
    "threadfence_block": "void",
    "threadfence_system": "void",
    "randbits": "uint32",
    "rand": "float32",
    "rand64": "float64",
    "normal": "float32",
    "normal64": "float64",
}


_VIEWED = {
    "float_as_int": "float32",
    "float_as_uint": "float32",
    "int_as_float": "int32",
    "uint_as_float": "uint32",
    "double_as_longlong": "float64",
    "longlong_as_double": "int64",
}


def philox(key: int, counter: int, upper: int = 0) -> tuple[int, int, int, int]:
    """The four 32-bit words for a key of 64 bits and a counter of 128, whose lower and upper halves are given."""
    x0, x1 = counter & _WORD, counter >> 32 & _WORD
    x2, x3 = upper & _WORD, upper >> 32 & _WORD
    k0, k1 = key & _WORD, key >> 32 & _WORD
    for _ in range(10):
        first, second = x0 * 0xD2511F53, x2 * 0xCD9E8D57
        x0, x1, x2, x3 = (
            second >> 32 ^ x1 ^ k0,
            second & _WORD,
            first >> 32 ^ x3 ^ k1,
            first & _WORD,
        )
        k0, k1 = k0 + 0x9E3779B9 & _WORD, k1 + 0xBB67AE85 & _WORD
    return x0, x1, x2, x3


def widened(type: str) -> str:
    """Integers of less than 32 bits, and bools, become int32."""
    return "int32" if BITS[type] < 32 else type


class Intrinsic:
    """A device function other than those of `atomic`.

    Args:
        name: as it is spelled.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def argument_types(self, types: Types, node: ast.Call) -> list[str | None]:
        """What each argument is converted to before the call; None leaves it as it is."""
        wanted: list[str | None] = [None] * len(node.args)
        if self.name in _VIEWED:
            wanted = [_VIEWED[self.name]]
        elif self.name == "mulhi":
            wanted = [self.typed(types, node)] * 2
        elif self.name == "randint":
            wanted[2:4] = [self.typed(types, node)] * 2
        return wanted

    def typed(self, types: Types, node: ast.Call) -> str | None:
        """The type of a call."""
        if self.name in _RESULTS:
            return _RESULTS[self.name]
        operands = [types.type_of(argument) for argument in node.args]
        if None in operands:
            return None
        if self.name == "brev":
            return widened(types.alone(node.args[0]))
        first = 0 if self.name == "mulhi" else 2
        pair = node.args[first : first + 2]
        common = types.meet(*pair)
        if common is not None and is_weak(common):
            common = promote(types.alone(pair[0]), types.alone(pair[1]))
        return None if common is None else widened(common)

    def __call__(self, *values: Value) -> Value | None:
        if self.name in _VIEWED:
            viewed = values[0]
            assert isinstance(viewed, Scalar)
            return viewed.view(_RESULTS[self.name])
        made: Value | None = getattr(self, "_" + self.name)(*values)
        return made

    @staticmethod
    def _bits(value: Value) -> tuple[int, int]:
        """An integer's bits, and how many they are, once it is widened."""
        width = BITS[widened(type_of(value))]
        return int(number(value)) & (1 << width) - 1, width

    def _popc(self, value: Value) -> Scalar:
        return Scalar("int32", bin(self._bits(value)[0]).count("1"))

    def _clz(self, value: Value) -> Scalar:
        bits, width = self._bits(value)
        return Scalar("int32", width - bits.bit_length())

    def _ffs(self, value: Value) -> Scalar:
        bits, _ = self._bits(value)
        return Scalar("int32", (bits & -bits).bit_length())

    def _brev(self, value: Value) -> Scalar:
        bits, width = self._bits(value)
        type = widened(type_of(value))
        return Scalar(type, convert(int(f"{bits:0{width}b}"[::-1], 2), type))

    def _byte_perm(self, x: Value, y: Value, selector: Value) -> Scalar:
        low, high, select = (int(number(value)) & _WORD for value in (x, y, selector))
        both = high << 32 | low
        places = (select >> 4 * i & 7 for i in range(4))
        return Scalar(
            "uint32", sum((both >> 8 * place & 0xFF) << 8 * i for i, place in enumerate(places))
        )

    def _mulhi(self, a: Value, b: Value) -> Scalar:
        type = type_of(a)
        return Scalar(type, convert(int(number(a)) * int(number(b)) >> BITS[type], type))

    def _clock(self) -> Scalar:
        return Scalar("int64", time.perf_counter_ns())

    def _threadfence(self) -> None:
        """Threads run one after the other here: everything is seen already."""

    _threadfence_block = _threadfence_system = _threadfence

    @staticmethod
    def _words(seed: Value, counter: Value, upper: Value = 0) -> tuple[int, int, int, int]:
        return philox(int(number(seed)), int(number(counter)), int(number(upper)))

    def _randbits(self, *place: Value) -> Scalar:
        return Scalar("uint32", self._words(*place)[0])

    def _rand(self, *place: Value) -> Scalar:
        return Scalar("float32", (self._words(*place)[0] >> 8) * 2.0**-24)

    def _rand64(self, *place: Value) -> Scalar:
        low, high, _, _ = self._words(*place)
        return Scalar("float64", ((high << 32 | low) >> 11) * 2.0**-53)

    def _randint(
        self, seed: Value, counter: Value, low: Value, high: Value, upper: Value = 0
    ) -> Scalar:
        type = type_of(low)
        first, second, _, _ = self._words(seed, counter, upper)
        count = int(number(high)) - int(number(low)) & (1 << BITS[type]) - 1
        offset = (second << 32 | first) * count >> 64
        return Scalar(type, convert(int(number(low)) + offset, type))

    def _normal(self, *place: Value) -> Value:
        _, _, third, fourth = self._words(*place)
        return self._box_muller("float32", (third >> 8) * 2.0**-24 + 2.0**-25, fourth)

    def _normal64(self, *place: Value) -> Value:
        _, _, third, fourth = self._words(*place)
        return self._box_muller("float64", third * 2.0**-32 + 2.0**-33, fourth)

    @staticmethod
    def _box_muller(type: str, u: float, angle: int) -> Value:
        def call(name: str, value: Value) -> Value:
            return MathFunction(name)(value)

        signed = angle - (1 << 32) if angle >> 31 else angle
        turn = binary("*", Scalar(type, convert(signed, type)), Scalar(type, 2.0**-31))
        square = binary("*", call("log", Scalar(type, convert(u, type))), Scalar(type, -2.0))
        return binary("*", call("sqrt", square), call("cospi", turn))


def _extreme(choose: Callable[[Any, Any], Any]) -> Callable[[Any, Any, str], Any]:
    """The smaller or larger of two; of a NaN and a number, the number."""

    def of(old: Any, value: Any, type: str) -> Any:
        if isinstance(old, float) and math.isnan(old):
            return value
        return old if isinstance(value, float) and math.isnan(value) else choose(old, value)

    return of


def _unsigned(value: int, type: str) -> int:
    return value & (1 << BITS[type]) - 1


_OPERATIONS: dict[str, Callable[[Any, Any, str], Any]] = {
    "add": lambda old, value, type: old + value,
    "sub": lambda old, value, type: old - value,
    "min": _extreme(min),
    "max": _extreme(max),
    "and_": lambda old, value, type: old & value,
    "or_": lambda old, value, type: old | value,
    "xor": lambda old, value, type: old ^ value,
    "exch": lambda old, value, type: value,
    "inc": lambda old, value, type: (
        0 if _unsigned(old, type) >= _unsigned(value, type) else old + 1
    ),
    "dec": lambda old, value, type: (
        value if old == 0 or _unsigned(old, type) > _unsigned(value, type) else old - 1
    ),
}


class Atomic:
    """A function of `atomic`: gives what the element held before.

    Args:
        name: as it is spelled behind `atomic.`.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def names_place(self, node: ast.Call) -> bool:
        """Is it `atomic.add(A[i].x, v)`, and not `atomic.add(A, i, v)`?"""
        return len(node.args) == (3 if self.name == "cas" else 2)

    def element(self, types: Types, node: ast.Call) -> str | None:
        type = types.type_of(node.args[0])
        if type is None:
            return None
        return str(type) if self.names_place(node) else str(type).rstrip("*")

    typed = element

    def __call__(self, array: Any, index: Any, *values: Value) -> Value:
        """Of an element, by its index, or of a field of an element's place, by its name."""
        if isinstance(index, str):
            return self._at(array, index, getattr, setattr, values)
        return self._at(array, index, operator.getitem, operator.setitem, values)

    def _at(
        self, array: Any, index: Any, load: Any, store: Any, values: tuple[Value, ...]
    ) -> Value:
        old: Value = load(array, index)
        type = type_of(old)
        before, given = number(old), [number(value) for value in values]
        if self.name == "cas":
            if before == given[0]:
                store(array, index, values[1])
            return old
        after = _OPERATIONS[self.name](before, given[0], type)
        store(array, index, Scalar(type, convert(after, type)))
        return old
