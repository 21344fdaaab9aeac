"""Rows, slices and other arrays taken apart into variables: `x, y, r = row`."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest
from cudapy import idx
from differential import differential, floats, integers

WEIGHTS = np.array([0.25, 0.5, 0.25], np.float32)
MATRIX = np.array([[1, 2], [3, 4]], np.int32)
POINT = np.dtype([("x", "f4"), ("y", "f4")])


def rows(A, R):
    if idx < len(R):
        x, y, r = A[idx]
        R[idx] = (x + y) * r


@pytest.mark.parametrize("order", ["C", "F"])
def test_rows(order):
    def arguments(n):
        return [np.array(floats(3 * n).reshape(n, 3), order=order), np.zeros(n, "float32")]

    differential(rows, arguments)


def cut(X, R):
    if idx < len(R):
        a, b = X[idx : idx + 2]
        R[idx] = a - b
        row = X[1:4]
        (p, q, r), s = row, X[0]
        R[idx] += p * q - r * s


def test_slices():
    differential(cut, lambda n: [floats(n + 4), np.zeros(n, "float32")])


def wider(A, R):
    if idx < len(R):
        x = 0.5
        y = 0
        if idx % 2 == 0:
            x, y = A[idx]
        R[idx] = x / 3 + y


def test_variables_have_their_own_types():
    differential(wider, lambda n: [integers(2 * n).reshape(n, 2), np.zeros(n, "float64")])


def loops(A, B, P, R):
    if idx < len(R):
        total = 0.0
        for x, y in A:
            total += x * y
        for i, (x, y) in enumerate(B):
            total += i * x - y
        for (x, y), (u, v) in zip(A, P):
            total += x * u + y * v
        for u, v in P:
            total -= u * v
        R[idx] = total


def test_loops():
    def arguments(n):
        P = np.zeros(4, POINT)
        P["x"], P["y"] = floats(4, 3), floats(4, 4)
        return [
            floats(8).reshape(4, 2),
            floats(6, 1).reshape(3, 2),
            P,
            np.zeros(n, "float32"),
        ]

    differential(loops, arguments)


def own_arrays(X, R):
    held = cp.local(3, cp.float32)
    pairs = cp.shared((2, 2), cp.int32)
    if cp.threadIdx.x == 0:
        pairs[1, 0] = 7
        pairs[0, 1] = 5
    cp.syncthreads()
    if idx < len(R):
        for i in range(3):
            held[i] = X[idx] * (i + 1)
        a, b, c = held
        u, v = pairs[1]
        p, q = pairs
        w0, w1, w2 = WEIGHTS
        m, n = MATRIX[idx % 2]
        R[idx] = a * w0 + b * w1 - c * w2 + u + v + p[1] - q[0] + m * n


def test_local_shared_and_constant_arrays():
    differential(own_arrays, lambda n: [floats(n), np.zeros(n, "float32")], block=(32, 1, 1))


def swaps(A, P):
    if idx < len(A):
        row = A[idx]
        row[2], row[0], row[1] = row
        P[idx].x, P[idx].y = A[idx, :2]


def test_all_are_read_before_the_first_is_stored():
    differential(swaps, lambda n: [floats(3 * n).reshape(n, 3), np.zeros(n, POINT)])


def rows_of_rows(C, R):
    if idx < len(R):
        top, bottom = C[idx]
        (a, b), (c, d) = top, bottom
        R[idx] = a * d - b * c + len(top)


def test_rows_that_are_arrays():
    differential(rows_of_rows, lambda n: [floats(4 * n).reshape(n, 2, 2), np.zeros(n, "float32")])


@pytest.mark.parametrize("device", ["cpu", "python"])
@pytest.mark.parametrize(
    "columns, message",
    [
        (4, r"too many values to unpack \(expected 3"),
        (2, r"not enough values to unpack \(expected 3, got 2\)"),
    ],
)
def test_another_length_is_a_fault(device, columns, message):
    kernel = cp.compile(rows)
    R = np.zeros(5, "float32")
    with cp.device(device), pytest.raises(ValueError, match=message):
        kernel(5)(np.zeros((5, columns), "float32"), R)


def test_unchecked_kernels_do_not_look():
    source = cp.compile(rows, check=False).inspect(
        "lowered", types=[cp.Array[cp.float32, 2], cp.Array[cp.float32]]
    )
    assert "unpack" not in source
