"""Where a kernel's types come from: `sig=`, the comment above it, annotations, in this order, or each call."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest


def types_of(kernel: object) -> str:
    return repr(kernel)


# commented : void (float alpha, float* X)
def commented(alpha, X):
    X[idx] = alpha


# over_lines : void (float alpha,
#                    double* X,
#                    int n)
# It goes on with a remark, which is no part of it.
def over_lines(alpha, X, n):
    X[n] = alpha


# remarked: this function has a remark, and no signature (its types are those of the call).
def remarked(alpha, X):
    X[idx] = alpha


# nameless : void (int, uint8*)
def nameless(alpha, X):
    X[idx] = alpha


# other : void (int8 alpha, int8* X)
# both : void (double alpha, double* X)
def both(alpha: cp.int64, X: cp.Array[cp.int64]):
    X[idx] = alpha


def annotated(alpha: float, X: cp.Array[cp.float64], n: np.int16, flag: bool, m: uint32) -> None:
    X[idx] = alpha + n + m


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (commented, "(float32 alpha, float32* X)"),
        (over_lines, "(float32 alpha, float64* X, int32 n)"),
        (remarked, "(alpha, X)"),
        (nameless, "(int32 alpha, uint8* X)"),
        (both, "(float64 alpha, float64* X)"),
        (annotated, "(float32 alpha, float64* X, int16 n, bool flag, uint32 m)"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_types_written_at_the_function(function, expected):
    assert expected in types_of(cp.compile(function))


def test_sig_wins_over_the_comment():
    kernel = cp.compile(commented, sig="void (double alpha, double*)")
    assert "(float64 alpha, float64* X)" in types_of(kernel)


def test_sigs_as_a_list_go_by_name_or_by_order():
    def helper(x):
        return x

    def main(X):
        X[idx] = helper(X[idx])

    expected = "(float32* X)"
    assert expected in types_of(cp.compile([main, helper], ["void (float* X)", "float (float)"]))
    assert expected in types_of(
        cp.compile([main, helper], ["helper : float (float x)", "main : void (float* X)"])
    )
    assert expected in types_of(cp.compile([main, helper], ["void (float*)", None]))


def test_a_type_that_a_template_binds_may_stand_in_a_signature():
    # fill : void (T value, T* X)
    def fill(value, X):
        X[idx] = T(value)

    kernel = cp.compile(cp.Template(fill).substitute(T=cp.int16))
    assert "(int16 value, int16* X)" in types_of(kernel)
