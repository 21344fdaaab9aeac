import cudapy as cp


# flow : void (float* A, int n)
def flow(A, n):
    if idx >= len(A):
        return
    i = 0
    while True:
        if i > n:
            break
            A[0] = 1.0
        elif i == 3:
            i += 1
            continue
        i += 1
    else:
        A[idx] = -1.0
    for k in range(n):
        A[k] += 1.0
    A[idx] = i
    return
    A[idx] = 2.0


kernel = cp.compile(flow)
# CHECK: if idx >= len(A):
# CHECK-NEXT: return
# CHECK: while True:
# CHECK-NEXT: if i > n:
# CHECK-NEXT: break
# CHECK-NOT: A[0] = 1.0
# CHECK: continue
# CHECK: else:
# CHECK-NEXT: A[idx] = -1.0
# CHECK: for k in range(0, n, 1):
# CHECK: A[idx] = i
# CHECK-NEXT: return
# CHECK-NOT: A[idx] = 2.0
