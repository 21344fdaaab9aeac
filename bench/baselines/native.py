"""Compiles the C++ baselines for this machine and opens them with ctypes.

A library is rebuilt when the sources, the compiler or its options change. All of it lies in
`build/bench`.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from ctypes import c_float, c_int32, c_int64, c_void_p
from pathlib import Path

SOURCES = Path(__file__).parent
BUILD = SOURCES.parent.parent / "build" / "bench"
OPTIONS = ["-std=c++20", "-O3", "-march=native", "-fPIC", "-shared", "-pthread"]

_PICTURE = [c_int32, c_int32, c_int32, c_float, c_float, c_float, c_void_p, c_int32]
_MATMUL = [c_int32, c_int32, c_int32, c_void_p, c_void_p, c_void_p, c_int32]
_NBODY = [c_void_p, c_void_p, c_int64, c_int32]
_SIGNATURES = {
    "mandelbrot_plain": {"mandelbrot_plain": _PICTURE},
    "mandelbrot_two_vectors": {
        "mandelbrot_two_vectors": _PICTURE,
        "mandelbrot_four_vectors": _PICTURE,
    },
    "saxpy": {
        "saxpy": [c_float, c_void_p, c_void_p, c_int64, c_int32],
        "saxpy_repeated": [c_float, c_void_p, c_void_p, c_int64, c_int32],
    },
    "stencil": {"stencil": [c_int32, c_int32, c_void_p, c_void_p, c_int32]},
    "matmul": {"matmul_by_element": _MATMUL, "matmul_by_row": _MATMUL},
    "black_scholes": {
        "black_scholes": [*[c_void_p] * 3, c_float, c_float, *[c_void_p] * 2, c_int64, c_int32]
    },
    "nbody": {"nbody": _NBODY, "nbody_side_by_side": _NBODY},
    "histogram": {"histogram": [c_void_p, c_void_p, c_int64, c_int32]},
    "add": {"add": [c_void_p, c_void_p, c_int64]},
}


def compiler() -> str:
    """The path of clang++; the one whose LLVM cudapy uses if it is there."""
    for name in ("clang++-22", "clang++"):
        if path := shutil.which(name):
            return path
    raise SystemExit("the C++ baselines need clang++; script/setup bench installs it")


def compiler_version() -> str:
    return subprocess.run(
        [compiler(), "--version"], capture_output=True, text=True, check=True
    ).stdout.splitlines()[0]


def load(library: str) -> dict[str, Callable[..., None]]:
    """Builds `library`.cpp if need be; its functions by name, ready to be called."""
    path = _build(library)
    opened = ctypes.CDLL(str(path))
    functions: dict[str, Callable[..., None]] = {}
    for name, arguments in _SIGNATURES[library].items():
        function = getattr(opened, name)
        function.argtypes = arguments
        function.restype = None
        functions[name] = function
    return functions


def _build(library: str) -> Path:
    source = SOURCES / f"{library}.cpp"
    command = [compiler(), *OPTIONS, str(source)]
    decides = "\0".join(
        [*command, compiler_version(), source.read_text(), (SOURCES / "parallel.h").read_text()]
    )
    path = BUILD / f"{library}-{hashlib.sha256(decides.encode()).hexdigest()[:12]}.so"
    if not path.exists():
        BUILD.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}")
        subprocess.run([*command, "-o", str(fresh)], check=True)
        fresh.replace(path)
    return path
