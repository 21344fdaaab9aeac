"""Arrays of a thread's own: `local(shape, dtype)`."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest
from cudapy import idx, local
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
