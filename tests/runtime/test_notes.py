"""Performance notes: the right ones at the right lines, and none of kernels that are as they should be."""

from __future__ import annotations

import math
import warnings

import cudapy as cp
import numpy as np
import pytest


def codes(kernel, types=None) -> list[tuple[str, str]]:
    """The notes' codes, with the source line of each."""
    found = kernel.notes() if types is None else kernel.notes(types)
    assert all(isinstance(note, cp.PerformanceWarning) for note in found)
    for note in found:
        assert note.message in str(note)
        assert note.help
        assert "^" in str(note)
        assert str(note).startswith(f"{note.filename}:{note.line}:")
    return [(note.code, str(note).splitlines()[2].split("|", 1)[1].strip()) for note in found]


# saxpy : void (float alpha, float* X, float* Y)
def saxpy(alpha, X, Y):
    if idx < len(X):
        Y[idx] = alpha * X[idx] + Y[idx]


# matmul : void (float** A, float** B, float** C)
def matmul(A, B, C):
    if idy < C.shape[0] and idx < C.shape[1]:
        total = 0.0
        for k in range(A.shape[1]):
            total += A[idy, k] * B[k, idx]
        C[idy, idx] = total


# histogram : void (uint8* image, int* bins)
def histogram(image, bins):
    if idx < len(image):
        atomic.add(bins, image[idx], 1)


@pytest.mark.parametrize("function", [saxpy, matmul, histogram])
def test_good_kernels_have_none(function):
    assert codes(cp.compile(function)) == []


def test_double_among_floats():
    # scale : void (double alpha, int n, float* X)
    def scale(alpha, n, X):
        if idx < len(X):
            X[idx] = X[idx] * alpha + 1.0
            X[idx] = X[idx] * 2.0

    (note,) = cp.compile(scale).notes()
    assert note.code == "float64-arithmetic"
    assert "`alpha` is float64" in note.message
    assert "X[idx] * alpha + 1.0" in str(note)
    assert codes(cp.compile(scale, sig="void (double alpha, int n, double* X)")) == []


def test_gathers_and_why():
    # walk : void (float** A, float* X, int* where, int n)
    def walk(A, X, where, n):
        if idx < n and idx < len(where):
            a = A[idx, 0]
            b = X[2 * idx]
            c = X[where[idx]]
            d = X[(idx * idx) % 7]
            X[where[idx] + 1] = a + b + c + d

    kernel = cp.compile(walk)
    assert codes(kernel) == [
        ("gather", "a = A[idx, 0]"),
        ("gather", "b = X[2 * idx]"),
        ("gather", "c = X[where[idx]]"),
        ("gather", "d = X[(idx * idx) % 7]"),
        ("scatter", "X[where[idx] + 1] = a + b + c + d"),
    ]
    reasons = [note.message for note in kernel.notes()]
    assert "different rows" in reasons[0]
    assert "every 2th element" in reasons[1]
    assert "their index in an array" in reasons[2]
    assert "not idx plus" in reasons[3]


def test_arrays_in_fortran_order():
    def copy(A, B):
        if idx < A.shape[1] and idy < A.shape[0]:
            B[idy, idx] = A[idy, idx]

    kernel = cp.compile(copy)
    A = np.asfortranarray(np.ones((4, 5), np.float32))
    kernel(5, 4)(A, np.zeros((4, 5), np.float32))
    (note,) = kernel.notes()
    assert note.code == "gather"
    assert "ascontiguousarray" in note.help
    kernel(5, 4)(A.copy("C"), np.zeros((4, 5), np.float32))
    assert kernel.notes() == []


def test_divisions_and_checks_in_loops():
    # collatz : void (int* X, int* steps, int base, int* table)
    def collatz(X, steps, base, table):
        if idx < len(X) and idx < len(steps):
            n = X[idx]
            k = n // base
            while n != 1:
                n = n // base if n % 2 == 0 else 3 * n + 1
                k += table[n]
                n %= 1000
                k += table[k]
            steps[idx] = k

    assert [code for code, _ in codes(cp.compile(collatz))] == [
        "integer-division",
        "gather",
        "check-in-loop",
        "gather",
        "check-in-loop",
    ]
    assert [code for code, _ in codes(cp.compile(collatz, check=False))] == [
        "integer-division",
        "gather",
        "gather",
    ]


def test_variables_across_a_barrier():
    # wide : void (float* X, float* Y)
    def wide(X, Y):
        tile = shared(256, float)
        a = X[idx]
        b = a * a
        c = a + b
        d = b - c
        e = d * a
        tile[threadIdx.x] = e
        syncthreads()
        Y[idx] = a + b + c + d + e + tile[255 - threadIdx.x]

    notes = cp.compile(wide).notes()
    (kept,) = [note for note in notes if note.code == "kept-across-barrier"]
    assert "`a`, `b`, `c`, `d` and `e`" in kept.message
    assert "syncthreads()" in str(kept)


def test_warnings_are_off_until_they_are_asked_for(monkeypatch):
    def lookup(X, I, Y):
        if idx < len(I) and idx < len(Y):
            Y[idx] = X[I[idx]]

    X, I, Y = np.ones(4, np.float32), np.zeros(4, np.int32), np.zeros(4, np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cp.compile(lookup)(4)(X, I, Y)
    kernel = cp.compile(lookup, warn=True)
    with pytest.warns(cp.PerformanceWarning, match="gathered element by element") as caught:
        kernel(4)(X, I, Y)
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kernel(4)(X, I, Y)  # once for each code that is made
    monkeypatch.setenv("CUDAPY_WARN", "1")
    with pytest.warns(cp.PerformanceWarning):
        cp.kernel(lookup)(4)(X, I, Y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cp.compile(lookup, warn=False)(4)(X, I, Y)
        with pytest.raises(cp.PerformanceWarning):
            cp.compile(lookup)(4)(X, I, Y)


def test_types_must_be_known():
    def lookup(X, I, Y):
        Y[idx] = X[I[idx]]

    kernel = cp.compile(lookup)
    with pytest.raises(ValueError, match="notes"):
        kernel.notes()
    assert codes(kernel, "void (float* X, int* I, float* Y)") == [("gather", "Y[idx] = X[I[idx]]")]
    with pytest.raises(cp.CompileError):
        kernel.notes("void (float* X, float* I, float* Y)")


def test_a_note_on_a_function_of_the_package_names_the_users_line():
    # reduce : void (int* X, int* Y)
    def reduce(X, Y):
        if idx < len(X):
            X[idx] = math.gcd(X[idx], Y[idx])

    found = codes(cp.compile(reduce))
    assert ("integer-division", "X[idx] = math.gcd(X[idx], Y[idx])") in found
