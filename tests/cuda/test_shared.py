"""Threads of a block that share memory: a tiled product, a reduction, a histogram. What they mean is tested in
tests/semantics/test_barriers.py; these are what sanitisers look at."""

from __future__ import annotations

import cudapy as cp
import numpy as np


# tiled : void (float* A, float* B, float* C, int n)
def tiled(A, B, C, n):
    a = shared((16, 16), float)
    b = shared((16, 16), float)
    total = 0.0
    for t in range(n // 16):
        a[threadIdx.y, threadIdx.x] = A[idy * n + t * 16 + threadIdx.x]
        b[threadIdx.y, threadIdx.x] = B[(t * 16 + threadIdx.y) * n + idx]
        syncthreads()
        for k in range(16):
            total += a[threadIdx.y, k] * b[k, threadIdx.x]
        syncthreads()
    C[idy * n + idx] = total


# block_sum : void (float* X, float* Y)
def block_sum(X, Y):
    held = shared(256, float)
    t = threadIdx.x
    held[t] = X[idx]
    syncthreads()
    step = 128
    while step > 0:
        if t < step:
            held[t] += held[t + step]
        syncthreads()
        step //= 2
    if t == 0:
        Y[blockIdx.x] = held[0]


# counts : void (uint8* X, int* C)
def counts(X, C):
    held = shared(256, int)
    if idx < len(X):
        atomic.add(held, X[idx], 1)
    syncthreads()
    atomic.add(C, threadIdx.x, held[threadIdx.x])


def test_a_tiled_product():
    n = 64
    A, B = (np.random.default_rng(i).integers(0, 9, (n, n)).astype(np.float32) for i in (1, 2))
    C = cp.CudaArray.allocate(n * n, cp.float32)
    cp.compile(tiled)(n, n, block=(16, 16))(cp.CudaArray(A.ravel()), cp.CudaArray(B.ravel()), C, n)
    assert np.array_equal(C.toHost().reshape(n, n), A @ B)


def test_sums_of_blocks():
    X = np.arange(1024, dtype=np.float32)
    Y = cp.CudaArray.allocate(4, cp.float32)
    cp.compile(block_sum)(1024, block=256)(cp.CudaArray(X), Y)
    assert Y.toList() == X.reshape(4, 256).sum(axis=1).tolist()


def test_a_histogram_in_shared_memory():
    X = np.random.default_rng(3).integers(0, 256, 10_000).astype(np.uint8)
    C = cp.CudaArray.allocate(256, cp.int32)
    cp.compile(counts)(10_240, block=256)(cp.CudaArray(X), C)
    assert C.toList() == np.bincount(X, minlength=256).tolist()


# dirty : void (int* X)
def dirty(X):
    held = shared(8192, int)
    for i in range(threadIdx.x, 8192, 256):
        held[i] = -1
    syncthreads()
    X[idx] = held[threadIdx.x]


# reversed_in_block : void (float* X, float* Y, int n)
def reversed_in_block(X, Y, n):
    held = shared(1024, float)
    if idx < n:
        held[threadIdx.x] = X[idx]
    else:
        held[threadIdx.x] = 0.0
    syncthreads()
    if idx < n:
        Y[idx] = held[blockDim.x - 1 - threadIdx.x]


# first_half : void (float* X, float* Y)
def first_half(X, Y):
    held = shared(1024, float)
    if threadIdx.x < blockDim.x // 2:
        held[threadIdx.x] = X[idx]
    syncthreads()
    Y[idx] = held[blockDim.x - 1 - threadIdx.x]


def test_shared_arrays_begin_with_zeros_where_it_can_be_seen():
    """What other kernels left there shows in none of these, whatever the shape of blocks."""
    scratch = cp.CudaArray.allocate(256 * 1024, cp.int32)
    soil = cp.compile(dirty)(256 * 1024, block=256)
    X = np.arange(1, 4097, dtype=np.float32)
    for block in (32, 96, 128, 256, 512, 1024):
        n = 4096 // block * block
        expected = X[:n].reshape(-1, block)
        soil(scratch)
        Y = cp.CudaArray.allocate(n, cp.float32)
        cp.compile(reversed_in_block)(n, block=block)(cp.CudaArray(X[:n]), Y, n)
        assert np.array_equal(Y.toHost().reshape(-1, block), expected[:, ::-1])
        soil(scratch)
        cp.compile(first_half)(n, block=block)(cp.CudaArray(X[:n]), Y)
        seen = np.where(np.arange(block) < block // 2, expected, 0)[:, ::-1]
        assert np.array_equal(Y.toHost().reshape(-1, block), seen)
        soil(scratch)
        C = cp.CudaArray.allocate(256, cp.int32)
        if block == 256:
            cp.compile(counts)(256, block=block)(cp.CudaArray(np.zeros(100, np.uint8)), C)
            assert C.toList() == [100] + [0] * 255


def test_one_kernel_in_blocks_of_several_shapes_one_after_the_other():
    kernel = cp.compile(reversed_in_block)
    X = np.arange(1024, dtype=np.float32)
    device, Y = cp.CudaArray(X), cp.CudaArray.allocate(1024, cp.float32)
    for block in (64, 256, 64, 1024, None, 256):
        kernel(1024, block=block)(device, Y, 1024)
        width = block or 256
        assert np.array_equal(Y.toHost(), X.reshape(-1, width)[:, ::-1].ravel()), block
