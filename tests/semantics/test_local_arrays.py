"""Arrays of a thread's own: `local(shape, dtype)`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cudapy as cp
import numpy as np
import pytest
from cudapy import atomic, idx, local, shared, threadIdx
from differential import TARGETS, compiling_for, differential, floats, integers

TAPS = 3


# window : void (float* X, float* Y)
def window(X, Y):
    taps = local((TAPS, 2), cp.float32)
    for i in range(TAPS):
        taps[i, 0] = X[idx] * i
        taps[i][1] = X[idx] + i
    if idx % 3 == 1:
        taps[idx % 3, 1] = 100.0
    total = 0.0
    for i in range(TAPS):
        total += taps[i, 0] * taps[i, 1]
    Y[idx] = total + taps[idx % 3, 1] + len(taps)


def test_elements_by_uniform_and_varying_indices():
    differential(window, lambda n: [floats(n), np.zeros(n, "float32")])


# sorts : void (int* X, int* Y)
def sorts(X, Y):
    held = local(5, int)
    for i in range(5):
        held[i] = X[(idx * 7 + i * 3) % len(X)]
    for i in range(1, 5):
        value = held[i]
        j = i - 1
        while j >= 0 and held[j] > value:
            held[j + 1] = held[j]
            j -= 1
        held[j + 1] = value
    Y[idx] = held[0] * 3 + held[2] * 5 + held[4]


def far_away(A, k):
    if idx < len(A):
        w = local(4, float32)
        if A[idx] > 1000.0:
            w[k] = 1.0
            A[idx] += w[k]


@pytest.mark.parametrize("k", [3, 100_000_000, -100_000_000])
def test_an_index_that_no_thread_asks_for_is_not_looked_up(k):
    differential(far_away, lambda n: [np.arange(n, dtype=np.float32) % 1000, k])


def test_a_sort_in_each_thread():
    differential(sorts, lambda n: [integers(n, low=-100, high=100), np.zeros(n, "int32")])


# restarts : void (int* Y)
def restarts(Y):
    total = 0
    for turn in range(idx % 4 + 1):
        seen = local(3, cp.int16)
        seen[turn % 3] += turn + 1
        for value in seen:
            total += value
    Y[idx] = total


def test_an_array_starts_with_zeros_each_time():
    differential(restarts, lambda n: [np.zeros(n, "int32")])


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "int64", "float64"])
def test_element_types(dtype):
    type = cp.bool_ if dtype == "bool" else getattr(cp, dtype)

    def kernel(X, Y):
        held = local(shape=4, dtype=type)
        held[idx % 4] = X[idx]
        held[-1] = X[0]
        if idx % 2 == 0:
            held[1] = X[idx]
        Y[idx] = held[idx % 4]
        Y[idx] = held[idx & 3] if idx % 5 else held[1]

    differential(kernel, lambda n: [np.arange(n).astype(dtype), np.zeros(n, dtype)])


def first_of(values, k):
    return values[k] + values[0]


def helped(Y):
    squares = local(4, int)
    for i in range(4):
        squares[i] = i * idx
    Y[idx] = first_of(squares, 2)


def test_helpers_take_local_arrays():
    differential([helped, first_of], lambda n: [np.zeros(n, "int32")])


# outside : void (int* Y, int k)
def outside(Y, k):
    held = local((2, 3), int)
    held[0, k] = 1
    Y[idx] = held[0, 0]


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_each_index_is_checked(target):
    with compiling_for(target):
        kernel = cp.compile(outside)
        Y = np.ones(5, "int32")
        kernel(5)(Y, 2)
        assert not Y.any()
        with pytest.raises(IndexError, match="index 3 is out of bounds for dimension 1 of `held`"):
            kernel(5)(Y, 3)


class Body(NamedTuple):
    at: cp.complex64
    mass: np.float64
    kind: cp.int8


@dataclass
class Pair:
    first: Body
    second: Body
    near: bool


# orbits : void (complex64* Z, float* R)
def orbits(Z, R):
    held = local((2, 3), cp.complex64)
    if idx < len(Z):
        for i in range(3):
            held[0, i] = Z[idx] * (i + 1)
            held[1][i] = held[0, i] * held[0, i] - 1j
        if idx % 3:
            held[idx % 2, idx % 3].imag = 7.5
            held[1, 2] *= 2
            held[0, 1].real += held[1, idx % 3].imag
        R[idx] = held[0, idx % 3].real + held.shape[1]
        Z[idx] = held[1, idx % 3] + held[0, 1]


def test_complex_elements():
    def arguments(n):
        return [(floats(n) + 1j * floats(n, 1)).astype("complex64"), np.zeros(n, "float32")]

    differential(orbits, arguments)


def heaviest(bodies):
    best = bodies[0]
    for i in range(1, len(bodies)):
        if bodies[i].mass > best.mass:
            best = bodies[i]
    return best


# picks : void (double* M, float* R, int* K)
def picks(M, R, K):
    bodies = local(4, Body)
    pairs = local(2, Pair)
    if idx < len(M):
        for i in range(4):
            bodies[i] = Body(complex(i, M[idx]), M[(idx + 3 * i) % len(M)], i)
        bodies[idx % 4].kind -= 3
        bodies[(idx + 1) % 4].at.imag = 2.5
        pairs[idx % 2] = Pair(bodies[1], heaviest(bodies), M[idx] > 0)
        pairs[1 - idx % 2].second = bodies[idx % 4]
        pairs[0].second.at.real += 1
        found = pairs[idx % 2]
        R[idx] = found.second.at.real + found.first.at.imag + pairs[1 - idx % 2].first.mass
        K[idx] = pairs[1 - idx % 2].second.kind + (10 if found.near else 20)


def test_structs_as_elements():
    differential(
        [picks, heaviest],
        lambda n: [floats(n, dtype="float64"), np.zeros(n, "float32"), np.zeros(n, "int32")],
    )


# swaps : void (complex64* Z, float* R)
def swaps(Z, R):
    tile = shared(32, cp.complex64)
    bodies = shared((2, 32), Body)
    i = threadIdx.x
    tile[i] = Z[idx]
    bodies[i % 2, i] = Body(Z[idx], i, i % 100)
    syncthreads()
    other = bodies[(31 - i) % 2, 31 - i]
    Z[idx] = tile[31 - i] + other.at
    R[idx] = other.mass + other.kind + bodies[1 - i % 2, i].mass


def test_shared_arrays_of_complex_numbers_and_structs():
    def arguments(n):
        return [
            (floats(32 * n) + 1j * floats(32 * n, 1)).astype("complex64"),
            np.zeros(32 * n, "float32"),
        ]

    differential(swaps, arguments, threads=lambda n: (32 * n,), block=(32, 1, 1))


def test_an_index_of_a_part_names_the_array():
    # outside : void (float* R, int k)
    def outside(R, k):
        held = local(3, cp.complex64)
        R[idx] = held[k].imag

    with pytest.raises(IndexError, match=r"`held`.*3"):
        cp.compile(outside)(1)(np.zeros(1, "float32"), 3)


def complex_arrays(A, R):
    block = shared(32, complex)
    own = local((2,), dtype=complex)
    block[threadIdx.x] = 1j
    if idx < len(A):
        own[0] = A[idx] + 2j
        own[1] = own[0] * own[0]
        block[threadIdx.x] = own[1] - own[0]
        R[idx] = block[threadIdx.x] * 0.5


def test_arrays_of_complex_numbers_by_pythons_name():
    differential(
        complex_arrays,
        lambda n: [floats(n), np.zeros(n, "complex64")],
        block=(32, 1, 1),
    )


@pytest.mark.parametrize("dtype", ["int32", "uint64", "uint8", "float16", "float32", "float64"])
def test_atomics_on_an_array_of_the_thread(dtype):
    T = np.dtype(dtype).type

    def counted(X, Y):
        L = local(5, T)
        for i in range(7):
            Y[idx] += atomic.add(L, (X[idx] + i) % 5, i)
            atomic.max(L, i % 5, 3)
            atomic.sub(L, X[idx] % 5, 1)
        Y[idx] += atomic.exch(L, X[idx] % 5, 2) + L[1] + L[3]

    differential(
        counted,
        lambda n: [integers(n, low=0, high=99, dtype="int32"), np.zeros(n)],
        sig="counted : void (int* X, double* Y)",
    )


def test_exchanges_in_an_array_of_the_thread():
    def exchanged(X, Y):
        L = local(3, cp.int32)
        L[2] = X[idx] % 2
        Y[idx] = atomic.cas(L, 2, 1, 7) + atomic.inc(L, 0, 5) + atomic.dec(L, 1, 9)
        Y[idx] += L[0] + 10 * L[1] + 100 * L[2]

    differential(
        exchanged,
        lambda n: [integers(n, low=0, high=99, dtype="int32"), np.zeros(n, np.int32)],
        sig="exchanged : void (int* X, int* Y)",
    )


# outside_unasked : void (int* X, int* Y, int n)
def outside_unasked(X, Y, n):
    held = local(64, int)
    for i in range(10):
        if X[idx] > n + 10 * i:  # holds for the first turn alone
            held[i * 10_000] = X[idx]
            put(held, 100_000_000 * i, X[idx])
    Y[idx] = held[X[idx]] + 1


def put(array, i, value):
    array[i] = value


def test_an_element_outside_that_no_thread_asks_for():
    differential(
        outside_unasked,
        lambda n: [integers(n, 0, "int32", 0, 5), np.zeros(n, "int32"), 0],
    )


def unrolled(X, Y):
    held = local(6, X.dtype)
    for i in range(6):
        held[i] = i * 0.1 + X[idx] * 0.3 + X[idx] ** (i - 2)
    for i in range(6):
        Y[idx, i] = held[i]


def rolled(X, Y, n):
    held = local(6, X.dtype)
    for i in range(n):
        held[i] = i * 0.1 + X[idx] * 0.3 + X[idx] ** (i - 2)
    for i in range(n):
        Y[idx, i] = held[i]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_unrolled_loops_round_as_others_do(dtype):
    X = floats(500, dtype=dtype)
    one, other = np.zeros((500, 6), dtype), np.zeros((500, 6), dtype)
    cp.compile(unrolled)(500)(X, one)
    cp.compile(rolled)(500)(X, other, 6)
    assert np.array_equal(one, other, equal_nan=True)


def nested(X, Y):
    held = local(8, int)
    for a in range(4):
        for b in range(4):
            for c in range(4):
                for d in range(4):
                    held[(a + d + X[idx]) % 8] += a + b + c
    Y[idx] = held[3]


def test_nests_of_loops_stay_loops_where_code_would_be_long():
    X = np.zeros(4, np.int32)
    kernel = cp.compile(nested)
    kernel(4)(X, X.copy())
    assert len(kernel.inspect("lowered").splitlines()) < 400
