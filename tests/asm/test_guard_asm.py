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


# heat : void (int width, int height, int depth, float* source, float* result)
def heat(width, height, depth, source, result):
    if 0 < idx < width - 1 and 0 < idy < height - 1 and 0 < idz < depth - 1:
        i = (idz * height + idy) * width + idx
        plane = width * height
        total = source[i - 1] + source[i + 1] + source[i - width] + source[i + width]
        result[i] = total + source[i - plane] + source[i + plane]


# clamped : void (float* source, float* result, int width, int height)
def clamped(source, result, width, height):
    if idx < width and idy < height:
        above = max(idy - 1, 0) * width
        left, right = max(idx - 1, 0), min(idx + 1, width - 1)
        result[idy * width + idx] = source[above + left] + source[above + right]


# waves : void (float** phases, float** sums)
def waves(phases, sums):
    total = 0.0
    for k in range(phases.shape[1]):
        total += math.sin(phases[idy, k]) * math.cos(phases[k, idx])
    sums[idy, idx] = total


def blocks_of(function, monkeypatch) -> dict[str, str]:
    """The basic blocks of the optimised code by their names."""
    monkeypatch.setenv("CUDAPY_ISA", "avx512")
    monkeypatch.setenv("CUDAPY_GANG", "16")
    parts = re.split(r"^([\w.]+):", cp.compile(function).inspect("llvm"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize(("function", "loads"), [(stencil, 5), (heat, 6)])
def test_rows_of_a_block_that_fits_are_as_if_nothing_was_checked(function, loads, monkeypatch):
    blocks = blocks_of(function, monkeypatch)
    assert "look" not in blocks
    [tail] = [text for name, text in blocks.items() if name.startswith("tail")]
    assert tail.count("@llvm.masked.load") == loads
    assert "label %check" not in tail
    assert blocks["gang"].count("load <16 x float>") == loads
    masked = [text for name, text in blocks.items() if name.startswith("masked")]
    assert any("icmp u" in text for text in masked), "blocks that don't fit are not checked"


def test_clamped_indices_are_told_to_be_inside_for_a_block(monkeypatch):
    blocks = blocks_of(clamped, monkeypatch)
    assert "look" not in blocks
    assert any(name.startswith("masked") for name in blocks)
    for name, text in blocks.items():
        assert "label %suspect" not in text or not name.startswith(("gang", "tail"))


def test_a_row_of_much_work_is_looked_at_where_its_block_does_not_fit(monkeypatch):
    blocks = blocks_of(waves, monkeypatch)
    assert any(re.search(r"label %look,", text) for text in blocks.values())
    on_the_way = [name for name in blocks if name.startswith(("y", "known", "part", "full"))]
    assert "smin" in blocks["look"]
    assert not any("smin" in blocks[name] or "smax" in blocks[name] for name in on_the_way)
