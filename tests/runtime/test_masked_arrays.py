"""Arrays of numpy.ma: a kernel would compute with what is masked, so they are refused, wherever they come."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest


@cp.kernel
def double_into(X, Y):
    if idx < len(X):
        Y[idx] = X[idx] + X[idx]


@cp.kernel
def put(value, out):
    if idx == 0:
        out[0] = value


class Own(np.ma.MaskedArray):
    pass


class Plain(np.ndarray):
    pass


def masked(kind=np.ma.MaskedArray):
    return np.ma.masked_array(np.arange(3.0), [0, 1, 0]).view(kind)


@pytest.mark.parametrize("kind", [np.ma.MaskedArray, Own])
@pytest.mark.parametrize("mask", [[0, 1, 0], [0, 0, 0]])
def test_they_are_refused_as_arguments(kind, mask):
    X = np.ma.masked_array(np.arange(3.0), mask).view(kind)
    Y = np.zeros(3)
    with pytest.raises(
        TypeError, match=r"argument `X` of `double_into`: .*mask(.|\n)*help: .*A\.filled"
    ):
        double_into(3)(X, Y)
    assert not Y.any()


def test_they_are_refused_after_an_array_of_the_same_type():
    launch = double_into(3)
    X, Y = np.arange(3.0), np.zeros(3)
    for _ in range(3):
        launch(X, Y)
    with pytest.raises(TypeError, match="mask"):
        launch(masked(), Y)
    with pytest.raises(TypeError, match="mask"):
        launch(X, masked())


def test_what_they_hold_is_taken():
    X, Y = masked(), np.zeros(3)
    double_into(3)(X.filled(7.0), Y)
    assert Y.tolist() == [0.0, 14.0, 4.0]
    double_into(3)(X.data, Y)
    assert Y.tolist() == [0.0, 2.0, 4.0]


def test_other_subclasses_are_taken():
    X, Y = np.arange(3.0).view(Plain), np.zeros(3).view(Plain)
    for _ in range(3):
        double_into(3)(X, Y)
    assert Y.tolist() == [0.0, 2.0, 4.0]


def test_the_masked_number_is_refused():
    launch, out = put(1), np.zeros(1)
    launch(1.5, out)
    launch(masked()[2], out)  # a number as any other
    assert out[0] == 2.0
    with pytest.raises(TypeError, match="mask"):
        launch(np.ma.masked, out)
    assert out[0] == 2.0


def test_they_are_no_cuda_arrays():
    with pytest.raises(TypeError, match=r"mask.*A\.filled"):
        cp.CudaArray(masked())
    B = cp.CudaArray([1.0, 2.0, 3.0])
    with pytest.raises(TypeError, match=r"mask.*A\.filled"):
        B[:] = masked()
    with pytest.raises(TypeError, match=r"mask.*A\.filled"):
        B.toHost(out=masked())
    assert B.toList() == [1.0, 2.0, 3.0]


MASKED = masked()


def test_they_are_no_constants():
    def read(Y):
        Y[idx] = MASKED[idx]

    with pytest.raises(cp.CompileError, match=r"masked array(.|\n)*A\.filled"):
        cp.kernel(read)(3)(np.zeros(3))
