"""Mistakes for compute-sanitizer's tools to find: `planted.py memcheck`, `racecheck` or `initcheck`."""

from __future__ import annotations

import sys

import cudapy as cp


# past : void (float* X)
def past(X):
    X[idx + 4096] = 1


# race : void (float* X)
def race(X):
    held = shared(256, float)
    held[threadIdx.x] = X[idx]
    X[idx] = held[255 - threadIdx.x]


# copy : void (float* X, float* Y)
def copy(X, Y):
    if idx < len(X):
        Y[idx] = X[idx]


if __name__ == "__main__":
    cp.set_device("cuda")
    X = cp.CudaArray.allocate(256, cp.float32)
    if sys.argv[1] == "memcheck":
        import ctypes

        driver, address = ctypes.CDLL("libcuda.so.1"), ctypes.c_uint64()
        assert driver.cuMemAlloc_v2(ctypes.byref(address), ctypes.c_size_t(1024)) == 0

        class Small:
            def __init__(self) -> None:
                self.__cuda_array_interface__ = {
                    "shape": (256,),
                    "typestr": "<f4",
                    "data": (address.value, False),
                    "version": 3,
                }

        cp.compile(past, check=False)(256)(Small())
    elif sys.argv[1] == "racecheck":
        cp.compile(race)(256, block=256)(X)
    else:
        import cupy

        cp.compile(copy)(256)(cupy.ndarray(256, "float32"), X)
    cp.synchronize()
