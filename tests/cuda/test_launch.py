"""Launches on a GPU: where arrays live, when results are there, and other libraries' arrays."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest


# saxpy : void (float alpha, float* X, float* Y)
def saxpy(alpha, X, Y):
    if idx < len(X):
        Y[idx] = alpha * X[idx] + Y[idx]


def test_cuda_arrays_are_used_in_place():
    k = cp.compile(saxpy)
    X = cp.CudaArray(np.arange(1000, dtype=np.float32))
    Y = cp.CudaArray(np.ones(1000, np.float32))
    assert X.device == "cuda:0"
    for _ in range(10):
        k(1000)(2.0, X, Y)
    assert np.array_equal(np.asarray(Y), 20 * np.arange(1000, dtype=np.float32) + 1)
    assert Y[3] == 61.0
    Y[3] = 5
    assert Y.toList()[:5] == [1.0, 21.0, 41.0, 5.0, 81.0]


def test_numpy_arrays_and_lists_are_copied_in_and_back():
    k = cp.compile(saxpy)
    X, Y = np.arange(5, dtype=np.float32), np.ones(5, np.float32)
    k(5)(2.0, X, Y)
    assert Y.tolist() == [1.0, 3.0, 5.0, 7.0, 9.0]
    back = [1.0, 1.0, 1.0]
    k(3)(1.0, (1.0, 2.0, 3.0), back)
    assert back == [2.0, 3.0, 4.0]
    wide = np.ones(10, np.float32)
    k(5)(2.0, X, wide[::2])
    assert wide.tolist() == [1.0, 1.0, 3.0, 1.0, 5.0, 1.0, 7.0, 1.0, 9.0, 1.0]


def test_an_array_given_twice_is_one_array():
    # shift : void (float* X, float* Y)
    def shift(X, Y):
        if idx < len(X):
            X[idx] = Y[idx] + 1

    Z = np.arange(4, dtype=np.float32)
    cp.compile(shift)(4)(Z, Z)
    assert Z.tolist() == [1.0, 2.0, 3.0, 4.0]


def test_arrays_move_between_devices():
    X = cp.CudaArray([1, 2, 3])
    assert X.device == "cuda:0"
    on_cpu = X.to("cpu")
    assert on_cpu.device == "cpu"
    assert on_cpu.to("cuda").toList() == [1, 2, 3]
    assert X.to("cuda:0") is X
    assert "on cuda:0" in repr(X)
    assert cp.CudaArray.allocate(3, cp.float64).toList() == [0.0, 0.0, 0.0]
    assert cp.CudaArray(X, dtype=cp.float32).toList() == [1.0, 2.0, 3.0]
    with pytest.raises(BufferError, match="toHost"):
        memoryview(X)
    with pytest.raises(ValueError, match="no device"):
        X.to("gpu")


def test_a_gpu_array_is_refused_on_the_cpu():
    k = cp.compile(saxpy)
    X = cp.CudaArray([1.0])
    with cp.device("cpu"), pytest.raises(cp.CudaTypeError, match="memory is on cuda:0"):
        k(1)(1.0, X, X)
    k(1)(1.0, X, X)
    assert X.toList() == [2.0]


def test_an_empty_array_and_no_threads():
    k = cp.compile(saxpy)
    X = cp.CudaArray(np.zeros(0, np.float32))
    k(0)(1.0, X, X)
    k(100)(1.0, X, X)
    assert X.toList() == []


def test_threads_beyond_the_arrays_do_not_run():
    # count : void (int* C, int n)
    def count(C, n):
        C[idx + idy * n + idz * n * 3] += 1

    C = np.zeros(5 * 3 * 2, np.int32)
    cp.compile(count)(5, 3, 2)(C, 5)
    assert C.tolist() == [1] * 30


@pytest.mark.parametrize("block", [None, (4, 4, 4), (1, 8, 2), (64, 1, 1)])
def test_threads_along_axes_that_a_kernel_does_not_see_run_all_the_same(block):
    # line : void (int* C)
    def line(C):
        cp.atomic.add(C, idx, 1)

    # plane : void (int* C)
    def plane(C):
        cp.atomic.add(C, 9 * idy + idx, 1)

    C = np.zeros(9, np.int32)
    cp.compile(line)(9, 7, 5, block=block)(C)
    assert C.tolist() == [35] * 9
    C = np.zeros(63, np.int32)
    cp.compile(plane)(9, 7, 5, block=block)(C)
    assert C.tolist() == [5] * 63


def test_more_rows_than_a_grid_has():
    # mark : void (int* C)
    def mark(C):
        C[idy] += 1

    C = cp.CudaArray.allocate(200_000, cp.int32)
    cp.compile(mark)(1, 200_000, block=(1, 1))(C)
    assert np.asarray(C).min() == 1 == np.asarray(C).max()


def test_the_block_is_seen():
    # where : void (int* B, int* T, int* S)
    def where(B, T, S):
        if idx < len(B):
            B[idx] = blockIdx.x
            T[idx] = threadIdx.x
            S[idx] = blockDim.x * 1000 + gridDim.x

    B, T, S = (np.zeros(100, np.int32) for _ in range(3))
    cp.compile(where)(100, block=32)(B, T, S)
    assert B.tolist() == [i // 32 for i in range(100)]
    assert T.tolist() == [i % 32 for i in range(100)]
    assert set(S.tolist()) == {32004}


def test_cupy_arrays_in_place():
    cupy = pytest.importorskip("cupy")
    k = cp.compile(saxpy)
    X, Y = cupy.arange(100, dtype=cupy.float32), cupy.ones(100, cupy.float32)
    k(100)(2.0, X, Y)
    assert cupy.asnumpy(Y).tolist() == [2.0 * i + 1 for i in range(100)]
    ours = cp.CudaArray([1.0, 2.0])
    shared = cupy.asarray(ours)
    shared += 1
    assert ours.toList() == [2.0, 3.0]
    assert cp.CudaArray(Y).toList()[:2] == [1.0, 3.0]


def test_torch_tensors_in_place():
    torch = pytest.importorskip("torch")
    k = cp.compile(saxpy)
    X = torch.arange(100, dtype=torch.float32, device="cuda")
    Y = torch.ones(100, dtype=torch.float32, device="cuda")
    k(100)(2.0, X, Y)
    assert Y.tolist() == [2.0 * i + 1 for i in range(100)]
    ours = cp.CudaArray([1.0, 2.0])
    torch.from_dlpack(ours).add_(1)
    assert ours.toList() == [2.0, 3.0]


def test_kernels_that_differ_by_name_alone():
    # first : void (int* C)
    def first(C):
        C[idx] = 77

    # second : void (int* C)
    def second(C):
        C[idx] = 77

    for function in (first, second, first, second):
        C = cp.CudaArray.allocate(3, cp.int32)
        cp.compile(function)(3)(C)
        assert C.toList() == [77] * 3


# scale : void (float* X, float* Y)
def scale(X, Y):
    if idx < len(X):
        Y[idx] = 2 * X[idx]


@pytest.mark.parametrize("n", [0, 1, 3, 4, 5, 1023, 1024, 1025, 100_003])
@pytest.mark.parametrize("first", [0, 1, 2])
def test_every_element_once_whatever_the_array_begins_at(n, first):
    cupy = pytest.importorskip("cupy")
    X = cupy.arange(n + 8, dtype=cupy.float32)
    Y = cupy.full(n + 8, -1, cupy.float32)
    cp.compile(scale)(n)(X[first : first + n], Y[first : first + n])
    expected = np.full(n + 8, -1, np.float32)
    expected[first : first + n] = 2 * np.arange(first, first + n, dtype=np.float32)
    assert np.array_equal(cupy.asnumpy(Y), expected)


def test_views_of_one_array_share_their_memory():
    # copy : void (float* X, float* Y)
    def copy(X, Y):
        if idx < len(X):
            Y[idx] = X[idx]

    Z = np.arange(100, dtype=np.float32)
    cp.compile(copy)(50)(Z[:50], Z[50:])
    assert np.array_equal(Z[50:], np.arange(50, dtype=np.float32))

    # swap : void (float* X, float* Y)
    def swap(X, Y):
        if idx < len(X):
            t = X[idx]
            X[idx] = Y[idx]
            Y[idx] = t

    Z = np.arange(100, dtype=np.float32)
    cp.compile(swap)(50)(Z[::2], Z[1::2])
    assert Z.reshape(50, 2)[:, ::-1].ravel().tolist() == list(range(100))


class OnlyDlpack:
    """Hides all but DLPack."""

    def __init__(self, array):
        self.array = array
        self.streams = []

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()

    def __dlpack__(self, stream=None):
        self.streams.append(stream)
        return self.array.__dlpack__(stream=stream)


def test_memory_through_dlpack_in_place():
    cupy = pytest.importorskip("cupy")
    X = OnlyDlpack(cupy.arange(100, dtype=cupy.float32))
    Y = OnlyDlpack(cupy.zeros(100, cupy.float32))
    cp.compile(scale)(100)(X, Y)
    assert cupy.asnumpy(Y.array).tolist() == [2.0 * i for i in range(100)]
    assert Y.streams == [1]
    with cp.device("cpu"), pytest.raises(cp.CudaTypeError, match="memory is on cuda:0"):
        cp.compile(scale)(100)(X, Y)


def test_a_kernel_that_is_collected_finishes():
    Y = cp.CudaArray.allocate(1 << 20, cp.float32)
    X = cp.CudaArray(np.ones(1 << 20, np.float32))
    for _ in range(50):
        cp.compile(saxpy)(1 << 20)(1.0, X, Y)
    assert np.asarray(Y).min() == 50.0


# successors : void (int* X, int* Y)
def successors(X, Y):
    for i in range(len(X)):
        Y[i] = X[i] + 1


def test_arrays_that_share_memory_are_read_as_they_are_written():
    """One thread, whose loads see what it has stored before, but in memory of their own."""
    kernel = cp.compile(successors)
    X, Y = cp.CudaArray(np.zeros(1000, np.int32)), cp.CudaArray.allocate(1000, cp.int32)
    kernel(1)(X, Y)
    assert Y.toList() == [1] * 1000
    kernel(1)(X[:-1], X[1:])
    assert X.toList() == list(range(1000))
    kernel(1)(X[:500], X[500:])
    assert X[500:].toList() == list(range(1, 501))


# handed_over : void (int* X, int* Y)
def handed_over(X, Y):
    Y[idx] = X[idx]
    syncthreads()
    other = Y[idx ^ 1]
    syncthreads()
    Y[idx] += other


def test_threads_hand_each_other_values_through_an_array():
    X = np.arange(4096, dtype=np.int32)
    Y = cp.CudaArray.allocate(4096, cp.int32)
    cp.compile(handed_over)(4096, block=256)(cp.CudaArray(X), Y)
    assert np.array_equal(Y.toHost(), X + (X ^ 1))
