"""Threads of a GPU that stand for four neighbours along x: what they load once, and 16 bytes at a time."""

from __future__ import annotations

import math
import re

import cudapy as cp
import pytest


# stencil : void (float* X, float* Y, int width, int height)
def stencil(X, Y, width, height):
    if 0 < idx < width - 1 and 0 < idy < height - 1:
        i = idy * width + idx
        Y[i] = 0.2 * (X[i] + X[i - 1] + X[i + 1] + X[i - width] + X[i + width])


# plane : void (float** X, float** Y)
def plane(X, Y):
    if 0 < idx < X.shape[1] - 1 and 0 < idy < X.shape[0] - 1:
        up = X[idy - 1, idx - 1] + X[idy - 1, idx] + X[idy - 1, idx + 1]
        here = X[idy, idx - 1] + X[idy, idx] + X[idy, idx + 1]
        down = X[idy + 1, idx - 1] + X[idy + 1, idx] + X[idy + 1, idx + 1]
        Y[idy, idx] = up + here + down


# matmul : void (float* A, float* B, float* C, int n, int m, int p)
def matmul(A, B, C, n, m, p):
    if idx < p and idy < n:
        total = 0.0
        for k in range(m):
            total += A[idy * m + k] * B[k * p + idx]
        C[idy * p + idx] = total


# nearer : void (int* D, int n, int k)
def nearer(D, n, k):
    if idx < n and idy < n:
        D[idy * n + idx] = min(D[idy * n + idx], D[idy * n + k] + D[k * n + idx])


# bytes_of_rows : void (uint8** A, uint8** B)
def bytes_of_rows(A, B):
    if idx < A.shape[1] and 0 < idy < A.shape[0]:
        above = A[idy - 1, idx]
        B[idy, idx] = 1 if A[idy, idx] == 1 or above == 1 else 0


# mandelbrot : void (int* out, int width, int height, int limit)
def mandelbrot(out, width, height, limit):
    if idx < width and idy < height:
        z = 0.0
        n = 0
        for _i in range(limit):
            if z > 4.0:
                break
            z = z * z + 0.1 * idx
            n += 1
        out[idy * width + idx] = n


# branch : void (float* X, float* Y, int n)
def branch(X, Y, n):
    if idx < n:
        if X[idx] > 0.0:
            Y[idx] = X[idx]


# skewed : void (float* X, float* Y, int n, int m)
def skewed(X, Y, n, m):
    if idx < n and idy < m:
        Y[idy * n + idx] = X[idy + idx]


# column : void (float** A, float* Y)
def column(A, Y):
    if idx < len(Y):
        Y[idx] = A[idx, 0] + A[idx, 1]


# block : void (float* X)
def block(X):
    X[idx] = threadIdx.x + X[idx]


# waves : void (float* X, float* Y)
def waves(X, Y):
    if 0 < idx < len(X):
        Y[idx] = math.sin(X[idx - 1])


# fields : void (complex64* X, complex64* Y)
def fields(X, Y):
    if 0 < idx < len(X):
        Y[idx] = X[idx - 1] + X[idx]


def ptx(function, **options) -> str:
    return cp.compile(function, **options).inspect("ptx", architecture="sm_90")


def loads(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for load in re.findall(r"ld\.global\.(?:nc\.)?((?:v\d\.)?b\d+)", text):
        found[load] = found.get(load, 0) + 1
    return found


def first_gang(text: str) -> str:
    """From the first access of 16 bytes to the store of 16 bytes."""
    entry = text[text.index("_gang(") :]
    return entry[: entry.index("st.global.v4.b32")]


@pytest.mark.parametrize("check", [True, False])
def test_a_stencil_loads_five_times_for_four_elements(check):
    work = first_gang(ptx(stencil, check=check))
    assert loads(work) == {"v4.b32": 3, "b32": 2}
    assert work.count("add.rn.f32") == 16


@pytest.mark.parametrize("check", [True, False])
def test_neighbours_share_the_rows_that_they_load(check):
    work = first_gang(ptx(plane, check=check))
    assert loads(work) == {"v4.b32": 3, "b32": 6}


@pytest.mark.parametrize("check", [True, False])
def test_a_turn_loads_what_is_shared_once_for_four_products(check):
    work = first_gang(ptx(matmul, check=check))
    wide = loads(work)
    assert wide["v4.b32"] == wide["b32"] == work.count("fma.rn.f32") / 4
    assert wide["v4.b32"] > 4, "unrolled"
    assert "ld.local" not in work


def test_what_is_written_is_loaded_by_wide_accesses_too():
    assert loads(first_gang(ptx(nearer))) == {"v4.b32": 2, "b32": 1}


def test_bytes_move_four_at_a_time():
    entry = ptx(bytes_of_rows)
    entry = entry[entry.index("_gang(") :]
    work = entry[: entry.index("st.global.b32")]
    assert loads(work) == {"b32": 2}


@pytest.mark.parametrize("function", [stencil, matmul])
def test_checks_come_before_the_work_of_a_gang(function):
    text = ptx(function)
    entry = text[text.index("_gang(") :]
    wide = entry.index("ld.global.nc.v4.b32")
    work = entry[wide : entry.index("st.global.v4.b32")]
    assert work.count("setp") <= 3, "the loops' own"
    assert "call" not in entry


@pytest.mark.parametrize(
    "function", [mandelbrot, branch, skewed, column, block, waves, fields], ids=lambda f: f.__name__
)
def test_threads_that_part_or_reach_elsewhere_stand_for_themselves(function):
    text = ptx(function)
    assert "_gang(" not in text
    assert text.count(".visible .entry") == 1
