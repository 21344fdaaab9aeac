"""Guards around a whole kernel, and checks of rows, cost the gangs inside nothing."""

from __future__ import annotations

import platform
import re

import cudapy as cp
import pytest
from assembly import assembly, loops_with

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="looks at x86-64 assembly")


# stencil : void (int width, int height, float* source, float* result)
def stencil(width, height, source, result):
    if 0 < idx < width - 1 and 0 < idy < height - 1:
        i = idy * width + idx
        result[i] = 0.2 * (
            source[i] + source[i - 1] + source[i + 1] + source[i - width] + source[i + width]
        )


# sobel : void (float** image, float** edges)
def sobel(image, edges):
    if 0 < idx < image.shape[1] - 1 and 0 < idy < image.shape[0] - 1:
        gx = gy = 0.0
        for d in range(-1, 2):
            weight = 2.0 if d == 0 else 1.0
            gx += weight * (image[idy + d, idx + 1] - image[idy + d, idx - 1])
            gy += weight * (image[idy + 1, idx + d] - image[idy - 1, idx + d])
        edges[idy, idx] = math.sqrt(gx * gx + gy * gy)


@pytest.mark.parametrize(("function", "instruction"), [(stencil, "vaddps"), (sobel, "vsqrtps")])
@pytest.mark.parametrize("check", [True, False])
def test_gangs_inside_of_a_border_have_no_mask(function, instruction, check, monkeypatch):
    loops = loops_with(assembly(function, "avx512", monkeypatch, check=check), instruction)
    full = [loop for loop in loops if not any("%k" in line for line in loop)]
    assert full
    for loop in full:
        assert sum(line.startswith("j") for line in loop) == 1, "a branch beside the loop's own"
        assert not any(line.startswith("vpcmp") for line in loop)


def test_a_row_of_a_block_that_fits_is_not_looked_at(monkeypatch):
    monkeypatch.setenv("CUDAPY_GANG", "16")
    parts = re.split(r"^([\w.]+):", cp.compile(stencil).inspect("llvm"), flags=re.MULTILINE)
    blocks = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert re.search(r"br i1 %\w+, label %\S+, label %look,", blocks["y"])
    on_the_way = [name for name in blocks if name.startswith(("y", "known", "part", "full"))]
    assert "smin" in blocks["look"]
    assert not any("smin" in blocks[name] or "smax" in blocks[name] for name in on_the_way)
