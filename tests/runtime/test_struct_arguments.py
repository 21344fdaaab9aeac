"""Arrays of structs as arguments that were seen before: what makes one like another, and what does not."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest
from cudapy import idx

POINT = np.dtype([("x", "f4"), ("n", "i4")])


def counts(P):
    if idx < len(P):
        P[idx].x *= 2
        P[idx].n += idx


def expect(P):
    return [(2 * x, n + i) for i, (x, n) in enumerate(P.tolist())]


def points(n, dtype=POINT):
    P = np.zeros(n, dtype)
    P["x"], P["n"] = np.arange(n) + 0.5, 7
    return P


def warm():
    """A kernel, bound, that has taken such an array before."""
    kernel = cp.compile(counts)
    launch = kernel(5)
    for _ in range(2):
        launch(points(5))
    return kernel


@pytest.mark.parametrize(
    "dtype",
    [
        np.dtype(POINT.descr),  # equal, another object
        np.dtype([("n", "i4"), ("x", "f4")]),
        np.dtype([("x", "f8"), ("n", "i2")]),
        np.dtype({"names": ["x", "n"], "formats": ["f4", "i4"], "offsets": [0, 4], "itemsize": 12}),
        np.dtype([("n", "f4"), ("x", "i4")]),
    ],
)
def test_each_dtype_has_its_own_code(dtype):
    kernel = warm()
    for _ in range(3):
        P = points(5, dtype)
        x, n = P["x"].tolist(), P["n"].tolist()
        kernel(5)(P)
        assert P["x"].tolist() == [2 * value for value in x]
        assert P["n"].tolist() == [value + i for i, value in enumerate(n)]
        Q = points(5)
        wanted = expect(Q)
        kernel(5)(Q)
        assert Q.tolist() == wanted


def test_layouts_of_an_array_that_was_seen():
    kernel = warm()
    memory = np.zeros(5 * 8 + 1, np.uint8)
    misaligned = memory[1:].view(POINT)
    misaligned[:] = points(5)
    for P in (points(10)[::2], points(10)[::-2], misaligned, points(0), points(5)[1:]):
        wanted = expect(P)
        for _ in range(2):
            before = P.copy()
            kernel(max(len(P), 1))(P)
            assert P.tolist() == wanted
            P[:] = before


def test_what_cannot_be_written_is_refused_the_second_time_too():
    kernel = warm()
    P = points(5)
    P.flags.writeable = False
    for _ in range(2):
        with pytest.raises(cp.CudaTypeError, match="read-only"):
            kernel(5)(P)
    for other in (cp.CudaArray([True] * 5), np.zeros(5, bool), [1.0, 2.0]):
        with pytest.raises(cp.CudaPyError):
            kernel(5)(other)
    assert P.tolist() == points(5).tolist()


def test_fields_that_get_other_names():
    kernel = warm()
    dtype = np.dtype([("x", "f4"), ("n", "i4")])
    P = np.zeros(5, dtype)
    for _ in range(2):
        kernel(5)(P)
    dtype.names = ("a", "b")
    with pytest.raises(cp.CompileError, match="`x`"):
        kernel(5)(P)


def test_references_of_a_dtype_are_balanced():
    import sys

    kernel, P = warm(), points(5)
    kernel(5)(P)
    before = sys.getrefcount(P), sys.getrefcount(P.dtype)
    for _ in range(100):
        kernel(5)(P)
    assert (sys.getrefcount(P), sys.getrefcount(P.dtype)) == before
