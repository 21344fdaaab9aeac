# ruff: noqa: RUF005
"""Tuples made of tuples, and looked through: slices, `+`, `*`, `in`, `sum`, `min`, `any`, stars."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest
from cudapy import idx, lane_id
from differential import differential, floats, integers

WEIGHTS = (0.25, 0.5, 0.125, 1, 2)
MODE = 2


def small(n, seed=0):
    return integers(n, seed, "int32", -9, 20)


def doubled(t):
    return t[1:] + t[:1]


def sliced(A, F, R):
    n = len(A)
    if idx < n:
        t = (A[idx], 2, F[idx], 0.5)
        a, b, c = t[1:]
        R[idx] = a + b * c
        back = t[::-1]
        R[n + idx] = back[0] + 10 * back[3]
        R[2 * n + idx] = t[-3:-1][1] + len(t[::2]) + WEIGHTS[3:][0] + t[:2][A[idx] % 2]
        for w in WEIGHTS[1:4]:
            R[2 * n + idx] += w
        turned = doubled((A[idx], 7, F[idx]))
        R[3 * n + idx] = turned[0] - turned[1] * turned[2]


def test_slices():
    differential(sliced, lambda n: [small(n), floats(n), np.zeros(4 * n, "float32")])


def joined(A, F, R):
    n = len(A)
    if idx < n:
        t = (A[idx], 1) + (F[idx],)
        R[idx] = t[0] + 10 * t[1] + t[2]
        u = t * 2
        R[n + idx] = len(u) + u[3] - u[5]
        total = 0.0
        for x in t + (0.5,) + 2 * (A[idx],):
            total = total * 0.5 + x
        R[2 * n + idx] = total
        pairs = ((1, A[idx]), (2, 3)) + ((F[idx], 4),)
        R[3 * n + idx] = pairs[2][0] + pairs[A[idx] % 3][1]


def test_joined_and_repeated():
    differential(joined, lambda n: [small(n), floats(n), np.zeros(4 * n, "float32")])


def is_vowel(c):
    return c in (97, 101, 105, 111, 117)


def members(A, B, F, R):
    n = len(A)
    if idx < n:
        R[idx] = A[idx] in (1, 2, 3)
        R[n + idx] = A[idx] not in (1, A[0], 2 * A[n - 1])
        t = (A[idx] % 3, F[idx])
        R[2 * n + idx] = 1 in t
        R[3 * n + idx] = F[idx] in (0.1, 2, F[0]) and is_vowel(A[idx] + 90)
        R[4 * n + idx] = B[idx] in (1, 300, -1)
        R[5 * n + idx] = (A[idx] % 2, 1) in ((0, 1), (A[0] % 2, A[0] % 3))
        R[6 * n + idx] = B[idx] in WEIGHTS
        if MODE in (1, 3):
            R[6 * n + idx] = t[2]


def test_members():
    def arguments(n):
        values = floats(n)
        values[::3] = 0.1
        return [small(n), integers(n, 1, "int8", -2, 2), values, np.zeros(7 * n, "bool")]

    differential(members, arguments)


def not_a_number(X, R):
    n = len(X)
    if idx < n:
        R[idx] = X[idx] in (X[idx], 1.0)


def test_a_nan_is_no_member():
    differential(not_a_number, lambda n: [floats(n, special=True), np.zeros(n, "bool")])


def folded(A, F, R):
    n = len(A)
    if idx < n:
        t = (A[idx], 2, F[idx])
        R[idx] = sum(t)
        R[n + idx] = max(t) - min(t)
        R[2 * n + idx] = sum(WEIGHTS) * F[idx] + sum((A[idx], 1), start=0.5)
        R[3 * n + idx] = sum((-0.0, F[idx] * 0)) + max((1, 2)) / 3 + min(t[1:])
        R[4 * n + idx] = sum((A[idx] > 3, F[idx] > 0, True))


def test_sums_and_extremes():
    differential(folded, lambda n: [small(n), floats(n, special=True), np.zeros(5 * n, "float32")])


def integer_sums(A, B, R):
    n = len(A)
    if idx < n:
        R[idx] = sum((A[idx], B[idx], 100))
        R[n + idx] = sum((A[idx], A[idx], 1)) + min((A[idx], 300))


def test_sums_of_small_integers():
    differential(
        integer_sums,
        lambda n: [integers(n, 1, "int8"), integers(n, 2, "uint8"), np.zeros(2 * n, "int32")],
    )


def voted(A, F, R):
    n = len(A)
    if idx < n:
        t = (A[idx], F[idx] > 0)
        R[idx] = any(t)
        R[n + idx] = all(t)
        R[2 * n + idx] = any((A[idx] > 100, False)) or all((A[idx] > 3, F[idx], 1))


def test_any_and_all_of_tuples():
    differential(voted, lambda n: [small(n), floats(n, special=True), np.zeros(3 * n, "bool")])


def voted_unguarded(A, R):
    t = (A[idx], 0)
    R[idx] = any(t) + 2 * all((idx, A[idx]))


def test_votes_of_tuples_need_no_whole_warps():
    differential(voted_unguarded, lambda n: [small(n), np.zeros(n, "int32")])


def both_kinds(A, R):
    n = len(A)
    x = A[idx] if idx < n else 0
    votes = any(x > 15)
    alone = any((x > 15, lane_id() == 0))
    if idx < n:
        R[idx] = votes + 2 * alone


def test_votes_of_warps_beside_those_of_tuples():
    differential(both_kinds, lambda n: [small(n), np.zeros(n, "int32")])


def starred(A, F, R):
    n = len(A)
    if idx < n:
        t = (A[idx], 2, F[idx], 4)
        a, *rest = t
        R[idx] = a + rest[0] * rest[2] + len(rest)
        *front, z = t
        R[n + idx] = front[0] + z
        b, *(c, d), e = 1, A[idx], 2.5, F[idx]
        R[2 * n + idx] = b + c * d - e
        p, *q, R[3 * n + idx] = rest
        R[3 * n + idx] += p * 10 + q[0]
        total = 0
        for u, *v in zip(range(3), (1, 2, 3), (A[idx], 5, 6)):
            total += u * v[0] + v[1]
        R[4 * n + idx] = total


def test_stars():
    differential(starred, lambda n: [small(n), floats(n), np.zeros(5 * n, "float32")])


def corners(a):
    return (a, 1), (a + 1, 2), (3, a)


def loops(A, R):
    n = len(A)
    if idx < n:
        total = 0
        for x, y in corners(A[idx]):
            total += x * y
        for x in (1, A[idx]) if A[idx] > 3 else (A[idx], 4):
            total = 3 * total + x
        for i, x in enumerate(doubled((A[idx], 2, 3))):
            total += i * x
        R[idx] = total


def test_loops_over_what_gives_a_tuple():
    differential(loops, lambda n: [small(n), np.zeros(n, "int32")])


def with_a_constant_bound(A, k):
    if idx < len(A):
        t = (1, 2, 3)
        A[idx] = t[k:][0]


def test_a_bound_known_at_run_time_is_refused():
    with pytest.raises(cp.CompileError, match="the bounds of a tuple's slice must be constants"):
        cp.compile(with_a_constant_bound)(4)(np.zeros(4, "int32"), 1)


def polynomial(a, b, c):
    return (a * 2 + b) * 2 + c


def with_more(scale, *, x, y):
    return scale * x - y


def spread(t, k):
    return polynomial(*t, k)


def total_of(*values):
    total = 0
    for value in values:
        total = 2 * total + value
    return total


def unpacked_into_calls(A, F, R):
    n = len(A)
    if idx < n:
        t = (A[idx], 2, F[idx])
        R[idx] = polynomial(*t)
        R[n + idx] = spread((A[idx], F[idx]), 3) + polynomial(1, *t[1:])
        R[2 * n + idx] = polynomial(*doubled(t)) + with_more(*(2,), x=A[idx], y=1)
        R[3 * n + idx] = total_of(*WEIGHTS, A[idx]) + total_of(*(A[idx], 1))
        R[4 * n + idx] = max(*t) + min(5, *t[:2]) + pow(*(2, 3)) + polynomial(*t[:2], c=1)
        u = (*t, 1, *t[:1])
        R[5 * n + idx] = u[3] + u[4] * len(u) + sum((*t, 2))


def test_tuples_unpacked_into_calls():
    differential(unpacked_into_calls, lambda n: [small(n), floats(n), np.zeros(6 * n, "float32")])


def summed(X, R):
    if idx < len(R):
        R[idx] = sum(X) if idx in (1, 2) else sum(X, 0.5)
        R[idx] += X[0] in X[1:]


def test_arrays_added_up_and_searched():
    differential(summed, lambda n: [integers(5, 1, "int32", 0, 3), np.zeros(n, "float32")])
