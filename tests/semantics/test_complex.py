"""Complex numbers: arithmetic part by part, parts, sizes, powers, arrays, arguments."""

from __future__ import annotations

import cmath

import cudapy as cp
import numpy as np
import pytest
from cudapy import idx, idy
from differential import differential, floats, integers

DTYPES = ["complex64", "complex128"]
STEP = 0.5 - 2j


def numbers(n, dtype, seed=0):
    part = "float32" if dtype == "complex64" else "float64"
    real, imag = floats(n, 2 * seed).astype(part), floats(n, 2 * seed + 1).astype(part)
    return (real + 1j * imag).astype(dtype)


def arithmetic(A, B, R):
    n = len(A)
    if idx < n:
        a, b = A[idx], B[idx]
        R[idx] = a + b
        R[n + idx] = a - b * 2
        R[2 * n + idx] = a * b
        R[3 * n + idx] = a / b
        R[4 * n + idx] = -a + 1.5
        R[5 * n + idx] = +a / 3 - 2j * b
        a += b
        a *= 1j
        R[6 * n + idx] = a


@pytest.mark.parametrize("dtype", DTYPES)
def test_arithmetic(dtype):
    differential(
        arithmetic, lambda n: [numbers(n, dtype), numbers(n, dtype, 1), np.zeros(7 * n, dtype)]
    )


def parts(A, R, F):
    n = len(A)
    if idx < n:
        z = A[idx]
        F[idx] = z.real
        F[n + idx] = z.imag
        F[2 * n + idx] = (z * z).real + A[idx].imag
        R[idx] = z.conjugate()
        R[n + idx] = complex(z.imag, z.real)
        R[2 * n + idx] = complex(idx) + complex(1, F[idx])
        R[3 * n + idx] = z * z.conjugate()


@pytest.mark.parametrize("dtype", DTYPES)
def test_parts(dtype):
    part = "float32" if dtype == "complex64" else "float64"
    differential(
        parts, lambda n: [numbers(n, dtype), np.zeros(4 * n, dtype), np.zeros(3 * n, part)]
    )


def sizes(A, F):
    n = len(A)
    if idx < n:
        F[idx] = abs(A[idx])
        F[n + idx] = abs(A[idx] * 1e-30)


@pytest.mark.parametrize("dtype", DTYPES)
def test_sizes(dtype):
    part = "float32" if dtype == "complex64" else "float64"
    differential(sizes, lambda n: [numbers(n, dtype), np.zeros(2 * n, part)], ulp=1)


def powers(A, R):
    n = len(A)
    if idx < n:
        R[idx] = A[idx] ** 2
        R[n + idx] = A[idx] ** 5
        R[2 * n + idx] = A[idx] ** -3
        R[3 * n + idx] = pow(A[idx], 3) + A[idx] ** 0


@pytest.mark.parametrize("dtype", DTYPES)
def test_powers(dtype):
    differential(powers, lambda n: [numbers(n, dtype), np.zeros(4 * n, dtype)])


def compares(A, B, R):
    n = len(A)
    if idx < n:
        R[idx] = A[idx] == B[idx]
        R[n + idx] = A[idx] != B[idx]
        R[2 * n + idx] = A[idx] == 2
        R[3 * n + idx] = not (A[idx] - B[idx])


def test_comparisons():
    def arguments(n):
        a = (integers(n, 0, "int32", 0, 3) + 1j * integers(n, 1, "int32", 0, 2)).astype("complex64")
        b = (integers(n, 2, "int32", 0, 3) + 1j * integers(n, 3, "int32", 0, 2)).astype("complex64")
        return [a, b, np.zeros(4 * n, "bool")]

    differential(compares, arguments)


def mandelbrot(C, N):
    if idx < len(C):
        z = 0j
        steps = 0
        while abs(z) <= 2.0 and steps < 40:
            z = z * z + C[idx]
            steps += 1
        N[idx] = steps


def test_mandelbrot():
    differential(mandelbrot, lambda n: [numbers(n, "complex64") * 0.1, np.zeros(n, "int32")])


def mixes(z, w, k, A, R):
    n = len(A)
    if idx < n:
        R[idx] = z * A[idx] + STEP
        R[n + idx] = w if idx % 2 == 0 else A[idx]
        u = k
        if idx % 3 == 0:
            u = z / 2
        R[2 * n + idx] = u
        pair = (z, A[idx])
        p, q = pair
        R[3 * n + idx] = p - q


def test_arguments_and_mixtures():
    differential(
        mixes,
        lambda n: [
            1 - 2j,
            np.complex64(0.1 + 3j),
            3,
            numbers(n, "complex64"),
            np.zeros(4 * n, "complex64"),
        ],
    )


def root(z, which):
    if which > 0:
        return z * 1j
    for i in range(3):
        z = z * z
        if z.real > 1e6:
            return z
    return z / 2


def helpers(A, R):
    n = len(A)
    if idx < n:
        R[idx] = root(A[idx], idx % 2)
        R[n + idx] = 2 * root(A[n - 1 - idx], 0)


def test_functions_return_complex_numbers():
    differential(helpers, lambda n: [numbers(n, "complex64"), np.zeros(2 * n, "complex64")])


def mirrored(z, w):
    return w - z, z.conjugate()


def constants_given_to_helpers(A, R):
    n = len(A)
    if idx < n:
        z, w = mirrored(2j, A[idx])
        R[idx] = z
        R[n + idx] = w
        R[2 * n + idx] = mirrored(A[idx], -(0.5 - 1j))[1] + mirrored(1, 2j)[1]


def test_constants_are_numbers_in_helpers():
    differential(
        constants_given_to_helpers,
        lambda n: [numbers(n, "complex64"), np.zeros(3 * n, "complex64")],
    )


def divides(A, B, R):
    if idx < len(A):
        R[idx] = A[idx] / B[idx]


@pytest.mark.parametrize("dtype", DTYPES)
def test_division_is_numpys(dtype):
    big = 1e30 if dtype == "complex64" else 1e250
    values = [1 + 1j, big * (1 + 1j), big * (1 - 2j), (2 - 1j) / big, 3j, 2.0, -1 - 0.5j]
    a = np.array([x for x in values for _ in values], dtype)
    b = np.array([x for _ in values for x in values], dtype)
    got = np.zeros(len(a), dtype)
    cp.compile(divides, contract=False)(len(a))(a, b, got)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(got, a / b)
        zero = np.zeros(len(a), dtype)
        cp.compile(divides)(len(a))(a, zero, got)
        np.testing.assert_array_equal(got, a / zero)


def test_arrays_of_complex_numbers():
    for values in ([1 + 2j, 3.0, -1j], np.array([1j, 2], "complex128")):
        array = cp.CudaArray(values)
        assert array.toList() == [complex(x) for x in values]
        assert np.asarray(array).dtype.kind == "c"
    assert cp.elemType(cp.CudaArray([1j])) is cp.complex64


def test_overflowing_sizes():
    z = np.array([3e30 + 4e30j, 3e-30 + 4e-30j], "complex64")
    sizes_of = np.zeros(4, "float32")
    cp.compile(sizes)(2)(z, sizes_of)
    np.testing.assert_allclose(sizes_of[:2], [5e30, 5e-30], rtol=2e-7)


def transposes(A, B):
    rows, columns = A.shape[0], A.shape[1]
    if idx < columns and idy < rows:
        B[idx, idy] = A[idy, idx].conjugate() * A[0, idx]
        if idx == 0:
            B[0][idy] += A[idy][columns - 1]


@pytest.mark.parametrize("view", ["C", "F", "reversed", "every second"])
def test_arrays_of_several_dimensions(view):
    def arguments(n):
        a = numbers(6 * (n + 1), "complex64").reshape(6, n + 1)
        b = np.zeros((n + 1, 3), "complex64")
        views = {"C": a, "F": np.asfortranarray(a), "reversed": a[::-1], "every second": a[::2]}
        return [views[view][:3], b]

    differential(transposes, arguments, threads=lambda n: (n + 1, 3))


def test_foreign_byte_order():
    a = numbers(9, "complex64").astype(">c8")
    b = numbers(9, "complex64", 1)
    got = np.zeros(9, "complex64")
    cp.compile(divides, contract=False)(9)(a, b, got)
    np.testing.assert_array_equal(got, a.astype("complex64") / b)


def conjugates(z, R):
    R[idx] = z.conjugate()


def test_numbers_without_dimensions():
    got = np.zeros(2, "complex128")
    cp.compile(conjugates)(2)(np.array(1 + 2j), got)
    assert list(got) == [1 - 2j] * 2


def elements_by_index(A, R):
    if idx < len(A):
        pair = (A[idx], 2j, A[idx] * 1j)
        total = 0j
        for z in pair:
            total += z
        R[idx] = pair[idx % 3] + total


def test_tuples_of_complex_numbers():
    differential(elements_by_index, lambda n: [numbers(n, "complex64"), np.zeros(n, "complex64")])


def functions(A, R):
    n = len(A)
    if idx < n:
        z = A[idx]
        R[idx] = cmath.exp(z)
        R[n + idx] = cmath.log(z)
        R[2 * n + idx] = cmath.sqrt(z)
        R[3 * n + idx] = cmath.sin(z)
        R[4 * n + idx] = cmath.cos(z)
        R[5 * n + idx] = cmath.tan(z)
        R[6 * n + idx] = cmath.sinh(z)
        R[7 * n + idx] = cmath.cosh(z)
        R[8 * n + idx] = cmath.tanh(z)
        r, phi = cmath.polar(z)
        R[9 * n + idx] = cmath.rect(r, phi)
        R[10 * n + idx] = complex(cmath.phase(z), 1 if cmath.isfinite(z) else 0)


def angles(n, dtype):
    random = np.random.default_rng(7)
    parts = random.uniform(-3, 3, (2, n))
    return (parts[0] + 1j * parts[1]).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_functions_of_cmath(dtype):
    differential(
        functions,
        lambda n: [angles(n, dtype), np.zeros(11 * n, dtype)],
        ulp=64,
        sizes=lambda gang: [gang + 1],
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_functions_of_cmath_are_numpys(dtype):
    z = angles(400, dtype)
    got = np.zeros(11 * len(z), dtype)
    cp.compile(functions)(len(z))(z, got)
    exact = z.astype("complex128")
    wanted = [np.exp, np.log, np.sqrt, np.sin, np.cos, np.tan, np.sinh, np.cosh, np.tanh]
    for row, function in zip(got.reshape(11, -1), wanted):
        error = np.abs(row - function(exact)) / np.abs(function(exact))
        assert error.max() < 8 * np.finfo(dtype).eps, function
    assert np.abs(got.reshape(11, -1)[9] - z).max() < 16 * np.finfo(dtype).eps


def roots(X, R):
    if idx < len(X):
        R[idx] = cmath.sqrt(X[idx]) + cmath.exp(1j * X[idx])


def test_functions_of_cmath_take_real_numbers():
    x = np.linspace(-4, 4, 37).astype("float32")
    got = np.zeros(len(x), "complex64")
    cp.compile(roots)(len(x))(x, got)
    np.testing.assert_allclose(got, np.sqrt(x.astype("complex64")) + np.exp(1j * x), rtol=1e-5)


def of_weak_parts(X, D, Z):
    n = len(X)
    if idx < n:
        w = 0.0  # float32, because of what it is given next
        Z[idx] = complex(0.1, w)
        w = X[idx]
        Z[n + idx] = -w + complex(w, 0.1)
        Z[2 * n + idx] = complex(0.1, D[idx]) * complex(0.1, 2)
        z = complex(0.1, 3)
        Z[3 * n + idx] = z + w
        Z[4 * n + idx] = complex(0.1) * w + complex(idx, w)


def test_a_literal_takes_the_type_of_the_other_part():
    differential(
        of_weak_parts,
        lambda n: [floats(n), floats(n, 1, "float64"), np.zeros(5 * n, "complex128")],
    )
    X = np.ones(1, "float32")
    Z = np.zeros(5, "complex128")
    cp.compile(of_weak_parts)(1)(X, np.ones(1), Z)
    assert Z[0] == np.float32(0.1) and Z[1] == complex(0, np.float32(0.1))
