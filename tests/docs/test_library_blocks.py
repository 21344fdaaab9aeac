"""Blocks of the pages that need more than NumPy: "```python torch gpu" runs where torch is installed and a GPU is.

Elsewhere they are skipped, and counted as that, once it is known that they are Python and that the names of cudapy's in
them exist. The GPU's page is one program from top to bottom.
"""

from __future__ import annotations

import ast
import linecache
import re
from pathlib import Path
from typing import Any, NamedTuple

import cudapy as cp
import numpy as np
import pytest

ROOT = Path(__file__).parent.parent.parent
BLOCK = re.compile(r"^```python ([a-z ]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
GPU_PAGE = ROOT / "docs" / "reference" / "gpu.md"
KNOWN = {"torch", "cupy", "jax", "numba", "gpu"}


class Block(NamedTuple):
    code: str
    needs: list[str]
    where: str


def blocks() -> list[Block]:
    found = []
    for page in sorted((ROOT / "docs").glob("**/*.md")):
        text = page.read_text()
        for match in BLOCK.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            where = f"{page.relative_to(ROOT)}:{line}"
            found.append(Block(match[2], match[1].split(), where))
    return found


def needed(block: Block) -> None:
    """Skips the test if something is missing."""
    for name in block.needs:
        if name != "gpu":
            pytest.importorskip(name)
    if "gpu" in block.needs:
        problem = next((d.problem for d in cp.devices() if d.name.startswith("cuda")), None)
        if problem is not None:
            pytest.skip(f"needs an NVIDIA GPU: {problem}")


def run(code: str, where: str, given: dict[str, Any]) -> None:
    file = f"<{where}>"
    linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
    exec(compile(code, file, "exec"), given)


@pytest.mark.parametrize("block", blocks(), ids=lambda block: block.where)
def test_the_block_is_python_and_its_names_exist(block: Block) -> None:
    assert set(block.needs) <= KNOWN
    for node in ast.walk(ast.parse(block.code)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id == "cp":
                assert getattr(cp, node.attr, None) is not None


@pytest.mark.parametrize(
    "block",
    [b for b in blocks() if not b.where.startswith(str(GPU_PAGE.relative_to(ROOT)))],
    ids=lambda block: block.where,
)
def test_the_block_runs(block: Block) -> None:
    needed(block)
    if "gpu" in block.needs:
        cp.set_device("cuda")
    run(block.code, block.where, {"cp": cp, "np": np})


def test_the_page_of_gpus_is_a_program_that_runs() -> None:
    page = [b for b in blocks() if b.where.startswith(str(GPU_PAGE.relative_to(ROOT)))]
    assert len(page) >= 6
    needed(page[0])
    given: dict[str, Any] = {}
    for block in page:
        run(block.code, block.where, given)


def test_the_kernel_of_the_gpus_page_compiles_for_one() -> None:
    first = next(b for b in blocks() if b.where.startswith(str(GPU_PAGE.relative_to(ROOT))))
    code = first.code[: first.code.index("cp.set_device")]
    given: dict[str, Any] = {}
    run(code, first.where, given)
    assert ".target sm_75" in cp.compile(given["saxpy"]).inspect("ptx", architecture="sm_75")
