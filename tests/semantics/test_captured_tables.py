"""Arrays and tuples from outside of the kernel: constants of its code."""

from __future__ import annotations

import types

import cudapy as cp
import numpy as np
import pytest
from cudapy import idx
from differential import TARGETS, differential, floats, integers

WEIGHTS = np.array([0.25, 0.5, 0.25], np.float32)
SOBEL = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.int8)
STENCIL = ((1, 2, 1), (2, 4, 2), (1, 2, 1))
TAPS = (0.0625, 0.25, 0.375, 0.25, 0.0625)
MIXED = (1, 2.5, True)
SETTINGS = types.SimpleNamespace(table=np.arange(20, dtype=np.int32).reshape(4, 5)[::-1, ::2])
BYTES = np.random.default_rng(3).permutation(256).astype(np.uint8)


# smooth : void (float* X, float* Y)
def smooth(X, Y):
    if 0 < idx < len(X) - 1:
        s = 0.0
        for k in range(len(WEIGHTS)):
            s += WEIGHTS[k] * X[idx + k - 1]
        Y[idx] = s + WEIGHTS[-1] + WEIGHTS.shape[0] + WEIGHTS.ndim + WEIGHTS.size


def test_an_array_as_constants():
    differential(smooth, lambda n: [floats(n), np.zeros(n, "float32")])


# filtered : void (float** A, float** B)
def filtered(A, B):
    rows, columns = A.shape
    if 0 < idx < columns - 1:
        for i in range(1, rows - 1):
            s = 0.0
            t = 0
            for j in range(3):
                for k in range(3):
                    s += A[i + j - 1, idx + k - 1] * SOBEL[j, k] / STENCIL[j][k]
                    t += STENCIL[j][k] * SOBEL[2 - j][k]
            B[i, idx] = s + t


def test_tables_of_two_dimensions():
    def arguments(n):
        return [floats(4 * n).reshape(4, n), np.zeros((4, n), "float32")]

    differential(filtered, arguments)


# looked_up : void (uint8* X, int* I, uint8* Y, float* Z)
def looked_up(X, I, Y, Z):
    if idx < len(X):
        Y[idx] = BYTES[BYTES[X[idx]]]
        Z[idx] = TAPS[I[idx]] + TAPS[2] * 3 + MIXED[idx % 3] + SETTINGS.table[idx % 4, 1]


def test_each_lane_looks_up_its_own():
    differential(
        looked_up,
        lambda n: [
            integers(n, 1, "uint8"),
            integers(n, 2, "int32", -5, 5),
            np.zeros(n, "uint8"),
            np.zeros(n, "float32"),
        ],
    )


def dot(row, weights):
    s = 0.0
    for a, b in zip(row, weights):
        s += a * b
    return s


def largest(table):
    best = table[0, 0]
    for row in table:
        for x in row:
            best = max(best, x)
    return best


# handed_on : void (float* X, float* Y)
def handed_on(X, Y):
    if idx + 3 <= len(X):
        Y[idx] = dot(X[idx : idx + 3], WEIGHTS) + largest(SOBEL) + dot(WEIGHTS[1:], WEIGHTS)
        Y[idx] += largest(SETTINGS.table) + SETTINGS.table.shape[1]
        for tap in TAPS:
            Y[idx] = Y[idx] * 0.5 + tap
        for w, s in zip(WEIGHTS, SOBEL[1]):
            Y[idx] += w * s


def test_tables_are_handed_to_helpers():
    differential(handed_on, lambda n: [floats(n), np.zeros(n, "float32")])


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "int64", "uint64", "float64"])
def test_tables_of_each_type(dtype):
    table = integers(7, 5, "int64").astype(dtype)

    def kernel(X, Y):
        if idx < len(Y):
            Y[idx] = table[X[idx]]

    differential(
        kernel,
        lambda n: [integers(n, 1, "int32", 0, 7), np.zeros(n, dtype)],
        targets=TARGETS[::2],
    )


def test_values_are_those_at_the_time_of_compiling():
    table = np.array([1.0, 2.0], np.float32)

    # double : void (float* Y)
    def kernel(Y):
        if idx < len(Y):
            Y[idx] = table[idx]

    first = cp.compile(kernel)
    Y = np.zeros(2, np.float32)
    first(2)(Y)
    table[0] = 7
    first(2)(Y)
    assert Y.tolist() == [1, 2]
    cp.compile(kernel)(2)(Y)
    assert Y.tolist() == [7, 2], "the contents are part of what names the code in the cache"


# beyond : void (float* Y, int i)
def beyond(Y, i):
    if idx == 2:
        Y[idx] = WEIGHTS[i] if i < 10 else TAPS[i]


@pytest.mark.parametrize(("index", "name"), [(3, "WEIGHTS"), (-1, "WEIGHTS"), (10, "the tuple")])
def test_an_index_outside(index, name):
    with pytest.raises(IndexError, match=rf"out of bounds for `?{name}`?, which has"):
        cp.compile(beyond)(4)(np.zeros(4, "float32"), index)
