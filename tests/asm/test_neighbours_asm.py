"""Clamped and wrapped indices: a gather stands ready, but gangs of neighbours take a vector load."""

from __future__ import annotations

import platform
import re

import cudapy as cp
import pytest

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="looks at x86-64 assembly")


# clamped : void (float* X, float* Y)
def clamped(X, Y):
    n = len(X)
    if idx < n:
        Y[idx] = X[min(max(idx - 1, 0), n - 1)]


# wrapped : void (float* X, float* Y)
def wrapped(X, Y):
    n = len(X)
    if idx < n:
        Y[idx] = X[(idx + 1) % n]


# chosen : void (float* X, float* Y)
def chosen(X, Y):
    n = len(X)
    if idx < n:
        i = idx + 1
        if i == n:
            i = 0
        Y[idx] = X[i]


# scattered : void (int* order, float* Y)
def scattered(order, Y):
    if idx < len(order):
        Y[idx] = Y[order[idx]]


# multiplied : void (float* X, float* Y, int step)
def multiplied(X, Y, step):
    if idx < len(Y):
        Y[idx] = X[min(idx * step, len(X) - 1)]


def blocks_of(function, monkeypatch) -> dict[str, str]:
    """The basic blocks of the optimised code by their names."""
    monkeypatch.setenv("CUDAPY_ISA", "avx512")
    monkeypatch.setenv("CUDAPY_GANG", "16")
    parts = re.split(r"^([\w.]+):", cp.compile(function).inspect("llvm"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("function", [clamped, wrapped, chosen])
def test_lanes_are_gathered_only_where_they_are_apart(function, monkeypatch):
    blocks = blocks_of(function, monkeypatch)
    near = [text for name, text in blocks.items() if name.startswith("neighbours")]
    assert near
    assert all(
        "load <16 x float>" in text or "masked.load" in text or "store" in text for text in near
    )
    gathers = [
        name for name, text in blocks.items() if "call <16 x float> @llvm.masked.gather" in text
    ]
    assert gathers
    assert all(name.startswith("lanes") for name in gathers)


def test_a_gang_between_two_multiples_is_wrapped_by_one_division(monkeypatch):
    blocks = blocks_of(wrapped, monkeypatch)
    vector = [name for name, text in blocks.items() if re.search(r"fdiv <\d+ x double>", text)]
    assert vector
    # What the last gang of each row divides is found once a block.
    assert all(name.startswith(("passes", "z.preheader")) for name in vector)


@pytest.mark.parametrize("function", [scattered, multiplied])
def test_what_is_seldom_near_is_not_asked(function, monkeypatch):
    assert not any(name.startswith("neighbours") for name in blocks_of(function, monkeypatch))
