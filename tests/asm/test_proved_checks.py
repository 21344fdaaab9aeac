"""Guards, loops and assertions that keep an index inside its array leave no check of it behind."""

from __future__ import annotations

import cudapy as cp
import pytest


# guarded : void (float* X)
def guarded(X):
    if idx < len(X):
        X[idx] += 1.0


# between : void (float* X, float* Y)
def between(X, Y):
    if 0 < idx < len(X) - 1 and idx < len(Y):
        Y[idx] = X[idx - 1] + X[idx + 1]


# left_early : void (float* X)
def left_early(X):
    i = blockIdx.x * blockDim.x + threadIdx.x
    if i >= len(X):
        return
    X[i] += 1.0


# strided : void (float* X)
def strided(X):
    for i in range(idx, len(X), 64):
        X[i] += 1.0


# downwards : void (float* X, float* Y)
def downwards(X, Y):
    total = 0.0
    for i in range(len(X) - 1, -1, -1):
        total += X[i]
    if idx < len(Y):
        Y[idx] = total


# asked_first : void (float* X, int* picked, float* Y)
def asked_first(X, picked, Y):
    if idx < len(Y) and idx < len(picked):
        i = picked[idx]
        Y[idx] = X[i] if 0 <= i < len(X) else 0.0


# own : void (int* X)
def own(X):
    held = local(8, int)
    if idx < len(X):
        for i in range(8):
            held[i] = X[idx] % (i + 1)
        X[idx] = held[X[idx] % 8] + held[idx & 7]


# sobel : void (float** image, float** edges)
def sobel(image, edges):
    if 0 < idx < image.shape[1] - 1 and 0 < idy < image.shape[0] - 1:
        total = 0.0
        for d in range(-1, 2):
            total += image[idy + d, idx + 1] - image[idy + d, idx - 1]
            total += image[idy + 1, idx + d] - image[idy - 1, idx + d]
        if idx < edges.shape[1] and idy < edges.shape[0]:
            edges[idy, idx] = total


PROVED = [guarded, between, left_early, strided, downwards, asked_first, own, sobel]


@pytest.mark.parametrize("function", PROVED, ids=lambda function: function.__name__)
def test_nothing_is_checked(function, monkeypatch):
    monkeypatch.setenv("CUDAPY_GANG", "8")
    assert "call void @cudapy_record_fault" not in cp.compile(function).inspect("llvm")


def test_assertions_are_all_that_is_left(monkeypatch):
    # product : void (float** A, float** B, float** C)
    def product(A, B, C):
        assert A.shape[1] == B.shape[0]
        assert C.shape[0] == A.shape[0] and C.shape[1] == B.shape[1]
        if idx < C.shape[1] and idy < C.shape[0]:
            total = 0.0
            for k in range(A.shape[1]):
                total += A[idy, k] * B[k, idx]
            C[idy, idx] = total

    monkeypatch.setenv("CUDAPY_GANG", "1")
    assert cp.compile(product).inspect("llvm").count("call void @cudapy_record_fault") == 2


# one_too_far : void (float* X)
def one_too_far(X):
    if idx < len(X):
        X[idx + 1] = 1.0


# may_wrap : void (float* X, int n)
def may_wrap(X, n):
    if idx < n - 1 and n <= len(X):
        X[idx] = 1.0


# changed : void (float* X)
def changed(X):
    i = idx
    if i < len(X):
        i += 1
        X[i] = 1.0


# changed_by_a_turn : void (float* X)
def changed_by_a_turn(X):
    i = idx
    if i < len(X):
        for _ in range(2):
            X[i] = 1.0
            i += 1


# either : void (float* X, int n)
def either(X, n):
    if idx < len(X) or idx < n:
        X[idx] = 1.0


@pytest.mark.parametrize(
    "function",
    [one_too_far, may_wrap, changed, changed_by_a_turn, either],
    ids=lambda function: function.__name__,
)
def test_what_does_not_follow_is_checked(function, monkeypatch):
    monkeypatch.setenv("CUDAPY_GANG", "8")
    assert "call void @cudapy_record_fault" in cp.compile(function).inspect("llvm")
