"""Nested functions, closures, lambdas, and functions handed to helpers and templates."""

from __future__ import annotations

import math

import cudapy as cp
import numpy as np
from cudapy import idx
from differential import differential, floats, integers

SCALE = 3
FLAG = True


def small(n, seed=0):
    return integers(n, seed, "int32", -9, 20)


def apply(f, x):
    return f(x)


def twice(f, x):
    return f(f(x))


def compose(f, g, x):
    return f(g(x))


def square(x):
    return x * x


def negate(x):
    return -x


def nested(A, R):
    if idx < len(A):
        n = len(A)

        def clamp(x, low=0, *, high=SCALE * 2):
            if x < low:
                return low
            while x > high:
                x -= high
            return x

        def from_end(i):
            return A[n - 1 - i]

        R[idx] = clamp(A[idx])
        R[n + idx] = clamp(A[idx], -3, high=5)
        R[2 * n + idx] = clamp(from_end(idx))


def test_nested_functions_read_what_is_around_them():
    differential(nested, lambda n: [small(n), np.zeros(3 * n, "int32")])


def sees_the_present(A, R):
    if idx < len(A):
        k = 1
        add = lambda x: x + k  # noqa: E731
        first = add(A[idx])
        k = 10
        second = add(A[idx])
        for i in range(3):
            k = i
            second += add(first)
        R[idx] = first * 1000 + second


def test_closures_see_the_value_at_the_call():
    differential(sees_the_present, lambda n: [small(n), np.zeros(n, "int32")])


def keeps_the_past(A, R):
    if idx < len(A):
        k = A[idx]
        keep = lambda x, k=k, m=2: x * m + k  # noqa: E731
        k = 100
        R[idx] = keep(k) + keep(1, m=A[idx])


def test_defaults_of_lambdas_keep_the_value_at_the_definition():
    differential(keeps_the_past, lambda n: [small(n), np.zeros(n, "int32")])


def handed_on(A, F, R):
    if idx < len(A):
        k = A[idx]
        n = len(A)

        def scaled(x):
            return x * SCALE + k

        R[idx] = apply(square, k) + apply(lambda x: x - k, 7)
        R[n + idx] = twice(scaled, k)
        R[2 * n + idx] = compose(lambda x: scaled(x) + k, negate, k)
        R[3 * n + idx] = apply(abs, k) + apply(float, k)
        R[4 * n + idx] = compose(math.floor, math.sqrt, abs(F[idx]))
        R[5 * n + idx] = compose(x=k, g=lambda x, k=k: x + k, f=scaled)
        R[6 * n + idx] = (lambda a, b: a * b)(k, 2)


def test_functions_are_handed_to_helpers():
    differential(handed_on, lambda n: [small(n), floats(n), np.zeros(7 * n, "float32")])


def through(f, g, x):
    # Its own `k` and `n` are others than those that `f` and `g` have captured.
    k = 100
    n = apply(f, x)
    return twice(lambda v: g(v) + k, n)


def captured_by_captured(A, R):
    if idx < len(A):
        k = A[idx]
        n = k + 1

        def outer(x):
            def inner(y):
                return y + k

            return inner(x) * n

        R[idx] = through(outer, lambda v: outer(v) - n, 2)


# swapped : void (int* A, int* R)
def swapped(A, R):
    if idx < len(R):
        a = A[idx]
        plus = lambda x: x + a  # noqa: E731
        a, b = 5, plus(1)
        c, a = a, apply(lambda x: x * a, 3)
        a, d, e = c, plus(2), apply(f=plus, x=4)
        less = 0
        less, e = 7, outer(e, lambda x: x - less)
        R[idx] = a + 10 * b + 100 * c + 1000 * d + 10_000 * e


def outer(x, f):
    return twice(f, x) + apply(lambda y: f(y), 1)


def test_closures_on_the_right_see_no_assignment_of_their_line():
    differential(swapped, lambda n: [small(n), np.zeros(n, "int32")])


def test_closures_within_closures():
    differential(captured_by_captured, lambda n: [small(n), np.zeros(n, "int32")])


def integrate(f, a, b, steps=4):
    total = 0.0
    h = (b - a) / steps
    for i in range(steps):
        total += f(a + (i + 0.5) * h)
    return total * h


def quadrature(F, R):
    if idx < len(F):
        c = F[idx]
        R[idx] = integrate(lambda x: x * c + 1.0, 0.0, 2.0)
        R[idx] += integrate(lambda x: c, 0.0, c, steps=2)


def test_a_helper_calls_a_closure_in_a_loop():
    differential(quadrature, lambda n: [floats(n), np.zeros(n, "float32")])


def chosen(A, R):
    if idx < len(A):
        f = square if FLAG else negate
        if not FLAG:
            g = square
        else:
            g = negate
        h = g
        R[idx] = f(A[idx]) + h(A[idx])


def test_a_constant_chooses_a_function():
    differential(chosen, lambda n: [small(n), np.zeros(n, "int32")])


def early(X, i, value):
    def place(v):
        if v < 0:
            return
        X[i] = v

    place(value)
    place(value - 5)


def stores(A, R):
    if idx < len(A):
        early(R, idx, A[idx])


def test_nested_functions_store():
    differential(stores, lambda n: [small(n), np.zeros(n, "int32")])


def with_function_default(x, f=square, g=math.fabs):
    return f(x) + g(x)


def defaulted(A, R):
    if idx < len(A):
        R[idx] = with_function_default(A[idx]) + with_function_default(A[idx], g=negate)


def test_functions_as_defaults():
    differential(defaulted, lambda n: [small(n), np.zeros(n, "float32")])


def mapped(X, Y):
    if idx < len(X):
        Y[idx] = reduce(lambda a, b: op(a, b), X[idx], 3)


def reduce(f, a, b):
    return f(f(a, b), b)


def test_functions_bound_by_templates_are_handed_on():
    def difference(a, b):
        return a - b

    bound = cp.Template(mapped).substitute(op=difference)
    differential(bound, lambda n: [small(n), np.zeros(n, "int32")])


def weak(F, D, R):
    if idx < len(F):
        h = 0.1
        scale = lambda x: x * h + 1 / 3  # noqa: E731
        R[idx] = scale(F[idx]) + scale(D[idx])


def test_captured_numbers_are_weak():
    differential(weak, lambda n: [floats(n), floats(n, 1, "float64"), np.zeros(n, "float64")])


def test_closures_are_inlined():
    kernel = cp.compile(quadrature, sig="void (float* F, float* R)")
    assert "call" not in kernel.inspect("lowered")
    assert "for" in kernel.inspect("lowered")


def test_a_kernel_made_in_a_function_reads_its_variables():
    def make(k):
        def kernel(R):
            add = lambda x: x + k  # noqa: E731
            if idx < len(R):
                R[idx] = add(R[idx])

        return cp.compile(kernel)

    R = [1.0, 2.0]
    make(3)(2)(R)
    make(4)(2)(R)
    assert R == [8.0, 9.0]
