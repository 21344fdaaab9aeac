import cudapy as cp


# mandelbrot : void (int width, int height, int limit, int* out)
def mandelbrot(width, height, limit, out):
    x = 3.5 * (idx % width) / width - 2.5
    y = 2.0 * (idx // width) / height - 1.0
    zr = 0.0
    zi = 0.0
    n = 0
    while n < limit and zr * zr + zi * zi < 4:
        zr, zi = zr * zr - zi * zi + x, 2 * zr * zi + y
        n += 1
    out[idx] = n


kernel = cp.compile(mandelbrot)
# CHECK: def mandelbrot(width: int32, height: int32, limit: int32, out: int32[:] (written)) -> void:
# CHECK-NEXT: x: float32 = 3.5 * float32(idx % width) / float32(width) - 2.5
# CHECK-NEXT: y: float32 = 2.0 * float32(idx // width) / float32(height) - 1.0
# CHECK-NEXT: zr: float32 = 0.0
# CHECK-NEXT: zi: float32 = 0.0
# CHECK-NEXT: n: int32 = 0
# CHECK-NEXT: while n < limit and zr * zr + zi * zi < 4.0:
# CHECK-NOT: float64
# CHECK: n = n + 1
# CHECK-NEXT: out[idx] = n
