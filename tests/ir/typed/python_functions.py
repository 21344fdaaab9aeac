import math

import cudapy as cp


# functions : void (int* I, float* F, bool* B)
def functions(I, F, B):
    I[0] = round(F[0]) + math.floor(F[0]) + int(F[0])
    F[0] = min(I[0], 2, F[1]) ** 2
    I[1] = abs(I[0])
    F[2] = math.sqrt(I[0]) + math.sinf(2)
    B[0] = I[0]
    I[2] = I[0] or 3
    I[3] = B[0] + B[1]
    B[2] = 0 < I[0] < 5


kernel = cp.compile(functions)
# CHECK: I[0] = int32(math.rint(F[0])) + int32(math.floor(F[0])) + int32(F[0])
# CHECK-NEXT: F[0] = min(min(float32(I[0]), 2.0), F[1]) ** 2.0
# CHECK-NEXT: I[1] = {
# CHECK-NEXT: int32 = I[0]
# CHECK: F[2] = math.sqrt(float32(I[0])) + math.sin(2.0)
# CHECK-NEXT: B[0] = I[0] != 0
# CHECK-NEXT: I[2] = {
# CHECK: != 0 else 3
# CHECK: I[3] = int32(B[0]) + int32(B[1])
# CHECK-NEXT: B[2] = 0 < {
