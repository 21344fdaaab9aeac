"""Shared arrays whose sizes a launch decides, by its arguments and its blocks."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest
from cudapy import blockDim, blockIdx, idx, shared, syncthreads, threadIdx
from differential import ON_GPU, TARGETS, Target, differential, floats, host_isas, integers

BEST = host_isas()[-1]
FEW = TARGETS if ON_GPU else [Target(BEST, 1), Target(BEST, 8), Target(BEST, 32)]


def check(functions, arguments, sizes=(0, 1, 40, 64), block=(32, 1, 1), **options):
    differential(
        functions, arguments, sizes=lambda gang: list(sizes), block=block, targets=FEW, **options
    )


def test_as_many_elements_as_the_block_has_threads():
    # turn : void (float* X, float* Y)
    def turn(X, Y):
        held = shared(blockDim.x, float)
        last = shared(2 * blockDim.x - 1, cp.int64)
        t = threadIdx.x
        held[t] = X[idx] if idx < len(X) else 0.0
        last[2 * t] = t
        syncthreads()
        if idx < len(X):
            Y[idx] = held[blockDim.x - 1 - t] + last[2 * (blockDim.x - 1 - t)] + len(last)

    for block in (32, 7, 64):
        check(turn, lambda n: [floats(n), np.zeros(n, np.float32)], block=(block, 1, 1))


@pytest.mark.parametrize("dtype", ["int8", "uint16", "int", "uint32", "int64"])
def test_as_many_elements_as_an_argument_says(dtype):
    def window(X, Y, n):
        near = shared(n + 32, float)
        t = threadIdx.x
        for i in range(t, n + 32, blockDim.x):
            at = blockIdx.x * 32 + i
            near[i] = X[at] if at < len(X) else 0.0
        syncthreads()
        if idx < len(X):
            total = 0.0
            for i in range(n):
                total += near[t + i]
            Y[idx] = total

    for n in (0, 1, 5):
        check(
            window,
            lambda size, n=n: [
                floats(size),
                np.zeros(size, np.float32),
                np.dtype(dtype if dtype != "int" else "int32").type(n),
            ],
            sig=f"window : void (float* X, float* Y, {dtype} n)",
        )


def test_several_dimensions():
    # transpose : void (int rows, int columns, int** A, int** B)
    def transpose(rows, columns, A, B):
        tile = shared((rows, columns + 1), int)
        marks = shared((rows, 2, columns), bool)
        for i in range(threadIdx.x, rows * columns, blockDim.x):
            tile[i // columns, i % columns] = A[i // columns, i % columns]
            marks[i // columns, i % 2, i % columns] = True
        syncthreads()
        for i in range(threadIdx.x, rows * columns, blockDim.x):
            B[i % columns][i // columns] = (
                tile[i // columns][i % columns] + marks[i // columns, i % 2, i % columns]
            )

    for rows, columns in ((1, 1), (3, 5), (8, 2), (0, 4)):
        check(
            transpose,
            lambda n, rows=rows, columns=columns: [
                rows,
                columns,
                integers(rows * columns, low=-99, high=99).reshape(rows, columns),
                np.zeros((columns, rows), np.int32),
            ],
            sizes=(1, 32),
        )


def test_arrays_behind_arrays_of_other_types():
    # behind : void (int n, uint8* X, float* Y)
    def behind(n, X, Y):
        a = shared(n, cp.uint8)
        b = shared((n - 1) // 2 + 1, float)
        c = shared(3, cp.float64)
        t = threadIdx.x
        if t < n:
            a[t] = X[t]
        syncthreads()
        if t < n and t % 2 == 0:
            b[t // 2] = a[t] + 0.5
        if t < 3:
            c[t] = t * 0.25
        syncthreads()
        if t < n:
            Y[t] = b[t // 2] + c[t % 3] + a[n - 1 - t]

    check(
        behind,
        lambda n: [n, integers(n, dtype=np.uint8), np.zeros(n, np.float32)],
        sizes=(1, 13, 32),
        threads=lambda n: (32,),
    )


def doubled(values, n):
    for i in range(threadIdx.x, n, blockDim.x):
        values[i] *= 2


def test_a_function_is_handed_the_array():
    # hand : void (int* X, int n)
    def hand(X, n):
        held = shared(n, int)
        for i in range(threadIdx.x, n, blockDim.x):
            held[i] = X[i]
        syncthreads()
        doubled(held, n)
        syncthreads()
        for i in range(threadIdx.x, n, blockDim.x):
            X[i] = held[n - 1 - i]

    check([hand, doubled], lambda n: [integers(n), n], threads=lambda n: (32,))


def test_they_start_with_zeros_in_every_block():
    # zeros : void (int n, int* Y)
    def zeros(n, Y):
        held = shared(n, int)
        t = threadIdx.x
        before = 0
        for i in range(t, n, 32):
            before += held[i]
            held[i] = 7
        syncthreads()
        Y[idx] = before + held[0]

    check(zeros, lambda n: [300, np.zeros(n, np.int32)], sizes=(32, 128))


def test_indices_are_checked_against_what_the_launch_said():
    # outside : void (int n, int i, int* Y)
    def outside(n, i, Y):
        held = shared((4, n), int)
        held[1, i] = 1
        syncthreads()
        Y[0] = held[1, i]

    kernel = cp.compile(outside)
    Y = np.zeros(1, np.int32)
    kernel(32)(9, 8, Y)
    assert Y[0] == 1
    with pytest.raises(IndexError, match=r"index 8 is out of bounds for dimension 1 of `held`.*8"):
        kernel(32)(8, 8, Y)
        cp.synchronize()
    with pytest.raises(IndexError):
        kernel(32)(0, 0, Y)
        cp.synchronize()


def test_more_than_every_block_has():
    # large : void (int n, float* Y)
    def large(n, Y):
        held = shared(n, float)
        for i in range(threadIdx.x, n, blockDim.x):
            held[i] = i
        syncthreads()
        if idx < len(Y):
            Y[idx] = held[n - 1 - idx]

    Y = np.zeros(8, np.float32)
    for n in (16, 16_000, 9):
        cp.compile(large)(32, block=32)(n, Y)
        assert Y.tolist() == [n - 1 - i for i in range(8)]


def test_a_fixed_array_of_more_than_every_block_has():
    # fixed : void (float* Y)
    def fixed(Y):
        held = shared(16_000, float)
        small = shared(3, cp.uint8)
        for i in range(threadIdx.x, 16_000, 32):
            held[i] = i
        small[threadIdx.x % 3] = 5
        syncthreads()
        Y[idx] = held[15_999 - idx] + small[2]

    Y = np.zeros(32, np.float32)
    cp.compile(fixed)(32, block=32)(Y)
    assert Y.tolist() == [15_999 - i + 5 for i in range(32)]


def test_sizes_beside_complex_arguments():
    # beside : void (complex64 z, int8 small, double d, int n, float* Y)
    def beside(z, small, d, n, Y):
        held = shared(n * small, float)
        held[threadIdx.x] = z.real + d
        syncthreads()
        Y[idx] = held[31 - threadIdx.x] + len(held)

    check(
        beside,
        lambda n: [2.0 + 1j, 4, 0.5, 8, np.zeros(n, np.float32)],
        sizes=(32, 64),
    )
