"""Programs that run with fake_cuda.c in the place of a GPU's driver, and what it was asked for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("g++-12")
Run = Callable[..., tuple[str, list[str]]]

PROGRAM = """
import cudapy as cp, numpy as np
cp.set_device("cuda")

# twice : void (float* X, float* Y)
def twice(X, Y):
    if idx < len(X):
        Y[idx] = 2.0 * X[idx]

# reverse : void (float* X)
def reverse(X):
    held = shared(1024, float)
    held[threadIdx.x] = X[idx]
    syncthreads()
    X[idx] = held[blockDim.x - 1 - threadIdx.x]

# tell : void (int n)
def tell(n):
    if idx < n:
        print("here")

X = cp.CudaArray(np.arange(1000, dtype=np.float32))
Y = cp.CudaArray.allocate(1000, cp.float32)
"""


def make_library(folder: Path) -> Path:
    """Compiles the driver's stand-in."""
    if COMPILER is None:
        pytest.skip("needs a C compiler")
    made = folder / "libfake.so"
    source = Path(__file__).parent / "runtime" / "fake_cuda.c"
    subprocess.run([COMPILER, "-shared", "-fPIC", "-o", made, source], check=True)
    return made


def runner(library: Path, folder: Path) -> Run:
    """What runs a program behind PROGRAM, and gives what it prints and what the driver was asked for."""

    def run(program: str, header: str = PROGRAM, **environment: str) -> tuple[str, list[str]]:
        log = folder / "log"
        log.unlink(missing_ok=True)
        file = folder / "program.py"
        file.write_text(header + program)
        settings = {
            "CUDAPY_CUDA_DRIVER": str(library),
            "CUDAPY_NVJITLINK": "0",
            "CUDAPY_CACHE_DIR": str(folder / "cache"),
            "FAKE_CUDA_LOG": str(log),
        }
        done = subprocess.run(
            [sys.executable, str(file)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env={**os.environ, **settings, **environment},
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return done.stdout, log.read_text().splitlines() if log.exists() else []

    return run


def kept(log: list[str], *kinds: str) -> list[str]:
    return [line for line in log if line.split()[0] in kinds]
