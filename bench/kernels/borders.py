"""Three neighbours' sum, with the ends left alone, repeated, or joined to a ring."""


# guarded : void (float* X, float* Y)
def guarded(X, Y):
    if 0 < idx < len(X) - 1 and idx < len(Y):
        Y[idx] = X[idx - 1] + X[idx] + X[idx + 1]


# clamped : void (float* X, float* Y)
def clamped(X, Y):
    n = len(X)
    if idx < n and idx < len(Y):
        Y[idx] = X[max(idx - 1, 0)] + X[idx] + X[min(idx + 1, n - 1)]


# wrapped : void (float* X, float* Y)
def wrapped(X, Y):
    n = len(X)
    if idx < n and idx < len(Y):
        Y[idx] = X[(idx - 1) % n] + X[idx] + X[(idx + 1) % n]
