import cudapy as cp


# compare : void (float* A, int n)
def compare(A, n):
    if 0 <= idx + 1 < n:
        A[idx] = 1.0
    if 0.0 < A[idx] <= A[n] != 2.0 or (not n and n > 3):
        A[idx] = 2.0 if n else 3.0


kernel = cp.compile(compare)
# CHECK: if 0 <= idx + 1 and idx + 1 < n:
# CHECK: %middle0 = A[idx]
# CHECK: %middle1 = A[n]
# CHECK: not n and n > 3
# CHECK-NEXT: A[idx] = 2.0 if n else 3.0
