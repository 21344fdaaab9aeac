import cudapy as cp

HALF = 0.5
MASK = 0xFFFFFFFF


# weak : void (float* F, double* D, uint8* B, uint32* U, int64* L)
def weak(F, D, B, U, L):
    F[0] = F[0] * HALF
    D[0] = D[0] * HALF
    B[0] = B[0] + 1
    L[0] = B[0] + 1000
    U[0] = U[0] & MASK
    L[1] = idx & MASK
    L[2] = 2**40
    U[1] = 2**32 - 1
    D[1] = idx / 2
    third = 1 / 3
    F[1] = F[1] * third
    count = 0
    for i in range(3):
        count += i
    L[3] = B[0] * count


kernel = cp.compile(weak)
# CHECK: F[0] = F[0] * 0.5
# CHECK-NEXT: D[0] = D[0] * float64(0.5)
# CHECK-NEXT: B[0] = B[0] + uint8(1)
# CHECK-NEXT: L[0] = int64(int32(B[0]) + 1000)
# CHECK-NEXT: U[0] = U[0] & uint32(4294967295)
# CHECK-NEXT: L[1] = int64(idx) & int64(4294967295)
# CHECK-NEXT: L[2] = int64(1099511627776)
# CHECK-NEXT: U[1] = uint32(4294967295)
# CHECK-NEXT: D[1] = float64(idx) / float64(2.0)
# CHECK-NEXT: third: float64
# CHECK-NEXT: F[1] = F[1] * 0.33333334
# CHECK-NEXT: count: int32 = 0
# CHECK: L[3] = int64(int32(B[0]) * count)
