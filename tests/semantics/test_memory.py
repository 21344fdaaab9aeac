"""Loads and stores: one element for all lanes, neighbours, strides, gathers and scatters, of every type."""

from __future__ import annotations

import numpy as np
import pytest
from cudapy import idx
from differential import differential, floats, integers

DTYPES = (
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float32",
    "float64",
)


def data(n, dtype, seed=0):
    if dtype == "bool":
        return integers(n, seed, "int8", 0, 2).astype("bool")
    return (
        floats(n, seed, dtype, special=True)
        if dtype.startswith("float")
        else integers(n, seed, dtype)
    )


def copies(X, U, P, R):
    if idx < len(X):
        n = len(X)
        R[idx] = X[idx]
        R[n + idx] = X[n - 1 - idx]
        R[2 * n + idx] = U[0]
        R[3 * n + idx] = X[P[idx]]
        R[4 * n + P[idx]] = X[idx]


@pytest.mark.parametrize("dtype", DTYPES)
def test_linear_reversed_uniform_gather_scatter(dtype):
    def arguments(n):
        order = np.random.default_rng(7).permutation(n).astype("int32")
        return [data(n, dtype), data(1, dtype, 5), order, np.zeros(5 * n, dtype)]

    differential(copies, arguments)


def strided(X, R):
    if 2 * idx + 1 < len(X):
        R[2 * idx] = X[2 * idx + 1]
        R[2 * idx + 1] = X[2 * idx]


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_strided_access(dtype):
    differential(strided, lambda n: [data(2 * n, dtype), np.zeros(2 * n, dtype)])


def negative(X, R):
    if idx < len(R):
        R[idx] = X[-1] + X[-2]


def test_a_constant_negative_index_counts_from_the_end():
    differential(negative, lambda n: [floats(5), np.zeros(n, "float32")])


@pytest.mark.parametrize("index", ["int8", "int64", "uint8", "uint32", "uint64"])
def test_index_types(index):
    def arguments(n):
        return [
            floats(max(n, 1)),
            integers(n, 1, index, 0, max(min(n, 100), 1)),
            np.zeros(n, "float32"),
        ]

    def gather(X, P, R):
        if idx < len(R):
            R[idx] = X[P[idx]]

    differential(gather, arguments)


def stencil(X, R):
    if 0 < idx < len(X) - 1:
        R[idx] = 0.25 * X[idx - 1] + 0.5 * X[idx] + 0.25 * X[idx + 1]


def test_neighbours():
    differential(stencil, lambda n: [floats(n), np.zeros(n, "float32")])


def accumulate(X, R):
    if idx < len(R):
        for i in range(len(X)):
            R[idx] += X[i] * (i + idx)


def test_read_modify_write_in_a_loop():
    differential(accumulate, lambda n: [floats(9), floats(n, 1)])


def rows(X, W, R):
    if idx < len(R):
        total = 0.0
        for k in range(W):
            total += X[idx * W + k] * X[k]
        R[idx] = total


def test_rows():
    differential(
        rows,
        lambda n: [floats(n * 5 + 5), 5, np.zeros(n, "float32")],
        sig="void (float* X, int W, float* R)",
    )


def masked_store(M, X, R):
    if idx < len(X):
        if M[idx]:
            R[idx] = X[idx]
        elif X[idx] > 0:
            R[len(R) - 1 - idx] = -X[idx]


def test_masked_stores():
    differential(
        masked_store, lambda n: [data(n, "bool"), np.ones(n, "float32"), np.zeros(2 * n, "float32")]
    )


def in_place(X, Y):
    if idx < len(X):
        x = X[idx]
        Y[idx] = x + 1
        X[idx] = Y[idx] * 2


def test_the_same_array_twice():
    def arguments(n):
        X = floats(n)
        return [X, X]

    differential(in_place, arguments)


def narrowing(A, F, R8, RF):
    if idx < len(A):
        R8[idx] = A[idx]
        RF[idx] = A[idx] * 2
        RF[idx] += F[idx]


def test_stores_convert_to_the_element_type():
    differential(
        narrowing,
        lambda n: [
            integers(n),
            floats(n, 1, "float64"),
            np.zeros(n, "int8"),
            np.zeros(n, "float32"),
        ],
    )


def alias(X, R):
    if idx < len(X):
        Z = X
        R[idx] = Z[idx] + len(Z)


def test_another_name_for_an_array():
    differential(alias, lambda n: [floats(n), np.zeros(n, "float32")])


def strided_view(X, R):
    if idx < len(X):
        R[idx] = X[idx] * 2


def test_lists_are_copied_back():
    differential(
        strided_view,
        lambda n: [[float(i) for i in range(n)], [0.0] * n],
        sig="void (float* X, float* R)",
    )


def exchanged_in_a_loop(A, S, R):
    """What is loaded before a store of the same element, and blended behind it."""
    x = 0.25
    for _ in range(A[idx] % 4):
        x = S[idx]
        S[idx] = 1.5
    R[idx] = x


def test_a_load_stays_ahead_of_the_store_that_follows_it():
    differential(
        exchanged_in_a_loop,
        lambda n: [integers(n + 1, 0, "uint8"), floats(n + 1, 1), np.zeros(n + 1, "float32")],
    )
