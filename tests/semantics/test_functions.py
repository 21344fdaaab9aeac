"""Helpers, captured values, templates."""

from __future__ import annotations

import math

import cudapy as cp
import numpy as np
import pytest
from cudapy import idx
from differential import differential, floats, integers

FACTOR = 3
OFFSET = 0.1
ENABLED = True
STRONG = np.float64(0.1)
NARROW = np.int8(100)


def small(n, seed=0):
    return integers(n, seed, "int32", -9, 20)


def square(x):
    return x * x


def clamp(x, low, high):
    if x < low:
        return low
    if x > high:
        return high
    return x


def search(X, value):
    for i in range(len(X)):
        if X[i] == value:
            return i
    return -1


def twice(x):
    return square(x) + square(x + 1)


def fill(X, i, value):
    if value < 0:
        return
    X[i] = value


def uses_helpers(A, R):
    if idx < len(A):
        n = len(A)
        R[idx] = square(A[idx])
        R[n + idx] = clamp(A[idx], 0, 10)
        R[2 * n + idx] = search(A, A[n - 1 - idx])
        R[3 * n + idx] = twice(A[idx])
        fill(R, 4 * n + idx, A[idx])


def test_helpers_are_found_by_themselves():
    differential(uses_helpers, lambda n: [small(n), np.zeros(5 * n, "int32")])


def test_helpers_listed_in_any_order():
    listed = [uses_helpers, fill, twice, square, search, clamp]
    differential(listed, lambda n: [small(n), np.zeros(5 * n, "int32")])


def helper_types(A, F, R):
    if idx < len(A):
        R[idx] = square(A[idx]) + square(F[idx]) + square(2)


def test_a_helper_is_typed_for_each_kind_of_call():
    differential(helper_types, lambda n: [small(n), floats(n), np.zeros(n, "float32")])


def loop_until(x, limit):
    steps = 0
    while True:
        x = x * 1.5 + 1.0
        steps += 1
        if x > limit:
            return steps
        if steps > 20:
            break
    return -steps


def helper_in_loop(F, R):
    if idx < len(F):
        total = 0
        for i in range(4):
            if i == 2 and F[idx] < 0.0:
                continue
            total = total * 10 + loop_until(F[idx] + i, 50.0)
        R[idx] = total


def test_a_helper_with_loops_called_from_a_loop():
    differential(helper_in_loop, lambda n: [floats(n), np.zeros(n, "int32")])


# half : float (int n)
def half(n):
    return n / 2


def with_signature(A, R):
    if idx < len(A):
        R[idx] = half(A[idx])


def test_a_helper_with_a_signature():
    differential(with_signature, lambda n: [small(n), np.zeros(n, "float32")])


def captured(A, R):
    if idx < len(A):
        n = len(A)
        R[idx] = A[idx] * FACTOR
        R[n + idx] = A[idx] + OFFSET
        R[2 * n + idx] = 1.0 if ENABLED else 0.0
        R[3 * n + idx] = math.pi * A[idx]


def test_captured_numbers_are_weak():
    for dtype in ("float32", "float64", "int32"):
        differential(
            captured,
            lambda n, t=dtype: [
                integers(n, 0, "int32", -9, 9).astype(t),
                np.zeros(4 * n, "float32"),
            ],
        )


def captured_numpy(A, R):
    if idx < len(A):
        R[idx] = A[idx] * STRONG
        R[len(A) + idx] = NARROW + NARROW


def test_captured_numpy_scalars_are_strong():
    differential(captured_numpy, lambda n: [floats(n), np.zeros(2 * n, "float64")])


def test_captured_from_a_closure():
    def make(k, f):
        def kernel(A, R):
            if idx < len(A):
                R[idx] = f(A[idx]) * k

        return kernel

    differential(make(5, square), lambda n: [small(n), np.zeros(n, "int32")])
    differential(make(0.5, twice), lambda n: [floats(n), np.zeros(n, "float32")])


def numpy_names(F, R):
    if idx < len(F):
        R[idx] = np.sqrt(np.abs(F[idx])) + np.float32(2)


def test_numpy_functions_and_dtypes_as_names():
    differential(numpy_names, lambda n: [floats(n), np.zeros(n, "float32")])


def numpy_forms(A, F, R):
    if idx < len(F):
        n = len(F)
        R[idx] = np.where(A[idx] > 3, F[idx], 1.5)
        R[n + idx] = np.clip(F[idx], -2.0, 2)
        R[2 * n + idx] = np.square(F[idx]) + np.square(A[idx])
        R[3 * n + idx] = np.minimum(A[idx], 4) + np.maximum(F[idx], A[idx])
        R[4 * n + idx] = np.abs(A[idx]) + np.absolute(F[idx])
        R[5 * n + idx] = np.floor(F[idx]) + np.pi + np.trunc(2.5)
        R[6 * n + idx] = 1.0 if np.logical_not(A[idx]) else np.float32(2)


def test_numpy_functions_that_stand_for_expressions():
    differential(numpy_forms, lambda n: [small(n), floats(n), np.zeros(7 * n, "float32")])


def logarithms(F, R):
    if idx < len(F):
        R[idx] = math.log(F[idx], 3)


def test_logarithm_to_a_base():
    differential(logarithms, lambda n: [np.abs(floats(n)) + 2, np.zeros(n, "float32")], ulp=4)


def map_kernel(X, Y):
    if idx < len(X):
        Y[idx] = f(X[idx])


def zip_with_kernel(X, Y, Z):
    if idx < len(X):
        Z[idx] = f(X[idx], Y[idx])


def add_scaled(a, b):
    return a + k * b


def test_map_is_written_once():
    for function in (square, twice):
        bound = cp.Template(map_kernel).substitute(f=function)
        differential(bound, lambda n: [small(n), np.zeros(n, "int32")])


def test_templates_of_templates():
    for k in (2, 0.5):
        adder = cp.Template(add_scaled).substitute(k=k)
        bound = cp.Template(zip_with_kernel).substitute([(adder, "f")])
        differential(bound, lambda n: [floats(n), floats(n, 1), np.zeros(n, "float32")])


def test_template_decorator_binds_a_type():
    @cp.template([(cp.uint8, "T"), (7, "k")])
    def narrow(X, Y):
        if idx < len(X):
            Y[idx] = T(X[idx] * k)

    differential(narrow, lambda n: [small(n), np.zeros(n, "int32")])


def defaults(x, k=3, *, bias=0.5):
    return x * k + bias


def uses_defaults(F, R):
    if idx < len(F):
        R[idx] = (
            defaults(F[idx])
            + defaults(F[idx], 2)
            + defaults(F[idx], bias=1.0)
            + defaults(x=F[idx], k=4)
        )


def test_default_and_keyword_arguments():
    differential(uses_defaults, lambda n: [floats(n), np.zeros(n, "float32")])


def reassigns(n, X):
    n = n * 2
    if idx < len(X):
        X[idx] = n + idx


def test_scalar_parameters_may_be_assigned():
    differential(reassigns, lambda n: [3, np.zeros(n, "int32")], sig="void (int n, int* X)")


def test_assertions_that_hold_change_nothing():
    def inverse(x):
        if x == 0:
            raise ZeroDivisionError("no inverse")
        return 1 / x

    # f : void (float* X, int* I, float* Y)
    def f(X, I, Y):
        assert len(X) > 0, "empty"
        total = 0.0
        for k in range(I[idx]):
            if k == 3:
                continue
            assert k < 10
            total += inverse(X[idx] + k + 20)
        Y[idx] = total

    differential(
        f,
        lambda n: [abs(floats(n)), integers(n, low=0, high=9), np.zeros(n, np.float32)],
    )


def helper_first(x):
    return 2 * x + 1


# kernel_last : void (int* X)
def kernel_last(X):
    if idx < len(X):
        X[idx] = helper_first(X[idx])


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_kernel_is_the_one_that_no_other_calls(order):
    both = [helper_first, kernel_last]
    kernel = cp.compile([both[i] for i in order])
    X = np.arange(5, dtype=np.int32)
    kernel(5)(X)
    assert X.tolist() == [1, 3, 5, 7, 9]
    sigs = ["int (int x)", "void (int* X)"]
    assert cp.compile([both[i] for i in order], [sigs[i] for i in order]).signatures == (
        kernel.signatures
    )
