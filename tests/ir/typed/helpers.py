import cudapy as cp


def twice(v):
    return v + v


# half : float (float v)
def half(v):
    return v / 2


def put(to, i, v):
    to[i] = v


# helpers : void (int* N, float* F)
def helpers(N, F):
    put(N, idx, twice(N[idx]))
    put(F, idx, half(N[idx]) + twice(F[idx]))


kernel = cp.compile(helpers)
# CHECK: def helpers(N: int32[:] (written), F: float32[:] (written)) -> void:
# CHECK-NEXT: put(N, idx, twice(N[idx]))
# CHECK-NEXT: put(F, idx, half(float32(N[idx])) + twice(F[idx]))
# CHECK: def put(to: int32[:] (written), i: int32, v: int32) -> void:
# CHECK: def twice(v: int32) -> int32:
# CHECK: def put(to: float32[:] (written), i: int32, v: float32) -> void:
# CHECK: def half(v: float32) -> float32:
# CHECK-NEXT: return v / 2.0
# CHECK: def twice(v: float32) -> float32:
