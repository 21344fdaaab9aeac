"""Pixels are moved as vectors, and what a filter sorts is in registers."""

from __future__ import annotations

import platform
import re

import cudapy as cp
import numpy as np
import pytest
from cudapy import idx, idy, local, uint8
from differential import host_isas

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="looks at x86-64 assembly")

ISAS = [
    pytest.param(
        isa, marks=pytest.mark.skipif(isa not in host_isas(), reason="not of this machine")
    )
    for isa in ("avx2", "avx512")
]


def grey(A, B):
    if idy < len(B) and idx < B.shape[1]:
        B[idy, idx] = int(0.25 * A[idy, idx, 0] + 0.5 * A[idy, idx, 1] + 0.125 * A[idy, idx, 2])


def inverted(A):
    if idy < A.shape[0] and idx < A.shape[1]:
        A[idy, idx, 0] = 255 - A[idy, idx, 0]
        A[idy, idx, 1] = 255 - A[idy, idx, 1]
        A[idy, idx, 2] = 255 - A[idy, idx, 2]


def inverted_copy(A, B):
    if idy < A.shape[0] and idx < A.shape[1]:
        for c in range(A.shape[2]):
            B[idy, idx, c] = 255 - A[idy, idx, c]


def median(A, B):
    h, w = A.shape
    if 0 < idy < h - 1 and 0 < idx < w - 1:
        near = local(9, uint8)
        k = 0
        for j in range(3):
            for i in range(3):
                near[k] = A[idy + j - 1, idx + i - 1]
                k += 1
        for i in range(9):
            for j in range(8 - i):
                if near[j] > near[j + 1]:
                    near[j], near[j + 1] = near[j + 1], near[j]
        B[idy, idx] = near[4]


def full_gangs(function, isa, monkeypatch, *arrays) -> str:
    """The assembly of what threads run that have no mask: here what is unchecked."""
    monkeypatch.setenv("CUDAPY_ISA", isa)
    kernel = cp.kernel(function)
    kernel(arrays[0].shape[1], arrays[0].shape[0])(*arrays)
    return kernel.inspect("asm")


def image(channels=3):
    return np.zeros((2, 8, channels), np.uint8)


def elementwise(asm: str) -> int:
    """Bytes that are taken from vectors, or put into them, one by one."""
    return len(re.findall(r"v?p(?:insr|extr)b", asm))


@pytest.mark.parametrize("channels", [3, 4])
def test_channels_are_whole_vectors(channels, monkeypatch):
    if "avx512" not in host_isas():
        pytest.skip("this machine has no masked vectors of bytes")
    A = image(channels)
    B = A[..., 0].copy()
    for function, arrays in ((grey, (A, B)), (inverted, (A,)), (inverted_copy, (A, A.copy()))):
        asm = full_gangs(function, "avx512", monkeypatch, *arrays)
        assert elementwise(asm) == 0, function.__name__
        assert "vpshufb" in asm


def test_a_pixel_is_stored_as_a_whole(monkeypatch):
    if "avx512" not in host_isas():
        pytest.skip("this machine has no masked vectors of bytes")
    asm = full_gangs(inverted, "avx512", monkeypatch, image())
    # Three vectors of 16 bytes are 16 pixels.
    stores = re.findall(r"vmovdqu\w*\s+%xmm\d+, [^%]*\(%\w+[^{\n]*\)$", asm, flags=re.MULTILINE)
    assert len(stores) >= 3


@pytest.mark.parametrize("isa", ISAS)
def test_a_sorted_neighbourhood_is_in_registers(isa, monkeypatch):
    plane = image()[..., 0].copy()
    asm = full_gangs(median, isa, monkeypatch, plane, plane.copy())
    assert "vpminub" in asm
    assert "vpmaxub" in asm
    assert not re.search("gather|scatter", asm)
