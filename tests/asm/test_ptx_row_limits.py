"""Kernels for which a GPU's launch compares the lengths of arrays, and not each thread: code without checks of `[idx]`,
and one with them for launches that have an array that is too short."""

from __future__ import annotations

import re

import cudapy as cp
import pytest


# prices : void (float* S, float* K, float* call, float* put, float rate)
def prices(S, K, call, put, rate):
    if idx < len(S):
        value = math.log(S[idx] / K[idx]) * rate
        call[idx] = value
        put[idx] = math.exp(value) - K[idx]


# bounded : void (float* X, float* Y, float* Z, int n)
def bounded(X, Y, Z, n):
    if idx >= n:
        return
    Y[idx] = math.sin(X[idx])
    Z[idx] = math.cos(X[idx])


# behind_a_loop : void (float* X, float* Y, float* Z)
def behind_a_loop(X, Y, Z):
    x = X[idx]
    total = Z[idx]
    for _turn in range(10):
        total += math.sin(total + x)
        if total > 10.0:
            break
    Y[idx] = total


# chosen : void (float* X, int* order, float* Y, float* Z)
def chosen(X, order, Y, Z):
    Y[idx] = math.sin(X[order[idx]])
    Z[idx] = 1.0


# first_of_rows : void (float** X, float* Y)
def first_of_rows(X, Y):
    Y[idx] = math.sin(X[idx, 0])


def half(X):
    return 0.5 * math.sin(X[idx])


# in_a_function : void (float* X, float* Y, float* Z)
def in_a_function(X, Y, Z):
    Y[idx] = half(X)
    Z[idx] = half(X)


# from_the_second_on : void (float* X, float* Y, float* Z)
def from_the_second_on(X, Y, Z):
    if 0 < idx < len(X):
        Y[idx] = math.sin(X[idx])
        Z[idx] = 1.0


# moved : void (float* X, float* Y, float* Z)
def moved(X, Y, Z):
    if idx + 1 < len(X):
        Y[idx] = math.sin(X[idx + 1])
        Z[idx] = 1.0


# of_some_threads : void (float* X, float* Y, float* Z)
def of_some_threads(X, Y, Z):
    x = math.sin(X[idx])
    if x > 0.5:
        Y[idx] = x
    Z[idx] = x


# of_those_that_stay : void (float* X, float* Y, float* Z)
def of_those_that_stay(X, Y, Z):
    x = math.sin(X[idx])
    if x > 0.5:
        return
    Y[idx] = x
    Z[idx] = x


# of_one_side : void (float* X, float* Y, float* Z)
def of_one_side(X, Y, Z):
    x = math.sin(X[idx])
    Z[idx] = Y[idx] if x > 0.5 else x


# to_the_half : void (float* X, float* Y, float* Z)
def to_the_half(X, Y, Z):
    if idx < len(X) - 5:
        Y[idx] = math.sin(X[idx])
        Z[idx] = 1.0


# up_to : void (float* X, float* Y, float* Z, int n)
def up_to(X, Y, Z, n):
    if idx <= n:
        Y[idx] = math.sin(X[idx])
        Z[idx] = 1.0


# rows : void (float** X, float** Y)
def rows(X, Y):
    Y[idy, idx] = math.sin(X[idy, idx])


def ptx(function, overlap: bool = False, **options) -> str:
    kernel = cp.compile(function, **options)
    return kernel.inspect("ptx", architecture="sm_90", overlap=overlap)


def operations(text: str) -> list[str]:
    return re.findall(r"^\t(?:@\S+ )?([a-z][\w.]*)", text, re.MULTILINE)


@pytest.mark.parametrize(
    "function", [prices, bounded, behind_a_loop, in_a_function, from_the_second_on]
)
def test_threads_do_what_they_do_without_checks(function):
    text = ptx(function)
    assert operations(text) == operations(ptx(function, check=False))
    assert "cudapy$fault" not in text


def test_launches_with_arrays_that_are_too_short_have_code_with_checks():
    text = ptx(prices, overlap=True)
    assert "cudapy$fault" in text
    assert text.count("div.rn.f32") == 2, "with checks, and without where a thread needs none"


def test_other_checks_stay():
    for function in (chosen, first_of_rows):
        assert ptx(function).count("[cudapy$fault]") == 1, "of X[order[idx]] or of the 0"


@pytest.mark.parametrize(
    "function",
    [moved, of_some_threads, of_those_that_stay, of_one_side, to_the_half, up_to, rows],
)
def test_a_launch_with_an_array_that_is_too_short_may_be_right(function):
    faults = ptx(function).count("[cudapy$fault]")
    assert faults > 0
    assert faults == ptx(function, overlap=True).count("[cudapy$fault]")
