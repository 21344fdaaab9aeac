"""Arrays of unlike lengths: a launch faults if one of its threads comes to an element that is not there, and else does
what it does in CPython. On GPUs the launch compares the lengths, and takes code without checks where all are long
enough."""

from __future__ import annotations

import re

import cudapy as cp
import numpy as np
import pytest
from differential import running_as

GANGS = ["1", "4", "16", "32"]
N = 100
SEVENTEEN = 17


# as_long_as_the_first : void (int* X, int* Y, int* Z, int n)
def as_long_as_the_first(X, Y, Z, n):
    if idx < len(X):
        Y[idx] = X[idx] // 3
        Z[idx] = X[idx] % 7 - 7


# up_to : void (int* X, int* Y, int* Z, int n)
def up_to(X, Y, Z, n):
    if n <= idx:
        return
    Y[idx] = X[idx] // 3
    Z[idx] = X[idx] % 7 - 7


# for_all : void (int* X, int* Y, int* Z, int n)
def for_all(X, Y, Z, n):
    Y[idx] = X[idx] // 3
    Z[idx] = X[idx] % 7 - 7


# between : void (int* X, int* Y, int* Z, int n)
def between(X, Y, Z, n):
    if 2 <= idx and idx < n and idx < len(Z):
        Y[idx] = X[idx] // 3
        Z[idx] = X[idx] % 7 - 7


KERNELS = [as_long_as_the_first, up_to, for_all, between]
LENGTHS = [
    (N, N, N),
    (N, N + 1, 2 * N),
    (N, N - 1, N),
    (N, N, N - 1),
    (N - 1, N, N),
    (N, SEVENTEEN, SEVENTEEN - 1),
    (N, 0, N),
    (0, N, 0),
    (0, 0, 0),
]
# Threads, and n.
LAUNCHES = [(N, N), (SEVENTEEN, N), (2 * N, SEVENTEEN), (N, -1), (0, N)]
UNTOUCHED = -1000


def arrays(lengths, step):
    X, Y, Z = (np.full(abs(step) * length, UNTOUCHED, np.int32)[::step] for length in lengths)
    X[:] = np.arange(len(X))
    return X, Y, Z


def launch(kernel, threads, lengths, n, step):
    """What the launch left in the arrays, and its fault, if any."""
    given = arrays(lengths, step)
    try:
        kernel(threads)(*given, n)
    except IndexError as fault:
        return given, str(fault)
    return given, None


def hold_fault_against(lengths, end, fault):
    found = re.search(r"index (\d+) is out of bounds for `(\w)`, which has (\d+) element", fault)
    assert found is not None, fault
    index, length = int(found[1]), int(found[3])
    assert length == lengths["XYZ".index(found[2])]
    assert length <= index < end


def compare(lengths, threads, expected, got):
    (kept, *_), fault = expected
    (X, *made), own = got
    assert (own is None) == (fault is None)
    assert np.array_equal(X, kept)
    if own is None:
        assert all(map(np.array_equal, made, expected[0][1:]))
        return
    hold_fault_against(lengths, threads, own)
    for array, formula in zip(made, (lambda x: x // 3, lambda x: x % 7 - 7)):
        assert np.all((array == UNTOUCHED) | (array == formula(np.arange(len(array)))))


@pytest.mark.parametrize("function", KERNELS, ids=lambda kernel: kernel.__name__)
@pytest.mark.parametrize("step", [1, -2])
def test_the_same_as_in_cpython(function, step):
    launches = [(threads, lengths, n) for lengths in LENGTHS for threads, n in LAUNCHES]
    with running_as("python"):
        kernel = cp.compile(function)
        expected = [launch(kernel, *given, step) for given in launches]
    for gang in GANGS:
        with running_as(gang):
            kernel = cp.compile(function)
            for (threads, lengths, n), whole in zip(launches, expected):
                compare(lengths, threads, whole, launch(kernel, threads, lengths, n, step))
