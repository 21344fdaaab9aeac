"""`A.dtype` where a type is meant: of arrays that are declared, of conversions and of views of bits."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest
from cudapy import blockDim, blockIdx, idx, local, shared, syncthreads, threadIdx
from differential import differential, floats, integers

TYPES = ["int8", "uint16", "int32", "uint64", "float16", "float32", "float64", "complex64"]
TABLE = np.array([1, 250, 3], np.uint8)


def values(n, type, seed=0):
    return integers(n, seed, "int32", 0, 100).astype(type)


def sums(X, R):
    tile = shared(64, X.dtype)
    tile[threadIdx.x] = X[idx] if idx < len(X) else X.dtype(0)
    syncthreads()
    if threadIdx.x == 0:
        total = R.dtype(0)
        for i in range(blockDim.x):
            total += tile[i]
        R[blockIdx.x] = total


@pytest.mark.parametrize("type", TYPES)
def test_a_sum_of_any_type(type):
    differential(
        sums,
        lambda n: [values(n, type), np.zeros(n // 64 + 1, type)],
        threads=lambda n: ((n // 64 + 1) * 64,),
        block=(64, 1, 1),
    )


def medians(X, R):
    n = len(R)
    if idx < n:
        window = local((3, 3), X.dtype)
        for i in range(3):
            for j in range(3):
                window[i, j] = X[(idx + 3 * i + j) % n]
        least = window[0, 0]
        for i in range(3):
            for j in range(3):
                least = min(least, window[i, j])
        R[idx] = least


@pytest.mark.parametrize("type", TYPES[:-1])
def test_arrays_of_a_threads_own(type):
    differential(medians, lambda n: [values(n, type), np.zeros(n, type)])


def swapped(A, i, like):
    held = local(1, like.dtype)
    held[0] = A[i]
    return like.dtype(held[0] + 1)


def rows(A, B, R):
    n = len(R)
    if idx < n:
        row = A[idx]
        R[idx] = swapped(row, 1, B[idx]) + A[idx].dtype.type(300) + swapped(row, 0, A)


def test_views_and_parameters_of_functions():
    differential(
        rows,
        lambda n: [
            values(2 * n, "int16").reshape(n, 2),
            values(2 * n, "uint8").reshape(n, 2),
            np.zeros(n, "int64"),
        ],
    )


def bits(X, Y, R):
    n = len(R)
    if idx < n:
        R[idx] = X[idx].view(R.dtype) ^ (Y.dtype(X[idx])).view(Y.dtype)
        R[idx] += TABLE.dtype(idx * 100) + TABLE[1].view(TABLE.dtype)


def test_views_of_bits_and_arrays_from_outside():
    differential(
        bits,
        lambda n: [floats(n), values(n, "int32"), np.zeros(n, "int32")],
        sig="bits : void (float* X, int* Y, int* R)",
    )


POINT = np.dtype([("x", "f4"), ("n", "i4")])


def reversed_points(P, R):
    held = shared(32, P.dtype)
    own = local(2, P.dtype)
    n = len(R)
    if idx < n:
        held[threadIdx.x] = P[idx]
        own[1] = P[idx]
    syncthreads()
    if idx < n:
        k = blockDim.x - 1 - threadIdx.x
        R[idx].x = held[k].x + own[1].n
        R[idx].n = held[k].n - own[0].n


def test_arrays_of_structs():
    def arguments(n):
        points = np.zeros(n, POINT)
        points["x"], points["n"] = floats(n), values(n, "int32")
        return [points, np.zeros(n, POINT)]

    differential(
        reversed_points, arguments, block=(32, 1, 1), threads=lambda n: ((n + 31) // 32 * 32,)
    )


def widened(X, R):
    tile = shared(2 * blockDim.x, X.dtype)
    tile[threadIdx.x + blockDim.x] = X[idx]
    syncthreads()
    R[idx] = tile[threadIdx.x] + tile[2 * blockDim.x - 1 - threadIdx.x]


def test_sizes_that_a_launch_decides():
    differential(
        widened,
        lambda n: [values(64, "float64"), np.zeros(64, "float64")],
        threads=lambda n: (64,),
        block=(32, 1, 1),
        sizes=lambda gang: [1],
    )


def test_one_kernel_for_calls_of_every_type():
    kernel = cp.compile(medians)
    for type in TYPES[:-1]:
        X, R = values(20, type), np.zeros(20, type)
        kernel(20)(X, R)
        assert R.tolist() == [min(X[(i + k) % 20] for k in range(9)) for i in range(20)]
