"""The stack of functions that call themselves: how large it is, that it is given back, and the answers."""

from __future__ import annotations

import ctypes

import cudapy as cp
import numpy as np
import pytest

STACK = 0  # CU_LIMIT_STACK_SIZE


def depth(n):
    return 0 if n == 0 else 1 + depth(n - 1)


# measure : void (float* X)
def measure(X):
    if idx < len(X):
        X[idx] = depth(int(X[idx]) % 200)


# add : void (float* X)
def add(X):
    if idx < len(X):
        X[idx] += 1


driver = None


def limit() -> int:
    bytes_ = ctypes.c_size_t()
    assert driver.cuCtxGetLimit(ctypes.byref(bytes_), STACK) == 0
    return bytes_.value


def free_memory() -> int:
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    assert driver.cuMemGetInfo_v2(ctypes.byref(free), ctypes.byref(total)) == 0
    return free.value


@pytest.fixture(autouse=True)
def _driver():
    global driver
    driver = ctypes.CDLL("libcuda.so.1")
    cp.CudaArray([1.0])  # the context is current from now on
    for _ in range(2048):  # what other tests have left
        cp.synchronize()


def numbers() -> np.ndarray:
    return np.arange(100_000, dtype=np.float32)


def check(X) -> None:
    assert np.array_equal(X.toHost(), numbers() % 200)


def test_a_stack_is_given_back():
    before, free = limit(), free_memory()
    X, Y = cp.CudaArray(numbers()), cp.CudaArray(numbers())
    k, plain = cp.compile(measure), cp.compile(add)
    k(100_000)(X)
    check(X)
    raised, taken = limit(), free - free_memory()
    assert raised > before
    for _ in range(1024):
        cp.synchronize()
    plain(100_000)(Y)
    cp.synchronize()
    assert limit() == before
    if taken > 1 << 30:
        assert free - free_memory() < taken // 2
    X = cp.CudaArray(numbers())
    k(100_000)(X)
    check(X)
    assert limit() == raised


def test_replays_and_launches_by_turns():
    X, Y = cp.CudaArray(numbers()), cp.CudaArray(numbers())
    k, plain = cp.compile(measure), cp.compile(add)
    with cp.Graph() as graph:
        k(100_000)(X)
        k(100_000)(X)
    for _ in range(1024):
        cp.synchronize()
    for _ in range(5):
        graph.launch()
        plain(100_000)(Y)
        for _ in range(3):
            cp.synchronize()
        check(X)
    assert np.array_equal(Y.toHost(), numbers() + 5)
