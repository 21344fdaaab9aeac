"""NumPy's functions of numbers that are written in the kernel language itself, for every device: the operators under
their names, and what is a line or two.

A kernel that calls one compiles it as it does any helper, for the types of the call.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code="attr-defined, operator, no-any-return"

from __future__ import annotations

import math

from .library_of_math import _gcd, _lcm
from .library_of_math import frexp as frexp
from .library_of_math import modf as modf
from .types import float64

_LOG_2 = math.log(2.0)
_LOG2_E = 1.0 / math.log(2.0)


def add(a, b):
    return a + b


def subtract(a, b):
    return a - b


def multiply(a, b):
    return a * b


def divide(a, b):
    return a / b


def floor_divide(a, b):
    return a // b


def remainder(a, b):
    return a % b


def negative(x):
    return -x


def positive(x):
    return +x


def bitwise_and(a, b):
    return a & b


def bitwise_or(a, b):
    return a | b


def bitwise_xor(a, b):
    return a ^ b


def invert(x):
    return ~x


def left_shift(a, b):
    return a << b


def right_shift(a, b):
    return a >> b


def equal(a, b):
    return a == b


def not_equal(a, b):
    return a != b


def less(a, b):
    return a < b


def less_equal(a, b):
    return a <= b


def greater(a, b):
    return a > b


def greater_equal(a, b):
    return a >= b


def logical_and(a, b):
    return a != 0 and b != 0


def logical_or(a, b):
    return a != 0 or b != 0


def logical_xor(a, b):
    return (a != 0) != (b != 0)


def sign(x):
    zero = 0 if x == x else x  # of the type of x
    return zero + 1 if x > 0 else (zero - 1 if x < 0 else zero)


def heaviside(x, at_zero):
    y = x * 1.0
    return y if y != y else (0.0 if y < 0 else (1.0 if y > 0 else at_zero * 1.0))


def logaddexp(a, b):
    """log(exp(a) + exp(b)), without overflow on the way."""
    x, y = a * 1.0, b * 1.0
    if x == y:
        return x + _LOG_2
    apart = x - y
    return math.fmax(x, y) + math.log1p(math.exp(-math.fabs(apart))) if apart == apart else apart


def logaddexp2(a, b):
    """log2(2**a + 2**b), without overflow on the way."""
    x, y = a * 1.0, b * 1.0
    if x == y:
        return x + 1.0
    apart = x - y
    near = _LOG2_E * math.log1p(math.exp2(-math.fabs(apart)))
    return math.fmax(x, y) + near if apart == apart else apart


def angle(z, deg=False):
    w = complex(z)
    turn = math.atan2(w.imag, w.real)
    return turn * (180 / math.pi) if deg else turn


def float_power(a, b):
    return float64(a) ** float64(b)


def gcd(a, b):
    return _gcd(a, b)


def lcm(a, b):
    return _lcm(a, b)


mod = remainder
true_divide = divide
bitwise_not = bitwise_invert = invert
bitwise_left_shift = left_shift
bitwise_right_shift = right_shift
