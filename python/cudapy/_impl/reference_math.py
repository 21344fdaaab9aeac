"""The math functions of the reference device: C's meaning of each, from Python's own math module.

A float32 result is the float64 one rounded once more, so it is within a hair of half an ulp; a float64
result is what the C
library gives. The few functions that neither has are computed with mpmath, which is imported when one of
them is called.
"""

from __future__ import annotations

import cmath
import math
from functools import reduce
from typing import TYPE_CHECKING, Any

from .errors import CudaPyError
from .scalar import (
    WEAK_INT,
    Context,
    Scalar,
    Value,
    _divide,
    convert,
    in_float_type,
    is_complex,
    is_float,
    is_integer,
    number,
    power_float,
    promote,
    round_to_float32,
    strong,
    type_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

CONSTANTS = {"pi": math.pi, "e": math.e, "tau": math.tau, "inf": math.inf, "nan": math.nan}

# Functions whose result is not the type they are called at, and those whose other arguments are integers.
_RESULTS = {
    "ilogb": "int32",
    "isfinite": "bool",
    "isinf": "bool",
    "isnan": "bool",
    "signbit": "bool",
    "llrint": "int64",
    "llround": "int64",
    "lrint": "int64",
    "lround": "int64",
}
_INTEGER_ARGUMENT = {
    "ldexp": (1, "int32"),
    "scalbn": (1, "int32"),
    "scalbln": (1, "int64"),
    "jn": (0, "int32"),
    "yn": (0, "int32"),
}
# Python's spelling gives an integer, C's (`floorf`) a float.
_TO_INTEGER = ("floor", "ceil", "trunc")
_ALIASES = {
    "gamma": "tgamma",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "deg2rad": "radians",
    "rad2deg": "degrees",
    "absolute": "fabs",
    "power": "pow",
}


def _quiet(
    function: Callable[..., float], poles: dict[float, float] | None = None
) -> Callable[..., float]:
    """Python's function with C's answers where Python raises: nan outside of the domain, infinity on overflow."""

    def call(*arguments: float) -> float:
        if poles and arguments[0] in poles:
            return poles[arguments[0]]
        try:
            return float(function(*arguments))
        except ValueError:
            return math.nan
        except OverflowError:
            return -math.inf if function is math.sinh and arguments[0] < 0 else math.inf

    return call


def _cbrt(x: float) -> float:
    if x == 0 or not math.isfinite(x):
        return x
    root = math.copysign(abs(x) ** (1.0 / 3.0), x)
    return root - (root * root * root - x) / (3.0 * root * root)  # one Newton step: within an ulp


def _rint(x: float) -> float:
    return math.copysign(float(round(x)), x) if math.isfinite(x) else x


def _round_away(x: float) -> float:
    if not math.isfinite(x) or abs(x) >= 2.0**52:
        return x
    whole = math.floor(abs(x))
    return math.copysign(whole + (abs(x) - whole >= 0.5), x)


def _integral(function: Callable[[float], int]) -> Callable[[float], float]:
    return lambda x: math.copysign(float(function(x)), x) if math.isfinite(x) else x


def _sinpi(x: float) -> float:
    if not math.isfinite(x):
        return math.nan
    turn = math.fmod(x, 2.0)
    if turn == int(turn):
        return math.copysign(0.0, x)
    quarter = (
        turn
        if abs(turn) <= 0.5
        else math.copysign(1.0, turn) - turn
        if abs(turn) <= 1.5
        else turn - math.copysign(2.0, turn)
    )
    return math.sin(math.pi * quarter)


def _cospi(x: float) -> float:
    if not math.isfinite(x):
        return math.nan
    turn = abs(math.fmod(x, 2.0))
    turn = min(turn, 2.0 - turn)
    if turn == 0.5:
        return 0.0
    return (
        math.cos(math.pi * turn)
        if turn < 0.25
        else math.sin(math.pi * (0.5 - turn))
        if turn < 0.75
        else -math.cos(math.pi * (1.0 - turn))
    )


def _ilogb(x: float) -> int:
    if x == 0 or x != x:
        return -(2**31)
    return 2**31 - 1 if math.isinf(x) else math.frexp(x)[1] - 1


def _logb(x: float) -> float:
    if x == 0:
        return -math.inf
    return abs(x) if math.isinf(x) else x if x != x else float(math.frexp(x)[1] - 1)


def _fmax(a: float, b: float) -> float:
    return b if a != a else a if b != b else max(a, b)


def _fmin(a: float, b: float) -> float:
    return b if a != a else a if b != b else min(a, b)


def _fma(a: float, b: float, c: float) -> float:
    if not (math.isfinite(a) and math.isfinite(b) and math.isfinite(c)):
        return a * b + c
    from fractions import Fraction

    exact = Fraction(a) * Fraction(b) + Fraction(c)
    if exact == 0:
        return a * b + c
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


def _hypot(*arguments: float) -> float:
    return math.inf if any(math.isinf(x) for x in arguments) else math.hypot(*arguments)


def _nearest_step(x: float, towards: float, digits: int) -> float:
    if digits == 53:
        return math.nextafter(x, towards)
    from ctypes import c_float, c_uint32
    from struct import pack, unpack

    if x != x or towards != towards or x == towards:
        return towards if x == towards else math.nan
    if x == 0:
        return math.copysign(2.0**-149, towards)
    bits = int(unpack("=I", pack("=f", x))[0])
    bits += 1 if (x < towards) == (x > 0) else -1
    return c_float.from_buffer(c_uint32(bits)).value


def _lgamma(x: float) -> float:
    return (
        math.inf
        if x == math.floor(x) and x <= 0
        else math.lgamma(x)
        if math.isfinite(x)
        else abs(x)
    )


def _with_mpmath(name: str) -> Callable[..., float]:
    def call(*arguments: float) -> float:
        try:
            import mpmath  # type: ignore[import-untyped, import-not-found, unused-ignore]
        except ImportError:
            raise CudaPyError(
                f'math.{name} on the "python" device needs mpmath: pip install mpmath'
            ) from None
        if any(x != x for x in arguments):
            return math.nan
        functions = {
            "erfcinv": lambda x: mpmath.erfinv(1 - mpmath.mpf(x)),
            "erfinv": mpmath.erfinv,
            "erfcx": lambda x: mpmath.exp(mpmath.mpf(x) ** 2) * mpmath.erfc(x),
            "normcdfinv": lambda x: mpmath.sqrt(2) * mpmath.erfinv(2 * mpmath.mpf(x) - 1),
            "cyl_bessel_i0": lambda x: mpmath.besseli(0, x),
            "cyl_bessel_i1": lambda x: mpmath.besseli(1, x),
            "j0": lambda x: mpmath.besselj(0, x),
            "j1": lambda x: mpmath.besselj(1, x),
            "jn": lambda n, x: mpmath.besselj(int(n), x),
            "y0": lambda x: mpmath.bessely(0, x),
            "y1": lambda x: mpmath.bessely(1, x),
            "yn": lambda n, x: mpmath.bessely(int(n), x),
        }
        with mpmath.workdps(60):
            return float(functions[name](*arguments))

    return call


_FUNCTIONS: dict[str, Callable[..., float]] = {
    **{
        name: _quiet(getattr(math, name))
        for name in [
            "acos",
            "acosh",
            "asin",
            "asinh",
            "atan",
            "atan2",
            "cos",
            "cosh",
            "erf",
            "erfc",
            "exp",
            "expm1",
            "sin",
            "sinh",
            "tan",
            "tanh",
            "sqrt",
            "fmod",
            "remainder",
        ]
    },
    "atanh": _quiet(math.atanh, {1.0: math.inf, -1.0: -math.inf}),
    "log": _quiet(math.log, {0.0: -math.inf}),
    "log2": _quiet(math.log2, {0.0: -math.inf}),
    "log10": _quiet(math.log10, {0.0: -math.inf}),
    "log1p": _quiet(math.log1p, {-1.0: -math.inf}),
    "tgamma": _quiet(math.gamma),
    "lgamma": _lgamma,
    "pow": power_float,
    "cbrt": _cbrt,
    "rcbrt": lambda x: _divide(1.0, _cbrt(x)),
    "rsqrt": lambda x: math.nan if x < 0 else _divide(1.0, math.sqrt(x)),
    "exp2": lambda x: power_float(2.0, x),
    "exp10": lambda x: power_float(10.0, x),
    "ceil": _integral(math.ceil),
    "floor": _integral(math.floor),
    "trunc": _integral(math.trunc),
    "rint": _rint,
    "nearbyint": _rint,
    "round": _round_away,
    "fabs": math.fabs,
    "copysign": math.copysign,
    "degrees": math.degrees,
    "radians": math.radians,
    "fdim": lambda a, b: a - b if a > b else math.nan if a != a or b != b else 0.0,
    "fdivide": _divide,
    "fma": _fma,
    "fmax": _fmax,
    "fmin": _fmin,
    "hypot": _hypot,
    "rhypot": lambda *xs: _divide(1.0, _hypot(*xs)),
    "norm3d": _hypot,
    "norm4d": _hypot,
    "rnorm3d": lambda *xs: _divide(1.0, _hypot(*xs)),
    "rnorm4d": lambda *xs: _divide(1.0, _hypot(*xs)),
    "normcdf": lambda x: 0.5 * math.erfc(-x / math.sqrt(2.0)),
    "saturate": lambda x: 0.0 if x != x else min(max(x, 0.0), 1.0),
    "sinpi": _sinpi,
    "cospi": _cospi,
    "ilogb": _ilogb,
    "logb": _logb,
    "isfinite": math.isfinite,
    "isinf": math.isinf,
    "isnan": math.isnan,
    "signbit": lambda x: math.copysign(1.0, x) < 0,
    **{name: _rint for name in ("llrint", "lrint")},
    **{name: _round_away for name in ("llround", "lround")},
    **{name: _quiet(math.ldexp) for name in ("ldexp", "scalbn", "scalbln")},
    **{
        name: _with_mpmath(name)
        for name in [
            "erfcinv",
            "erfinv",
            "erfcx",
            "normcdfinv",
            "cyl_bessel_i0",
            "cyl_bessel_i1",
            "j0",
            "j1",
            "jn",
            "y0",
            "y1",
            "yn",
        ]
    },
    "nextafter": math.nextafter if hasattr(math, "nextafter") else lambda a, b: a,
}


_OF_TWO = {
    *("atan2", "copysign", "fdim", "fmax", "fmin", "fmod", "hypot", "ldexp", "nextafter", "pow"),
    *("rhypot", "remainder", "scalbn", "jn", "yn"),
}
_OF_THREE = {"fma", "norm3d", "rnorm3d"}


def _of_complex(
    function: Callable[[complex], complex],
    large: Callable[[complex], complex] = lambda z: complex(math.inf, math.inf),
) -> Callable[[complex], complex]:
    """Python's function with C's answers where Python raises; `large` gives them where a part is too large."""

    def call(z: complex) -> complex:
        try:
            return function(z)
        except ValueError:
            if z == 0:  # a logarithm
                return complex(-math.inf, cmath.phase(z))
            return complex(math.nan, math.nan)
        except OverflowError:
            return large(z)

    return call


def _large_exp(z: complex, factor: float = 1.0) -> complex:
    """exp(z) * factor, where exp(z.real) is too large: what it is multiplied by may make a part finite."""
    root = math.exp(min(z.real / 2, 700))
    return complex(factor * root * math.cos(z.imag) * root, factor * root * math.sin(z.imag) * root)


def _large_cosh(z: complex) -> complex:
    return _large_exp(z if z.real > 0 else -z, 0.5)


def _large_sinh(z: complex) -> complex:
    return _large_exp(z, 0.5) if z.real > 0 else -_large_exp(-z, 0.5)


def _large_sin(z: complex) -> complex:
    turned = _large_sinh(complex(-z.imag, z.real))
    return complex(turned.imag, -turned.real)


def _log1p(z: complex) -> complex:
    if abs(z) > 0.5:
        return cmath.log(1 + z)
    real = math.log1p(z.real * (2 + z.real) + z.imag * z.imag) / 2
    return complex(real, math.atan2(z.imag, 1 + z.real))


def _expm1(z: complex) -> complex:
    real = math.expm1(z.real) * math.cos(z.imag) - 2 * math.sin(z.imag / 2) ** 2
    return complex(real, math.exp(z.real) * math.sin(z.imag))


# What NumPy's functions of that name mean of complex numbers.
_COMPLEX: dict[str, Callable[[complex], Any]] = {
    **{
        name: _of_complex(getattr(cmath, name))
        for name in [
            "acos",
            "acosh",
            "asin",
            "asinh",
            "atan",
            "atanh",
            "log",
            "log10",
            "sqrt",
            "tan",
            "tanh",
        ]
    },
    "exp": _of_complex(cmath.exp, _large_exp),
    "cosh": _of_complex(cmath.cosh, _large_cosh),
    "sinh": _of_complex(cmath.sinh, _large_sinh),
    "cos": _of_complex(cmath.cos, lambda z: _large_cosh(complex(-z.imag, z.real))),
    "sin": _of_complex(cmath.sin, _large_sin),
    "log2": _of_complex(lambda z: cmath.log(z) / math.log(2)),
    "log1p": _of_complex(lambda z: _log1p(z)),
    "exp2": _of_complex(
        lambda z: cmath.exp(z * math.log(2)), lambda z: _large_exp(z * math.log(2))
    ),
    "expm1": _of_complex(lambda z: _expm1(z), _large_exp),
    "isfinite": cmath.isfinite,
    "isinf": cmath.isinf,
    "isnan": cmath.isnan,
}


class MathFunction:
    """One function of `math`, as a kernel calls it.

    Args:
        name: as it is spelled.
        to_integer: whether floor, ceil and trunc give integers, as Python's do and NumPy's do not.
        of_numpy: whether it takes complex numbers, too.

    Raises:
        KeyError: there is no function of that name.
    """

    def __init__(self, name: str, to_integer: bool = True, of_numpy: bool = False) -> None:
        plain = _ALIASES.get(name, name)
        self.single = plain not in _FUNCTIONS and plain.endswith("f") and plain[:-1] in _FUNCTIONS
        self.name = plain[:-1] if self.single else plain
        self.spelling = name
        self.to_integer = to_integer and name in _TO_INTEGER
        self.of_numpy = of_numpy
        self.function = _FUNCTIONS[self.name]

    @property
    def arity(self) -> int:
        """The number of its arguments."""
        return 3 if self.name in _OF_THREE else 2 if self.name in _OF_TWO else 1

    def _computed_in(self, types: list[str]) -> str:
        """The float type that the function is called at."""
        if self.single:
            return "float32"
        skip = _INTEGER_ARGUMENT.get(self.name, (-1, ""))[0]
        floats = [
            type for position, type in enumerate(types) if position != skip and is_float(type)
        ]
        if not floats:
            return Context.default_float
        return str(reduce(promote, floats))

    def takes_complex(self, types: list[str]) -> bool:
        """Whether it is called of a complex number, as NumPy's functions may be."""
        return self.of_numpy and self.name in _COMPLEX and is_complex(types[0])

    def argument_types(self, types: list[str]) -> list[str | None]:
        """What each argument is converted to; None leaves it as it is."""
        if self.takes_complex(types):
            return [strong(types[0])]
        if self.to_integer:
            return [None]
        position, integer = _INTEGER_ARGUMENT.get(self.name, (-1, ""))
        at = self._computed_in(types)
        return [integer if i == position else at for i in range(len(types))]

    def result(self, types: list[str]) -> str:
        if self.takes_complex(types):
            return _RESULTS.get(self.name) or strong(types[0])
        if self.to_integer:
            return types[0] if is_integer(types[0]) or types[0] == WEAK_INT else "int32"
        return _RESULTS.get(self.name) or self._computed_in(types)

    def __call__(self, *values: Value) -> Value:
        types = [type_of(value) for value in values]
        result = self.result(types)
        if self.takes_complex(types):
            answer = _COMPLEX[self.name](complex(convert(number(values[0]), strong(types[0]))))
            return Scalar(result, convert(answer, result))
        if self.to_integer and is_integer(types[0]):
            return values[0]
        at = self._computed_in(types)
        position, integer = _INTEGER_ARGUMENT.get(self.name, (-1, ""))
        arguments = [
            convert(number(value), integer if i == position else at)
            for i, value in enumerate(values)
        ]
        if self.name == "nextafter":
            answer = _nearest_step(
                float(arguments[0]), float(arguments[1]), 53 if at == "float64" else 24
            )
        elif self.name == "fma" and at != "float64":
            answer = _fma_float32(*(float(x) for x in arguments))
        else:
            answer = self.function(*arguments)
        if is_float(result):
            return Scalar(result, in_float_type(float(answer), result))
        return Scalar(result, convert(answer, result))


def _fma_float32(a: float, b: float, c: float) -> float:
    """a * b is exact in float64; the sum is rounded to odd there, so that rounding to float32 afterwards is right."""
    product = a * b
    total = product + c
    if math.isfinite(total):
        back = total - product
        error = (product - (total - back)) + (c - back)
        if error and math.frexp(total)[0] and int(math.ldexp(math.frexp(total)[0], 53)) % 2 == 0:
            total = math.nextafter(total, math.inf if error > 0 else -math.inf)
    return round_to_float32(total)


def is_known(name: str) -> bool:
    try:
        MathFunction(name)
    except KeyError:
        return False
    return True
