"""Functions of `math` that are written in the kernel language itself, for every device: Python's of whole numbers, and
those of CUDA's math library that give two results, as tuples.

A kernel that calls one compiles it as it does any helper, for the types of the call. `x * 1.0` makes a float of an
integer and leaves a float what it is; `n & 0` is a zero of the type of `n`, and refuses floats.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code="attr-defined, operator, no-any-return"

from __future__ import annotations

import math

from .types import int64


def sincos(x):
    return math.sin(x), math.cos(x)


def sincosf(x):
    return math.sinf(x), math.cosf(x)


def sincospi(x):
    return math.sinpi(x), math.cospi(x)


def sincospif(x):
    return math.sinpif(x), math.cospif(x)


def frexp(x):
    """The fraction, 0.5 to 1, and the power of two that it is multiplied by; of 0, inf and nan itself, and 0."""
    y = x * 1.0
    if y == 0 or not math.isfinite(y):
        return y, 0
    exponent = math.ilogb(y) + 1
    return math.scalbn(y, -exponent), exponent


def modf(x):
    """The fraction and the whole part, both with the sign of `x`; exact."""
    y = x * 1.0
    near = math.rint(y)
    beyond = math.fabs(near) > math.fabs(y)
    whole = math.copysign(near - math.copysign(1.0, y) if beyond else near, y)
    fraction = y * 0.0 if math.isinf(y) else y - whole
    if math.isinf(y):
        fraction = math.copysign(0.0, y)
    return math.copysign(fraction, y), whole


def remquo(x, y):
    """IEEE's remainder, and the last three bits of the quotient with its sign."""
    a, b = x * 1.0, y * 1.0
    rest = math.remainder(a, b)
    if b == 0 or not math.isfinite(a) or b != b:
        return rest, 0
    if math.isinf(b):
        return rest, 0
    size = math.fabs(b)
    last = math.fmod(math.fabs(a), 8.0 * size)
    quotient = int(math.rint((last - math.remainder(last, size)) / size)) & 7
    return rest, -quotient if (a < 0) != (b < 0) else quotient


def norm(dim, p):
    """The length of the vector of the first `dim` elements, without overflow on the way."""
    largest = 0.0
    for i in range(dim):
        largest = math.fmax(largest, math.fabs(p[i]))
    if largest == 0 or math.isinf(largest):
        total = largest
        for i in range(dim):
            total += 0.0 if math.isinf(p[i]) else math.fabs(p[i])
        return total if largest == 0 else largest
    scale = math.ilogb(largest)
    total = 0.0
    for i in range(dim):
        part = math.scalbn(p[i], -scale)
        total = math.fma(part, part, total)
    return math.scalbn(math.sqrt(total), scale)


def rnorm(dim, p):
    return 1.0 / norm(dim, p)


def dist(p, q):
    """How far two points are apart: arrays, or tuples, of one length."""
    if len(p) != len(q):
        raise ValueError("both points must have the same number of dimensions")
    largest = 0.0
    for a, b in zip(p, q):
        largest = math.fmax(largest, math.fabs(a - b))
    if largest == 0 or math.isinf(largest):
        total = largest
        for a, b in zip(p, q):
            total += math.fabs(a - b)
        return largest if math.isinf(largest) else total
    scale = math.ilogb(largest)
    total = 0.0
    for a, b in zip(p, q):
        part = math.scalbn(a - b, -scale)
        total = math.fma(part, part, total)
    return math.scalbn(math.sqrt(total), scale)


def _gcd(a, b):
    x, y = a | (b & 0), b | (a & 0)
    while y != 0:
        x, y = y, x % y
    return abs(x)


def gcd(*numbers):
    divisor = 0
    for n in numbers:
        divisor = _gcd(divisor, n)
    return divisor


def _lcm(a, b):
    divisor = _gcd(a, b)
    if divisor == 0:
        return divisor
    return abs(a // divisor * b)


def lcm(*numbers):
    multiple = 1
    for n in numbers:
        multiple = _lcm(multiple, n)
    return multiple


def isqrt(n):
    """The whole part of the square root, of the type of `n`, bit by bit."""
    if n < 0:
        raise ValueError("isqrt() argument must be nonnegative")
    one = (n & 0) + 1
    bit = one << 62  # 0 where the type has fewer bits
    if bit == 0:
        bit = one << 30
    if bit == 0:
        bit = one << 14
    if bit == 0:
        bit = one << 6
    rest = n & ~(n & 0)
    root = n & 0
    while bit != 0:
        if rest >= root + bit:
            rest -= root + bit
            root = (root >> 1) + bit
        else:
            root >>= 1
        bit >>= 2
    return root


def factorial(n):
    if n < 0:
        raise ValueError("factorial() not defined for negative values")
    product = int64(1)
    for i in range(2, (n & ~(n & 0)) + 1):
        product *= i
    return product


def perm(n, *k):
    for _ in range(1, len(k)):
        raise TypeError("perm expected at most 2 arguments")
    if len(k) == 0:
        return factorial(n)
    if n < 0 or k[0] < 0:
        raise ValueError("n and k must be non-negative integers")
    product = int64(1)
    if k[0] > n:
        product = int64(0)
    for i in range(min(k[0], n)):
        product *= n - i
    return product


def comb(n, k):
    """In how many ways k of n things can be chosen; nothing on the way is larger than the result."""
    if n < 0 or k < 0:
        raise ValueError("n and k must be non-negative integers")
    ways = int64(0)
    if k <= n:
        ways = int64(1)
        fewer = min(k, n - k)
        for i in range(1, fewer + 1):
            shared = _gcd(ways, i)
            ways = ways // shared * ((n - fewer + i) // (i // shared))
    return ways


def isclose(a, b, *, rel_tol=1e-09, abs_tol=0.0):
    if rel_tol < 0 or abs_tol < 0:
        raise ValueError("tolerances must be non-negative")
    if a == b:
        return True
    if math.isinf(a) or math.isinf(b):
        return False
    apart = math.fabs(b - a)
    return apart <= math.fabs(rel_tol * b) or apart <= math.fabs(rel_tol * a) or apart <= abs_tol


def prod(numbers, *, start=1):
    product = start
    for x in numbers:
        product = product * x
    return product


def sumprod(p, q):
    if len(p) != len(q):
        raise ValueError("Inputs are not the same length")
    total = 0
    for a, b in zip(p, q):
        total = total + a * b
    return total


def ulp(x):
    """What the last digit of `x` is worth."""
    size = math.fabs(x)
    if math.isinf(size):
        return size
    above = math.nextafter(size, math.inf)
    return size - math.nextafter(size, 0.0) if math.isinf(above) else above - size
