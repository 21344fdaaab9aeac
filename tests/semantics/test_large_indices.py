"""Indices whose bounds are easily taken for better than they are: products of 128 bits and more, negative divisors."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest
from cudapy import idx
from differential import TARGETS, compiling_for, differential, integers


# last : void (int* X, int* R, int64 w, int64 h)
def last(X, R, w, h):
    R[idx] = X[w * h * 4 - 1 - idx]


# last_of_three : void (int* X, int* R, int64 w, int64 h)
def last_of_three(X, R, w, h):
    R[idx] = X[(w * 3 + h) * w * 1024 - idx - 5]


# stored : void (int* X, int* R, int64 w, int64 h)
def stored(X, R, w, h):
    X[w * h * 4 - 5 + idx] = R[idx]


@pytest.mark.parametrize("kernel", [last, last_of_three, stored])
@pytest.mark.parametrize(("w", "h"), [(2, 2), (1 << 40, 1 << 30), (-3, 7), (3, 5)])
def test_products_of_64_bits_are_checked(kernel, w, h):
    for target in TARGETS:
        with compiling_for(target), pytest.raises(IndexError):
            cp.compile(kernel)(1)(np.arange(8, dtype="int32"), np.zeros(4, "int32"), w, h)


def test_products_of_64_bits_that_fit():
    differential(
        last,
        lambda n: [integers(64, 1), np.zeros(n + 1, "int32"), 4, 4],
        sig="void (int* X, int* R, int64 w, int64 h)",
        sizes=lambda gang: [1, min(gang, 32)],
    )


# wrapped : void (int* X, int* R, int d, int n)
def wrapped(X, R, d, n):
    total = 0
    for i in range(n):
        total += X[i + R[idx] % d]
    R[idx] = total


# wrapped_twice : void (int* X, int* R, int d, int n)
def wrapped_twice(X, R, d, n):
    total = 0
    for i in range(n):
        total += X[(i + R[idx]) % n + R[idx] % d]
    R[idx] = total


@pytest.mark.parametrize("kernel", [wrapped, wrapped_twice])
def test_remainders_of_negative_divisors_are_checked(kernel):
    R = np.arange(64, dtype="int32")
    for target in TARGETS:
        with compiling_for(target):
            compiled = cp.compile(kernel)
            with pytest.raises(IndexError):
                compiled(64)(np.arange(96, dtype="int32"), R.copy(), -3, 96)
            with pytest.raises(ZeroDivisionError):
                compiled(64)(np.arange(96, dtype="int32"), R.copy(), 0, 96)


@pytest.mark.parametrize("kernel", [wrapped, wrapped_twice])
@pytest.mark.parametrize("d", [5, 1])
def test_remainders_that_fit(kernel, d):
    differential(
        kernel,
        lambda n: [integers(100 + d, 1), integers(n + 1, 2, low=0, high=50), d, 100],
        sig="void (int* X, int* R, int d, int n)",
        sizes=lambda gang: [1, gang + 3],
        targets=TARGETS[-3:],
    )
