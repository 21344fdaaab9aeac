"""A transposed array is read and stored to as what it is a view of: by vectors, and with its proofs."""

from __future__ import annotations

import platform

import pytest
from assembly import assembly, blocks

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="looks at x86-64 assembly")


# doubled : void (float** A, float** B)
def doubled(A, B):
    if idx < A.shape[1] and idy < len(A) and idx < B.shape[1] and idy < len(B):
        B[idy, idx] = A[idy, idx] * 2


def twice(M, i, j):
    return M[i, j] * 2


# transposed : void (float** A, float** B)
def transposed(A, B):
    M = A.T
    rows, columns = M.shape
    if idx < rows and idy < columns and idx < len(B.T) and idy < B.T.shape[1]:
        B.T[idx, idy] = twice(M, idx, idy)


@pytest.mark.parametrize("isa", ["avx2", "avx512"])
def test_the_code_is_that_of_swapped_indices(isa, monkeypatch):
    plain, turned = (
        [line for block in blocks(assembly(kernel, isa, monkeypatch)) for line in block]
        for kernel in (doubled, transposed)
    )
    assert not any("gather" in line or "scatter" in line for line in turned)
    assert any(line.startswith("vaddps") for line in turned)
    assert len(turned) == len(plain)
