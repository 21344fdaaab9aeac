"""Functions of math and NumPy that are written in the kernel language: the answers are Python's and NumPy's."""

from __future__ import annotations

import math
from fractions import Fraction
from math import gcd
from typing import Any

import cudapy as cp
import numpy as np
import pytest
from cudapy import idx
from differential import TARGETS, differential, floats, integers

FLOATS = ("float32", "float64")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
FEW_TARGETS = [TARGETS[0], TARGETS[-2]]
SPECIAL = [0.0, -0.0, 1.5, -2.25, 1e30, -7.999, math.inf, -math.inf, math.nan, 5e-324, 1e-40]
VALUES = [*SPECIAL, 0.5, -0.5, 2.5, -3.5, 123456.7, 2.0**31 + 0.5, 1.0, -1.0, 8.0]


def values(dtype: str) -> np.ndarray:
    with np.errstate(over="ignore"):
        return np.array(VALUES, dtype)


def alike(got: Any, expected: Any) -> bool:
    """Bit for bit, but for the bits of NaNs."""
    got, expected = np.asarray(got), np.asarray(expected)
    number = ~np.isnan(expected)
    signs = np.array_equal(np.signbit(got)[number], np.signbit(expected)[number])
    return signs and np.array_equal(got, expected, equal_nan=True)


def parts(X, F, W, M, E):
    if idx < len(X):
        F[idx], W[idx] = math.modf(X[idx])
        M[idx], E[idx] = math.frexp(X[idx])


@pytest.mark.parametrize("dtype", FLOATS)
def test_modf_and_frexp(dtype):
    def arguments(n):
        X = floats(n, 0, dtype, special=True)
        return [X, *(np.zeros(n, dtype) for _ in range(3)), np.zeros(n, np.int32)]

    differential(parts, arguments)
    X = values(dtype)
    F, W, M = (np.zeros(len(X), dtype) for _ in range(3))
    E = np.zeros(len(X), np.int32)
    cp.compile(parts)(len(X))(X, F, W, M, E)
    assert alike(F, np.modf(X)[0]) and alike(W, np.modf(X)[1])
    assert alike(M, np.frexp(X)[0])
    assert np.array_equal(E[np.isfinite(X)], np.frexp(X)[1][np.isfinite(X)])


def remainders(X, Y, R, Q):
    if idx < len(X):
        R[idx], Q[idx] = math.remquo(X[idx], Y[idx])


@pytest.mark.parametrize("dtype", FLOATS)
def test_remquo(dtype):
    def arguments(n):
        X, Y = floats(n, 0, dtype, special=True), floats(n, 1, dtype)
        return [X, Y, np.zeros(n, dtype), np.zeros(n, np.int32)]

    differential(remainders, arguments)
    pairs = [
        (x, y)
        for x in values(dtype).tolist()
        for y in values(dtype).tolist()
        if math.isfinite(x) and math.isfinite(y) and y != 0
    ]
    X, Y = (np.array(list(column), dtype) for column in zip(*pairs))
    R, Q = np.zeros(len(X), dtype), np.zeros(len(X), np.int32)
    cp.compile(remainders)(len(X))(X, Y, R, Q)
    for x, y, rest, quotient in zip(X.tolist(), Y.tolist(), R.tolist(), Q.tolist()):
        whole = round(Fraction(x) / Fraction(y))
        assert rest == math.remainder(x, y)
        assert quotient == (-1 if (x < 0) != (y < 0) else 1) * (abs(whole) & 7)


def waves(X, R, F):
    if idx < len(X):
        n = len(X)
        R[idx], R[n + idx] = math.sincos(X[idx])
        R[2 * n + idx], R[3 * n + idx] = math.sincospi(X[idx])
        F[idx], F[n + idx] = math.sincosf(X[idx])
        F[2 * n + idx], F[3 * n + idx] = math.sincospif(X[idx])


def same_waves(X, R, F):
    if idx < len(X):
        n = len(X)
        R[idx], R[n + idx] = math.sin(X[idx]), math.cos(X[idx])
        R[2 * n + idx], R[3 * n + idx] = math.sinpi(X[idx]), math.cospi(X[idx])
        F[idx], F[n + idx] = math.sinf(X[idx]), math.cosf(X[idx])
        F[2 * n + idx], F[3 * n + idx] = math.sinpif(X[idx]), math.cospif(X[idx])


@pytest.mark.parametrize("dtype", FLOATS)
def test_sines_and_cosines(dtype):
    X = np.linspace(-9, 9, 100, dtype=dtype)
    given = [(np.zeros(4 * len(X), dtype), np.zeros(4 * len(X), np.float32)) for _ in range(2)]
    cp.compile(waves)(len(X))(X, *given[0])
    cp.compile(same_waves)(len(X))(X, *given[1])
    assert alike(given[0][0], given[1][0]) and alike(given[0][1], given[1][1])
    differential(
        waves,
        lambda n: [
            np.linspace(-3, 3, n, dtype=dtype),
            np.zeros(4 * n, dtype),
            np.zeros(4 * n, np.float32),
        ],
        ulp=2,
        targets=FEW_TARGETS,
    )


def lengths(P, Q, R):
    n = len(P) // 3
    if idx < n:
        p, q = P[3 * idx : 3 * idx + 3], Q[3 * idx : 3 * idx + 3]
        R[idx] = math.dist(p, q)
        R[n + idx] = math.norm(3, p)
        R[2 * n + idx] = math.rnorm(2, q)
        R[3 * n + idx] = math.dist((p[0], 1.0), (0.0, q[1]))


@pytest.mark.parametrize("dtype", FLOATS)
def test_lengths_of_vectors(dtype):
    def arguments(n):
        return [floats(3 * n, 0, dtype), floats(3 * n, 1, dtype), np.zeros(4 * n, dtype)]

    differential(lengths, arguments, ulp=2, targets=FEW_TARGETS)
    flat_p, flat_q, R = arguments(9)
    P, Q = flat_p.reshape(9, 3), flat_q.reshape(9, 3)
    top = float(np.finfo(dtype).max) / 4
    P[0], P[1], P[2], P[3] = (0, 0, 0), (top, top, 1), (1, np.inf, np.nan), (1, np.nan, 2)
    Q[0] = 0
    cp.compile(lengths)(9)(flat_p, flat_q, R)
    with np.errstate(all="ignore"):
        apart = [math.dist(p, q) for p, q in zip(P.astype(float), Q.astype(float))]
        long = [math.hypot(*p) for p in P.astype(float)]
    assert np.allclose(R[:9], np.array(apart, dtype), rtol=3 * np.finfo(dtype).eps, equal_nan=True)
    assert np.allclose(R[9:18], np.array(long, dtype), rtol=3 * np.finfo(dtype).eps, equal_nan=True)


def divisors(A, B, R):
    if idx < len(A):
        n = len(A)
        R[idx] = math.gcd(A[idx], B[idx])
        R[n + idx] = math.lcm(A[idx], B[idx])
        R[2 * n + idx] = gcd(A[idx], B[idx], 12)
        R[3 * n + idx] = np.gcd(A[idx], B[idx]) + math.gcd() + math.gcd(B[idx])


@pytest.mark.parametrize("dtype", INTEGERS)
def test_gcd_and_lcm(dtype):
    low = 0 if dtype[0] == "u" else -100

    def arguments(n):
        A, B = (integers(n, seed, dtype, low, 100) for seed in (0, 1))
        return [A, B, np.zeros(4 * n, dtype)]

    differential(divisors, arguments, targets=FEW_TARGETS)
    A, B, R = arguments(60)
    A[:3], B[:3] = (0, 0, np.iinfo(dtype).max), (0, 5, np.iinfo(dtype).max)
    cp.compile(divisors)(60)(A, B, R)
    most = np.iinfo(dtype).max
    for i, (a, b) in enumerate(zip(A.tolist(), B.tolist())):
        assert R[i] == math.gcd(a, b)
        assert R[60 + i] == math.lcm(a, b) or math.lcm(a, b) > most
        assert R[120 + i] == math.gcd(a, b, 12)


def roots(A, R):
    if idx < len(A):
        R[idx] = math.isqrt(A[idx])


@pytest.mark.parametrize("dtype", INTEGERS)
def test_isqrt(dtype):
    most = int(np.iinfo(dtype).max)
    squares = [k * k + d for k in (1, 2, 10, 181, 46340, 94906265) for d in (-1, 0, 1)]
    A = np.array([x for x in [0, 1, 2, 3, *squares, most - 1, most] if x <= most], dtype)
    R = np.zeros(len(A), dtype)
    cp.compile(roots)(len(A))(A, R)
    assert R.tolist() == [math.isqrt(x) for x in A.tolist()]
    differential(
        roots,
        lambda n: [integers(n, 0, dtype, 0, most), np.zeros(n, dtype)],
        targets=FEW_TARGETS,
    )


def choices(N, K, R):
    if idx < len(N):
        n = len(N)
        R[idx] = math.comb(N[idx], K[idx])
        R[n + idx] = math.perm(N[idx] % 20, K[idx])
        R[2 * n + idx] = math.perm(N[idx] % 21)
        R[3 * n + idx] = math.factorial(N[idx] % 21)


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8"])
def test_counting(dtype):
    N, K = (a.ravel().astype(dtype) for a in np.meshgrid(np.arange(63), np.arange(63)))
    R = np.zeros(4 * len(N), np.int64)
    cp.compile(choices)(len(N))(N, K, R)
    for i, (n, k) in enumerate(zip(N.tolist(), K.tolist())):
        assert R[i] == math.comb(n, k)
        assert R[len(N) + i] == math.perm(n % 20, k)
        assert R[2 * len(N) + i] == R[3 * len(N) + i] == math.factorial(n % 21)
    differential(
        choices,
        lambda n: [
            integers(n, 0, dtype, 0, 60),
            integers(n, 1, dtype, 0, 60),
            np.zeros(4 * n, int),
        ],
        targets=FEW_TARGETS,
    )


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("isqrt", "must be nonnegative"),
        ("factorial", "not defined for negative"),
        ("perm", "not defined for negative"),
    ],
)
def test_what_python_refuses_is_refused(name, says):
    def k(X):
        X[idx] = function(X[idx])

    kernel = cp.compile(cp.Template(k).substitute(function=getattr(math, name)))
    with pytest.raises(ValueError, match=says):
        kernel(1)(np.array([-1]))


def close(A, B, R):
    if idx < len(A):
        n = len(A)
        R[idx] = math.isclose(A[idx], B[idx])
        R[n + idx] = math.isclose(A[idx], B[idx], rel_tol=0.1, abs_tol=1e-11)


def test_isclose():
    pairs = [(a, b) for a in VALUES for b in [*VALUES, 1 + 1e-9, 1 + 3e-9, 1e-12, 1.6]]
    A, B = (np.array(list(column)) for column in zip(*pairs))
    R = np.zeros(2 * len(A), bool)
    cp.compile(close)(len(A))(A, B, R)
    assert R[: len(A)].tolist() == [math.isclose(a, b) for a, b in pairs]
    assert R[len(A) :].tolist() == [
        math.isclose(a, b, rel_tol=0.1, abs_tol=1e-11) for a, b in pairs
    ]
    differential(
        close,
        lambda n: [floats(n, 0, "float64"), floats(n, 1, "float64"), np.zeros(2 * n, bool)],
        targets=FEW_TARGETS,
    )


def sums(X, I, R, N):
    if idx < len(R):
        R[idx] = math.prod(X) + math.sumprod(X, X) + math.ulp(X[idx % len(X)])
        N[idx] = math.prod(I, start=3) + math.sumprod(I, I)


def test_products_of_arrays():
    X, I = np.array([0.5, 3.0, -7.25]), np.array([2, -5], np.int32)
    R, N = np.zeros(3), np.zeros(3, np.int32)
    cp.compile(sums)(3)(X, I, R, N)
    assert R.tolist() == [math.prod(X) + float(X @ X) + math.ulp(x) for x in X.tolist()]
    assert N.tolist() == [-30 + 29] * 3
    differential(
        sums,
        lambda n: [X.copy(), I.copy(), np.zeros(n), np.zeros(n, np.int32)],
        targets=FEW_TARGETS,
    )


def test_ulp_of_every_kind_of_number():
    def k(X, R):
        R[idx] = math.ulp(X[idx])

    X = np.array([*VALUES, np.finfo(float).max])
    R = np.zeros(len(X))
    cp.compile(k)(len(X))(X, R)
    assert alike(R, [math.ulp(x) for x in X.tolist()])


OPERATORS = {
    **dict.fromkeys("add subtract multiply less less_equal greater greater_equal equal".split()),
    **dict.fromkeys("not_equal divide true_divide logical_and logical_or logical_xor".split()),
    **dict.fromkeys("floor_divide remainder mod".split(), "divisor"),
    **dict.fromkeys("bitwise_and bitwise_or bitwise_xor".split(), "integer"),
    **dict.fromkeys("left_shift right_shift".split(), "count"),
    **dict.fromkeys("heaviside logaddexp logaddexp2 float_power".split(), "float"),
}
ONE = {"negative": None, "positive": None, "sign": None, "invert": "integer"}


def of_two(A, B, R):
    if idx < len(A):
        R[idx] = function(A[idx], B[idx])


def of_one(A, B, R):
    if idx < len(A):
        R[idx] = function(A[idx])


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "uint8"])
@pytest.mark.parametrize("name", [*OPERATORS, *ONE])
def test_functions_of_numpy(name, dtype):
    needs = {**OPERATORS, **ONE}[name]
    is_float = dtype[0] == "f"
    if needs == ("float" if not is_float else "integer") or (needs == "count" and is_float):
        return  # NumPy has no such function, or a float64 one
    function = getattr(np, name)
    if is_float:
        A, B = (a.ravel() for a in np.meshgrid(values(dtype), values(dtype)))
    else:
        low = 0 if dtype[0] == "u" else -50
        A = integers(60, 0, dtype, low, 50)
        B = integers(60, 1, dtype, 1 if needs == "divisor" else max(low, -8), 7)
        B = np.abs(B) if needs == "count" else B
        if "divide" in name:
            B[B == 0] = 3
    with np.errstate(all="ignore"):
        expected = function(A, B) if name in OPERATORS else function(A)
    if expected.dtype == np.float64 and not is_float:
        expected = expected.astype(np.float32)
    kernel = of_two if name in OPERATORS else of_one
    bound = cp.Template(kernel).substitute(function=function)
    R = np.zeros(len(A), expected.dtype)
    cp.compile(bound)(len(A))(A, B, R)
    if needs == "float" and name != "heaviside":
        eps = np.finfo(expected.dtype).eps
        assert np.allclose(R, expected, rtol=4 * eps, atol=0, equal_nan=True)
    else:
        assert np.array_equal(R, expected, equal_nan=is_float)
    with cp.device("python"):
        again = np.zeros_like(R)
        cp.compile(bound)(len(A))(A, B, again)
    assert np.allclose(R, again, rtol=1e-6, atol=0, equal_nan=True)


BOOLS = "bitwise_and bitwise_or bitwise_xor equal not_equal less less_equal greater greater_equal"
BOOLS += " logical_and logical_or logical_xor left_shift right_shift minimum maximum absolute"
OTHER_OF_BOOLS = "add multiply subtract invert bitwise_not bitwise_invert negative positive sign"


def of_bools(name, R):
    function = getattr(np, name, np.invert)  # NumPy 1 has no bitwise_invert
    bound = cp.Template(of_two if function.nin == 2 else of_one).substitute(function=function)
    A, B = np.array([True, True, False, False]), np.array([True, False, True, False])
    cp.compile(bound)(len(A))(A, B, R)
    return function(A, B) if function.nin == 2 else function(A)


@pytest.mark.parametrize("device", ["cpu", "python"])
@pytest.mark.parametrize("name", BOOLS.split())
def test_functions_of_numpy_of_bools(name, device):
    with cp.device(device):
        for dtype in (np.bool_, np.int32):
            R = np.zeros(4, dtype)
            expected = of_bools(name, R)
            assert np.array_equal(R, expected.astype(dtype))


@pytest.mark.parametrize("device", ["cpu", "python"])
@pytest.mark.parametrize("name", OTHER_OF_BOOLS.split())
def test_what_is_something_else_of_bools_is_refused(name, device):
    refused = "invert" if name.startswith("bitwise") else name
    with cp.device(device), pytest.raises(cp.CompileError, match=f"`np.{refused}` of bools"):
        of_bools(name, np.zeros(4, np.int32))


def test_a_bool_beside_a_number_is_a_number():
    def k(A, R):
        R[idx] = np.add(A[idx] > 1, A[idx]) + np.multiply(A[idx], A[idx] > 1)

    for device in ("cpu", "python"):
        R = np.zeros(3, np.int32)
        with cp.device(device):
            cp.compile(k)(3)(np.array([1, 2, 3], np.int32), R)
        assert R.tolist() == [1, 5, 7]


def test_they_compile_for_gpus():
    def k(X, I, R):
        R[idx] = math.modf(X[idx])[0] + math.frexp(X[idx])[0] + math.remquo(X[idx], 3.0)[0]
        R[idx] += np.logaddexp(X[idx], 1.0) + np.sign(X[idx]) + math.sincos(X[idx])[1]
        I[idx] = math.gcd(I[idx], 12) + math.isqrt(abs(I[idx])) + np.mod(I[idx], 7)

    X = cp.Array[cp.float32]
    code = cp.compile(k).inspect("ptx", types=[X, cp.Array[cp.int32], X], architecture="sm_75")
    assert ".entry" in code
