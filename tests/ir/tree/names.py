import enum
import math as m
from math import pi, sin

import cudapy as cp
import numpy as np
from cudapy import float64, threadIdx

strong = np.float64(0.25)
small = np.int8(-3)
flag = True


class Mode(enum.IntEnum):
    FAST = 7


class Config:
    steps = 5


def outer(captured):
    # names : void (double* A)
    def names(A):
        A[0] = pi + m.e + math.tau + np.inf
        A[1] = sin(A[0]) + np.sin(A[0]) + math.sinf(A[0]) + cp.math.cos(A[0])
        A[2] = strong + small + flag + captured
        A[3] = Mode.FAST + Config.steps + Mode.FAST.value
        A[4] = threadIdx.x + cp.blockDim.y + gridDim.z + cp.idy + warpSize
        A[5] = float64(idx) + int(A[5]) + np.float32(A[5]) + double(2) + cp.Int(A[5]) + bool(idx)
        A[6] = np.where(idx > 3, np.minimum(A[0], A[1]), abs(A[6])) + m.floor(A[6]) + np.floor(A[6])
        A[7] = min(idx, 1, 2) + max(A[0], 3) + round(A[7], 2) + pow(A[7], 2) + math.log(A[7], 2.0)
        A[8] = np.clip(A[8], 0, 1) + np.square(A[8]) + math.fma(A[0], A[1], A[2]) + len(A)

    return names


kernel = cp.compile(outer(1.5))
# CHECK: A[0] = 3.141592653589793 + 2.718281828459045 + 6.283185307179586 + inf
# CHECK-NEXT: A[1] = math.sin(A[0]) + math.sin(A[0]) + math.sinf(A[0]) + math.cos(A[0])
# CHECK-NEXT: A[2] = float64(0.25) + int8(-3) + True + 1.5
# CHECK-NEXT: A[3] = 7 + 5 + 7
# CHECK-NEXT: A[4] = threadIdx.x + blockDim.y + gridDim.z + idy + 32
# CHECK-NEXT: A[5] = float64(idx) + int32(A[5]) + float32(A[5]) + float64(2) + int32(A[5]) + bool(idx)
# CHECK-NEXT: A[6] = (min(A[0], A[1]) if idx > 3 else abs(A[6])) + math.floor(A[6]) + math.floor(A[6])
# CHECK-NEXT: A[7] = min(idx, 1, 2) + max(A[0], 3) + round(A[7], 2) + A[7] ** 2 + math.log(A[7]) / math.log(2.0)
# CHECK-NEXT: A[8] = min(max(A[8], 0), 1) + A[8] ** 2 + math.fma(A[0], A[1], A[2]) + len(A)
