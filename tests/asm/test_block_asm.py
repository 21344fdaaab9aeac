"""Kernels with barriers: vector code between them, as without them."""

from __future__ import annotations

import platform

import cudapy as cp
import pytest
from assembly import assembly, blocks
from cudapy import blockDim, blockIdx, idx, idy, shared, syncthreads, threadIdx

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="looks at x86-64 assembly")

T = 16


# tiled_matmul : void (float* A, float* B, float* C, int n)
def tiled_matmul(A, B, C, n):
    a = shared((T, T), float)
    b = shared((T, T), float)
    ty = threadIdx.y
    tx = threadIdx.x
    total = 0.0
    for t in range(n // T):
        a[ty, tx] = A[idy * n + t * T + tx]
        b[ty, tx] = B[(t * T + ty) * n + idx]
        syncthreads()
        for k in range(T):
            total += a[ty, k] * b[k, tx]
        syncthreads()
    C[idy * n + idx] = total


@pytest.mark.parametrize(("isa", "register"), [("avx512", "zmm"), ("avx2", "ymm")])
def test_a_tile_is_read_by_vectors(isa, register, monkeypatch):
    asm = assembly(tiled_matmul, isa, monkeypatch)
    products = [line for line in asm.splitlines() if "vfmadd" in line and register in line]
    assert len(products) >= 2  # one in the body for full gangs, one in that for the rest
    assert "vgather" not in asm and "vscatter" not in asm
    calls = [line for line in asm.splitlines() if "call" in line.split("#")[0]]
    assert all("cudapy_block_memory" in line or "*" in line for line in calls)


# rotate : void (int* X, int* Y)
def rotate(X, Y):
    held = shared(256, int)
    held[threadIdx.x] = X[idx]
    kept = X[idx] * 3
    syncthreads()
    Y[idx] = held[255 - threadIdx.x] + kept


def test_what_lives_across_a_barrier_is_kept_in_whole_vectors(monkeypatch):
    asm = assembly(rotate, "avx512", monkeypatch, check=False)
    assert "vpscatter" not in asm and "cudapy_block_memory" in asm
    assert sum("zmm" in line and "vmovd" in line for line in asm.splitlines()) >= 8


def test_the_inner_loop_over_a_tile_is_unrolled_and_unchecked(monkeypatch):
    asm = assembly(tiled_matmul, "avx512", monkeypatch, block=(T, T))
    (inner,) = [block for block in blocks(asm) if any("vfmadd" in line for line in block)]
    assert sum("vfmadd" in line for line in inner) == T
    assert sum("vbroadcastss" in line for line in inner) == T
    assert len(inner) <= 2 * T + 20
    last = max(i for i, line in enumerate(inner) if "vfmadd" in line)
    assert not any(line.startswith(("j", "cmp")) for line in inner[:last])
    assert "gather" not in asm


# total : void (int* X, int* sums)
def total(X, sums):
    held = shared(256, int)
    t = threadIdx.x
    held[t] = X[idx] if idx < len(X) else 0
    syncthreads()
    step = blockDim.x // 2
    while step > 0:
        if t < step:
            held[t] += held[t + step]
        syncthreads()
        step //= 2
    if t == 0 and blockIdx.x < len(sums):
        sums[blockIdx.x] = held[0]


def test_a_reduction_is_unchecked():
    """`step` is halved from 128 on, and threads of the block below it alone reach for t + step."""
    kernel = cp.compile(total)
    assert "cudapy_record_fault" not in kernel.inspect("llvm", block=256)
    assert "cudapy_record_fault" in kernel.inspect("llvm", block=512), "held[t] may be outside"


# polls : void (int* X)
def polls(X):
    n = cp.syncthreads_count(X[0] > idx)
    if cp.syncthreads_and(n > 3):
        X[idx] = n
    if cp.syncthreads_or(n > idx):
        X[idx] += 1


def test_votes_are_single_instructions_on_gpus():
    text = cp.compile(polls).inspect("ptx", architecture="sm_90")
    for vote in ("popc", "and", "or"):
        assert len([line for line in text.splitlines() if f".red.{vote}." in line]) == 1
