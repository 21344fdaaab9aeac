import cudapy as cp

VERBOSE = False


# Branches that a captured constant turns off are not looked at.
# specialised : void (float* X, float* Y, int n)
def specialised(X, Y, n):
    if VERBOSE:
        Y[X] = X
    elif n > 0 and not VERBOSE:
        Y[idx] = X[-1]
    n = n * 0.5
    Y[0] = n
    Z = Y
    Z[1] = len(Z)


kernel = cp.compile(specialised)
# CHECK: def specialised(X: float32[:], Y: float32[:] (written), n
# CHECK-NOT: VERBOSE
# CHECK: float32 = float32(n
# CHECK: Y[idx] = X[len(X) + -1]
# CHECK: Y[1] = float32(len(Y))
