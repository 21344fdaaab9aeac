"""Thread indices, and launches of one, two and three dimensions."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest
from cudapy import blockDim, blockIdx, gridDim, idx, idy, idz, threadIdx, warpSize
from differential import TARGETS, compiling_for, differential


def plane(R, W, H):
    if idx < W and idy < H:
        R[idy * W + idx] = idx * 1000 + idy


def test_two_dimensions():
    differential(
        plane,
        lambda n: [np.zeros(3 * n, "int32"), n, 3],
        sig="void (int* R, int W, int H)",
        threads=lambda n: (n, 3),
    )


def column(R, W, H):
    if idx < W and idy < H:
        R[idy * W + idx] += idx - idy


def test_two_dimensions_that_are_narrow():
    differential(
        column,
        lambda n: [np.zeros(2 * n, "int32"), 2, n],
        sig="void (int* R, int W, int H)",
        threads=lambda n: (2, n),
    )


def volume(R, W, H, D):
    if idx < W and idy < H and idz < D:
        R[(idz * H + idy) * W + idx] = idx + 100 * idy + 10000 * idz


def test_three_dimensions():
    differential(
        volume,
        lambda n: [np.zeros(n * 3 * 2, "int32"), n, 3, 2],
        sig="void (int* R, int W, int H, int D)",
        threads=lambda n: (n, 3, 2),
    )


def unguarded(R):
    R[idx] = idx + 1


def test_threads_beyond_what_was_asked_for_never_run():
    differential(unguarded, lambda n: [np.zeros(n, "int32")])


def offset(R, start):
    i = idx + start
    if i < len(R):
        R[i] = i


def test_an_offset_index():
    differential(offset, lambda n: [np.zeros(n, "int32"), 2], sig="void (int* R, int start)")


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_blocks_make_up_the_index(target):
    def places(X, Y, R):
        R[idx] = blockIdx.x * blockDim.x + threadIdx.x == idx
        X[idx] = threadIdx.x < blockDim.x and blockIdx.x < gridDim.x
        Y[idx] = gridDim.x * blockDim.x >= len(R) and warpSize == 32

    with compiling_for(target):
        kernel = cp.compile(places)
        for n in (1, 7, 64, 1000):
            arrays = [np.zeros(n, "bool") for _ in range(3)]
            kernel(n)(*arrays)
            assert all(array.all() for array in arrays)


def blocks(R, S):
    R[idx] = threadIdx.x + 1000 * blockIdx.x
    S[idx] = blockDim.x + 1000 * gridDim.x


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_a_block_size_that_is_given(target):
    with compiling_for(target):
        kernel = cp.compile(blocks)
        R, S = np.zeros(100, "int32"), np.zeros(100, "int32")
        kernel(100, block=32)(R, S)
    i = np.arange(100)
    assert np.array_equal(R, i % 32 + 1000 * (i // 32))
    assert np.array_equal(S, np.full(100, 32 + 4000))


def through_the_module(R):
    if cp.idx < len(R):
        R[cp.idx] = cp.idx * cp.blockDim.y


def test_names_through_the_module():
    differential(through_the_module, lambda n: [np.zeros(n, "int32")])
