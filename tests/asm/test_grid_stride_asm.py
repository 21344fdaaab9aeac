"""A loop over the grid's width costs a gang nothing: what runs is the loop over gangs of the kernel without it."""

from __future__ import annotations

import platform

import cudapy as cp
import pytest
from assembly import assembly, loops_with
from cudapy import blockDim, blockIdx, gridDim, idx, idy, threadIdx

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="looks at x86-64 assembly")


def plain(alpha, X, Y):
    if idx < len(X):
        Y[idx] = alpha * X[idx] + Y[idx]


def ranges(alpha, X, Y):
    for i in range(idx, len(X), blockDim.x * gridDim.x):
        Y[i] = alpha * X[i] + Y[i]


def whiles(alpha, X, Y):
    i = blockIdx.x * blockDim.x + threadIdx.x
    step = gridDim.x * blockDim.x
    while i < len(X):
        Y[i] = alpha * X[i] + Y[i]
        i += step


def full_gangs(function, sig, monkeypatch, isa="avx512", check=True):
    loops = loops_with(assembly(function, isa, monkeypatch, sig, check=check), "vfmadd")
    return [loop for loop in loops if not any("%k" in line or "maskmov" in line for line in loop)]


@pytest.mark.parametrize("isa", ["avx512", "avx2"])
@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("function", [ranges, whiles])
def test_gangs_run_as_without_the_loop(function, check, isa, monkeypatch):
    sig = "void (float alpha, float* X, float* Y)"
    wanted = full_gangs(plain, sig, monkeypatch, isa, check)
    found = full_gangs(function, sig, monkeypatch, isa, check)
    assert found
    assert max(map(len, found)) <= max(map(len, wanted)) + 1
    for loop in found:
        assert sum(line.startswith("j") for line in loop) == 1, "a branch beside the loop's own"
        assert not any(line.startswith("vpcmp") for line in loop)


def planes(alpha, X, Y):
    for y in range(idy, Y.shape[0], blockDim.y * gridDim.y):
        for x in range(idx, Y.shape[1], blockDim.x * gridDim.x):
            Y[y, x] = alpha * X[y, x] + Y[y, x]


def test_rows_of_a_plane(monkeypatch):
    found = full_gangs(planes, "void (float alpha, float** X, float** Y)", monkeypatch)
    assert found
    for loop in found:
        assert sum(line.startswith("j") for line in loop) == 1, "a branch beside the loop's own"


def sums(X, out):
    total = 0.0
    for i in range(idx, len(X), blockDim.x * gridDim.x):
        total += X[i]
    out[idx] = total


@pytest.mark.parametrize("isa", ["avx512", "avx2"])
@pytest.mark.parametrize("check", [True, False])
def test_what_is_carried_costs_a_load_and_a_store(check, isa, monkeypatch):
    """Full gangs of a turn: no mask, no check, and no branch but the loop's own."""
    text = assembly(sums, isa, monkeypatch, "void (float* X, float* out)", check=check)
    found = [
        loop
        for loop in loops_with(text, "vaddps")
        if not any("%k" in line or "maskmov" in line for line in loop)
    ]
    assert found
    for loop in found:
        assert sum(line.startswith("j") for line in loop) == 1
        adds = sum(line.startswith("vaddps") for line in loop)
        stores = [line for line in loop if line.startswith("vmov") and line.endswith(")")]
        assert len(stores) == adds


def test_the_tree_says_so():
    kernel = cp.compile(planes, sig="void (float alpha, float** X, float** Y)")
    text = kernel.inspect("lowered")
    assert "# again for idx + the launch's width" in text
    assert "# again for idy + the launch's height" in text
    assert "for " not in text.split("def planes")[1].replace("again for", "")
