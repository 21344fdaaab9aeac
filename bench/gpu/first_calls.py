"""What first calls take in a fresh process, and how much of it is the assembler's: run by compare.py.

    python bench/gpu/first_calls.py TAG

prints, in milliseconds, for each kernel `NAME first=... assembled=... loaded=...`: its first call; what the assembler
that cudapy took needs for the same PTX, and what the driver needs to load the cubin, both measured afterwards. The
first kernel's call loads the libraries. Of the others there are several that differ by their names, and the median
counts. TAG is a part of all names: assemblers keep on disk what they have made.
"""

from __future__ import annotations

import ctypes
import importlib.util
import inspect
import itertools
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import cudapy as cp
from compare import mandelbrot, saxpy, transpose

DRIVER_PTX, NVJITLINK_PTX = 1, 2  # CU_JIT_INPUT_PTX, NVJITLINK_INPUT_PTX
ROUNDS = 5


TAG = sys.argv[1]
_numbers = itertools.count()


def renamed(ptx: str) -> bytes:
    """With names that no assembler has seen."""
    return ptx.replace("cudapy_", f"cudapy{TAG}_{next(_numbers)}_").encode()


def copies(function: Any, count: int) -> list[Any]:
    """The same kernel under other names."""
    text = f"{inspect.getcomments(function)}{inspect.getsource(function)}"
    names = [f"{function.__name__}_{TAG}_{number}" for number in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{function.__name__}_copies.py")
        path.write_text("\n\n".join(text.replace(function.__name__, name) for name in names))
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return [cp.compile(getattr(module, name)) for name in names]


def ms(run: Callable[[], object]) -> float:
    begin = time.perf_counter()
    run()
    return (time.perf_counter() - begin) * 1e3


def call(library: ctypes.CDLL, name: str, *arguments: Any) -> None:
    status = getattr(library, name)(*arguments)
    if status != 0:
        raise RuntimeError(f"{name} fails with {status}")


def assemble_by_driver(driver: ctypes.CDLL, ptx: bytes) -> None:
    link, cubin, size = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_size_t()
    call(driver, "cuLinkCreate_v2", 0, None, None, ctypes.byref(link))
    given = ctypes.create_string_buffer(ptx)
    call(
        driver,
        "cuLinkAddData_v2",
        link,
        DRIVER_PTX,
        given,
        ctypes.c_size_t(len(ptx) + 1),
        b"kernel",
        0,
        None,
        None,
    )
    call(driver, "cuLinkComplete", link, ctypes.byref(cubin), ctypes.byref(size))
    call(driver, "cuLinkDestroy", link)


def assemble_by_nvjitlink(linker: ctypes.CDLL, ptx: bytes, architecture: str) -> None:
    link = ctypes.c_void_p()
    options = (ctypes.c_char_p * 1)(f"-arch={architecture}".encode())
    call(linker, "nvJitLinkCreate", ctypes.byref(link), 1, options)
    size = ctypes.c_size_t(len(ptx) + 1)
    call(linker, "nvJitLinkAddData", link, NVJITLINK_PTX, ptx, size, b"kernel")
    call(linker, "nvJitLinkComplete", link)
    call(linker, "nvJitLinkDestroy", ctypes.byref(link))


def load(driver: ctypes.CDLL, cubin: bytes) -> None:
    module = ctypes.c_void_p()
    call(driver, "cuModuleLoadData", ctypes.byref(module), cubin)
    call(driver, "cuModuleUnload", module)


def launch(kernel: Any, threads: tuple[int, ...], block: Any, arguments: tuple[Any, ...]) -> None:
    kernel(*threads, block=block)(*arguments)


def main() -> None:
    cp.set_device("cuda")
    X, Y = cp.CudaArray.allocate(1024, cp.float32), cp.CudaArray.allocate(1024, cp.float32)
    out = cp.CudaArray.allocate(1024, cp.int32)
    calls = (
        (saxpy, (8,), 256, (2.0, X, Y)),
        (mandelbrot, (8, 8), (32, 8), (out, 8, 8, 9)),
        (transpose, (32, 8), (32, 8), (X, Y, 32)),
    )
    kernels = [copies(function, ROUNDS if function is not saxpy else 1) for function, *_ in calls]
    first = [
        median(ms(partial(launch, kernel, *given[1:])) for kernel in of_one)
        for of_one, given in zip(kernels, calls)
    ]
    driver, context, device = ctypes.CDLL("libcuda.so.1"), ctypes.c_void_p(), ctypes.c_int()
    call(driver, "cuDeviceGet", ctypes.byref(device), 0)
    call(driver, "cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
    call(driver, "cuCtxSetCurrent", context)
    major, minor = ctypes.c_int(), ctypes.c_int()
    call(driver, "cuDeviceGetAttribute", ctypes.byref(major), 75, device)
    call(driver, "cuDeviceGetAttribute", ctypes.byref(minor), 76, device)
    architecture = f"sm_{major.value}{minor.value}"
    linker = cp._core.nvjitlink()
    library = ctypes.CDLL(linker) if linker else None
    for (kernel, *_), given, took in zip(kernels, calls, first):
        block = given[2] if isinstance(given[2], tuple) else None
        made = kernel.compile_for(architecture, block=block)
        texts = [renamed(made.ptx) for _ in range(ROUNDS)]
        if library:
            assemblies = [
                partial(assemble_by_nvjitlink, library, ptx, architecture) for ptx in texts
            ]
        else:
            assemblies = [partial(assemble_by_driver, driver, ptx) for ptx in texts]
        assembled = median(ms(assemble) for assemble in assemblies)
        loaded = median(ms(partial(load, driver, made.cubin)) for _ in range(ROUNDS))
        print(f"{given[0].__name__} first={took:.2f} assembled={assembled:.2f} loaded={loaded:.2f}")


if __name__ == "__main__":
    main()
