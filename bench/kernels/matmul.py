"""C[n, m] = A[n, k] B[k, m], row by row in flat arrays, a thread an element."""


# matmul : void (int n, int k, int m, float* A, float* B, float* C)
def matmul(n, k, m, A, B, C):
    if idx < m and idy < n:
        total = 0.0
        for p in range(k):
            total += A[idy * k + p] * B[p * m + idx]
        C[idy * m + idx] = total
