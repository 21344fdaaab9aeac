"""Where nvJitLink is found every kernel of the tests is assembled for a GPU (gpu_assembly.py). This sees mistakes."""

from __future__ import annotations

import cudapy as cp
import gpu_assembly
import pytest
from cudapy import _core

LIBRARY = _core.nvjitlink()
pytestmark = pytest.mark.skipif(LIBRARY is None, reason="needs nvJitLink")


class Broken:
    """A kernel whose PTX is none."""

    signatures = ("void (float* X)",)
    options = "none"

    def inspect(self, stage, types, architecture=None, block=None, overlap=False):
        return "no PTX" if stage == "ptx" else "a tree"


class BrokenWhereArraysOverlap(Broken):
    """A kernel with two codes, of which the one for arrays that overlap is none."""

    def inspect(self, stage, types, architecture=None, block=None, overlap=False):
        if stage != "ptx":
            return "another tree"
        return "no PTX" if overlap else ".version 7.8\n.target sm_90\n.address_size 64\n"


def test_ptx_that_the_assembler_refuses_fails_a_test():
    assembly = gpu_assembly.Assembly(str(LIBRARY), "sm_90")
    assembly.made.append(Broken())
    with pytest.raises(AssertionError, match="nvJitLink refuses"):
        assembly.check()
    assembly.check()
    assembly.made.append(BrokenWhereArraysOverlap())
    with pytest.raises(AssertionError, match="nvJitLink refuses"):
        assembly.check()


def test_kernels_are_assembled_for_any_block_and_for_one(monkeypatch):
    assembled = []
    assemble = _core.assemble_with
    monkeypatch.setattr(
        _core, "assemble_with", lambda *given: assembled.append(given[1]) or assemble(*given)
    )
    assembly = gpu_assembly.Assembly(str(LIBRARY), "sm_90")

    # held : void (float* X)
    def held(X):
        row = shared(128, float)
        row[threadIdx.x] = X[idx]
        syncthreads()
        X[idx] = row[127 - threadIdx.x]

    assembly.made.append(cp.compile(held))
    assembly.check()
    assert len(assembled) == 2
    assert ".reqntid 32, 4, 1" in assembled[1]
    assembly.made.append(cp.compile(held))
    assembly.check()
    assert len(assembled) == 2, "once is enough"


def test_the_code_for_arrays_that_overlap_is_assembled_where_it_is_another(monkeypatch):
    assembled = []
    assemble = _core.assemble_with
    monkeypatch.setattr(
        _core, "assemble_with", lambda *given: assembled.append(given[1]) or assemble(*given)
    )
    assembly = gpu_assembly.Assembly(str(LIBRARY), "sm_90")

    # read_and_written : void (float* X, float* Y)
    def read_and_written(X, Y):
        if 0 < idx < len(X) - 1:
            Y[idx] = X[idx - 1] + X[idx + 1]

    # written_alone : void (float* Y)
    def written_alone(Y):
        if idx < len(Y):
            Y[idx] = 1.0

    assembly.made.append(cp.compile(read_and_written))
    assembly.check()
    apart, overlapping = assembled
    assert "ld.global.nc" in apart
    assert "ld.global.nc" not in overlapping
    assembly.made.append(cp.compile(written_alone))
    assembly.check()
    assert len(assembled) == 3
