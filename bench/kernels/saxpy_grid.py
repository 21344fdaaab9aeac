"""Y = alpha X + Y, in a loop over the grid's width."""


# saxpy_grid : void (float alpha, float* X, float* Y)
def saxpy_grid(alpha, X, Y):
    for i in range(idx, len(X), blockDim.x * gridDim.x):
        Y[i] = alpha * X[i] + Y[i]
