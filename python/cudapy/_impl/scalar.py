"""The arithmetic of the kernel language, stated in plain Python: what each operation means for each type, exactly.

The reference device computes with these objects, and the tests hold compiled code against them. Nothing here calls
compiled code or NumPy: integers are Python's, wrapped at their width; float64 is Python's float; float32 is the
float64 result rounded once more, which for + - * / and sqrt is the correctly rounded float32 result, because a
float64 has more than twice the digits of a float32 and two to spare.

A `Scalar` has a type of the language. A bare Python int or float is *weak*: it takes the type of what it meets.
"""

from __future__ import annotations

import math
import struct
from ctypes import c_float
from typing import TYPE_CHECKING, Any, Union

from . import bfloat16
from .printing import formatted

if TYPE_CHECKING:
    from collections.abc import Callable

WEAK_INT = "weak int"
WEAK_FLOAT = "weak float"
WEAK_COMPLEX = "weak complex"
SIGNED = ("int8", "int16", "int32", "int64")
UNSIGNED = ("uint8", "uint16", "uint32", "uint64")
FLOATS = ("float16", "bfloat16", "float32", "float64")
HALVES = ("float16", "bfloat16")  # computed in float32, and rounded after each operation
COMPLEX = {"complex64": "float32", "complex128": "float64"}  # with the type of their parts
BITS = {"bool": 1, **{name: 8 << (i % 4) for i, name in enumerate(SIGNED + UNSIGNED)}}

_FORMATS = {"float32": "<f", "float64": "<d"}

Value = Union["Scalar", bool, int, float, complex]


class Context:
    """What an operation depends on besides its operands. One kernel runs at a time on the reference device."""

    default_float = "float32"  # what a float that meets no other becomes; float64 in a kernel that touches float64


def is_integer(type: str) -> bool:
    return type in SIGNED or type in UNSIGNED


def is_float(type: str) -> bool:
    return type in FLOATS


def rank_of(type: str) -> int:
    """The number of an array type's dimensions: 2 of `"float32**"`, 0 of a number's."""
    return len(type) - len(type.rstrip("*"))


def is_complex(type: str) -> bool:
    return type in COMPLEX or type == WEAK_COMPLEX


def complex_of(part: str) -> str:
    """The complex type whose parts are of type `part`."""
    return WEAK_COMPLEX if is_weak(part) else "complex128" if part == "float64" else "complex64"


def part_of(type: str) -> str:
    return COMPLEX.get(type, WEAK_FLOAT)


def touches_float64(type: object) -> bool:
    """Whether it is float64, a complex number of float64s, an array of them, or a struct with such a field."""
    if not isinstance(type, str):
        return False
    element = type.rstrip("*")
    is_field = element.startswith("{") and (": float64 @" in element or ": complex128 @" in element)
    return is_field or element in ("float64", "complex128")


def is_weak(type: str) -> bool:
    return type in (WEAK_INT, WEAK_FLOAT, WEAK_COMPLEX)


def limits(type: str) -> tuple[int, int]:
    """The least and greatest value of an integer type."""
    bits = BITS[type]
    return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if type in SIGNED else (0, (1 << bits) - 1)


def strong(type: str, value: object = 0) -> str:
    """The type that a weak value has alone. A weak integer is int32 where `value` is known and fits, else int64."""
    if type == WEAK_FLOAT:
        return Context.default_float
    if type == WEAK_COMPLEX:
        return complex_of(Context.default_float)
    if type != WEAK_INT:
        return type
    if isinstance(value, int) and not -(2**31) <= value < 2**31:
        return "int64" if -(2**63) <= value < 2**63 else "uint64"
    return "int32"


def promote(a: str, b: str) -> str:
    """The common type of two types: what an arithmetic operation on them computes in and gives."""
    if a == b:
        return a
    if is_complex(a) or is_complex(b):
        parts = [part_of(type) if is_complex(type) else type for type in (a, b)]
        return complex_of(promote(*parts))
    if WEAK_FLOAT in (a, b):
        other = b if a == WEAK_FLOAT else a
        if other == WEAK_INT:
            return WEAK_FLOAT
        return other if is_float(other) else Context.default_float
    if "bool" in (a, b):
        return promote("int32", b if a == "bool" else a)
    if WEAK_INT in (a, b):
        return b if a == WEAK_INT else a
    if is_float(a) and is_float(b):
        return "float64" if "float64" in (a, b) else "float32"
    if is_float(a) or is_float(b):
        return a if is_float(a) else b
    if "uint64" in (a, b) or (a in SIGNED) == (b in SIGNED):
        return a if a == "uint64" or (b != "uint64" and BITS[a] >= BITS[b]) else b
    one, other = (a, b) if a in SIGNED else (b, a)  # signed, unsigned of at most 32 bits
    return one if BITS[one] > BITS[other] else SIGNED[SIGNED.index(f"int{2 * BITS[other]}")]


def arithmetic_type(a: str, b: str) -> str:
    """As `promote`, but bools count as int32."""
    common = promote(a, b)
    return "int32" if common == "bool" else common


def round_to_float32(value: float) -> float:
    return c_float(value).value


def bits_of_half(value: float, type: str) -> int:
    """The bits of the nearest float16 or bfloat16, halfway to even."""
    if type == "bfloat16":
        return bfloat16.bits_of(value)
    if value != value:
        return _bits_of_nan(value, "float16")
    try:
        bits: int = struct.unpack("<H", struct.pack("<e", value))[0]
    except OverflowError:
        return 0xFC00 if value < 0 else 0x7C00
    return bits


def half_from_bits(bits: int, type: str) -> float:
    """The float16 or bfloat16 with these bits."""
    if type == "bfloat16":
        return bfloat16.value_of(bits)
    if bits & 0x7FFF > 0x7C00:
        return _nan_of_bits(bits, type)
    value: float = struct.unpack("<e", struct.pack("<H", bits))[0]
    return value


# Python turns NaNs of smaller types into other ones, which a view of their bits would show.
_FRACTION_BITS = {"float16": 10, "bfloat16": 7, "float32": 23}
_SIGN_AT = {"float16": 15, "bfloat16": 15, "float32": 31}


def _nan_of_bits(bits: int, type: str) -> float:
    """The NaN that has the fraction of the one with these bits, in the upper bits of its own."""
    fraction = bits & (1 << _FRACTION_BITS[type]) - 1
    wide = 0x7FF << 52 | fraction << 52 - _FRACTION_BITS[type] | bits >> _SIGN_AT[type] << 63
    value: float = struct.unpack("<d", struct.pack("<Q", wide))[0]
    return value


def _bits_of_nan(value: float, type: str) -> int:
    """The other way round; a NaN that had no such bits gives one all the same."""
    kept = _FRACTION_BITS[type]
    wide: int = struct.unpack("<Q", struct.pack("<d", value))[0]
    fraction = (wide >> 52 - kept) & (1 << kept) - 1 or 1 << kept - 1
    exponent = (1 << _SIGN_AT[type]) - (1 << kept)
    return wide >> 63 << _SIGN_AT[type] | exponent | fraction


def round_to_half(value: float, type: str) -> float:
    return half_from_bits(bits_of_half(value, type), type)


def in_float_type(value: float, type: str) -> float:
    """A result of float arithmetic as a value of `type`: that of float16 and bfloat16 is a float32 first."""
    return float(convert(convert(value, "float32") if type in HALVES else value, type))


def integer_to_float32(value: int) -> float:
    """The nearest float32, rounded once: a float64 in between would round twice above 2**53."""
    size = abs(value).bit_length()
    if size <= 53:
        return c_float(float(value)).value
    shift = size - 50
    kept = abs(value) >> shift
    if abs(value) & ((1 << shift) - 1):
        kept |= 1  # what was cut off still decides a tie
    return math.copysign(c_float(float(kept)).value * 2.0**shift, value)


def wrap(type: str, value: int) -> int:
    """Integers wrap at their width."""
    bits = BITS[type]
    value &= (1 << bits) - 1
    return value - (1 << bits) if type in SIGNED and value >> (bits - 1) else value


def convert(value: Any, type: str) -> Any:
    """A Python number as a value of `type`: integers wrap, floats truncate and saturate on the way to integers."""
    if type in COMPLEX:
        parts = (value.real, value.imag) if isinstance(value, complex) else (value, 0.0)
        return complex(*(convert(part, COMPLEX[type]) for part in parts))
    if type == "bool":
        return value != 0
    if type == "float64":
        try:
            return float(value) * 1.0  # a signalling NaN becomes a quiet one
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    if type == "float32":
        return (
            round_to_float32(value) if isinstance(value, float) else integer_to_float32(int(value))
        )
    if type in HALVES:
        return round_to_half(
            value if isinstance(value, float) else integer_to_float32(int(value)), type
        )
    if isinstance(value, float):
        if value != value:
            return 0
        low, high = limits(type)
        return low if value <= low else high if value >= high else int(value)
    return wrap(type, int(value))


def type_of(value: Value) -> str:
    if isinstance(value, Scalar):
        return value.type
    return _weak_type(value)


def _weak_type(value: bool | int | float | complex) -> str:
    for kind, type in ((bool, "bool"), (int, WEAK_INT), (float, WEAK_FLOAT)):
        if isinstance(value, kind):
            return type
    return WEAK_COMPLEX


def number(value: Value) -> Any:
    return value.value if isinstance(value, Scalar) else value


def cast(value: Value, type: str) -> Value:
    """`value` as a `type`. To a weak type it stays a bare number, an int where a float was asked becoming one."""
    if isinstance(value, Scalar) and value.type == type:
        return value
    if is_weak(type):
        bare = number(value)
        return (
            complex(bare) if type == WEAK_COMPLEX else float(bare) if type == WEAK_FLOAT else bare
        )
    return Scalar(type, convert(number(value), type))


def _floor_divide_integer(type: str, a: int, b: int) -> int:
    return wrap(type, a // b)


def _divide(a: float, b: float) -> float:
    if b != 0:
        return a / b
    if a == 0 or a != a or b != b:
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


def _fmod(a: float, b: float) -> float:
    return math.nan if math.isinf(a) or b == 0 or a != a or b != b else math.fmod(a, b)


def _modulo_float(a: float, b: float) -> float:
    """Python's `%`: the sign of the divisor, a zero has it too."""
    rest = _fmod(a, b)
    if rest != rest:
        return rest
    if rest == 0:
        return math.copysign(0.0, b)
    return rest + b if (b < 0) != (rest < 0) else rest


def _floor_divide_float(a: float, b: float, type: str) -> float:
    """Python's `//`, each step of it rounded to `type`; a division by zero gives what true division gives."""
    if b == 0:
        return _divide(a, b)
    rest = _fmod(a, b)
    if rest != rest:
        return rest
    step = "float64" if type in ("float64", WEAK_FLOAT) else "float32"
    quotient = in_float_type(in_float_type(a - rest, step) / b, step)
    if rest and (b < 0) != (rest < 0):
        quotient = in_float_type(quotient - 1.0, step)
    if not quotient:
        return math.copysign(0.0, a / b)
    floor = float(math.floor(quotient)) if math.isfinite(quotient) else quotient
    return floor + 1.0 if quotient - floor > 0.5 else floor


def power_float(a: float, b: float) -> float:
    """C's pow, where Python raises or turns to complex numbers."""
    if b == 2:
        return a * a  # what a square means; C's pow may be off in the last place
    try:
        return math.pow(a, b)
    except ValueError:
        if a == 0:  # 0 to a negative power
            odd = b == int(b) and int(b) % 2 == 1 if math.isfinite(b) else False
            return math.copysign(math.inf, a) if odd else math.inf
        return math.nan
    except OverflowError:
        return -math.inf if a < 0 and b % 2 == 1 else math.inf


def _power_integer(type: str, a: int, b: int) -> int:
    if b < 0:
        return 1 if a == 1 else (1 if b % 2 == 0 else -1) if a == -1 else 0
    return wrap(type, pow(a, b, 1 << 64))


def _shift_left(type: str, a: int, count: int) -> int:
    if count >= BITS[type]:
        return 0
    return wrap(type, a << count)  # ValueError for a negative count


def _shift_right(type: str, a: int, count: int) -> int:
    return a >> min(count, 64)


def _complex(type: str, operator: str, a: complex, b: complex) -> complex:
    """Part by part, each step rounded; division is Smith's, by the divisor's larger part first."""

    def part(value: float) -> float:
        return float(convert(value, COMPLEX[type]))

    if operator in ("+", "-"):
        real, imag = (_FLOAT[operator](x, y) for x, y in ((a.real, b.real), (a.imag, b.imag)))
        return complex(part(real), part(imag))
    if operator == "*":
        real = part(a.real * b.real) - part(a.imag * b.imag)
        imag = part(a.real * b.imag) + part(a.imag * b.real)
        return complex(part(real), part(imag))
    if operator == "/":
        first = abs(b.real) >= abs(b.imag)
        p, q = (b.real, b.imag) if first else (b.imag, b.real)
        if p == 0:
            return complex(part(_divide(a.real, abs(b.real))), part(_divide(a.imag, abs(b.real))))
        u, v = (a.real, a.imag) if first else (a.imag, a.real)
        r = part(_divide(q, p))
        scale = part(_divide(1.0, part(p + part(q * r))))
        real = part(part(u + part(v * r)) * scale)
        rest = v - part(u * r) if first else part(u * r) - v
        return complex(real, part(part(rest) * scale))
    if operator == "**":
        return _complex_power(type, a, b)
    raise TypeError(f"unsupported operand types for {operator}: {type} and {type}")


def _complex_power(type: str, base: complex, exponent: complex) -> complex:
    """Python's: products for small whole exponents, the polar form for others."""
    n = exponent.real
    is_small = not exponent.imag and abs(n) <= 100 and n == math.floor(n)
    if base == 0 and (n < 0 or (exponent.imag != 0 and not is_small)):
        raise ZeroDivisionError("0.0 to a negative or complex power")
    if not is_small:
        return complex(convert(_polar_power(base, exponent), type))
    power = _whole_power(type, base, abs(int(n)))
    return power if n >= 0 else _complex(type, "/", 1 + 0j, power)


def _whole_power(type: str, base: complex, exponent: int) -> complex:
    product: complex | None = None
    while exponent:
        if exponent % 2:
            product = base if product is None else _complex(type, "*", product, base)
        exponent //= 2
        if exponent:
            base = _complex(type, "*", base, base)
    return 1 + 0j if product is None else product


def _polar_power(base: complex, exponent: complex) -> complex:
    try:
        return complex(base**exponent)
    except OverflowError:
        angle = exponent.real * math.atan2(base.imag, base.real)
        angle += exponent.imag * math.log(abs(base))
        return complex(math.inf * math.cos(angle), math.inf * math.sin(angle))


_INTEGER: dict[str, Callable[[str, int, int], int]] = {
    "+": lambda t, a, b: wrap(t, a + b),
    "-": lambda t, a, b: wrap(t, a - b),
    "*": lambda t, a, b: wrap(t, a * b),
    "//": _floor_divide_integer,
    "%": lambda t, a, b: wrap(t, a % b),
    "**": _power_integer,
    "&": lambda t, a, b: a & b,
    "|": lambda t, a, b: a | b,
    "^": lambda t, a, b: a ^ b,
    "<<": _shift_left,
    ">>": _shift_right,
}
_FLOAT: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _divide,
    "%": _modulo_float,
    "**": power_float,
}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
}


def beside(type: str, value: object, partner: str) -> str:
    """`type`, but an integer constant that does not fit its partner's type keeps the one it has alone."""
    if type != WEAK_INT or not isinstance(value, int) or partner == WEAK_INT:
        return type
    target = "int32" if partner == "bool" else partner
    if not is_integer(target):
        return type
    low, high = limits(target)
    return type if low <= value <= high else strong(type, value)


def result_type(operator: str, a: str, b: str) -> str:
    """The type of `a operator b`; the operation is carried out in this type."""
    if operator in ("<<", ">>"):
        # A weak left operand takes the type of the count, so that `1 << n` is as wide as n.
        left = promote(a, b) if a == WEAK_INT else a
        return "int32" if left == "bool" else left
    if operator in ("&", "|", "^") and a == b == "bool":
        return "bool"
    common = arithmetic_type(a, b)
    if operator == "/" and not is_float(common) and not is_complex(common):
        return WEAK_FLOAT if is_weak(common) else Context.default_float
    return common


def binary(operator: str, left: Value, right: Value) -> Value:
    """`left operator right`, at least one of them a Scalar."""
    types = type_of(left), type_of(right)
    type = result_type(
        operator, beside(types[0], left, types[1]), beside(types[1], right, types[0])
    )
    if operator in ("<<", ">>"):
        return Scalar(
            type, _INTEGER[operator](type, int(convert(number(left), type)), int(number(right)))
        )
    a, b = convert(number(left), type), convert(number(right), type)
    if type in COMPLEX:
        return Scalar(type, _complex(type, operator, a, b))
    if type == "bool":
        return Scalar(type, bool(_INTEGER[operator]("bool", int(a), int(b))))
    if is_float(type):
        if operator == "//":
            return Scalar(type, in_float_type(_floor_divide_float(float(a), float(b), type), type))
        if operator not in _FLOAT:
            raise TypeError(
                f"unsupported operand types for {operator}: {type_of(left)} and {type_of(right)}"
            )
        return Scalar(type, in_float_type(_FLOAT[operator](float(a), float(b)), type))
    return Scalar(type, _INTEGER[operator](type, int(a), int(b)))


def compare(operator: str, left: Value, right: Value) -> Scalar:
    """`left operator right` in their common type, as a bool."""
    types = type_of(left), type_of(right)
    type = promote(beside(types[0], left, types[1]), beside(types[1], right, types[0]))
    if is_weak(type):
        return Scalar("bool", _COMPARE[operator](number(left), number(right)))
    return Scalar(
        "bool", _COMPARE[operator](convert(number(left), type), convert(number(right), type))
    )


class Scalar:
    """A value of one of the language's types. It looks like its number, and `repr` shows its type, for debuggers."""

    __slots__ = ("type", "value")

    def __init__(self, type: str, value: Any) -> None:
        self.type = type
        self.value = value

    def __repr__(self) -> str:
        return f"{self.type}({self.value!r})"

    def __str__(self) -> str:
        return str(formatted(self.type, self.value))

    def __format__(self, spec: str) -> str:
        return format(formatted(self.type, self.value), spec)

    def __bool__(self) -> bool:
        return bool(self.value != 0)

    def __index__(self) -> int:
        if is_float(self.type) or self.type == "bool":
            raise TypeError(f"a {self.type} is not an index")
        return int(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def __complex__(self) -> complex:
        return complex(self.value)

    @property
    def real(self) -> Any:
        if self.type not in COMPLEX:
            return self.__pos__()
        return Scalar(COMPLEX[self.type], self.value.real)

    @property
    def imag(self) -> Any:
        if self.type not in COMPLEX:
            return Scalar(self.__pos__().type, convert(0, self.__pos__().type))
        return Scalar(COMPLEX[self.type], self.value.imag)

    def conjugate(self) -> Any:
        if self.type not in COMPLEX:
            return self.__pos__()
        return Scalar(self.type, complex(self.value.real, -self.value.imag))

    def view(self, type: str) -> Scalar:
        """The same bits as a number of another type of the same size."""
        if is_integer(self.type):
            bits = self.value & (1 << BITS[self.type]) - 1
        elif self.value != self.value and self.type != "float64":
            bits = _bits_of_nan(self.value, self.type)
        elif self.type in HALVES:
            bits = bits_of_half(self.value, self.type)
        else:
            bits = int.from_bytes(struct.pack(_FORMATS[self.type], self.value), "little")
        if is_integer(type):
            return Scalar(type, wrap(type, bits))
        if type in HALVES:
            value = half_from_bits(bits, type)
        else:
            size = struct.calcsize(_FORMATS[type])
            value = struct.unpack(_FORMATS[type], bits.to_bytes(size, "little"))[0]
        is_cut = value != value and type != "float64"
        return Scalar(type, _nan_of_bits(bits, type) if is_cut else value)

    def __hash__(self) -> int:
        return hash(self.value)

    def __neg__(self) -> Value:
        if is_float(self.type) or self.type in COMPLEX:
            return Scalar(self.type, -self.value)
        return binary("-", 0, self)

    def __pos__(self) -> Scalar:
        return Scalar("int32", int(self.value)) if self.type == "bool" else self

    def __invert__(self) -> Scalar:
        if is_float(self.type):
            raise TypeError(f"bad operand type for ~: {self.type}")
        type = "int32" if self.type == "bool" else self.type
        return Scalar(type, wrap(type, ~int(self.value)))

    def __abs__(self) -> Value:
        if self.type in COMPLEX:
            size = math.hypot(self.value.real, self.value.imag)
            return Scalar(COMPLEX[self.type], convert(size, COMPLEX[self.type]))
        if is_float(self.type):
            return Scalar(self.type, math.fabs(self.value))
        positive = self.__pos__()
        return Scalar(positive.type, wrap(positive.type, abs(int(positive.value))))


def _install() -> None:
    """Gives Scalar the operators, each one and its reflected form, from the tables above."""
    names = {
        "+": "add",
        "-": "sub",
        "*": "mul",
        "/": "truediv",
        "//": "floordiv",
        "%": "mod",
        "**": "pow",
    }
    names |= {"<<": "lshift", ">>": "rshift", "&": "and", "|": "or", "^": "xor"}
    compares = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}

    def bind(operator: str, name: str) -> None:
        def forward(self: Scalar, other: Any) -> Any:
            return binary(operator, self, other) if isinstance(other, _OPERANDS) else NotImplemented

        def reflected(self: Scalar, other: Any) -> Any:
            return binary(operator, other, self) if isinstance(other, _OPERANDS) else NotImplemented

        setattr(Scalar, f"__{name}__", forward)
        setattr(Scalar, f"__r{name}__", reflected)

    def bind_compare(operator: str, name: str) -> None:
        def method(self: Scalar, other: Any) -> Any:
            return (
                compare(operator, self, other) if isinstance(other, _OPERANDS) else NotImplemented
            )

        setattr(Scalar, f"__{name}__", method)

    for operator, name in names.items():
        bind(operator, name)
    for operator, name in compares.items():
        bind_compare(operator, name)


_OPERANDS = (Scalar, bool, int, float, complex)
_install()
