"""What kernels whose threads work together become for NVIDIA GPUs, made for one shape of blocks as launches make it."""

from __future__ import annotations

import re

import cudapy as cp
import pytest
from assembly import needs_assembler


def entry(function, block, **options) -> str:
    """The PTX of the entry alone, up to what reports faults."""
    kernel = cp.compile(function, **options)
    text = kernel.inspect("ptx", architecture="sm_90", block=block)
    return text[text.index(".entry") :]


def work(function, block, **options) -> str:
    return entry(function, block, **options).split("[cudapy$fault]")[0]


# transpose : void (float* A, float* B, int n)
def transpose(A, B, n):
    tile = shared((32, 33), float)
    tile[threadIdx.y, threadIdx.x] = A[idy * n + idx]
    syncthreads()
    B[(blockIdx.x * 32 + threadIdx.y) * n + blockIdx.y * 32 + threadIdx.x] = tile[
        threadIdx.x, threadIdx.y
    ]


# tiled : void (float* A, float* B, float* C, int n)
def tiled(A, B, C, n):
    a = shared((16, 16), float)
    b = shared((16, 16), float)
    tx = threadIdx.x
    ty = threadIdx.y
    total = 0.0
    for t in range(n // 16):
        a[ty, tx] = A[idy * n + t * 16 + tx]
        b[ty, tx] = B[(t * 16 + ty) * n + idx]
        syncthreads()
        for k in range(16):
            total += a[ty, k] * b[k, tx]
        syncthreads()
    C[idy * n + idx] = total


# flat : void (float* X, float* Y)
def flat(X, Y):
    held = shared(256, float)
    if idx < len(X):
        held[threadIdx.y * 16 + threadIdx.x] = X[idx]
    else:
        held[threadIdx.y * 16 + threadIdx.x] = 0.0
    syncthreads()
    if idx < len(Y):
        Y[idx] = held[255 - threadIdx.y * 16 - threadIdx.x]


# reduce : void (float* X, float* Y)
def reduce(X, Y):
    held = shared(256, float)
    t = threadIdx.x
    held[t] = X[idx]
    syncthreads()
    step = 128
    while step > 0:
        if t < step:
            held[t] += held[t + step]
        syncthreads()
        step //= 2
    if t == 0:
        Y[blockIdx.x] = held[0]


FILLED = [(transpose, (32, 32)), (tiled, (16, 16)), (flat, (16, 16)), (reduce, 256)]


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(("function", "block"), FILLED)
def test_arrays_that_are_written_before_they_are_read_get_no_zeros(function, block, check):
    text = work(function, block, check=check)
    assert "st.shared.v4" not in text
    first = re.search(r"(?:st|ld)\.shared|bar\.sync|ld\.global", text)
    assert first[0] == "ld.global", "nor is there a barrier before the work"
    assert text.count("bar.sync") == {transpose: 1, tiled: 2, flat: 1, reduce: 9}[function]


# counts : void (int* X, int* C)
def counts(X, C):
    held = shared(256, int)
    if idx < len(X):
        atomic.add(held, X[idx], 1)
    syncthreads()
    atomic.add(C, threadIdx.x, held[threadIdx.x])


# leaving : void (float* X, float* Y)
def leaving(X, Y):
    held = shared(256, float)
    if idx >= len(X):
        return
    held[threadIdx.x] = X[idx]
    syncthreads()
    Y[idx] = held[255 - threadIdx.x]


# half : void (float* X, float* Y)
def half(X, Y):
    held = shared(256, float)
    if threadIdx.x < 128:
        held[threadIdx.x] = X[idx]
    syncthreads()
    Y[idx] = held[255 - threadIdx.x]


# beyond : void (float* X, float* Y)
def beyond(X, Y):
    held = shared(512, float)
    held[threadIdx.x] = X[idx]
    syncthreads()
    Y[idx] = held[threadIdx.x + 1]


# early : void (float* X, float* Y)
def early(X, Y):
    held = shared(256, float)
    Y[idx] = held[255 - threadIdx.x]
    held[threadIdx.x] = X[idx]
    syncthreads()
    X[idx] = held[255 - threadIdx.x]


# unmet : void (float* X, float* Y)
def unmet(X, Y):
    held = shared(256, float)
    held[threadIdx.x] = X[idx]
    Y[idx] = held[255 - threadIdx.x]
    syncthreads()


# perhaps : void (float* X, float* Y, int n)
def perhaps(X, Y, n):
    held = shared(256, float)
    for _i in range(n):
        held[threadIdx.x] = X[idx]
        syncthreads()
    Y[idx] = held[255 - threadIdx.x]


# turned : void (float* X, float* Y)
def turned(X, Y):
    held = shared((16, 16), float)
    if X[idx] > 0.0:
        held[threadIdx.y, threadIdx.x] = 1.0
    else:
        held[threadIdx.x, threadIdx.y] = 2.0
    syncthreads()
    Y[idx] = held[15 - threadIdx.y, threadIdx.x]


# gaps : void (float* X, float* Y)
def gaps(X, Y):
    held = shared(512, float)
    held[threadIdx.x * 2] = X[idx]
    syncthreads()
    Y[idx] = held[511 - threadIdx.x * 2]


# short : void (float* X, float* Y)
def short(X, Y):
    held = shared(256, float)
    held[threadIdx.y * 15 + threadIdx.x] = X[idx]
    syncthreads()
    Y[idx] = held[255 - threadIdx.x]


UNFILLED = [
    (counts, 256),
    (leaving, 256),
    (half, 256),
    (beyond, 256),
    (early, 256),
    (unmet, 256),
    (perhaps, 256),
    (turned, (16, 16)),
    (gaps, 256),
    (short, (16, 16)),
]


@pytest.mark.parametrize(("function", "block"), UNFILLED)
def test_what_may_be_read_before_it_is_written_is_zero_first(function, block):
    text = work(function, block)
    assert "st.shared.v4" in text
    assert text.index("st.shared.v4") < text.index("bar.sync")


def test_blocks_smaller_than_their_arrays_fill_nothing():
    assert "st.shared.v4" in work(reduce, 128)
    assert "st.shared.v4" in work(transpose, (32, 8))


def test_zeros_are_stored_16_bytes_at_a_time_without_a_loop():
    text = work(counts, 256)
    before = text[: text.index("bar.sync")]
    assert before.count("st.shared.v4") == 1
    assert before.count("setp") == 1, "64 of 256 threads store"
    text = work(counts, 32)
    assert text[: text.index("bar.sync")].count("st.shared.v4") == 2
    assert "setp" not in text[: text.index("bar.sync")]


def test_the_code_says_which_blocks_it_is_for():
    assert ".reqntid 32, 32, 1" in entry(transpose, (32, 32))
    assert ".reqntid 256, 1, 1" in entry(reduce, 256)
    for function in (transpose, reduce):
        text = cp.compile(function).inspect("ptx", architecture="sm_90")
        assert ".reqntid" not in text, "made for any"
        assert "%ntid" in text


@pytest.mark.parametrize(
    ("function", "block", "checks"), [(transpose, (32, 32), 2), (reduce, 256, 2)]
)
def test_what_the_threads_of_a_block_cannot_leave_is_not_checked(function, block, checks):
    """Left are the indices of the arrays from outside."""
    kernel = cp.compile(function)
    lowered = kernel.inspect("llvm", architecture="sm_90", block=block)
    assert len(re.findall(r"br i1 [^\n]*!prof", lowered)) == checks
    anywhere = kernel.inspect("llvm", architecture="sm_90")
    assert len(re.findall(r"br i1 [^\n]*!prof", anywhere)) > checks
    assert "%ntid" not in work(function, block)


# alone : void (float* X)
def alone(X):
    if idx < len(X):
        X[idx] = X[idx] + threadIdx.x


def test_kernels_whose_threads_work_alone_are_made_for_any_block():
    assert entry(alone, 64) == entry(alone, None)


@needs_assembler
def test_machine_code_is_made_for_the_block_that_is_asked_for():
    code = cp.compile(tiled).compile_for("sm_90", block=(16, 16))
    assert ".reqntid 16, 16, 1" in code.ptx
    assert code.spilled_bytes == 0
    assert cp.compile(tiled).inspect("cubin", architecture="sm_90", block=(16, 16)) == code.cubin


def test_a_check_does_not_hold_up_the_load_behind_it():
    """Both tiles are being loaded before the first is waited for, to be stored: past the check of the second."""
    body = work(tiled, (16, 16))
    order = re.findall(r"ld\.global|st\.shared|bar\.sync", body)
    assert order[:5] == ["ld.global", "ld.global", "st.shared", "st.shared", "bar.sync"]
    everything = re.findall(r"ld\.global\.b32|st\.shared|bar\.sync", entry(tiled, (16, 16)))
    assert everything.count("st.shared") == 2, "a thread that fails the check stores nothing"


# swaps : void (float* X, float* Y)
def swaps(X, Y):
    held = shared(256, float)
    held[threadIdx.x] = X[idx]
    other = held[threadIdx.x ^ 1]
    held[threadIdx.x] = Y[idx]
    syncthreads()
    Y[idx] = held[255 - threadIdx.x] + other


def test_stores_do_not_pass_loads_of_shared_memory():
    order = re.findall(r"ld\.global|[ls][dt]\.shared|bar\.sync", work(swaps, 256))
    first = order.index("ld.shared")
    assert "st.shared" in order[:first]
    assert order[first:].index("st.shared") < order[first:].index("bar.sync")
