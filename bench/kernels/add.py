"""Y = X + Y: so little work that a call's own cost is all that is seen."""


# add : void (float* X, float* Y)
def add(X, Y):
    if idx < len(Y):
        Y[idx] = X[idx] + Y[idx]
