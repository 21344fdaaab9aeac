"""Slices of arrays: views without a copy, cut as Python cuts them, handed to helpers."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest
from cudapy import idx
from differential import TARGETS, differential, floats, integers


def total(X):
    s = 0.0
    for x in X:
        s += x
    return s


# windows : void (float* X, float* Y, int radius)
def windows(X, Y, radius):
    if idx < len(X):
        low = max(idx - radius, 0)
        Y[idx] = total(X[low : idx + radius + 1])


def test_a_window_that_is_cut_at_the_ends():
    differential(windows, lambda n: [floats(n), np.zeros(n, "float32"), 2])


def column_sum(column, weight):
    s = 0.0
    for i in range(len(column)):
        s += weight * column[i]
    return s


def scale(row, factor):
    for i in range(len(row)):
        row[i] *= factor


# columns : void (float** A, float* Y, float** B)
def columns(A, Y, B):
    if idx < A.shape[1]:
        Y[idx] = column_sum(A[:, idx], 2.0) + column_sum(A[1:3, idx], 0.5)
        scale(B[1:, idx], A[0, idx])


def test_columns_are_handed_to_helpers():
    def arguments(n):
        return [
            floats(4 * n).reshape(4, n),
            np.zeros(n, "float32"),
            floats(3 * n, 5).reshape(3, n),
        ]

    differential(columns, arguments)


# bounds : void (int* X, int* starts, int* stops, int* Y)
def bounds(X, starts, stops, Y):
    if idx < len(starts):
        a, b = starts[idx], stops[idx]
        part = X[a:b]
        Y[idx] = len(part) + 100 * len(X[a:]) + 10000 * len(X[:b])
        if len(part) > 0:
            Y[idx] += 7 * part[0] + 11 * part[-1]
        for x in part:
            Y[idx] = 3 * Y[idx] + x


def test_bounds_are_cut_as_in_python():
    def arguments(n):
        return [
            integers(9, 1, "int32", 0, 50),
            integers(n, 2, "int32", -14, 14),
            integers(n, 3, "int32", -14, 14),
            np.zeros(n, "int32"),
        ]

    differential(bounds, arguments)


STEPS = [
    lambda X, a, b: X[a:b:2],
    lambda X, a, b: X[::3],
    lambda X, a, b: X[a::3],
    lambda X, a, b: X[:b:5],
    lambda X, a, b: X[::-1],
    lambda X, a, b: X[a:b:-1],
    lambda X, a, b: X[a::-2],
    lambda X, a, b: X[:b:-3],
    lambda X, a, b: X[-2::-1],
    lambda X, a, b: X[-4:-1],
    lambda X, a, b: X[100:],
]


def digits(part):
    value = len(part)
    for x in part:
        value = 3 * value + x
    return value


def stepped(X, starts, stops, Y):
    if idx < len(starts):
        a, b = starts[idx], stops[idx]
        Y[0, idx] = digits(X[a:b:2])
        Y[1, idx] = digits(X[::3])
        Y[2, idx] = digits(X[a::3])
        Y[3, idx] = digits(X[:b:5])
        Y[4, idx] = digits(X[::-1])
        Y[5, idx] = digits(X[a:b:-1])
        Y[6, idx] = digits(X[a::-2])
        Y[7, idx] = digits(X[:b:-3])
        Y[8, idx] = digits(X[-2::-1])
        Y[9, idx] = digits(X[-4:-1])
        Y[10, idx] = digits(X[100:])


@pytest.mark.parametrize("dtype", ["int32", "int8", "int64"])
@pytest.mark.parametrize("length", [0, 1, 7])
def test_steps(length, dtype):
    def arguments(n):
        return [
            integers(length, 1, "int32", 0, 50),
            integers(n, 2, dtype, -10, 10),
            integers(n, 3, dtype, -10, 10),
            np.zeros((11, n), "int32"),
        ]

    differential(stepped, arguments, targets=TARGETS[::3])
    X, starts, stops, Y = arguments(16)
    cp.compile(stepped)(16)(X, starts, stops, Y)
    for i in range(16):
        for number, part in enumerate(STEPS):
            cut = part(X.tolist(), int(starts[i]), int(stops[i]))
            assert Y[number, i] == digits(cut)


# of_slices : void (float** A, float* Y, uint32 k)
def of_slices(A, Y, k):
    if idx < A.shape[1]:
        block = A[1:5, 1:]
        rows = block[::2]
        Y[idx] = rows.shape[0] + 10 * rows.shape[1] + 100 * rows.size
        if idx < rows.shape[1]:
            Y[idx] += rows[-1, idx] + rows[0][idx] + block[1:][1][idx]
            Y[idx] += total(rows[:, idx]) + total(block[k:, idx]) + total(block[k][idx : idx + 3])


def test_slices_of_slices():
    differential(
        of_slices, lambda n: [floats(6 * n).reshape(6, n), np.zeros(n, "float32"), np.uint32(2)]
    )


# own : void (float* X, float* Y)
def own(X, Y):
    held = local(6, float)
    grid = local((3, 4), float)
    if idx < len(X):
        for i in range(6):
            held[i] = X[idx] * i
        for i in range(3):
            for j in range(4):
                grid[i, j] = X[idx] + i - j
        scale(held[2:4], 0.5)
        scale(grid[1, ::2], 3.0)
        Y[idx] = total(held[1:-1]) + total(grid[1:, 2]) + total(grid[1:][0])


def test_slices_of_a_threads_own_array():
    differential(own, lambda n: [floats(n), np.zeros(n, "float32")])


def lift(X, i, v):
    X[i] = v
    return X[i - 1]


# conditional : void (float* X, float* Y, int n)
def conditional(X, Y, n):
    if idx < len(X):
        Y[idx] = total(X[idx:n]) if idx < n else 2.0
        if idx > 2 and total(X[idx - 2 : idx]) > 0:
            Y[idx] += lift(Y[idx : idx + 1][0:], 0, 3.0) if False else 1.0
        for i, x in enumerate(X[idx : idx + 4]):
            Y[idx] += i * x
        for x, z in zip(X[idx:], X[: idx + 1]):
            Y[idx] -= x * z
        atomic.add(Y[idx:], 0, 1.0)


def test_slices_in_choices_and_loops():
    differential(conditional, lambda n: [floats(n), np.zeros(n, "float32"), 9])


@pytest.mark.parametrize("check", [True, False])
def test_strided_arrays(check):
    def arguments(n):
        return [
            floats(8 * n).reshape(4, 2 * n)[:, ::2],
            np.zeros(n, "float32"),
            floats(3 * n, 5).reshape(n, 3).T,
        ]

    differential(columns, arguments, sig=None, targets=TARGETS[::2], check=check)


# beyond : void (float* X, int start, int stop, int i)
def beyond(X, start, stop, i):
    if idx == 3:
        X[start:stop][i] = 1.0


@pytest.mark.parametrize(
    ("start", "stop", "i"), [(2, 5, 3), (2, 5, -1), (8, 20, 2), (5, 2, 0), (0, 10, 10)]
)
def test_an_index_is_held_against_the_slice(start, stop, i):
    X = np.zeros(10, "float32")
    length = len(range(10)[start:stop])
    with pytest.raises(
        IndexError, match=rf"index {i} is out of bounds for a slice of `X`.* {length} elem"
    ):
        cp.compile(beyond)(10)(X, start, stop, i)
    assert not X.any()


# varying_beyond : void (float* X, float* Y)
def varying_beyond(X, Y):
    if idx < len(Y):
        part = X[: idx + 1]
        Y[idx] = part[idx + idx // 7]


def test_lengths_that_differ_from_lane_to_lane():
    X = floats(30)
    kernel = cp.compile(varying_beyond)
    Y = np.zeros(7, "float32")
    kernel(7)(X, Y)
    assert np.array_equal(Y, X[:7])
    with pytest.raises(
        IndexError, match=r"idx = 7, [^$]*index 8 is out of bounds for a slice of `X`"
    ):
        kernel(9)(X, np.zeros(9, "float32"))
