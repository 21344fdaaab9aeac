"""What `cmath` means in a kernel, written in the kernel language; real numbers count as complex ones. NumPy's functions
and `**` of complex numbers come here as well.

Each part is within a few units in the last place of the larger part. Zeros with a sign, infinities and NaN are those of
C's Annex G, as Python has them; where Python raises (`log` of 0, `exp` of an infinite angle) a result is what C gives.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code="attr-defined"

from __future__ import annotations

import math

_LN_2 = 0.6931471805599453
_LN_10 = 2.302585092994046
_LARGE = 1e15  # beyond it 1 is nothing beside a number's square


def phase(z):
    w = complex(z)
    return math.atan2(w.imag, w.real)


def polar(z):
    w = complex(z)
    return abs(w), math.atan2(w.imag, w.real)


def rect(r, phi):
    if phi == 0:
        return complex(r, math.copysign(1.0, r) * phi)
    if not math.isfinite(phi):
        if r == 0:
            return complex(math.fabs(r), math.fabs(r))
        return complex(math.fabs(r) if math.isinf(r) else phi - phi, phi - phi)
    return complex(r * math.cos(phi), r * math.sin(phi))


def exp(z):
    w = complex(z)
    size = math.exp(w.real)
    if w.imag == 0:
        return complex(size, w.imag)
    if not math.isfinite(w.imag):
        if math.isinf(w.real):
            return complex(size, size if w.real < 0 else w.imag - w.imag)
        return complex(w.imag - w.imag, w.imag - w.imag)
    a, b = math.cos(w.imag), math.sin(w.imag)
    if math.isinf(size):  # though its products may be finite
        half = math.exp(0.5 * w.real)
        return complex(half * a * half, half * b * half)
    return complex(size * a, size * b)


def _log_of_size(x, y):
    size = math.hypot(x, y)
    if 0.7 < size < 1.8:  # the logarithm of what is near 1 needs the digits that `size` has lost
        a = max(math.fabs(x), math.fabs(y))
        b = min(math.fabs(x), math.fabs(y))
        return math.log1p((a - 1) * (a + 1) + b * b) / 2
    if size < 1e-35:
        scale = 1152921504606846976.0
        return math.log(math.hypot(x * scale, y * scale)) - 60 * _LN_2
    if math.isinf(size):
        return math.log(math.hypot(0.5 * x, 0.5 * y)) + _LN_2
    return math.log(size)


def _log(w):
    return complex(_log_of_size(w.real, w.imag), math.atan2(w.imag, w.real))


def log(z):
    """Of one number; `cmath.log(z, base)` is a quotient of two, which the compiler writes."""
    return _log(complex(z))


def log10(z):
    w = _log(complex(z))
    return complex(w.real / _LN_10, w.imag / _LN_10)


def log2(z):
    w = _log(complex(z))
    return complex(w.real / _LN_2, w.imag / _LN_2)


def log1p(z):
    w = complex(z)
    size = math.log1p(w.real * (2 + w.real) + w.imag * w.imag) / 2
    is_near = math.fabs(w.real) < 0.5 and math.fabs(w.imag) < 0.5
    angle = math.atan2(w.imag, 1 + w.real)
    return complex(size if is_near else _log_of_size(1 + w.real, w.imag), angle)


def exp2(z):
    w = complex(z)
    return exp(complex(w.real * _LN_2, w.imag * _LN_2))


def expm1(z):
    w = complex(z)
    half = math.sin(0.5 * w.imag)
    size = math.expm1(w.real)
    real = size * math.cos(w.imag) - 2 * half * half
    imag = (size + 1) * math.sin(w.imag)
    return complex(real if w.imag != 0 else size, imag if w.imag != 0 else w.imag)


def sqrt(z):
    w = complex(z)
    if math.isinf(w.imag):
        return complex(math.fabs(w.imag), w.imag)
    # Scaled so that squares neither overflow nor vanish.
    is_large = max(math.fabs(w.real), math.fabs(w.imag)) > 1
    scale = 0.0625 if is_large else 18446744073709551616.0
    back = 4.0 if is_large else 2.3283064365386963e-10
    x, y = math.fabs(w.real) * scale, math.fabs(w.imag) * scale
    t = math.sqrt(0.5 * (x + math.hypot(x, y)))
    if t == 0:
        return complex(t, w.imag)
    rest = y / (2 * t) * back
    t *= back
    if w.real >= 0:
        return complex(t, math.copysign(rest, w.imag))
    return complex(rest, math.copysign(t, w.imag))


def _sinh(x, y):
    a, b = math.cos(y), math.sin(y)
    if not math.isfinite(y) and (x == 0 or math.isinf(x)):
        return complex(math.fabs(x), y - y)
    real, imag = math.sinh(x) * a, math.cosh(x) * b
    if math.isinf(math.sinh(x)):
        half = math.exp(0.5 * math.fabs(x))
        real, imag = math.copysign(0.5, x) * half * a * half, 0.5 * half * b * half
    return complex(real if y != 0 else math.sinh(x), imag if y != 0 else y)


def _cosh(x, y):
    a, b = math.cos(y), math.sin(y)
    if x == 0 and not math.isfinite(y):
        return complex(y - y, math.fabs(x))
    if math.isinf(x) and not math.isfinite(y):
        return complex(math.fabs(x), y - y)
    real, imag = math.cosh(x) * a, math.sinh(x) * b
    if math.isinf(math.sinh(x)):
        half = math.exp(0.5 * math.fabs(x))
        real, imag = 0.5 * half * a * half, math.copysign(0.5, x) * half * b * half
    return complex(real if y != 0 else math.cosh(x), imag if y != 0 else math.copysign(1.0, x) * y)


def _tanh(x, y):
    # W. Kahan, "Branch cuts for complex elementary functions", 1987.
    if math.fabs(x) > 20:
        if math.isfinite(y):
            small = 4 * math.exp(-2 * math.fabs(x))
            return complex(math.copysign(1.0, x), small * math.sin(y) * math.cos(y))
        return complex(math.copysign(1.0, x), 0.0) if math.isinf(x) else complex(y - y, y - y)
    t = math.tan(y)
    s = math.sinh(x)
    beta = 1 + t * t
    scale = 1 + beta * s * s
    imag = t / scale
    return complex(beta * math.sqrt(1 + s * s) * s / scale, imag if y != 0 else y)


def sinh(z):
    w = complex(z)
    return _sinh(w.real, w.imag)


def cosh(z):
    w = complex(z)
    return _cosh(w.real, w.imag)


def tanh(z):
    w = complex(z)
    return _tanh(w.real, w.imag)


def sin(z):
    w = complex(z)
    turned = _sinh(-w.imag, w.real)
    return complex(turned.imag, -turned.real)


def cos(z):
    w = complex(z)
    return _cosh(-w.imag, w.real)


def tan(z):
    w = complex(z)
    turned = _tanh(-w.imag, w.real)
    return complex(turned.imag, -turned.real)


# The inverse functions, after Kahan: square roots of 1 + z and 1 - z decide on which side of a branch cut a result is.


def _is_large(x, y):
    return math.fabs(x) > _LARGE or math.fabs(y) > _LARGE


def _log_of_twice(x, y):
    """log(2 * abs(x + 1j * y)) of a large number."""
    return math.log(math.hypot(0.5 * x, 0.5 * y)) + 2 * _LN_2


def acos(z):
    w = complex(z)
    x, y = w.real, w.imag
    if _is_large(x, y):
        return complex(math.atan2(math.fabs(y), x), -math.copysign(_log_of_twice(x, y), y))
    below = sqrt(complex(1 - x, -y))
    above = sqrt(complex(1 + x, y))
    real = 2 * math.atan2(below.real, above.real)
    imag = math.asinh(above.real * below.imag - above.imag * below.real)
    return complex(real if x != 0 or y == y else math.pi / 2, imag)


def acosh(z):
    w = complex(z)
    x, y = w.real, w.imag
    if _is_large(x, y):
        return complex(_log_of_twice(x, y), math.atan2(y, x))
    below = sqrt(complex(x - 1, y))
    above = sqrt(complex(x + 1, y))
    real = math.asinh(below.real * above.real + below.imag * above.imag)
    return complex(real, 2 * math.atan2(below.imag, above.real))


def _asinh(x, y):
    if _is_large(x, y):
        return complex(math.copysign(_log_of_twice(x, y), x), math.atan2(y, math.fabs(x)))
    above = sqrt(complex(1 + y, -x))
    below = sqrt(complex(1 - y, x))
    real = math.asinh(above.real * below.imag - below.real * above.imag)
    imag = math.atan2(y, above.real * below.real - above.imag * below.imag)
    return complex(real, imag if y != 0 else y)


def asinh(z):
    w = complex(z)
    return _asinh(w.real, w.imag)


def asin(z):
    w = complex(z)
    turned = _asinh(-w.imag, w.real)
    return complex(turned.imag, -turned.real)


def _atanh(a, y):
    """Of a number whose real part is not negative, but may be -0."""
    x = math.fabs(a)
    b = math.fabs(y)
    quarter_turn = math.copysign(math.pi / 2, y) if y == y else y
    if math.isinf(x) or math.isinf(b):
        return complex(0.0, quarter_turn)
    if _is_large(x, b):  # 1 / z, whose size has no square that fits
        h = math.hypot(0.5 * x, 0.5 * b)
        return complex(0.25 * x / h / h, quarter_turn)
    if x == 1 and b < 1e-15:
        if b == 0:
            return complex(math.inf, y)
        real = -math.log(math.sqrt(b) / math.sqrt(math.hypot(b, 2.0)))
        return complex(real, math.copysign(math.atan2(2.0, -b) / 2, y))
    real = math.log1p(4 * x / ((1 - x) * (1 - x) + b * b)) / 4
    imag = math.atan2(2 * y, (1 - x) * (1 + x) - b * b) / 2
    return complex(real if x != 0 else x, imag)


def atanh(z):
    w = complex(z)
    if math.copysign(1.0, w.real) > 0 or w.real != w.real:
        return _atanh(w.real, w.imag)
    turned = _atanh(-w.real, -w.imag)
    return complex(-turned.real, -turned.imag)


def atan(z):
    w = complex(z)
    turned = atanh(complex(-w.imag, w.real))
    return complex(turned.imag, -turned.real)


def isnan(z):
    w = complex(z)
    return math.isnan(w.real) or math.isnan(w.imag)


def isinf(z):
    w = complex(z)
    return math.isinf(w.real) or math.isinf(w.imag)


def isfinite(z):
    w = complex(z)
    return math.isfinite(w.real) and math.isfinite(w.imag)


def isclose(a, b, *, rel_tol=1e-09, abs_tol=0.0):
    if rel_tol < 0 or abs_tol < 0:
        raise ValueError("tolerances must be non-negative")
    v, w = complex(a), complex(b)
    if v == w:
        return True
    if isinf(v) or isinf(w):
        return False
    apart = abs(v - w)
    return apart <= rel_tol * abs(w) or apart <= rel_tol * abs(v) or apart <= abs_tol


def _whole_power(z, n):
    """By squaring, in Python's order."""
    left = abs(n)
    product = complex(1.0, 0.0)
    square = z
    while left > 0:
        if left & 1:
            product = product * square
        left >>= 1
        if left > 0:
            square = square * square
    return product if n >= 0 else 1 / product


def power(z, w):
    """`z ** w` of two complex numbers of one type: small whole powers are products."""
    n = w.real
    if w.imag == 0 and math.fabs(n) <= 100 and math.rint(n) == n:
        if n < 0 and z == 0:
            raise ZeroDivisionError("0.0 to a negative or complex power")
        return _whole_power(z, int(n))
    size = abs(z)
    if size == 0:
        if n < 0 or w.imag != 0:
            raise ZeroDivisionError("0.0 to a negative or complex power")
        return complex(size, size)
    length = size**n
    turn = math.atan2(z.imag, z.real)
    angle = turn * n
    if w.imag != 0:
        length *= math.exp(-turn * w.imag)
        angle += w.imag * math.log(size)
    return complex(length * math.cos(angle), length * math.sin(angle))
