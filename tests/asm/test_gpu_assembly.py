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

    def inspect(self, stage, types, architecture=None, block=None):
        return "no PTX" if stage == "ptx" else "a tree"


def test_ptx_that_the_assembler_refuses_fails_a_test():
    assembly = gpu_assembly.Assembly(str(LIBRARY), "sm_90")
    assembly.made.append(Broken())
    with pytest.raises(AssertionError, match="nvJitLink refuses"):
        assembly.check()
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


def test_functions_that_only_cpus_have_are_no_mistake():
    assembly = gpu_assembly.Assembly(str(LIBRARY), "sm_90")

    # bessel : void (float* X)
    def bessel(X):
        if idx < len(X):
            X[idx] = math.j0(X[idx])

    assembly.made.append(cp.compile(bessel))
    assembly.check()
