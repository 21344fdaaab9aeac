"""Variables that begin with a number alone: at least 32 bits wide."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest
from differential import differential, integers


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16"])
def test_sums_of_small_integers(dtype):
    def blur(X, Y):
        s = 0
        for j in range(-2, 3):
            if 0 <= idx + j < len(X):
                s += X[idx + j]
        Y[idx] = s

    differential(
        blur,
        lambda n: [integers(n, dtype=dtype), np.zeros(n, np.int32)],
        sig=f"blur : void ({dtype}* X, int* Y)",
    )


def test_a_sum_of_bytes_does_not_wrap():
    @cp.kernel
    def total(X, Y):
        s = 0
        for x in X:
            s += x
        Y[0] = s

    Y = np.zeros(1, np.int32)
    total(1)(np.full(6, 200, np.uint8), Y)
    assert Y[0] == 1200


@pytest.mark.parametrize("dtype", [np.float16, cp.bfloat16])
def test_a_sum_of_halves_is_a_float32(dtype):
    def total(X, Y):
        s = 0
        for x in X:
            s += x
        Y[0] = s

    with cp.device("cpu"):
        X = cp.CudaArray([1.0] * 4000, dtype)
    for device in ("cpu", "python"):
        Y = np.zeros(1, np.float32)
        with cp.device(device):
            cp.compile(total)(1)(X, Y)
        assert Y[0] == 4000


def test_a_product_of_bytes_and_tuples_of_sums():
    def both(X, Y, Z):
        p = (0, 1)
        for x in X:
            p = (p[0] + x, p[1] * x)
        q = X[idx]
        if q > 100:
            q = 100
        Y[idx] = p[0]
        Z[idx] = p[1] + (q << 4)

    differential(
        both,
        lambda n: [integers(n, dtype="uint8"), np.zeros(n, np.int32), np.zeros(n, np.int32)],
        sig="both : void (uint8* X, int* Y, int* Z)",
    )


def test_a_variable_of_bytes_alone_stays_one():
    def wraps(X, Y):
        s = X[idx]
        s += X[idx]
        Y[idx] = s

    differential(
        wraps,
        lambda n: [integers(n, dtype="uint8"), np.zeros(n, np.int32)],
        sig="wraps : void (uint8* X, int* Y)",
    )


LARGE = (0x6A09E667, 0xBB67AE85)


def test_an_element_of_a_tuple_from_outside_that_needs_64_bits():
    def hashed(X, Y):
        s = 0
        for i in range(2):
            Y[idx] += X[idx] + LARGE[i]
        for x in LARGE:
            s += x
        Y[idx] += s + LARGE[X[idx] & 1]

    differential(
        hashed,
        lambda n: [integers(n, dtype="uint32"), np.zeros(n, np.int64)],
        sig="hashed : void (uint32* X, int64* Y)",
    )


@pytest.mark.parametrize("device", ["cpu", "python"])
def test_python_floats_beside_arrays_of_float64(device):
    @cp.kernel
    def given(out, r, z, weights):
        out[0] = r
        out[1] = z.imag
        out[2] = weights[1]

    out = np.zeros(3)
    with cp.device(device):
        given(1)(out, 0.1, 0.1j, [0.5, 0.1])
    assert out.tolist() == [0.1, 0.1, 0.1]


def test_numbers_of_characters_and_the_largest_float():
    def encoded(X, Y):
        Y[idx] = float("-inf") if X[idx] == 0 else X[idx] % 26 + ord("A") - ord("é")
        X[idx] = Y[idx] if float("nan") != Y[idx] and Y[idx] < float("inf") else 0

    differential(
        encoded,
        lambda n: [integers(n, dtype="uint8") / np.float32(4), np.zeros(n, np.float32)],
        sig="encoded : void (float* X, float* Y)",
    )
