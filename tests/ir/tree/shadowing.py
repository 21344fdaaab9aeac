import cudapy as cp

idy = 5
max = 7


# shadow : void (float* A, int idx)
def shadow(A, idx):
    idz = idx + 1
    A[idz] = idy + max


kernel = cp.compile(shadow)
# CHECK: idz = idx + 1
# CHECK-NEXT: A[idz] = 5 + 7
