"""Kernels with barriers: vector code between them, as without them."""

from __future__ import annotations

import platform

import pytest
from assembly import assembly
from cudapy import idx, idy, shared, syncthreads, threadIdx

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
