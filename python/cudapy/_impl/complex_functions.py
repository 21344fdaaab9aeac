"""What `cmath` means in a kernel, written in the kernel language; real numbers count as complex ones.

Each part is within a few units in the last place of the larger part. Infinities are not looked after as C's Annex G
asks.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import math


def phase(z):
    w = complex(z)
    return math.atan2(w.imag, w.real)


def polar(z):
    w = complex(z)
    return abs(w), math.atan2(w.imag, w.real)


def rect(r, phi):
    return complex(r * math.cos(phi), r * math.sin(phi))


def exp(z):
    w = complex(z)
    size = math.exp(w.real)
    return complex(size * math.cos(w.imag), size * math.sin(w.imag))


def _log_of_size(w):
    size = abs(w)
    if 0.7 < size < 1.8:  # the logarithm of what is near 1 needs the digits that `size` has lost
        a = max(abs(w.real), abs(w.imag))
        b = min(abs(w.real), abs(w.imag))
        return math.log1p((a - 1) * (a + 1) + b * b) / 2
    return math.log(size)


def log(z):
    w = complex(z)
    return complex(_log_of_size(w), math.atan2(w.imag, w.real))


def log10(z):
    return log(z) / 2.302585092994046


def sqrt(z):
    w = complex(z)
    size = abs(w)
    if size == 0:
        return w
    t = math.sqrt(0.5 * size + 0.5 * abs(w.real))
    rest = w.imag / (2 * t)
    if w.real >= 0:
        return complex(t, rest)
    return complex(abs(rest), math.copysign(t, w.imag))


def sinh(z):
    w = complex(z)
    return complex(math.sinh(w.real) * math.cos(w.imag), math.cosh(w.real) * math.sin(w.imag))


def cosh(z):
    w = complex(z)
    return complex(math.cosh(w.real) * math.cos(w.imag), math.sinh(w.real) * math.sin(w.imag))


def tanh(z):
    # W. Kahan, "Branch cuts for complex elementary functions", 1987.
    w = complex(z)
    if abs(w.real) > 20:
        small = 4 * math.exp(-2 * abs(w.real))
        return complex(math.copysign(1.0, w.real), small * math.sin(w.imag) * math.cos(w.imag))
    t = math.tan(w.imag)
    s = math.sinh(w.real)
    beta = 1 + t * t
    scale = 1 + beta * s * s
    return complex(beta * math.sqrt(1 + s * s) * s / scale, t / scale)


def sin(z):
    w = complex(z)
    return complex(math.sin(w.real) * math.cosh(w.imag), math.cos(w.real) * math.sinh(w.imag))


def cos(z):
    w = complex(z)
    return complex(math.cos(w.real) * math.cosh(w.imag), -(math.sin(w.real) * math.sinh(w.imag)))


def tan(z):
    w = complex(z)
    turned = tanh(complex(-w.imag, w.real))
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
