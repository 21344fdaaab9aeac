import math

import cudapy as cp


# functions : void (int* N, float* F, bool* B)
def functions(N, F, B):
    N[0] = round(F[0]) + math.floor(F[0]) + int(F[0])
    F[0] = min(N[0], 2, F[1]) ** 2
    N[1] = abs(N[0])
    F[2] = math.sqrt(N[0]) + math.sinf(2)
    B[0] = N[0]
    N[2] = N[0] or 3
    N[3] = B[0] + B[1]
    B[2] = 0 < N[0] < 5


kernel = cp.compile(functions)
# CHECK: N[0] = int32(math.rint(F[0])) + int32(math.floor(F[0])) + int32(F[0])
# CHECK-NEXT: F[0] = min(min(float32(N[0]), 2.0), F[1]) ** 2.0
# CHECK-NEXT: N[1] = {
# CHECK-NEXT: int32 = N[0]
# CHECK: F[2] = math.sqrt(float32(N[0])) + math.sin(2.0)
# CHECK-NEXT: B[0] = N[0] != 0
# CHECK-NEXT: N[2] = {
# CHECK: != 0 else 3
# CHECK: N[3] = int32(B[0]) + int32(B[1])
# CHECK-NEXT: B[2] = 0 < {
