"""Atomic operations on fields of structs, on parts of complex numbers, and on places as they are written."""

from __future__ import annotations

from typing import NamedTuple

import cudapy as cp
import numpy as np
import pytest
from cudapy import atomic, idx
from differential import differential, integers

BODY = np.dtype([("x", "f4"), ("y", "f4"), ("hits", "i4"), ("flags", "u4")])
MIXED = np.dtype([("kind", "i1"), ("mass", "f8"), ("count", "i8"), ("low", "i2")], align=True)
NESTED = np.dtype([("at", BODY), ("total", "f8"), ("phase", "c8")], align=True)


class Cell(NamedTuple):
    sum: float
    most: int


def one(P, X):
    if idx < len(X):
        atomic.add(P[0].x, X[idx])
        atomic.sub(P[0].y, X[idx])
        atomic.max(P[0].hits, X[idx])
        atomic.or_(P[0].flags, 1 << X[idx])


def own(P, X):
    if idx < len(X):
        atomic.add(P[idx].x, X[idx])
        atomic.min(P[idx].y, X[idx] - 4)
        atomic.add(P[len(X) - 1 - idx].hits, X[idx])
        atomic.exch(P[idx].flags, idx)


def some(P, X):
    if idx < len(X) and X[idx] > 2:
        k = X[idx] % 3
        atomic.add(P[k].x, X[idx])
        atomic.sub(P[k].y, X[idx])
        X[idx] = 0 if atomic.add(P[k].hits, 0) < 0 else 1
        atomic.inc(P[k].flags, 6)


@pytest.mark.parametrize("kernel", [one, own, some])
@pytest.mark.parametrize("step", [1, 2])
def test_fields(kernel, step):
    # Small whole numbers: floats add up to the same in any order.
    differential(
        kernel,
        lambda n: [np.zeros(step * (n + 3), BODY)[::step], integers(n, low=0, high=9)],
    )


def mixed(P, X):
    if idx < len(X):
        atomic.add(P[X[idx]].mass, 0.5)
        atomic.add(P[X[idx]].count, X[idx] + 2**33)
        atomic.add(P[idx].low, 300)
        atomic.cas(P[idx].kind, 0, -1)


def nested(Q, X):
    if idx < len(X):
        atomic.add(Q[X[idx] % 2].at.x, 1)
        atomic.add(Q[1].at.hits, X[idx])
        atomic.add(Q[idx].total, X[idx])
        atomic.add(Q[0].phase.imag, X[idx])
        atomic.max(Q[idx].phase.real, X[idx])


@pytest.mark.parametrize("kernel, dtype", [(mixed, MIXED), (nested, NESTED)])
def test_fields_of_other_sizes(kernel, dtype):
    differential(kernel, lambda n: [np.zeros(n + 9, dtype), integers(n, low=0, high=9)])


def parts(Z, R, X):
    if idx < len(X):
        atomic.add(Z[0].real, X[idx])
        atomic.sub(Z[idx].imag, X[idx])
        R[idx] = atomic.add(R[idx], X[idx])
        atomic.add(R[len(X)], 2)


def test_parts_of_complex_numbers_and_elements():
    differential(
        parts,
        lambda n: [
            np.zeros(n + 1, "complex64"),
            np.zeros(n + 1, "int32"),
            integers(n, low=0, high=9),
        ],
    )


def grid(G, X):
    if idx < len(X):
        row = G[1]
        atomic.add(G[0, X[idx]].hits, 1)
        atomic.add(row[X[idx]].x, 1)


def test_two_dimensions_and_rows():
    differential(grid, lambda n: [np.zeros((2, 9), BODY), integers(n, low=0, high=9)])


def shared_cells(X, S):
    cells = cp.shared(4, Cell)
    k = X[idx] % 4 if idx < len(X) else 0
    if idx < len(X):
        atomic.add(cells[k].sum, X[idx])
        atomic.max(cells[k].most, X[idx])
    cp.syncthreads()
    if cp.threadIdx.x < 4:
        c = cells[cp.threadIdx.x]
        atomic.add(S[cp.threadIdx.x].sum, c.sum)
        atomic.max(S[cp.threadIdx.x].most, c.most)


def test_shared_arrays():
    layout = np.dtype([("sum", "f4"), ("most", "i4")])
    differential(
        shared_cells,
        lambda n: [integers(n, low=0, high=99), np.zeros(4, layout)],
        block=(64, 1, 1),
    )


def test_nothing_is_lost():
    def count(P):
        atomic.add(P[idx % 3].hits, 1)
        atomic.add(P[1].x, 1)

    P = np.zeros(3, BODY)
    cp.compile(count)(300_000)(P)
    assert P["hits"].tolist() == [100_000] * 3 and P["x"].tolist() == [0, 300_000, 0]


def test_an_index_outside_is_a_fault():
    def beyond(P):
        atomic.add(P[idx + 5].x, 1)

    with pytest.raises(IndexError, match="index"):
        cp.compile(beyond)(1)(np.zeros(3, BODY))
