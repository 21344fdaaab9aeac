"""Lambdas from outside of the kernel, called by the names that Python finds them by."""

from __future__ import annotations

import types

import cudapy as cp
import numpy as np
import pytest
from cudapy import idx
from differential import differential, floats

square = lambda x: x * x  # noqa: E731
plus, times = (lambda x: x + 1), (lambda x: x * 10)
nested = lambda x: (lambda y: y + x)(x)  # noqa: E731
weighted = lambda x, weight=0.5: (  # noqa: E731
    x * weight
)
OPERATIONS = types.SimpleNamespace(half=lambda x: 0.5 * x)


def scaled(factor):
    return lambda x: factor * x


triple = scaled(3)


def apply(function, x):
    return function(x) + function(1.0)


# kernel : void (float* X, float* Y)
def kernel(X, Y):
    if idx < len(X):
        Y[idx] = square(X[idx]) + plus(1) + times(2) + nested(X[idx])
        Y[idx] += OPERATIONS.half(X[idx]) + triple(X[idx]) + weighted(X[idx])
        Y[idx] -= apply(square, X[idx]) + apply(times, 2.0) + weighted(X[idx], weight=2)


def test_lambdas_from_outside():
    differential(kernel, lambda n: [floats(n), np.zeros(n, "float32")])


def test_a_lambda_is_found_among_several_of_a_line():
    assert [f(3) for f in (plus, times)] == [4, 30]

    # which : void (float* Y)
    def which(Y):
        Y[0] = plus(3)
        Y[1] = times(3)

    Y = np.zeros(2, "float32")
    cp.compile(which)(1)(Y)
    assert Y.tolist() == [4, 30]


def test_a_lambda_made_by_exec_has_no_source():
    made: dict[str, object] = {}
    exec("f = lambda x: x", made)
    f = made["f"]

    # unknown : void (float* Y)
    def unknown(Y):
        Y[0] = f(1)

    with pytest.raises(cp.CompileError, match="is not available"):
        cp.compile(unknown)
