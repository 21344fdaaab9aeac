"""`**` of complex numbers: Python's products for small whole exponents, the polar form for others."""

from __future__ import annotations

import math

import cudapy as cp
import numpy as np
import pytest
from cudapy import idx
from differential import differential, integers, running_as

DTYPES = ["complex64", "complex128"]


def numbers(n, dtype, seed=0):
    random = np.random.default_rng(seed)
    return (random.uniform(-2, 2, n) + 1j * random.uniform(-2, 2, n)).astype(dtype)


def constants(Z, R):
    n = len(Z)
    if idx < n:
        z = Z[idx]
        R[idx] = z**7
        R[n + idx] = z**-4
        R[2 * n + idx] = z**0.5
        R[3 * n + idx] = z ** (1 - 2j)
        R[4 * n + idx] = 2**z
        R[5 * n + idx] = z**99
        R[6 * n + idx] = pow(z, 1 / 3)
        z **= 3
        R[7 * n + idx] = z


def variables(Z, W, X, N, R):
    n = len(Z)
    if idx < n:
        R[idx] = Z[idx] ** W[idx]
        R[n + idx] = Z[idx] ** X[idx]
        R[2 * n + idx] = Z[idx] ** N[idx]
        R[3 * n + idx] = X[idx] ** Z[idx]


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_gang_width(dtype):
    part = "float32" if dtype == "complex64" else "float64"

    def arguments(n):
        x = np.random.default_rng(4).uniform(0.1, 3, n).astype(part)
        return [
            numbers(n, dtype),
            numbers(n, dtype, 1),
            x,
            integers(n, 5, "int32", -9, 10),
            np.zeros(4 * n, dtype),
        ]

    differential(variables, arguments, ulp=8192, sizes=lambda gang: [gang + 1])
    differential(
        constants,
        lambda n: [numbers(n, dtype), np.zeros(8 * n, dtype)],
        ulp=8192,
        sizes=lambda gang: [gang + 1],
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_powers_are_pythons(dtype):
    eps = np.finfo(dtype).eps
    z = numbers(200, dtype)
    got = np.zeros(1600, dtype)
    cp.compile(constants)(200)(z, got)
    rows = got.reshape(8, -1)
    exponents = [7, -4, 0.5, 1 - 2j, None, 99, 1 / 3, 3]
    for row, exponent in zip(rows, exponents):
        exact = np.array(
            [complex(x) ** exponent if exponent is not None else 2 ** complex(x) for x in z]
        )
        fits = (np.abs(exact) < 1e30) & (np.abs(exact) > 1e-30)
        error = np.abs(row - exact)[fits] / np.abs(exact)[fits]
        assert error.max() < 200 * eps, exponent


def whole(Z, N, R):
    if idx < len(Z):
        R[idx] = Z[idx] ** N[idx]


def test_whole_powers_are_exact():
    n = np.arange(-6, 31, dtype="int32")
    z = np.full(len(n), 1 + 1j)
    got = np.zeros(len(n), "complex128")
    cp.compile(whole)(len(n))(z, n, got)
    assert list(got) == [complex(1 + 1j) ** int(k) for k in n]


def zeros(Z, X, R):
    if idx < len(Z):
        R[idx] = Z[idx] ** X[idx]


def test_powers_of_zero():
    x = np.array([0.0, -0.0, 1.0, 2.0, 0.5, 1000.25])
    got = np.zeros(6, "complex128")
    cp.compile(zeros)(6)(np.zeros(6, "complex128"), x, got)
    assert list(got) == [0j ** float(k) for k in x]


def inverse(Z, R):
    if idx < len(Z):
        R[idx] = Z[idx] ** -2


def beyond(Z, R):
    if idx < len(Z):
        R[idx] = Z[idx] ** 1j


def fraction(Z, R):
    if idx < len(Z):
        R[idx] = Z[idx] ** -0.5


@pytest.mark.parametrize("gang", ["1", "8", "16", "python"])
@pytest.mark.parametrize("kernel", [inverse, beyond, fraction])
def test_zero_to_a_negative_or_complex_power(kernel, gang):
    z = numbers(37, "complex64")
    got = np.zeros(37, "complex64")
    with running_as(gang):
        cp.compile(kernel)(37)(z, got)
        z[21] = 0
        with pytest.raises(ZeroDivisionError, match=r"0\.0 to a negative or complex power"):
            cp.compile(kernel)(37)(z, got)


def signed(X, R):
    if idx < len(X):
        R[idx] = X[idx] ** 0.5


def test_floats_stay_floats():
    x = np.array([4.0, -4.0, 2.25], "float32")
    got = np.zeros(3, "float32")
    cp.compile(signed)(3)(x, got)
    assert got[0] == 2
    assert math.isnan(got[1])
    assert got[2] == 1.5
