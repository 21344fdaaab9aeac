"""The examples of the pages run: each block by itself, every kernel in it compiled and, where the table below
has arguments for it, launched. Blocks that need more than NumPy are in test_library_blocks.py.
"""

from __future__ import annotations

import ast
import linecache
import re
from pathlib import Path
from typing import Any

import cudapy as cp
import numpy as np
import pytest

ROOT = Path(__file__).parent.parent.parent
TUTORIAL = ROOT / "docs" / "tutorial.md"  # one program from top to bottom, in test_tutorial.py
PAGES = [ROOT / "README.md", *sorted(set((ROOT / "docs").glob("**/*.md")) - {TUTORIAL})]
SIGNED = re.compile(r"^#\s*(\w+)\s*:\s*\w+\s*\(", re.MULTILINE)
THREADS = 300


def floats() -> np.ndarray:
    return np.linspace(0.5, 2.0, THREADS, dtype=np.float32)


def names() -> dict[str, Any]:
    """What the examples take for granted."""
    return {
        "cp": cp,
        "np": np,
        "X": floats(),
        "Y": floats(),
        "n": THREADS,
        "A": np.ones((20, 30), np.float32),
        "B": np.ones((20, 30), np.float32),
        "square": square,
    }


def square(x):
    return x * x


# Of kernels without a signature: what to launch them with.
ARGUMENTS: dict[str, Any] = {
    "clamp_all": lambda: (floats(), floats(), 0.5),
    "mandelbrot": lambda: (np.zeros(THREADS, np.complex64), np.zeros(THREADS, np.int32)),
    "areas": lambda: (floats(), floats()),
    "step": lambda: (
        np.zeros(THREADS, [("x", "f4"), ("y", "f4"), ("vx", "f4"), ("vy", "f4")]),
        0.1,
    ),
}


def blocks() -> list[Any]:
    found = []
    for page in PAGES:
        text = page.read_text()
        for match in re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            line = text.count("\n", 0, match.start()) + 1
            where = f"{page.relative_to(ROOT)}:{line}"
            found.append(pytest.param(match[1], where, id=where))
    return found


def is_outline(function: ast.FunctionDef) -> bool:
    """`def f(X): ...` shows a header alone."""
    (first, *rest) = function.body
    return not rest and isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)


@pytest.mark.parametrize(("code", "where"), blocks())
def test_the_example_runs(code: str, where: str) -> None:
    file = f"<{where}>"
    linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
    given = names()
    exec(compile(code, file, "exec"), given)
    signed = set(SIGNED.findall(code))
    for node in ast.parse(code).body:
        if not isinstance(node, ast.FunctionDef) or is_outline(node):
            continue
        function = given[node.name]
        if node.name in signed:
            kernel = function if hasattr(function, "inspect") else cp.compile(function)
            assert kernel.inspect("llvm")
        elif node.name in ARGUMENTS:
            kernel = function if hasattr(function, "inspect") else cp.compile(function)
            kernel(THREADS)(*ARGUMENTS[node.name]())


def test_there_are_examples() -> None:
    assert len(blocks()) > 12
