import cudapy as cp


# assign : void (float* A, int n)
def assign(A, n):
    a, b = 1.0, 2.0
    a, b = b, a
    c = d = 0
    e = f = A[n] + 1
    c = d = c + 1
    A[0], A[1] = A[1], A[0]
    i, A[i] = n, a
    A[i + 1] += b
    A[i % 7 + c] *= d + e + f
    q, r = divmod(n, 3)
    (a, b), c = (q, r), c
    q, r = abs(a), q + abs(b)
    x: cp.float64 = 1
    A[-1] = x
    big = -9223372036854775808
    A[2] = big


kernel = cp.compile(assign)
# CHECK: a = 1.0
# CHECK-NEXT: b = 2.0
# CHECK-NEXT: = a
# CHECK-NEXT: a = b
# CHECK-NEXT: b = %swap
# CHECK-NEXT: c = 0
# CHECK-NEXT: d = 0
# CHECK-NEXT: %chain
# CHECK-NEXT: e = %chain
# CHECK-NEXT: f = %chain
# CHECK-NEXT: %chain
# CHECK-NEXT: c = %chain
# CHECK-NEXT: d = %chain
# CHECK-NEXT: = A[1]
# CHECK-NEXT: = A[0]
# CHECK-NEXT: A[0] = %swap
# CHECK-NEXT: A[1] = %swap
# CHECK-NEXT: i = n
# CHECK-NEXT: A[i] = a
# CHECK-NEXT: A[i + 1] = A[i + 1] + b
# CHECK-NEXT: = i % 7 + c
# CHECK-NEXT: A[%index
# CHECK-NEXT: %divmod
# CHECK-NEXT: q = %divmod
# CHECK-NEXT: r = %divmod
# CHECK-NEXT: a = q
# CHECK-NEXT: b = r
# CHECK-NEXT: c = c
# CHECK-NEXT: = abs(a)
# CHECK-NEXT: = q + abs(b)
# CHECK-NEXT: q = %swap
# CHECK-NEXT: r = %swap
# CHECK-NEXT: x: float64 = 1
# CHECK-NEXT: A[-1] = x
# CHECK-NEXT: big = -9223372036854775808
