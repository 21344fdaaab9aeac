"""Matrix multiplication, 1200 x 800 by 800 x 1000, one thread an element. Another kernel fills the inputs.

python examples/matmul.py
"""

from __future__ import annotations

import time

import cudapy as cp

M, K, N = 1200, 800, 1000


# fill : void (float* A, int width, int height, int seed)
def fill(A, width, height, seed):
    if idx < width and idy < height:
        A[idy * width + idx] = ((idx * 7 + idy * 13 + seed) % 32 - 16) / 8.0


# matmul : void (float* A, float* B, float* C, int m, int k, int n)
def matmul(A, B, C, m, k, n):
    if idx < n and idy < m:
        total = 0.0
        for i in range(k):
            total += A[idy * k + i] * B[i * n + idx]
        C[idy * n + idx] = total


def main(m: int = M, k: int = K, n: int = N) -> tuple[cp.CudaArray, cp.CudaArray, cp.CudaArray]:
    """Prints the times and returns A, B and C = A B, in rows."""
    fill_call = cp.compile(fill)
    matmul_call = cp.compile(matmul)

    # Nothing leaves the device between the kernels.
    A = cp.CudaArray.allocate(m * k, cp.Float)
    B = cp.CudaArray.allocate(k * n, cp.Float)
    C = cp.CudaArray.allocate(m * n, cp.Float)
    fill_call(k, m)(A, k, m, 1)
    fill_call(n, k)(B, n, k, 5)

    times = []
    for _ in range(4):
        start = time.perf_counter()
        matmul_call(n, m)(A, B, C, m, k, n)
        times.append(time.perf_counter() - start)

    best = min(times[1:])
    print(f"C = A B with A {m} x {k} and B {k} x {n}")
    print(
        f"first call {times[0] * 1e3:.1f} ms, later calls {best * 1e3:.1f} ms, {2e-9 * m * k * n / best:.1f} GFLOP/s"
    )
    return A, B, C


if __name__ == "__main__":
    main()
