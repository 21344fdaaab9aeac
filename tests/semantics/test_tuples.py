"""Tuples as values: made, unpacked, indexed, compared, passed to functions and returned from them."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest
from cudapy import atomic, idx
from differential import differential, floats, integers


def small(n, seed=0):
    return integers(n, seed, "int32", -9, 20)


def min_max(a, b):
    if a < b:
        return a, b
    return b, a


def polar(x, y):
    return x * x + y * y, y / (x * x + 1.0)


def both(x):
    return (x + 1, x * 0.5)


def unpacks(X, Y, R):
    n = len(X)
    if idx < n:
        low, high = min_max(X[idx], Y[idx])
        R[idx] = low
        R[n + idx] = high
        r, a = polar(X[idx], Y[idx])
        R[2 * n + idx] = r
        R[3 * n + idx] = a


def test_functions_return_tuples():
    differential(unpacks, lambda n: [floats(n, 1), floats(n, 2), np.zeros(4 * n, "float32")])


def values(A, R):
    n = len(A)
    if idx < n:
        t = (A[idx], 2, 0.5)
        R[idx] = t[0] * t[1] + t[2]
        R[n + idx] = len(t) + t[-1]
        t = (t[1], A[idx] * 2, t[0])
        R[2 * n + idx] = t[0] + 10 * t[1] + 100 * t[2]
        pair = both(A[idx])
        R[3 * n + idx] = pair[0] + pair[1]


def test_tuples_in_variables():
    differential(values, lambda n: [small(n), np.zeros(4 * n, "float32")])


def swaps(A, R):
    n = len(A)
    if idx < n:
        t = (1, 2, 3)
        for i in range(A[idx] + 10):
            t = (t[1], t[2], (t[0] + t[1]) % 1000)
        a, b = t[0], t[2]
        a, b = b, a
        R[idx] = a
        R[n + idx] = b
        R[2 * n + idx] = t[1]


def test_a_tuple_in_a_loop():
    differential(swaps, lambda n: [small(n), np.zeros(3 * n, "int32")])


def step(state):
    x, y = state
    return y, x + y


def nested(A, R):
    n = len(A)
    if idx < n:
        t = ((A[idx], 1), 2)
        (a, b), c = t
        R[idx] = a + 10 * b + 100 * c
        inner = t[0]
        R[n + idx] = inner[0] - inner[1]
        state = (0, 1)
        for i in range(7):
            state = step(state)
        R[2 * n + idx] = state[0] * A[idx] + t[0][1]


def test_nested_tuples_and_arguments():
    differential(nested, lambda n: [small(n), np.zeros(3 * n, "int32")])


def chooses(A, F, R):
    n = len(A)
    if idx < n:
        t = (A[idx], F[idx]) if A[idx] > 3 else (0, 1)
        R[idx] = t[0] + t[1]
        lo, hi = min_max(F[idx], 0.0) if A[idx] % 2 == 0 else (1.0, A[idx])
        R[n + idx] = lo - hi
        if A[idx] > 5:
            u = (A[idx], 1)
        else:
            u = (2, F[idx])
        R[2 * n + idx] = u[0] * u[1]


def test_choices_between_tuples():
    differential(chooses, lambda n: [small(n), floats(n), np.zeros(3 * n, "float32")])


def compares(A, R):
    n = len(A)
    if idx < n:
        t = (A[idx] % 2, A[idx] % 3)
        R[idx] = t == (1, 2)
        R[n + idx] = t != (0, 0) and t[0] == 0
        R[2 * n + idx] = ((t[0], 1), t[1]) == ((0, 1), 1)


def test_comparisons():
    differential(compares, lambda n: [small(n), np.zeros(3 * n, "bool")])


def search(X, value, start):
    for i in range(start, len(X)):
        if X[i] == value:
            return True, i
        if X[i] > 18:
            return False, -i
    return False, -1


def frames(A, R):
    n = len(A)
    if idx < n:
        _found, at = search(A, A[idx], 0)
        R[idx] = at
        again, more = search(A, A[n - 1 - idx] + 1, idx // 2)
        R[n + idx] = more if again else -more - at
        total = 0
        for k in range(3):
            if A[idx] == k:
                continue
            ok, place = search(A, k, 0)
            if ok:
                total += place
            elif place < -4:
                break
            total += 100
        R[2 * n + idx] = total


def test_tuples_out_of_loops():
    differential(frames, lambda n: [small(n), np.zeros(3 * n, "int32")])


def divides(A, B, R):
    n = len(A)
    if idx < n:
        both = divmod(A[idx], B[idx])
        R[idx] = both[0]
        R[n + idx] = both[1]
        R[2 * n + idx] = divmod(A[idx], 7)[1]
        q, r = divmod(B[idx], 4) if A[idx] > 0 else (0, 0)
        R[3 * n + idx] = q * 10 + r


def test_divmod_is_a_value():
    differential(divides, lambda n: [small(n), small(n, 1) + 30, np.zeros(4 * n, "int32")])


def pairs_of(A, B, R):
    n = len(A)
    if idx < n:
        total = 0
        for pair in zip(A, B):
            total += pair[0] * pair[1]
        for pair in enumerate(A, 1):
            total += pair[0] - pair[1]
        R[idx] = total
        a = b = c = (idx % 3, 1)
        x = y, z = b
        R[n + idx] = a[0] + c[1] + x[0] + y + z


def test_loops_and_chains():
    differential(pairs_of, lambda n: [small(n), small(n, 1), np.zeros(2 * n, "int32")])


def widens(A, F, R):
    n = len(A)
    if idx < n:
        best = (0.0, -1)
        for i in range(n):
            if F[i] * A[idx] > best[0]:
                best = (F[i] * A[idx], i)
        R[idx] = best[0]
        R[n + idx] = best[1]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_tuple_in_a_variable_has_what_its_values_have_in_common(dtype):
    differential(widens, lambda n: [small(n), floats(n).astype(dtype), np.zeros(2 * n, "float64")])


def faults(A, R):
    if idx < len(R):
        R[idx] = (A[idx + 1], A[idx])[1]


def test_elements_that_are_not_read_are_evaluated():
    with pytest.raises(IndexError):
        cp.compile(faults)(3)(np.zeros(3, "int32"), np.zeros(3, "int32"))


def with_a_length_in_a_condition(X, R):
    if idx < len(X):
        x = X[idx]
        if len((0, x)) == 2:
            R[idx] = x


def test_the_length_of_a_tuple_of_variables_decides():
    differential(with_a_length_in_a_condition, lambda n: [floats(n), np.zeros(n, np.float32)])


def orders(A, B, R):
    n = len(A)
    if idx < n:
        a = (A[idx], B[idx] > 0, (B[idx], 1))
        b = (A[n - 1 - idx], B[n - 1 - idx] > 0, (B[n - 1 - idx], 1))
        R[idx] = a < b
        R[n + idx] = a <= b
        R[2 * n + idx] = a > b
        R[3 * n + idx] = (A[idx], 2) >= (1, 2)
        R[4 * n + idx] = (2, idx) < (A[idx], B[idx])


def test_order():
    def arguments(n):
        a = integers(n, 0, "int32", 0, 3)
        b = integers(n, 1, "int32", -1, 2).astype("float32")
        if n > 4:
            b[3] = np.nan
        return [a, b, np.zeros(5 * n, "bool")]

    differential(orders, arguments)


def compares_what_may_be_nan(X, R):
    if idx < len(X):
        x = X[idx]
        t = (x, 1)
        R[7 * idx] = 1 if t == t else 0
        R[7 * idx + 1] = 1 if (x, 2) != (x, 2) else 0
        R[7 * idx + 2] = 1 if (x, 2) < (x, 3) else 0
        R[7 * idx + 3] = 1 if (x, 2) >= (x, 2) else 0
        R[7 * idx + 4] = 1 if ((1, x), 2) == ((1, x), 2) else 0
        R[7 * idx + 5] = 1 if ((1, x), 2) <= ((1, x), 3) else 0
        R[7 * idx + 6] = 1 if (1, 2) <= (1, 2) < (1, 3) else 0


def test_a_nan_in_a_tuple_equals_nothing():
    differential(
        compares_what_may_be_nan, lambda n: [floats(n, special=True), np.zeros(7 * n, np.int32)]
    )


# nearest : void (float* X, float* Q, int* R, float* D)
def nearest(X, Q, R, D):
    if idx < len(Q):
        best = (float("inf"), -1)
        worst = (-float("inf"), -1, True)
        for i in range(len(X)):
            d = abs(X[i] - Q[idx])
            best = min(best, (d, i))
            worst = max((d, i, i > 2), worst)
        D[idx], R[idx] = best
        D[len(Q) + idx], R[len(Q) + idx] = worst[:2]
        R[2 * len(Q) + idx] = worst[2]


def test_the_first_of_the_least():
    differential(
        nearest,
        lambda n: [
            floats(7, 3).round(),
            floats(n, 1).round(),
            np.zeros(3 * n, "int32"),
            np.zeros(2 * n, "float32"),
        ],
    )


def extremes(A, X, R, D):
    if idx < len(X):
        a, b = A[idx], A[len(X) - 1 - idx]
        x = X[idx]
        D[idx], R[idx] = min((x, a), (x, b), (1.5, 2))
        D[len(X) + idx], R[len(X) + idx] = max((x, a), (2, a), (x, 1), (0.0, b))
        choices = ((a, b), (b, a), (1, 1))
        p, q = min(choices)
        r, s = max(((a, (b, x)), (a, (b, 0.5)), (b, (a, x))))[1]
        R[2 * len(X) + idx] = 100 * p + 10 * q + r
        D[2 * len(X) + idx] = s
        R[3 * len(X) + idx] = min((a, b), (b, a), (a > b, 2))[1]
        R[4 * len(X) + idx] = max((a > 1, b > 1), (b > 0, a > 0))[0]


def test_extremes_of_tuples():
    differential(
        extremes,
        lambda n: [
            integers(n, 0, "int32", 0, 3),
            floats(n, 2, special=True).round(),
            np.zeros(5 * n, "int32"),
            np.zeros(3 * n, "float32"),
        ],
    )


def in_order(A, B, C):
    if idx < len(C):
        best = (A[idx], atomic.add(C, idx, 1))
        best = min(best, (B[idx], atomic.add(C, idx, 1)), (A[idx], atomic.add(C, idx, 1)))
        C[idx] = best[1] * 10 + best[0] + 100 * C[idx]


def test_choices_are_evaluated_once_and_in_order():
    differential(
        in_order,
        lambda n: [
            integers(n, 0, "int32", 0, 3),
            integers(n, 1, "int32", 0, 3),
            np.zeros(n, "int32"),
        ],
    )
