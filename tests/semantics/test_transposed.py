"""`A.T`: a view of an array, or of a view, with its dimensions in reverse order."""

from __future__ import annotations

import cudapy as cp
import numpy as np
from cudapy import atomic, idx, idy, local, shared, syncthreads, threadIdx
from differential import differential, floats, integers

TABLE = np.arange(6, dtype=np.float32).reshape(2, 3)


def plane(n, seed=0):
    return floats(3 * n, seed).reshape(3, n)


# swapped : void (float** A, float** B)
def swapped(A, B):
    rows, columns = A.T.shape
    if idx < rows:
        for j in range(len(A)):
            B[idx, j] = A.T[idx, j] + rows * 10 + columns
        B.T[0, idx] = A.T[idx, -1] + len(A.T) + A.T.ndim + A.T.size + A.T.shape[1]
        B.T[1][idx] += A.T[-1][0]


def test_elements_are_read_and_stored():
    differential(swapped, lambda n: [plane(n), np.zeros((n, 3), "float32")])


def total(M):
    sum = 0.0
    for row in M:
        for x in row:
            sum += x
    return sum + M[0, 1]


def scale(M, factor):
    for i in range(len(M)):
        for j in range(M.shape[1]):
            M[i, j] *= factor + i


def inner(M):
    return total(M.T) + 2 * total(M[1:, :]) + len(M.T)


# named : void (float** A, float** B, float* R)
def named(A, B, R):
    n = len(R)
    if idx < n:
        M = A.T
        part = M[idx : idx + 2]
        R[idx] = total(part) + inner(part) + inner(part.T) + len(part) + part.shape[1]
        own = B.T[2 * idx : 2 * idx + 2, 1:]
        scale(own, 2.0)
        scale(own.T[::-1], 0.5)


def test_views_of_views_and_functions():
    differential(
        named,
        lambda n: [plane(n + 1), plane(2 * n, 1), np.zeros(n, "float32")],
    )


# volume : void (float*** A, float*** B)
def volume(A, B):
    if idx < A.shape[2]:
        V = A.T
        for j in range(A.shape[1]):
            for k in range(len(A)):
                B[idx, j, k] = V[idx, j, k] + V[idx][j][k] + V[idx].T[k, j] + A[k].T[idx, j]
                B[idx, j, k] += V[:, j][idx, k] + A[:, j].T[idx, k] + V.T[k, j, idx]
        layer = V[idx]
        B[idx, 0, 0] += layer.shape[0] * 100 + layer.shape[1] + len(layer.T[1])


def test_three_dimensions():
    differential(
        volume,
        lambda n: [floats(6 * n).reshape(2, 3, n), np.zeros((n, 3, 2), "float32")],
    )


def counts(I, R):
    if idx < len(I):
        atomic.add(R.T, (I[idx] % 3, I[idx] % 2), 1)
        atomic.add(R.T[I[idx] % 3, 0], 2)


def test_atomics():
    differential(counts, lambda n: [integers(n, 0, "int32", 0, 9), np.zeros((2, 3), "int32")])


# tiles : void (float** A, float** B)
def tiles(A, B):
    tile = shared((4, 8), A.dtype)
    own = local((2, 3), int)
    tile.T[threadIdx.x, threadIdx.y] = A[idy, idx]
    own.T[idx % 3, 1] = 5
    syncthreads()
    x, y = own.T[idx % 3]
    B.T[idy, idx] = (
        tile.T[7 - threadIdx.x][threadIdx.y] + x + 2 * y + TABLE.T[idx % 3, 1] + len(TABLE.T)
    )
    B[idx, idy] += own[1, 0] + own[1, 1] + own[1, 2] + TABLE.T.shape[1]


def test_arrays_of_blocks_and_threads_and_from_outside():
    differential(
        tiles,
        lambda n: [floats(64).reshape(4, 16), np.zeros((16, 4), "float32")],
        threads=lambda n: (16, 4),
        block=(8, 4, 1),
        sizes=lambda gang: [1],
    )


# effects : void (float** A, int* C, float* R)
def effects(A, C, R):
    own = local(1, int)
    if idx < len(R):
        R[idx] = A.T[atomic.add(own, 0, 1), atomic.add(own, 0, 1)] + A.T[own[0], 0]
        A.T[atomic.add(own, 0, 1), C[idx]] = own[0]


def test_indices_are_evaluated_as_they_are_written():
    differential(
        effects,
        lambda n: [plane(4), np.zeros(n, "int32"), np.zeros(n, "float32")],
        sizes=lambda gang: [1],
    )


def counted(M, C):
    return M[atomic.add(C, 0, 1), atomic.add(C, 0, 1)]


def mark(M, C):
    M[atomic.add(C, 0, 1), atomic.add(C, 0, 1) - 1] = 7.0


# handed : void (float** A, float* R)
def handed(A, R):
    own = local(1, int)
    if idx < len(R):
        R[idx] = counted(A.T, own) + counted(A[:, 1:].T, own)
        own[0] = 1
        mark(A.T, own)


def test_indices_in_functions_are_evaluated_as_they_are_written():
    differential(
        handed, lambda n: [floats(20).reshape(4, 5), np.zeros(n, "float32")], sizes=lambda gang: [1]
    )


CELL = np.dtype([("T", "f4"), ("n", "i4")])


def temperatures(G, R):
    if idx < len(R):
        R[idx] = G[idx, 1].T + G.T[0, idx].T
        G.T[1, idx].T = 3.5
        G[idx, 0].T = G.T[0, idx].n


def test_fields_of_that_name():
    def arguments(n):
        grid = np.zeros((n, 2), CELL)
        grid["T"], grid["n"] = floats(2 * n).reshape(n, 2), 7
        return [grid, np.zeros(n, "float32")]

    differential(temperatures, arguments)


def smallest(M, k):
    if k == 0:
        return M[0, 1]
    return min(smallest(M.T, k - 1), M[k, 0])


# recursive : void (float** A, float* R)
def recursive(A, R):
    if idx < len(R):
        R[idx] = smallest(A[:, idx : idx + 3].T, idx % 3)


def test_functions_that_call_themselves():
    differential(recursive, lambda n: [plane(n + 2), np.zeros(n, "float32")])


def strided(A, R):
    if idx < len(R):
        M = A.T
        R[idx] = M[idx, 1] + total(M[idx : idx + 1])


def test_arrays_that_are_not_contiguous():
    differential(
        strided,
        lambda n: [floats(12 * n + 24).reshape(n + 2, 12)[:n, ::4].T, np.zeros(n, "float32")],
    )


def sizes(A, P, R):
    row = A[0]
    R[0] = A.itemsize + 10 * P.itemsize + 100 * TABLE.itemsize + 1000 * A.T.itemsize
    R[1] = A.nbytes + P.nbytes * 2 + row.nbytes * 3 + A.T[1:].nbytes + TABLE.nbytes
    R[2] = P[0].nbytes + int(P[0].itemsize)


SIZED = np.dtype([("nbytes", "i4"), ("itemsize", "f4"), ("d", "f8")])


def test_sizes_in_bytes():
    for type in ("int8", "float16", "float32", "complex128"):
        differential(
            sizes,
            lambda n, type=type: [
                np.zeros((2, n + 1), type),
                np.ones(3, SIZED),
                np.zeros(3, "int64"),
            ],
            sizes=lambda gang: [1, 5],
        )


def first_stride(M):
    return M.strides[0]


def both_strides(M):
    rows, columns = M.strides
    return rows * 1000000 + columns


def steps(A, V, S, R):
    tile = shared((4, 5), A.dtype)
    own = local((2, 3, 4), int)
    tile[0, 0] = 0
    own[0, 0, 0] = 0
    view = A[1:, ::2]
    at = idx + 1
    R[0] = both_strides(A)
    R[1] = both_strides(A.T)
    R[2] = both_strides(view)
    R[3] = both_strides(view.T[::-1])
    R[4] = A[at].strides[0] + first_stride(A[:, 0])
    R[5] = V.strides[0] + 1000 * len(V.strides) + 10000 * first_stride(V[::-3])
    R[6] = S[0].strides + S.strides[0] + S.T.strides[-1] + S[1:3].strides[0]
    R[7] = both_strides(tile) + tile[1].strides[0] + both_strides(tile.T)
    R[8] = own.strides[0] + own[:, 1].strides[1] + own[1, ::2].strides[0]
    R[9] = both_strides(TABLE) + TABLE.T.strides[1]
    R[10] = A.strides[idx] + A.strides[0] // A.itemsize


STEPPED = np.dtype([("strides", "i4"), ("d", "f8")])


def strided_arrays(type):
    whole = np.zeros((6, 8), type)
    yield whole
    yield whole.T
    yield whole[::2, 1:7]
    yield whole[:, ::3]
    yield whole[::-1, ::-1]
    yield np.broadcast_to(whole[0], (3, 8)).copy()
    yield np.asfortranarray(whole)
    yield whole[:2, 3:4]
    yield whole.tolist()


def test_strides():
    for type in ("int8", "float16", "float32", "complex128"):
        for A in strided_arrays(type):
            differential(
                steps,
                lambda n, A=A: [
                    A,
                    np.zeros(12, "float32")[::2],
                    np.zeros(5, STEPPED),
                    np.zeros(11, "int64"),
                ],
                sizes=lambda gang: [1],
            )


# declared : void (float** A, int64* R)
def declared(A, R):
    if idx < len(A):
        R[idx] = A.strides[0] * 100 + A[idx].strides[0]


def test_strides_are_those_of_numpy():
    A = np.zeros((4, 6), "float32")[:, ::2]
    R = np.zeros(4, "int64")
    cp.compile(declared)(4)(A, R)
    assert R.tolist() == [A.strides[0] * 100 + A[0].strides[0]] * 4


def test_strides_compile_for_a_gpu():
    for signature in ("float** A, int64* R", "double** A, int64* R"):
        kernel = cp.compile(declared, sig=f"void ({signature})")
        assert kernel.compile_for("sm_90")
