import cudapy as cp


def weigh(x, weight=2, *, offset=0.5):
    return x * weight + offset


def twice(x):
    return weigh(weigh(x), offset=0.0)


@cp.kernel
def as_helper(x):
    return x + 1


# calls : void (float* A)
def calls(A):
    A[0] = weigh(A[0])
    A[1] = weigh(weight=3.0, x=A[1])
    A[2] = twice(A[2])
    A[3] = as_helper(A[3])
    A[4] = listed(A[4])


def hidden():
    def listed(x):
        return x - 1

    return listed


kernel = cp.compile([calls, hidden()])
# CHECK: def calls(A
# CHECK-NEXT: A[0] = weigh(A[0], 2, 0.5)
# CHECK-NEXT: A[1] = weigh(A[1], 3.0, 0.5)
# CHECK-NEXT: A[2] = twice(A[2])
# CHECK-NEXT: A[3] = as_helper(A[3])
# CHECK-NEXT: A[4] = listed(A[4])
# CHECK: def weigh(x, weight, offset):
# CHECK-NEXT: return x * weight + offset
# CHECK: def twice(x):
# CHECK-NEXT: return weigh(weigh(x, 2, 0.5), 2, 0.0)
# CHECK: def as_helper(x):
# CHECK: def listed(x):
