"""Kernels on which the reference device once broke, or gave what no other device gives."""

from __future__ import annotations

from typing import NamedTuple

import cudapy as cp
import numpy as np
import pytest
from cudapy import blockDim, blockIdx, gridDim, idx, idy, idz
from differential import differential, floats

TABLE = np.arange(7, dtype=">f4") * 0.5
COUNTS = np.arange(12, dtype=">i8").reshape(3, 4)


class Pair(NamedTuple):
    x: float
    y: float


def nested_targets(A, B, R):
    if idx < len(R):
        total = 0.0
        for j, (a, b) in enumerate(zip(A, B)):
            total += j * a - b
        for (j, a), b in zip(enumerate(B, 2), A):
            total += j * a + b
        for j, (k, a) in enumerate(enumerate((1.5, 2.5, idx))):
            total += j * k + a
        R[idx] = total


def test_loops_over_pairs_of_pairs():
    differential(nested_targets, lambda n: [floats(5), floats(3, 1), np.zeros(n, "float32")], ulp=0)


def lengths(A, R):
    if idx < len(A):
        p = Pair(A[idx], 2.0)
        R[idx] = p[0] + len(p) * len((1, 2, 3))


def test_length_of_a_struct():
    differential(lengths, lambda n: [floats(n), np.zeros(n, "float32")])


def tables(A, R):
    if idx < len(A):
        R[idx] = A[idx] * TABLE[idx % 7] + COUNTS[idx % 3, 2]


def test_tables_of_another_byte_order():
    differential(tables, lambda n: [floats(n), np.zeros(n, "float32")])


def shape_of_blocks(X):
    if idx < X.shape[2] and idy < X.shape[1] and idz < X.shape[0]:
        X[idz, idy, idx] = (
            blockDim.x * 10000 + blockDim.y * 100 + blockDim.z + gridDim.y * 1000000 + blockIdx.x
        )


@pytest.mark.parametrize("threads", [(700, 1, 1), (40, 20, 1), (40, 9, 3), (7, 1, 1)])
def test_blocks_that_a_launch_does_not_say(threads):
    found = []
    for device in ("cpu", "python"):
        X = np.zeros(threads[::-1], "int32")
        with cp.device(device):
            cp.compile(shape_of_blocks)(*threads)(X)
        found.append(X)
    np.testing.assert_array_equal(*found)


def undefined(X):
    X[0] = missing_name


def array_as_number(X):
    X[0] = X + 1


def float_index(X):
    X[X[0]] = 1.0


def none_value(X):
    y = None
    X[0] = y


@pytest.mark.parametrize("kernel", [undefined, array_as_number, float_index, none_value])
def test_ill_typed_kernels_are_refused_as_elsewhere(kernel):
    messages = []
    for device in ("cpu", "python"):
        X = np.zeros(3, "float32")
        with cp.device(device), pytest.raises(cp.CompileError) as raised:
            cp.kernel(kernel)(1)(X)
        messages.append(str(raised.value))
        assert (X == 0).all()
    assert messages[0] == messages[1]


def test_wrong_arguments_are_refused_as_elsewhere():
    # f : void (float* X, int n)
    def f(X, n):
        X[0] = n

    kernel = cp.compile(f)
    for arguments in ((np.zeros(3), 1), (np.zeros(3, "f4"), 1.5), (np.zeros(3, "f4"),), (1.0, 1)):
        messages = []
        for device in ("cpu", "python"):
            with cp.device(device), pytest.raises(TypeError) as raised:
                kernel(1)(*arguments)
            messages.append(str(raised.value))
        if len(arguments) == 2 and arguments[1] != 1.5:
            assert messages[0] == messages[1]
