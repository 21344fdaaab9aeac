import cudapy as cp


# saxpy : void (float alpha, float* X, float* Y)
def saxpy(alpha, X, Y):
    """The first example of CudaPy."""
    if idx < len(X):
        Y[idx] = alpha * X[idx] + Y[idx]


kernel = cp.compile(saxpy)
# CHECK: def saxpy(alpha
# CHECK-NEXT: if idx < len(X):
# CHECK-NEXT: Y[idx] = alpha * X[idx] + Y[idx]
