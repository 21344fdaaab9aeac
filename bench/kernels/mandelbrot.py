"""The Mandelbrot set: how many iterations each point of the picture stays within 2 of 0."""


# mandelbrot : void (int width, int height, int limit, float left, float top, float step, int* counts)
def mandelbrot(width, height, limit, left, top, step, counts):
    if idx < width and idy < height:
        cr = left + idx * step
        ci = top + idy * step
        zr = 0.0
        zi = 0.0
        n = 0
        while n < limit and zr * zr + zi * zi <= 4.0:
            zr, zi = zr * zr - zi * zi + cr, 2.0 * zr * zi + ci
            n += 1
        counts[idy * width + idx] = n
