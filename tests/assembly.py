"""Parts of the assembly that kernels become, for tests that look at it."""

from __future__ import annotations

import re

import cudapy as cp
import pytest
from cudapy._impl.assemble import _nvjitlink, _ptxas

needs_assembler = pytest.mark.skipif(
    _nvjitlink() is None and _ptxas() is None, reason="nvJitLink and ptxas were not found"
)


def assembly(
    function, isa: str, monkeypatch, signature: str | None = None, *, check: bool = True, block=None
) -> str:
    monkeypatch.setenv("CUDAPY_ISA", isa)
    asm = cp.compile(function, sig=signature, check=check).inspect("asm", block=block)
    # What reports a fault or asks for interrupts is cold and a call; nothing else is.
    cold = ("cudapy_record_fault", "cudapy_poll")
    return "\n".join(line for line in asm.splitlines() if not any(name in line for name in cold))


def blocks(asm: str) -> list[list[str]]:
    """The instructions between labels."""
    found: list[list[str]] = [[]]
    for line in asm.splitlines():
        text = line.split("#")[0].strip()
        if re.match(r"\.?\w+:", text):
            found.append([])
        elif text and not text.startswith("."):
            found[-1].append(re.sub(r"\s+", " ", text))
    return [block for block in found if block]


def loops_with(asm: str, instruction: str) -> list[list[str]]:
    """Blocks that hold `instruction` and end with a branch back to themselves: what an inner loop looks like."""
    labels = re.split(r"^(\.?\w+):", asm, flags=re.MULTILINE)
    loops = []
    for label, body in zip(labels[1::2], labels[2::2], strict=True):
        lines = [re.sub(r"\s+", " ", line.split("#")[0].strip()) for line in body.splitlines()]
        lines = [line for line in lines if line and not line.startswith(".")]
        end = next(
            (i for i, line in enumerate(lines) if re.match(rf"j\w+ {re.escape(label)}$", line)),
            None,
        )
        if end is not None and any(instruction in line for line in lines[: end + 1]):
            loops.append(lines[: end + 1])
    return loops
