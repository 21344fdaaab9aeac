"""Indices that are neighbours' for most gangs alone: clamped and wrapped ones, and those of threads that leave a loop
one by one."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest
from cudapy import idx, idy
from differential import TARGETS, compiling_for, differential

DTYPES = ["int8", "uint16", "int32", "float16", "float32", "float64"]


def numbers(n, dtype="int32", seed=0):
    return np.random.default_rng(seed).integers(0, 100, n).astype(dtype)


def blur(X, Y):
    n = len(X)
    if idx < n:
        Y[idx] = X[min(max(idx - 2, 0), n - 1)] + X[min(idx + 1, n - 1)] - X[idx]


@pytest.mark.parametrize("dtype", DTYPES)
def test_clamped_indices(dtype):
    differential(
        blur,
        lambda n: [numbers(n, dtype), np.zeros(n, dtype)],
        sig=f"void ({dtype}* X, {dtype}* Y)",
    )


def ring(X, Y):
    n = len(X)
    if idx < n:
        Y[idx] = 2 * X[(idx - 1) % n] + X[(idx + 1) % n] + X[(idx + n - 5) % n]


@pytest.mark.parametrize("dtype", DTYPES)
def test_wrapped_indices(dtype):
    differential(
        ring,
        lambda n: [numbers(n, dtype), np.zeros(n, dtype)],
        sig=f"void ({dtype}* X, {dtype}* Y)",
    )


def remainders(Y, first, stride, divisor):
    Y[idx] = (first + idx * 3) % divisor + 1000 * ((first + idx) % divisor)


@pytest.mark.parametrize("divisor", [1, 2, 7, 40, 1000, -1, -6, -1000, 2**31 - 1, -(2**31)])
@pytest.mark.parametrize("first", [0, 35, -3, 2**31 - 20, -(2**31)])
def test_remainders_of_progressions(first, divisor):
    differential(
        remainders,
        lambda n: [np.zeros(n, "int32"), first, 3, divisor],
        sig="void (int* Y, int first, int stride, int divisor)",
    )


def wide_remainders(Y, first, divisor):
    Y[idx] = (first + idx) % divisor


@pytest.mark.parametrize("divisor", [5, 2**40, -3, 2**63 - 1, -(2**63)])
@pytest.mark.parametrize("first", [0, 2**40 - 9, -4, 2**63 - 20, -(2**63)])
def test_remainders_in_64_bits(first, divisor):
    differential(
        wide_remainders,
        lambda n: [np.zeros(n, "int64"), first, divisor],
        sig="void (int64* Y, int64 first, int64 divisor)",
    )


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_a_remainder_by_zero_raises(target):
    # turned : void (int* X, int* Y, int n)
    def turned(X, Y, n):
        if Y[idx] > 0:
            Y[idx] = X[(idx + 1) % n]

    with compiling_for(target):
        kernel = cp.compile(turned)
    X = numbers(50)
    Y = np.zeros(50, "int32")
    kernel(50)(X, Y, 0)  # no thread comes there
    Y[31] = 1
    with pytest.raises(ZeroDivisionError):
        kernel(50)(X, Y, 0)


def beyond(i, n):
    if i >= n:
        return i - n
    return i


def by_condition(X, Y):
    n = len(X)
    if idx < n:
        before = idx - 1
        if before < 0:
            before = n - 1
        after = idx + 1 if idx + 1 < n else 0
        Y[idx] = X[before] + 3 * X[after] + 5 * X[beyond(idx + 4, n)] if n > 4 else X[before]


def test_indices_that_conditions_wrap():
    differential(
        [by_condition, beyond],
        lambda n: [numbers(n), np.zeros(n, "int32")],
        sig="void (int* X, int* Y)",
    )


def scattered(X, Y):
    n = len(X)
    if idx < n:
        Y[(idx + 3) % n] = X[idx]


def test_wrapped_stores():
    differential(
        scattered,
        lambda n: [numbers(n), np.zeros(n, "int32")],
        sig="void (int* X, int* Y)",
    )


def last_wins(X, Y):
    if idx < len(X):
        Y[min(idx, 5)] = X[idx]


def test_stores_that_meet_at_the_border():
    """The highest thread of a gang wins, and gangs come in order where there is one block."""
    differential(
        last_wins,
        lambda n: [numbers(n), np.zeros(6, "int32")],
        sig="void (int* X, int* Y)",
        targets=[target for target in TARGETS if target.isa != "cuda"],
    )


def strides(X, Y, step):
    i = idx
    while i < len(X):
        if X[i] % 3 != 0:
            Y[i] = X[i] + 1
        i += step


@pytest.mark.parametrize("step", [16, 5, 37])
def test_threads_that_stride_through_an_array(step):
    differential(
        strides,
        lambda n: [numbers(3 * n + 1), np.zeros(3 * n + 1, "int32"), step],
        sig="void (int* X, int* Y, int step)",
        threads=lambda n: (step,),
    )


def life(cells, born):
    h, w = cells.shape
    if idx < w and idy < h:
        alive = 0
        for dy in range(-1, 2):
            for dx in range(-1, 2):
                if dx != 0 or dy != 0:
                    alive += cells[(idy + dy) % h, (idx + dx) % w]
        born[idy, idx] = alive == 3 or (alive == 2 and cells[idy, idx] == 1)


@pytest.mark.parametrize("height", [1, 2, 7])
def test_life_on_a_torus(height):
    differential(
        life,
        lambda n: [
            numbers(height * n, "uint8").reshape(height, n) % 2,
            np.zeros((height, n), "uint8"),
        ],
        sig="void (uint8** cells, uint8** born)",
        threads=lambda n: (n, height),
    )


def columns(X, Y):
    h, w = X.shape
    if idx < w and idy < h:
        Y[idy, idx] = X[min(idx, h - 1), min(idx + 1, w - 1)] + X[min(idx + idy, h - 1), 0]


def test_rows_that_differ_from_lane_to_lane_are_no_neighbours():
    differential(
        columns,
        lambda n: [numbers(9 * n).reshape(9, n), np.zeros((9, n), "int32")],
        sig="void (int** X, int** Y)",
        threads=lambda n: (n, 9),
    )


@pytest.mark.parametrize("target", TARGETS, ids=str)
@pytest.mark.parametrize("short", [1, 5])
def test_clamped_too_far_raises(target, short):
    # reach : void (int* X, int* Y, int n)
    def reach(X, Y, n):
        Y[idx] = X[min(idx + 2, n)]

    with compiling_for(target):
        kernel = cp.compile(reach)
    X, Y = numbers(60), np.zeros(60, "int32")
    kernel(60)(X, Y, 59)
    assert np.array_equal(Y, X[np.minimum(np.arange(60) + 2, 59)])
    with pytest.raises(IndexError, match="is out of bounds for `X`"):
        kernel(60)(X[:-short], Y, 59)
    kernel(57 - short)(X[: 60 - short], Y, 59)
