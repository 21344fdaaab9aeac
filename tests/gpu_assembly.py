"""Has every kernel that a test makes assembled for a GPU, after the test: PTX that LLVM writes and NVIDIA's assembler
refuses shows on machines without a GPU. So is its code for arrays that overlap, where that differs.

It is done where nvJitLink is found (`pip install nvidia-nvjitlink`), unless CUDAPY_TEST_ASSEMBLE=0 is set;
CUDAPY_TEST_ASSEMBLE=sm_120 names another architecture than sm_90.
"""

from __future__ import annotations

import os
from typing import Any

import cudapy as cp
from cudapy import _core
from cudapy._impl import compile as compiling


class Assembly:
    """The kernels that were made since the last check, and all code that was assembled."""

    def __init__(self, library: str, architecture: str) -> None:
        self.library = library
        self.architecture = architecture
        self.made: list[Any] = []
        self.seen: set[str] = set()
        self.make = compiling._make
        self.records = True

    def record(self, *arguments: Any) -> Any:
        """In the place of what makes kernels."""
        kernel = self.make(*arguments)
        if self.records:
            self.made.append(kernel)
        return kernel

    def check(self) -> None:
        """Assembles what was made and launched.

        Raises:
            AssertionError: the assembler refuses a kernel.
        """
        kernels, self.made = self.made, []
        for kernel in kernels:
            for types in signatures(kernel):
                for block in (None, (32, 4)):
                    self.assemble(kernel, types, block)

    def assemble(self, kernel: Any, types: str, block: tuple[int, int] | None) -> None:
        key = f"{kernel.options} {kernel.inspect('lowered', types, None, block)}"
        if key in self.seen:
            return
        self.seen.add(key)
        texts = []
        for overlap in (False, True):
            try:
                ptx = kernel.inspect("ptx", types, self.architecture, block, overlap=overlap)
            except cp.CompileError as error:
                raise AssertionError(f"{kernel!r} has no code for a GPU: {error}") from error
            if ptx not in texts:
                texts.append(ptx)
        for ptx in texts:
            cubin, _log, problem = _core.assemble_with(self.library, ptx, self.architecture)
            assert not problem, f"{kernel!r}, {types}, blocks {block}: {problem}\n{ptx}"
            assert cubin.startswith(b"\x7fELF")


def signatures(kernel: Any) -> list[str]:
    """Those that the kernel was compiled with, or may be; none of one that is wrong."""
    try:
        found = list(kernel.signatures)
        for types in found:
            kernel.inspect("lowered", types)
    except (cp.CudaPyError, TypeError, ValueError):
        return []
    return found


def start() -> Assembly | None:
    """Kernels are recorded from now on; None: nothing here assembles."""
    wanted = os.environ.get("CUDAPY_TEST_ASSEMBLE", "sm_90")
    library = _core.nvjitlink()
    if wanted == "0" or library is None:
        return None
    assembly = Assembly(library, wanted)
    compiling._make = assembly.record
    return assembly
