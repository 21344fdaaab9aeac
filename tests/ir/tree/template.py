import cudapy as cp


def zip_with(X, Y, Z):
    if idx < len(Z):
        Z[idx] = f(X[idx], Y[idx]) * k


def add(x, y):
    return x + y


kernel = cp.compile(
    cp.Template(zip_with).substitute([(add, "f")], k=3),
    sig="void (float* X, float* Y, float* Z)",
)
# CHECK: Z[idx] = add(X[idx], Y[idx]) * 3
# CHECK: def add(x, y):
