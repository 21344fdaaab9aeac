"""One step of n bodies that attract each other: every thread sums over all bodies."""

import math


# accelerate : void (float* x, float* y, float* z, float* mass, float* ax, float* ay, float* az)
def accelerate(x, y, z, mass, ax, ay, az):
    if idx < len(x):
        sx = sy = sz = 0.0
        for j in range(len(x)):
            dx = x[j] - x[idx]
            dy = y[j] - y[idx]
            dz = z[j] - z[idx]
            near = 1.0 / math.sqrt(dx * dx + dy * dy + dz * dz + 1e-3)
            pull = mass[j] * near * near * near
            sx += pull * dx
            sy += pull * dy
            sz += pull * dz
        ax[idx] = sx
        ay[idx] = sy
        az[idx] = sz
