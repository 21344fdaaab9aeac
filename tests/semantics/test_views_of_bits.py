"""The bits of a number as another type of its size."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest
from cudapy import (
    double_as_longlong,
    float_as_int,
    float_as_uint,
    int_as_float,
    longlong_as_double,
    uint_as_float,
)
from differential import differential, floats, integers

SAME_SIZE = [
    ("float32", "int32"),
    ("float32", "uint32"),
    ("int32", "float32"),
    ("float64", "int64"),
    ("uint64", "float64"),
    ("float16", "uint16"),
    ("int16", "float16"),
    ("int8", "uint8"),
    ("uint64", "int64"),
]


@pytest.mark.parametrize(("given", "wanted"), SAME_SIZE)
def test_views(given, wanted):
    T = np.dtype(wanted).type

    def seen(X, Y):
        Y[idx] = X[idx].view(T)

    def arguments(n):
        X = floats(n).astype(given) if given.startswith("float") else integers(n, dtype=given)
        return [X, np.zeros(n, wanted)]

    differential(seen, arguments, sig=f"seen : void ({given}* X, {wanted}* Y)")
    X, Y = arguments(20)
    cp.compile(seen)(20)(X, Y)
    assert Y.tobytes() == X.view(wanted).tobytes()


def test_the_names_of_cuda():
    # named : void (float* X, double* Z, int* I, uint32* U, int64* L)
    def named(X, Z, I, U, L):
        I[idx] = float_as_int(X[idx])
        U[idx] = float_as_uint(X[idx]) ^ float_as_uint(1.5)
        L[idx] = double_as_longlong(Z[idx])
        X[idx] = int_as_float(I[idx] + 1) + uint_as_float(U[idx] & 0x7FFF)
        Z[idx] = longlong_as_double(L[idx] ^ 1)

    differential(
        named,
        lambda n: [
            floats(n),
            floats(n).astype(np.float64),
            *(np.zeros(n, dtype) for dtype in (np.int32, np.uint32, np.int64)),
        ],
    )


def test_an_index_seen_as_a_float():
    # What lanes have in steps of one is in no such steps as floats.
    def image(X, Y):
        Y[idx] = int_as_float(idx + 0x3F800000)
        X[idx] = X[float_as_int(Y[idx]) - 0x3F800000] + 1

    differential(
        image,
        lambda n: [floats(n), np.zeros(n, np.float32)],
        sig="image : void (float* X, float* Y)",
    )


def test_a_view_of_what_was_computed():
    def computed(X, Y):
        h = X[idx] * 0.5
        Y[idx] = (X[idx] + h).view(np.int32) + h.view(cp.int32)

    differential(
        computed,
        lambda n: [floats(n), np.zeros(n, np.int32)],
        sig="computed : void (float* X, int* Y)",
    )


NANS = {
    "uint16": [0x7C01, 0xFD9A, 0x7E00, 0xFE55, 0x7F81, 0xFF81, 0x7FC1, 0xFFFF],
    "uint32": [0x7F800001, 0xFFC00001, 0x7FBFFFFF, 0xFF801234],
}


@pytest.mark.parametrize(
    ("given", "seen_as"), [("uint16", "float16"), ("uint16", "bfloat16"), ("uint32", "float32")]
)
def test_nans_keep_their_bits(given, seen_as):
    T, U = getattr(cp, seen_as), getattr(cp, given)

    def there_and_back(X, Y):
        Y[idx] = X[idx].view(T).view(U)

    def arguments(n):
        return [np.resize(np.array(NANS[given], given), n), np.zeros(n, given)]

    differential(there_and_back, arguments)
    X, Y = arguments(8)
    cp.compile(there_and_back)(8)(X, Y)
    assert Y.tolist() == X.tolist()


def test_converted_nans_are_quiet():
    def converted(X, Y):
        Y[idx] = cp.float64(X[idx].view(cp.float32)).view(cp.uint64)

    differential(
        converted,
        lambda n: [np.resize(np.array(NANS["uint32"], "uint32"), n), np.zeros(n, "uint64")],
    )


def test_the_type_by_its_name():
    def named(X, Y):
        Y[idx] = X[idx].view(dtype=np.int32) + X[idx].view(dtype=Y.dtype)

    differential(named, lambda n: [floats(n).astype(np.float32), np.zeros(n, np.int32)])
