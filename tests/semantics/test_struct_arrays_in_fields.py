"""Fields of structs that are arrays of fixed length: `A[i].v[j]`, read and written."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest
from cudapy import idx
from differential import differential, floats, integers

BODY = np.dtype([("id", "i4"), ("at", "f4", 3), ("turn", "f8", (2, 2))])
PACKED = np.dtype([("tag", "u1"), ("v", "i2", (3,)), ("inner", [("w", "f4", (2,)), ("n", "i4")])])
HOME = np.array([(7, (1.0, 2.0, 3.0), ((0.5, 1.5), (2.5, 3.5)))], BODY)[0]
HOMES = np.array([(k, (k, k + 0.5, 2), ((k, 1), (2, k))) for k in range(4)], BODY)


def bodies(n, seed=0):
    made = np.zeros(n, BODY)
    made["id"] = integers(n, seed, "int32", -3, 4)
    made["at"] = floats(3 * n, seed).reshape(n, 3)
    made["turn"] = floats(4 * n, seed + 1, np.float64).reshape(n, 2, 2)
    return made


def reads(A, J, R):
    n = len(J)
    if idx < n:
        b = A[idx]
        v = b.at
        R[idx] = v[0] + A[idx].at[1] * b.at[-1]
        R[n + idx] = A[idx].at[J[idx]] + A[idx].turn[1][0] - b.turn[J[idx] % 2, 1]
        x, *rest = A[idx].at
        for w in A[idx].at:
            R[2 * n + idx] += w * x - rest[0]
        R[3 * n + idx] = (
            HOME.at[J[idx]] + HOMES[idx % 4].turn[1, 1] + sum(HOME.at) + HOME.turn[0][1]
        )


def test_read():
    differential(
        reads, lambda n: [bodies(n), integers(n, 1, "int32", 0, 3), np.zeros(4 * n, "float64")]
    )


def writes(A, J, X, B):
    n = len(J)
    if idx < n:
        A[idx].at[0] = X[idx]
        A[idx].at[-1] += A[idx].at[1]
        A[idx].at[J[idx]] *= 2
        A[idx].turn[J[idx] - 1][1] = X[idx]
        A[idx].turn[1, J[idx] % 2] -= 1
        if A[idx].id > 0:
            A[idx].at = (X[idx], 2, A[idx].at[0])
        elif A[idx].id < -1:
            A[idx] = B[n - 1 - idx]


def test_written():
    def arguments(n):
        made = bodies(n)
        return [made, integers(n, 1, "int32", 0, 3), floats(n, 3), bodies(n, 5)]

    differential(writes, arguments)


def packed(A, J):
    if idx < len(A):
        A[idx].v[J[idx]] += A[idx].tag
        A[idx].inner.w[1] = A[idx].v[0] * 0.5
        A[idx].inner.n += A[idx].v[J[idx] % 3] if J[idx] > 0 else 1
        A[idx].tag = A[idx].v[1] > 3


def test_packed_and_nested():
    def arguments(n):
        made = np.zeros(n, PACKED)
        made["v"] = integers(3 * n, 2, "int16", -9, 9).reshape(n, 3)
        made["tag"] = integers(n, 4, "uint8", 0, 9)
        return [made, integers(n, 1, "int32", -3, 3)]

    differential(packed, arguments)


def outside(A, j):
    if idx == 5:
        A[idx].at[j] = 1


@pytest.mark.parametrize("index", [3, -4, 1000])
def test_an_index_outside_of_a_field(index):
    kernel = cp.compile(outside)
    A = bodies(8)
    before = A.copy()
    with pytest.raises(IndexError, match="tuple index out of range"):
        kernel(8)(A, index)
    assert (A == before).all()


def as_argument(b, X):
    if idx < 3:
        X[idx] = b.at[idx] + b.turn[1, 0]


def test_a_record_as_an_argument():
    differential(as_argument, lambda n: [bodies(1)[0], np.zeros(3, "float64")])


def test_a_field_that_is_too_long_is_refused():
    long = np.zeros(4, [("v", "f4", 100)])
    with pytest.raises((cp.CudaPyError, TypeError), match="more than 64"):
        cp.compile(outside)(4)(long, 1)


def test_arrays_on_the_device():
    A = cp.CudaArray(bodies(5))
    kernel = cp.compile(writes)
    J, X = np.ones(5, "int32"), floats(5)
    kernel(5)(A, J, X, bodies(5, 5))
    B = bodies(5)
    kernel(5)(B, J, X, bodies(5, 5))
    assert (A.toHost() == B).all()
    assert A[2] == B[2]
    A[1] = B[0]
    assert A.toHost()[1] == B[0]
    assert A["id"].toList() == A.toHost()["id"].tolist()
    with pytest.raises(TypeError, match="array of fixed length"):
        A["at"]


def test_dumps_name_the_elements():
    kernel = cp.compile(packed)
    kernel(4)(np.zeros(4, PACKED), np.zeros(4, "int32"))
    for stage in ("typed", "lowered"):
        assert ".inner.w[1]" in kernel.inspect(stage)


def noted(X, k):
    X[idx] = X[idx] * 4 + k
    return k


def order(A, X):
    A[noted(X, 0) + idx].at[noted(X, 1)] = noted(X, 2)
    A[noted(X, 0) + idx].at[2] = noted(X, 3)


def test_the_value_is_evaluated_before_the_indices():
    differential(
        [order, noted],
        lambda n: [bodies(n), np.zeros(n, np.int32)],
        threads=lambda n: (n,),
    )


def test_fields_of_fields_have_a_limit():
    nested = np.dtype([("a", [("b", "f4", (64,))], (64,))])

    @cp.kernel
    def deep(A):
        A[idx].a[idx].b[idx] = 1.5

    with pytest.raises(cp.CudaTypeError, match="more than 256 numbers"):
        deep(1)(np.zeros(2, nested))
