"""Guards, loops and assertions that keep an index inside its array leave no check of it behind."""

from __future__ import annotations

import re

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


# clamped : void (float* X, float* Y)
def clamped(X, Y):
    n = len(X)
    if idx < n and idx < len(Y):
        before = min(max(idx - 1, 0), n - 1)
        Y[idx] = X[before] + X[min(idx + 1, n - 1)] + X[max(idx - 2, 0)]


# clamped_in_a_plane : void (float** A, float** B)
def clamped_in_a_plane(A, B):
    if idx < A.shape[1] and idy < A.shape[0] and idx < B.shape[1] and idy < B.shape[0]:
        total = 0.0
        for dy in range(-1, 2):
            for dx in range(-1, 2):
                y = min(max(idy + dy, 0), A.shape[0] - 1)
                total += A[y, max(min(idx + dx, A.shape[1] - 1), 0)]
        B[idy, idx] = total


# wrapped : void (float* X, float* Y)
def wrapped(X, Y):
    n = len(X)
    if idx < len(Y):
        after = (idx + 1) % n
        Y[idx] = X[after] + X[(idx + n - 1) % n] + X[(idx * 7 - 5) % n]


# wrapped_in_a_plane : void (int** A, int** B)
def wrapped_in_a_plane(A, B):
    rows, columns = A.shape
    if idx < B.shape[1] and idy < B.shape[0]:
        above, below = (idy + rows - 1) % rows, (idy + 1) % rows
        left, right = (idx + columns - 1) % columns, (idx + 1) % columns
        B[idy, idx] = A[above, left] + A[above, right] + A[below, left] + A[below, right]


# halved : void (float* X)
def halved(X):
    if idx < len(X):
        X[idx] = X[idx // 2] + X[idx >> 3] + X[(len(X) - 1) // 2]


# looked_up : void (float* X, float* Y, float limit)
def looked_up(X, Y, limit):
    n = len(X)
    if n > 0 and idx < len(Y):
        Y[idx] = X[min(max(int(limit * Y[idx]), 0), n - 1)]


PROVED = [
    guarded,
    between,
    left_early,
    strided,
    downwards,
    asked_first,
    own,
    sobel,
    clamped,
    clamped_in_a_plane,
    wrapped,
    wrapped_in_a_plane,
    halved,
    looked_up,
]


# Lengths that may be 0 are looked at once each.
DIVISORS = {wrapped: 1, wrapped_in_a_plane: 2}


@pytest.mark.parametrize("function", PROVED, ids=lambda function: function.__name__)
def test_nothing_is_checked(function, monkeypatch):
    monkeypatch.setenv("CUDAPY_GANG", "8")
    text = cp.compile(function).inspect("llvm")
    faults = re.findall(r"call void @cudapy_record_fault.*", text)
    assert len(faults) <= 2 * DIVISORS.get(function, 0)  # once under a mask


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


# clamped_to_nothing : void (float* X, float* Y)
def clamped_to_nothing(X, Y):
    if idx < len(Y):
        Y[idx] = X[min(max(idx - 1, 0), len(X) - 1)]


# clamped_on_one_side : void (float* X)
def clamped_on_one_side(X):
    if idx < len(X):
        X[idx] = X[min(idx - 1, len(X) - 1)]


# wrapped_by_an_argument : void (float* X, int n)
def wrapped_by_an_argument(X, n):
    if idx < len(X):
        X[idx] = X[idx % n]


# divided_by_another : void (float* X)
def divided_by_another(X):
    if idx < len(X):
        X[idx] = X[(idx + len(X)) // 2 + 1]


# changed_after_the_division : void (float* X, int i)
def changed_after_the_division(X, i):
    if i >= 0:
        while X[i // 2 % len(X)] > 0.0:
            i -= 5
        X[i] = 1.0


@pytest.mark.parametrize(
    "function",
    [
        one_too_far,
        may_wrap,
        changed,
        changed_by_a_turn,
        either,
        clamped_to_nothing,
        clamped_on_one_side,
        divided_by_another,
    ],
    ids=lambda function: function.__name__,
)
def test_what_does_not_follow_is_checked(function, monkeypatch):
    monkeypatch.setenv("CUDAPY_GANG", "8")
    assert "call void @cudapy_record_fault" in cp.compile(function).inspect("llvm")


@pytest.mark.parametrize("function", [wrapped_by_an_argument, changed_after_the_division])
def test_what_does_not_follow_from_a_division_is_checked(function, monkeypatch):
    """Beside the divisor."""
    monkeypatch.setenv("CUDAPY_GANG", "1")
    assert cp.compile(function).inspect("llvm").count("call void @cudapy_record_fault") == 2


# counted : void (uint8* image, int* bins)
def counted(image, bins):
    if idx < len(image):
        atomic.add(bins, image[idx], 1)


# translated : void (uint8* image, uint8* table)
def translated(image, table):
    if idx < len(image):
        image[idx] = table[image[idx]]


# masked : void (int* X, float* table, float* Y)
def masked(X, table, Y):
    if idx < len(X) and idx < len(Y):
        Y[idx] = table[X[idx] & 63]


@pytest.mark.parametrize(
    ("function", "greatest"), [(counted, 255), (translated, 255), (masked, 63)]
)
def test_an_index_of_few_values_is_compared_only_where_the_array_is_shorter(
    function, greatest, monkeypatch
):
    monkeypatch.setenv("CUDAPY_GANG", "16")
    text = cp.compile(function).inspect("llvm")
    parts = re.split(r"^([\w.]+):", text, flags=re.MULTILINE)
    blocks = dict(zip(parts[1::2], parts[2::2], strict=True))
    compared = {name for name, body in blocks.items() if re.search(r"icmp u\w\w <16 x i", body)}
    asked = re.search(
        rf"(%\S+) = icmp (?:sgt i64 %\S+, {greatest}|slt i64 {greatest}, %\S+)\n", text
    )
    assert asked
    assert any(name.startswith("check") for name in compared)
    assert not any(name.startswith(("gang", "own_bins", "known")) for name in compared)
