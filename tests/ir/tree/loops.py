import cudapy as cp


# loops : void (float* A, float* B, int n)
def loops(A, B, n):
    total = 0.0
    for i in xrange(n):
        total += i
    for j in range(2, n, 3):
        total += j
    for i, x in enumerate(A):
        total += i * x
    for i, x in enumerate(A, 1):
        total += i * x
    for x, y in zip(A, B):
        total += x * y
    for i, (x, y) in enumerate(zip(A, B)):
        total += i * x * y
    for x in A:
        total += x
    for k, x in zip(range(10, 0, -2), A):
        total += k * x
    else:
        total = -total
    B[idx] = total


kernel = cp.compile(loops)
# CHECK: for i in range(0, n, 1):
# CHECK: for j in range(2, n, 3):
# CHECK: for i in range(0, len(A), 1):
# CHECK-NEXT: x = A[i]
# CHECK-NEXT: total = total + i * x
# CHECK-NEXT: for %index
# CHECK-NEXT: i = 1 + %index
# CHECK-NEXT: x = A[%index
# CHECK: for %index
# CHECK-NEXT: x = A[%index
# CHECK-NEXT: y = B[%index
# CHECK: for i in range(0, min(len(A), len(B)), 1):
# CHECK-NEXT: x = A[i]
# CHECK-NEXT: y = B[i]
# CHECK: for %index
# CHECK-NEXT: x = A[%index
# CHECK: in range(0, min(max((10 - 0 + 1) // 2, 0), len(A)), 1):
# CHECK-NEXT: k = 10 + %index
# CHECK: else:
# CHECK-NEXT: total = -total
