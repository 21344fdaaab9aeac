"""CUDA's integer functions: the same in CPython and for every gang width."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest
from cudapy import brev, byte_perm, clz, ffs, fma, mulhi, popc
from differential import differential, floats, integers

WIDE = ["int32", "uint32", "int64", "uint64"]


@pytest.mark.parametrize("dtype", [*WIDE, "int8", "int16", "uint8", "uint16"])
def test_counts_of_bits(dtype):
    def count(X, P, C, F):
        P[idx] = popc(X[idx])
        C[idx] = clz(X[idx])
        F[idx] = ffs(X[idx])

    def arguments(n):
        X = integers(n, dtype=dtype)
        X[n // 2 :] >>= 5
        return [X, *(np.zeros(n, np.int32) for _ in range(3))]

    differential(count, arguments, sig=f"count : void ({dtype}* X, int* P, int* C, int* F)")


def test_the_ends_of_bit_counts():
    # ends : void (uint32* X, int64* Y, int* R)
    def ends(X, Y, R):
        R[0] = clz(X[0])
        R[1] = clz(Y[0])
        R[2] = ffs(X[0])
        R[3] = ffs(Y[0])
        R[4] = popc(-1)
        R[5] = clz(1)
        R[6] = ffs(Y[1])
        R[7] = popc(X[0] == 0)

    R = np.zeros(8, np.int32)
    cp.compile(ends)(1)(np.zeros(1, np.uint32), np.array([0, -(2**63)]), R)
    assert R.tolist() == [32, 64, 0, 0, 32, 31, 64, 1]


@pytest.mark.parametrize("dtype", WIDE)
def test_reversed_bits(dtype):
    def reverse(X, Y):
        Y[idx] = brev(X[idx])

    differential(
        reverse,
        lambda n: [integers(n, dtype=dtype), np.zeros(n, dtype)],
        sig=f"reverse : void ({dtype}* X, {dtype}* Y)",
    )


@pytest.mark.parametrize("dtype", WIDE)
def test_the_upper_half_of_a_product(dtype):
    def high(X, Y, Z):
        Z[idx] = mulhi(X[idx], Y[idx])

    differential(
        high,
        lambda n: [integers(n, dtype=dtype), integers(n, seed=1, dtype=dtype), np.zeros(n, dtype)],
        sig=f"high : void ({dtype}* X, {dtype}* Y, {dtype}* Z)",
    )


def test_permuted_bytes():
    # permute : void (uint32* X, uint32* Y, int* S, uint32* Z)
    def permute(X, Y, S, Z):
        Z[idx] = byte_perm(X[idx], Y[idx], S[idx])

    differential(
        permute,
        lambda n: [
            integers(n, dtype=np.uint32),
            integers(n, seed=1, dtype=np.uint32),
            integers(n, seed=2),
            np.zeros(n, np.uint32),
        ],
    )
    X, Y = np.array([0x33221100], np.uint32), np.array([0x77665544], np.uint32)
    S, Z = np.array([0x7250], np.int32), np.zeros(1, np.uint32)
    cp.compile(permute)(1)(X, Y, S, Z)
    assert hex(Z[0]) == "0x77225500"


def test_fused_multiply_add_without_an_import():
    # fused : void (float* X, float* Y, float* Z)
    def fused(X, Y, Z):
        Z[idx] = cp.fma(X[idx], Y[idx], fma(Z[idx], 2.0, 1.0))

    differential(fused, lambda n: [floats(n), floats(n, seed=1), floats(n, seed=2)])


def test_names_of_cuda_need_no_import():
    # count : void (int* X)
    source = "def count(X):\n    X[idx] = popc(X[idx]) + clz(X[idx])\n"
    names: dict = {}
    code = cp.compile  # the name `compile` is Python's below
    import linecache

    linecache.cache["<bare>"] = (len(source), None, source.splitlines(True), "<bare>")
    exec(compile(source, "<bare>", "exec"), names)
    X = np.array([0, 1, 255], np.int32)
    code(names["count"], sig="count : void (int* X)")(3)(X)
    assert X.tolist() == [32, 32, 32]


def test_outside_of_a_kernel_they_say_so():
    with pytest.raises(cp.CudaPyError, match="popc has a value only in the threads of a kernel"):
        popc(1)
    with pytest.raises(cp.CudaPyError, match=r"atomic\.add"):
        cp.atomic.add([1], 0, 1)


def test_clock_and_fences():
    # timed : void (int64* T, int* A)
    def timed(T, A):
        start = cp.clock()
        A[idx] += 1
        cp.threadfence()
        cp.threadfence_block()
        T[idx] = cp.clock() - start

    for device in ("cpu", "python"):
        T, A = np.full(40, -1), np.zeros(40, np.int32)
        with cp.device(device):
            cp.compile(timed)(40)(T, A)
        assert np.all(T >= 0) and np.all(A == 1)
