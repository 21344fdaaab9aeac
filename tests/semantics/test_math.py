"""`math` in kernels: exact functions bit for bit, the others within a few units of what CPython's math gives."""

from __future__ import annotations

import math

import numpy as np
import pytest
from cudapy import idx
from differential import TARGETS, differential, floats

FLOATS = ("float32", "float64")
FEW_TARGETS = [TARGETS[0], TARGETS[-2]]


def exact(X, Y, R):
    if idx < len(X):
        n = len(X)
        R[idx] = math.sqrt(X[idx])
        R[n + idx] = math.fabs(X[idx])
        R[2 * n + idx] = math.copysign(X[idx], Y[idx])
        R[3 * n + idx] = math.fma(X[idx], Y[idx], X[idx])
        R[4 * n + idx] = math.fmod(X[idx], Y[idx])
        R[5 * n + idx] = math.fmax(X[idx], Y[idx])
        R[6 * n + idx] = math.fmin(X[idx], Y[idx])
        R[7 * n + idx] = math.rint(X[idx])


@pytest.mark.parametrize("dtype", FLOATS)
def test_exact_functions(dtype):
    def arguments(n):
        X, Y = floats(n, 0, dtype), floats(n, 1, dtype)
        X[X == 0] = 1
        return [X, Y, np.zeros(8 * n, dtype)]

    differential(exact, arguments)


def classified(X, R):
    if idx < len(X):
        n = len(X)
        R[idx] = math.isnan(X[idx])
        R[n + idx] = math.isinf(X[idx])
        R[2 * n + idx] = math.isfinite(X[idx])


@pytest.mark.parametrize("dtype", FLOATS)
def test_classification(dtype):
    differential(classified, lambda n: [floats(n, 0, dtype, special=True), np.zeros(3 * n, "bool")])


def integral(X, R, F):
    if idx < len(X):
        n = len(X)
        R[idx] = math.floor(X[idx])
        R[n + idx] = math.ceil(X[idx])
        R[2 * n + idx] = math.trunc(X[idx])
        F[idx] = math.floorf(X[idx])
        F[n + idx] = math.ceilf(X[idx])
        F[2 * n + idx] = math.truncf(X[idx])


def test_floor_ceil_trunc_are_integers_and_their_c_spellings_floats():
    differential(
        integral,
        lambda n: [
            floats(n, 0, special=True),
            np.zeros(3 * n, "int32"),
            np.zeros(3 * n, "float32"),
        ],
    )


def elementary(X, P, R):
    if idx < len(X):
        n = len(X)
        R[idx] = math.sin(X[idx])
        R[n + idx] = math.cos(X[idx])
        R[2 * n + idx] = math.exp(X[idx])
        R[3 * n + idx] = math.log(P[idx])
        R[4 * n + idx] = math.tanh(X[idx])
        R[5 * n + idx] = math.atan2(X[idx], P[idx])
        R[6 * n + idx] = math.pow(P[idx], X[idx])
        R[7 * n + idx] = math.erf(X[idx])


@pytest.mark.parametrize("dtype", FLOATS)
def test_elementary_functions(dtype):
    def arguments(n):
        X = np.clip(floats(n, 0, dtype), -50, 50)
        return [X, np.abs(floats(n, 1, dtype)) + 1e-3, np.zeros(8 * n, dtype)]

    differential(elementary, arguments, ulp=2, targets=FEW_TARGETS)


def single(X, R):
    if idx < len(X):
        R[idx] = math.sinf(X[idx]) + math.sqrtf(2.0) * math.rsqrtf(3.0)


def test_single_precision_spellings():
    differential(
        single,
        lambda n: [np.clip(floats(n), -9, 9), np.zeros(n, "float32")],
        ulp=4,
        targets=FEW_TARGETS,
    )


def of_integers(A, R):
    if idx < len(A):
        R[idx] = math.sqrt(A[idx]) + math.sqrt(2)


def test_integers_become_the_default_float():
    for dtype in FLOATS:
        differential(
            of_integers,
            lambda n, t=dtype: [np.arange(n, dtype="int32"), np.zeros(n, t)],
            targets=FEW_TARGETS,
        )


def in_a_branch(X, R):
    if idx < len(X):
        R[idx] = math.log(X[idx]) if X[idx] > 0 else math.exp(X[idx])
        for _ in range(3):
            if R[idx] > 0.5:
                break
            R[idx] = math.cos(R[idx])


def test_functions_under_a_mask():
    differential(in_a_branch, lambda n: [np.clip(floats(n), -9, 9), np.zeros(n, "float32")], ulp=8)
