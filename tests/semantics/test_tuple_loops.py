"""Shapes as tuples, tuples indexed at run time, and loops over tuples."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest
from cudapy import idx, idy
from differential import TARGETS, differential, floats, integers


def cube(n, seed=0):
    return floats(3 * n * 2, seed).reshape(3, n, 2)


# unpacked : void (float** A, float** B)
def unpacked(A, B):
    rows, columns = A.shape
    if idx < columns and idy < rows:
        B[idy, idx] = 2.0 * A[idy, idx]


def test_a_shape_is_unpacked():
    differential(
        unpacked,
        lambda n: [floats(3 * n).reshape(3, n), np.zeros((3, n), "float32")],
        threads=lambda n: (n + 1, 4),
    )


def inside(shape, i, j):
    return 0 < i < shape[0] - 1 and 0 < j < shape[1] - 1


def count(shape):
    total = 1
    for length in shape:
        total *= length
    return total


# handed_on : void (float** A, float** B, int* sizes)
def handed_on(A, B, sizes):
    if inside(A.shape, idy, idx):
        B[idy, idx] = A[idy, idx - 1] + A[idy + 1, idx]
    if idx < len(sizes) and idy == 0:
        sizes[idx] = count(A.shape) + 10 * len(A.shape) + count((2, idx)) + A.shape[idx % A.ndim]


def test_a_shape_is_handed_to_helpers():
    differential(
        handed_on,
        lambda n: [
            floats(4 * (n + 1)).reshape(4, n + 1),
            np.zeros((4, n + 1), "float32"),
            np.zeros(n, "int32"),
        ],
        threads=lambda n: (n + 2, 5),
    )


def dimensions(A, out):
    if idx < len(out):
        total = 0
        for d in range(A.ndim):
            total = 10 * total + A.shape[d]
        for d, length in enumerate(A.shape):
            total += d * length
        for length, weight in zip(A.shape, (3, 5, 7)):
            total += weight * length
        out[idx] = total


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_loops_over_dimensions(rank):
    def arguments(n):
        shape = (3, n, 2)[:rank]
        return [np.zeros(shape, "float32"), np.zeros(n, "int32")]

    differential(dimensions, arguments, targets=TARGETS[::2])


# chosen : void (float* X, int* I, float* Y, double* Z)
def chosen(X, I, Y, Z):
    if idx < len(X):
        weights = (X[idx], 2, idx + 0.5)
        Y[idx] = weights[I[idx]] + (X[idx], -X[idx])[idx % 2]
        table = ((1, 2, 3), (X[idx], 5.5, 6))
        Z[idx] = table[idx % 2][I[idx]] + table[1][I[idx]]
        for w in (0.5, X[idx], 4):
            Y[idx] += w


def test_an_index_known_at_run_time():
    differential(
        chosen,
        lambda n: [
            floats(n),
            integers(n, 1, "int32", -3, 3),
            np.zeros(n, "float32"),
            np.zeros(n, "float64"),
        ],
    )


# outside : void (int* Y, int i)
def outside(Y, i):
    if idx == 5:
        Y[idx] = (1, 2, 3)[i]


@pytest.mark.parametrize("index", [3, -4, 1000])
def test_an_index_outside_of_a_tuple(index):
    kernel = cp.compile(outside)
    with pytest.raises(IndexError, match=r"idx = 5, .*\n.*tuple index out of range"):
        kernel(8)(np.zeros(8, "int32"), index)
