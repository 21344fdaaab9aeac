"""Shifts by counts that are negative or large, of every pair of types."""

from __future__ import annotations

import re

import cudapy as cp
import numpy as np
import pytest
from cudapy._impl.interpreter import launch as interpret
from differential import CPU_TARGETS, Source, compiling_for, differential, integers

SIGNED = ["int8", "int16", "int32", "int64"]
INTEGERS = [*SIGNED, "uint8", "uint16", "uint32", "uint64"]


def both(A, C, L, R):
    if idx < len(A):
        L[idx] = A[idx] << C[idx]
        R[idx] = A[idx] >> C[idx]


def left(A, C, R):
    if idx < len(A):
        R[idx] = A[idx] << C[idx]


def right(A, C, R):
    if idx < len(A):
        R[idx] = A[idx] >> C[idx]


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("count", ["int8", "int32", "uint32", "int64", "uint64"])
def test_counts_of_another_type_up_to_their_largest(dtype, count):
    def arguments(n):
        counts = integers(n, 1, count, 0, 70)
        counts[::7] = np.iinfo(count).max
        counts[1::7] = min(np.iinfo(count).max, 2**32)
        return [integers(n, 0, dtype), counts, np.zeros(n, dtype), np.zeros(n, dtype)]

    differential(both, arguments, targets=CPU_TARGETS[-5:])


@pytest.mark.parametrize("kernel", [left, right])
@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("count", SIGNED)
def test_a_negative_count_is_a_value_error_and_says_where(kernel, dtype, count):
    wrong = np.iinfo(count).min
    for at, value in ((0, -1), (20, wrong), (36, -1)):
        counts = integers(37, 1, count, 0, 9)
        counts[at] = value
        arguments = [integers(37, 0, dtype), counts, np.zeros(37, dtype)]
        with pytest.raises(ValueError, match="negative shift count"):
            interpret(Source((kernel,), (None,)), (37, 1, 1), None, tuple(arguments))
        for target in CPU_TARGETS[-4::2]:
            with compiling_for(target), pytest.raises(ValueError, match=f"idx = {at}") as caught:
                cp.compile(kernel)(37)(*arguments)
            assert "negative shift count" in str(caught.value)


def test_a_lane_that_does_not_shift_does_not_fault():
    def guarded(A, C):
        if idx < len(A):
            if C[idx] >= 0:
                A[idx] = A[idx] << C[idx]
            B = A[idx] >> C[idx] if C[idx] > 0 else 0
            A[idx] += B

    def arguments(n):
        return [integers(n, 0, "int32"), integers(n, 1, "int32", -40, 40)]

    differential(guarded, arguments)


# hash : void (uint32* X, int n)
def hash(X, n):
    h = X[idx]
    for k in range(n):
        h ^= h << (k & 15)
        h ^= h >> 7
        h += h << k
        h ^= h >> (idx % 32)
    h ^= h << popc(h)
    X[idx] = h << (X[idx] & 31)


def test_counts_that_are_known_not_to_be_negative_carry_no_check():
    lowered = cp.compile(hash).inspect("lowered")
    shifts = [line for line in lowered.splitlines() if "<<" in line or ">>" in line]
    assert len(shifts) >= 6
    asm = cp.compile(hash).inspect("asm")
    # What can fault is X[idx] alone, read and written.
    assert len(re.findall("cudapy_record_fault@", asm)) <= 6
    asm = cp.compile(left, sig="void (int* A, int* C, int* R)").inspect("asm")
    assert "cudapy_record_fault" in asm
