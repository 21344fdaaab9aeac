"""`*args` of helpers, and `*args` handed on."""

from __future__ import annotations

import numpy as np
from cudapy import idx
from differential import differential, floats, integers


def small(n, seed=0):
    return integers(n, seed, "int32", -9, 20)


def total(*values):
    result = 0
    for value in values:
        result += value
    return result


def weighted(first, *rest, scale=2):
    if len(rest) == 0:
        return first
    return first + scale * rest[0] + rest[-1]


def largest(*values):
    return max(*values) + min(0, *values)


def through(*values):
    return total(1, *values, 2) - weighted(*values)


def sums(A, F, R):
    if idx < len(A):
        n = len(A)
        a = A[idx]
        R[idx] = total() + total(a) + total(a, 2, F[idx])
        R[n + idx] = weighted(a) + weighted(a, 1) + weighted(a, 1, a, scale=3)
        R[2 * n + idx] = largest(a, 3, 7)
        R[3 * n + idx] = through(a, 5, a * 2)


def test_args():
    differential(sums, lambda n: [small(n), floats(n), np.zeros(4 * n, "float32")])


def chain(x, *functions):
    for f in functions:
        x = f(x)
    return x


def square(x):
    return x * x


def call_first(*items):
    return items[0](items[1])


def chains(A, R):
    if idx < len(A):
        n = len(A)
        k = A[idx]
        R[idx] = chain(k, square, lambda x: x + k, abs)
        R[n + idx] = call_first(square, k) + chain(k)


def test_functions_among_args():
    differential(chains, lambda n: [small(n), np.zeros(2 * n, "int32")])


def first_of(i, *arrays):
    return arrays[0][i] - arrays[1][i] + len(arrays)


def of_arrays(A, B, R):
    if idx < len(R):
        R[idx] = first_of(idx, A, B)


def test_arrays_among_args():
    differential(of_arrays, lambda n: [small(n), small(n, 1), np.zeros(n, "int32")])


def nested(A, R):
    if idx < len(A):
        k = A[idx]

        def spread(*items, base=k):
            return total(base, *items)

        R[idx] = spread() + spread(1, k)


def test_nested_functions_with_args():
    differential(nested, lambda n: [small(n), np.zeros(n, "int32")])
