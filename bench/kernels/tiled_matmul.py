"""C = A B of square matrices by blocks of threads that share tiles of A and B; `n` is a multiple of 32."""

SIDE = 32


# tiled_matmul : void (int n, float* A, float* B, float* C)
def tiled_matmul(n, A, B, C):
    a = shared((SIDE, SIDE), float)
    b = shared((SIDE, SIDE), float)
    x, y = threadIdx.x, threadIdx.y
    total = 0.0
    for first in range(0, n, SIDE):
        a[y, x] = A[idy * n + first + x]
        b[y, x] = B[(first + y) * n + idx]
        syncthreads()
        for p in range(SIDE):
            total += a[y, p] * b[p, x]
        syncthreads()
    C[idy * n + idx] = total
