"""Machine code for a GPU that need not be there: `kernel.compile_for("sm_90")` and `kernel.inspect("cubin")`.

PTX becomes a cubin by nvJitLink, a library of the CUDA toolkit and of the wheel `nvidia-nvjitlink`, or by the
toolkit's `ptxas`, whichever is found first. Kernels that are launched need neither: where there is no nvJitLink the
driver assembles them.
"""

from __future__ import annotations

import re
from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import SupportsIndex

    from cudapy._core import Kernel

    from .types import dim3

    BlockShape = SupportsIndex | Sequence[SupportsIndex] | dim3


class GpuCode(NamedTuple):
    """What a kernel becomes for a GPU.

    Attributes:
        architecture: such as `"sm_90"`.
        ptx: the assembly.
        cubin: the machine code, an ELF file, as profilers and disassemblers take it.
        registers: how many a thread has.
        spilled_bytes: what a thread stores to memory because it has no more registers.
    """

    architecture: str
    ptx: str
    cubin: bytes
    registers: int
    spilled_bytes: int


def compile_for(
    kernel: Kernel,
    architecture: str,
    types: str | Iterable[object] | None = None,
    block: BlockShape | None = None,
    overlap: bool = False,
) -> GpuCode:
    """Compiles a kernel for a GPU that need not be there.

    Args:
        kernel: it is not launched.
        architecture: such as `"sm_90"`, from sm_75 on.
        types: as in `inspect`.
        block: for which shape of blocks, if the threads of a block work together. Launches have code of their own for
            each shape.
        overlap: the code for launches in which an array that is only read shares memory with one that is written, or
            an array is too short.

    Raises:
        CompileError: the kernel has no code for it.
        CudaError: nothing on this machine assembles PTX; the message says what would.
    """
    ptx = kernel.inspect("ptx", types, architecture, block, overlap=overlap)
    cubin, log = _assemble(ptx, architecture)
    registers = [int(number) for number in re.findall(r"Used (\d+) registers", log)]
    spills = [int(number) for number in re.findall(r"(\d+) bytes spill stores", log)]
    return GpuCode(
        architecture,
        ptx,
        cubin,
        max(registers, default=0),
        max(spills, default=0),
    )


def cubin_of(
    kernel: Kernel,
    architecture: str,
    types: str | Iterable[object] | None = None,
    block: BlockShape | None = None,
    overlap: bool = False,
) -> bytes:
    """What `inspect("cubin")` gives."""
    return compile_for(kernel, architecture, types, block, overlap).cubin


def _assemble(ptx: str, architecture: str) -> tuple[bytes, str]:
    """The cubin, and what the assembler says of it."""
    from .errors import CudaError

    library = _nvjitlink()
    if library is not None:
        return _by_nvjitlink(library, ptx, architecture)
    ptxas = _ptxas()
    if ptxas is not None:
        return _by_ptxas(ptxas, ptx, architecture)
    raise CudaError(
        "nothing on this machine assembles PTX\n  help: pip install nvidia-nvjitlink, or put the CUDA toolkit's "
        "ptxas on the PATH; launches need neither"
    )


# ---- nvJitLink


def _nvjitlink() -> str | None:
    from cudapy import _core

    return _core.nvjitlink()


def _by_nvjitlink(library: str, ptx: str, architecture: str) -> tuple[bytes, str]:
    from cudapy import _core

    from .errors import CudaError

    cubin, log, error = _core.assemble_with(library, ptx, architecture)
    if error:
        raise CudaError(error)
    return cubin, log


# ---- ptxas


def _ptxas() -> str | None:
    import os
    import shutil

    found = shutil.which("ptxas")
    usual = "/usr/local/cuda/bin/ptxas"
    return found or (usual if os.access(usual, os.X_OK) else None)


def _by_ptxas(ptxas: str, ptx: str, architecture: str) -> tuple[bytes, str]:
    import subprocess
    import tempfile
    from pathlib import Path

    from .errors import CudaError

    with tempfile.TemporaryDirectory() as folder:
        text, cubin = Path(folder, "kernel.ptx"), Path(folder, "kernel.cubin")
        text.write_text(ptx)
        lines = ["-lineinfo"] if "\t.loc\t" in ptx else []
        done = subprocess.run(
            [ptxas, "-v", f"-arch={architecture}", *lines, text, "-o", cubin],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise CudaError(f"ptxas refuses the kernel's PTX:\n{done.stderr}")
        return cubin.read_bytes(), done.stderr
