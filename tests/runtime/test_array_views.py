"""CudaArrays of several dimensions: as NumPy has them, in the same memory, and in kernels in place."""

from __future__ import annotations

import gc

import cudapy as cp
import numpy as np
import pytest
from cudapy import idx, idy

INDICES = [
    np.s_[1],
    np.s_[-1],
    np.s_[:],
    np.s_[1:],
    np.s_[::-1],
    np.s_[:, 1],
    np.s_[:, -1, ::2],
    np.s_[1, 2],
    np.s_[1, 2, 3],
    np.s_[..., 0],
    np.s_[0, ...],
    np.s_[..., ::-2, 1],
    np.s_[1:1],
    np.s_[5:, ::3],
    np.s_[::-1, ::-1, ::-1],
    np.s_[np.int64(1), np.int8(0) :, 2],
    np.s_[2:0:-1, 1:3],
    np.s_[...],
]


def pair():
    source = np.arange(60, dtype=np.float32).reshape(3, 4, 5)
    return source, cp.CudaArray(source)


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_indexing_is_numpys(index):
    source, made = pair()
    want, have = source[index], made[index]
    if want.ndim == 0:
        assert have == want
        return
    assert (have.shape, have.strides, have.ndim) == (want.shape, want.strides, want.ndim)
    assert have.toList() == want.tolist()
    assert np.array_equal(have.toHost(), want)
    assert np.array_equal(np.asarray(have), want)
    assert have.size == want.size
    assert have.nbytes == want.nbytes
    if want.size:
        assert have.pointer() - made.pointer() == want.ctypes.data - source.ctypes.data
        assert np.asarray(have).ctypes.data == have.pointer()
        assert np.from_dlpack(have).ctypes.data == have.pointer()
        assert np.array_equal(np.from_dlpack(have), want)
    assert have.T.toList() == want.T.tolist()
    again = cp.CudaArray(have)
    assert again.toList() == want.tolist()
    if want.size:
        assert again.strides == np.ascontiguousarray(want).strides


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_parts_are_assigned(index):
    source, made = pair()
    source[index] = 7
    made[index] = 7
    assert made.toList() == source.tolist()
    values = np.random.default_rng(0).random(source[index].shape).astype(np.float32)
    source[index] = values
    made[index] = values if values.ndim else float(values)
    assert made.toList() == source.tolist()


def test_made_of_nested_lists():
    made = cp.CudaArray([[1, 2, 3], [4, 5, 6]])
    assert (made.shape, made.strides, len(made)) == ((2, 3), (12, 4), 2)
    assert made.elemType() is cp.Int
    assert made.toList() == [[1, 2, 3], [4, 5, 6]]
    assert [row.toList() for row in made] == made.toList()
    assert cp.CudaArray([[1.5], [2]], cp.Double).dtype == np.float64
    assert cp.CudaArray([[], []]).shape == (2, 0)
    assert cp.CudaArray.allocate((2, 3, 4), cp.Float).shape == (2, 3, 4)
    assert cp.CudaArray.allocate([5], cp.Float).shape == (5,)


def test_views_keep_the_memory():
    made = cp.CudaArray([[1, 2], [3, 4]])
    column = made[:, 1]
    made[1, 1] = 9
    column[0] = 8
    assert made.toList() == [[1, 8], [3, 9]]
    del made
    gc.collect()
    assert column.toList() == [8, 9]
    swap = cp.CudaArray([1, 2, 3, 4])
    swap[1:] = swap[:-1]
    assert swap.toList() == [1, 1, 2, 3]


def test_buffers_say_how_elements_lie():
    made = cp.CudaArray([[1, 2, 3], [4, 5, 6]])
    assert bytes(memoryview(made)) == np.array([[1, 2, 3], [4, 5, 6]], np.int32).tobytes()
    assert memoryview(made.T).strides == (4, 12)
    with pytest.raises((BufferError, ValueError), match=r"contiguous|neighbours"):
        np.frombuffer(made[:, ::2], np.int32)


def test_repr():
    assert repr(cp.CudaArray([[1, 2], [3, 4]])) == "CudaArray([[1, 2], [3, 4]], int32)"
    assert repr(cp.CudaArray.allocate((9, 9), cp.Float)) == "CudaArray(float32, shape (9, 9))"
    assert repr(cp.CudaArray(range(99))[::2]) == (
        "CudaArray([0, 2, 4, 6, 8, 10, ...], int32, length 50)"
    )


def scaled(A, k):
    if idx < A.shape[1] and idy < A.shape[0]:
        A[idy, idx] = k * A[idy, idx]


PARTS = [
    np.s_[:],
    np.s_[1:],
    np.s_[:, 1:],
    np.s_[::-1],
    np.s_[:, ::2],
    np.s_[:, ::-1],
    np.s_[::2, 1::3],
    np.s_[1:1],
]


@pytest.mark.parametrize("flipped", [False, True])
@pytest.mark.parametrize("part", PARTS, ids=str)
def test_kernels_work_on_views_in_place(part, flipped):
    kernel = cp.compile(scaled)
    source = np.arange(7 * 40, dtype=np.float32).reshape(7, 40)
    made = cp.CudaArray(source)
    want, have = source[part], made[part]
    if flipped:
        want, have = want.T, have.T
    want *= 3
    launch = kernel(have.shape[1], have.shape[0])
    launch(have, 3.0)
    assert made.toList() == source.tolist()
    launch(have, 1.0)  # on the fast path
    assert made.toList() == source.tolist()


def test_a_row_and_a_column_in_a_kernel_of_one_dimension():
    # double : void (float* X)
    def double(X):
        if idx < len(X):
            X[idx] *= 2

    made = cp.CudaArray(np.ones((4, 5), np.float32))
    kernel = cp.compile(double)
    for part in (made[1], made[:, 2], made[3, ::-2]):
        for _ in range(2):
            kernel(8)(part)
    want = np.ones((4, 5), np.float32)
    want[1] *= 4
    want[:, 2] *= 4
    want[3, ::-2] *= 4
    assert made.toList() == want.tolist()
    with pytest.raises(cp.CudaTypeError, match="2 dimensions"):
        kernel(8)(made)
