"""SAXPY, as CudaPy's page has it: Y = alpha * X + Y, over a million elements.

python examples/saxpy.py
"""

from __future__ import annotations

import time

import cudapy as cp

N = 1_000_000


# saxpy : void (float alpha, float* X, float* Y)
def saxpy(alpha, X, Y):
    if idx < len(X):
        Y[idx] = alpha * X[idx] + Y[idx]


def main(n: int = N) -> list[float]:
    """Prints what it did and returns the result as a list."""
    X = [float(i % 100) for i in range(n)]
    Y = cp.CudaArray([1.0] * n)

    saxpy_call = cp.compile(saxpy)
    X = cp.CudaArray(X)

    start = time.perf_counter()
    saxpy_call(len(X))(5.0, X, Y)
    first = time.perf_counter() - start

    Y = cp.CudaArray([1.0] * n)
    call = saxpy_call(len(X))  # the launcher can be kept
    start = time.perf_counter()
    call(5.0, X, Y)
    later = time.perf_counter() - start

    result = Y.toList()
    print(f"{n:,} elements: first call {first * 1e3:.2f} ms, later calls {later * 1e3:.3f} ms")
    print("Y =", [round(y, 2) for y in result[:5]], "…")
    return result


if __name__ == "__main__":
    main()
