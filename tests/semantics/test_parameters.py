"""Defaults, keywords, and parameters that are given by position or by keyword only: of helpers and of launches."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest
from cudapy import idx
from differential import differential, floats, integers

RATE = 3


def small(n, seed=0):
    return integers(n, seed, "int32", -9, 20)


def scaled(x, factor=2, *, offset=RATE, limit=100):
    return min(x * factor + offset, limit)


RATE = 1000  # a default is the value at the definition


def by_keyword(A, R):
    if idx < len(A):
        n = len(A)
        R[idx] = scaled(A[idx])
        R[n + idx] = scaled(A[idx], 5)
        R[2 * n + idx] = scaled(A[idx], offset=-1)
        R[3 * n + idx] = scaled(limit=7, x=A[idx], factor=A[idx])
        R[4 * n + idx] = scaled(A[idx], limit=A[idx] // 2, offset=idx)


def test_helpers_take_defaults_and_keywords():
    differential(by_keyword, lambda n: [small(n), np.zeros(5 * n, "int32")])


def first(a, b=0.5, /, c=1):
    return a * b - c


def positional_only(F, R):
    if idx < len(F):
        R[idx] = first(F[idx]) + first(F[idx], F[idx], c=2)


def test_helpers_with_parameters_given_by_position_only():
    differential(positional_only, lambda n: [floats(n), np.zeros(n, "float32")])


def widened_later(A, n, R):
    if idx < len(R):
        R[idx] = cp.brev(n)  # of 64 bits, as `n` has one type
        n = A[idx]
        R[idx] += n


def test_a_parameter_that_is_assigned_has_one_type():
    differential(
        widened_later, lambda n: [integers(n, 0, "int64"), np.int32(7), np.zeros(n, "int64")]
    )


STRONG = np.float64(0.1)


def typed_default(x, factor=STRONG):
    return x * factor


def with_typed_default(F, R):
    if idx < len(F):
        R[idx] = typed_default(F[idx])


def test_a_numpy_default_keeps_its_type():
    differential(with_typed_default, lambda n: [floats(n), np.zeros(n, "float64")])


# Launches: each form on the compiled and on the reference device.


def fill(Y, alpha=2.5, X=None, *, n=3, flag=False):
    if idx < len(Y):
        Y[idx] = alpha * n if flag else alpha + n


def fill_typed(Y, alpha=2.5, /, n=3, *, X):
    if idx < len(Y):
        Y[idx] = alpha * n + X[idx]


CALLS = [
    ((0.5, [1.0, 2.0]), {}, 3.5),
    ((), {"alpha": 1.5, "X": [0.0]}, 4.5),
    ((), {"flag": True, "X": [0.0]}, 7.5),
    ((4.0,), {"n": 10, "X": [0.0], "flag": True}, 40.0),
]


@pytest.mark.parametrize("device", ["cpu", "python"])
@pytest.mark.parametrize(("arguments", "named", "expected"), CALLS)
def test_launch_with_keywords(device, arguments, named, expected):
    kernel = cp.kernel(fill)
    with cp.device(device):
        Y = np.zeros(2, "float32")
        kernel(2)(Y, *arguments, **named)
        assert Y.tolist() == [expected, expected]
        Y = np.zeros(2, "float32")
        kernel(2)(*arguments[:0], Y=Y, **dict(zip(("alpha", "X"), arguments)), **named)
        assert Y.tolist() == [expected, expected]


@pytest.mark.parametrize("device", ["cpu", "python"])
def test_the_rest_of_a_launch_is_defaulted(device):
    kernel = cp.compile(fill_typed)
    with cp.device(device):
        for _ in range(3):  # the second finds the first's binding
            Y = np.zeros(2, "float32")
            kernel(2)(Y, X=np.ones(2, "float32"))
            assert Y.tolist() == [8.5, 8.5]
        kernel(2)(Y, 2, X=np.ones(2, "float32"), n=2.5)
        assert Y.tolist() == [6.0, 6.0]


def test_defaults_are_those_of_the_definition():
    rates = [1.0, 2.0]
    kernels = []
    for rate in rates:

        @cp.kernel
        def store(Y, rate=rate):
            if idx < len(Y):
                Y[idx] = rate

        kernels.append(store)
    for kernel, rate in zip(kernels, rates):
        Y = [0.0]
        kernel(1)(Y)
        assert Y == [rate]


def test_the_signature_with_defaults_is_shown():
    kernel = cp.compile(fill_typed)
    assert "(Y, alpha = 2.5, /, n = 3, *, X)" in repr(kernel)


WRONG = [
    ((), {}, "lacks its arguments `Y`, `X`"),
    ((1, 2, 3, 4), {}, "takes 1 to 3 arguments by position, 4 were given"),
    (([1.0],), {"beta": 1.0}, "has no parameter `beta`"),
    (([1.0], 1.0, 2), {"n": 3}, "is given its argument `n` twice"),
    (([1.0],), {"alpha": 1.0}, "takes `alpha` by position only"),
    (([1.0],), {"n": 1.0}, "lacks its argument `X`"),
    (([1.0],), {}, "lacks its argument `X`"),
]


@pytest.mark.parametrize(("arguments", "named", "message"), WRONG)
def test_launches_that_python_would_refuse(arguments, named, message):
    kernel = cp.compile(fill_typed)
    with pytest.raises(cp.CudaTypeError, match=message):
        kernel(1)(*arguments, **named)
    with cp.device("python"), pytest.raises(cp.CudaTypeError):
        kernel(1)(*arguments, **named)


def swapped(X, i, v):
    old = X[i]
    X[i] = v
    return old


def difference(a, b):
    return 2 * a - b


# in_order : void (int* X)
def in_order(X):
    if idx < len(X):
        X[idx] += difference(b=swapped(X, idx, 5), a=swapped(X, idx, 7))
        X[idx] += difference(a=swapped(X, idx, 3), b=X[idx])


def test_keywords_are_evaluated_as_they_are_written():
    X = np.array([1, 2, -7], np.int32)
    want = X.tolist()
    for i in range(3):
        want[i] += difference(b=swapped(want, i, 5), a=swapped(want, i, 7))
        want[i] += difference(a=swapped(want, i, 3), b=want[i])
    cp.compile(in_order)(3)(X)
    assert X.tolist() == want
