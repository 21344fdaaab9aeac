"""The strength of edges in a picture; the border is left alone."""

import math


# sobel : void (float** image, float** edges)
def sobel(image, edges):
    if 0 < idx < image.shape[1] - 1 and 0 < idy < image.shape[0] - 1:
        gx = gy = 0.0
        for d in range(-1, 2):
            weight = 2.0 if d == 0 else 1.0
            gx += weight * (image[idy + d, idx + 1] - image[idy + d, idx - 1])
            gy += weight * (image[idy + 1, idx + d] - image[idy - 1, idx + d])
        edges[idy, idx] = math.sqrt(gx * gx + gy * gy)
