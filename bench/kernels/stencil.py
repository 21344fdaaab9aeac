"""The 5-point average of a picture that is kept row by row; the border is left alone."""


# stencil : void (int width, int height, float* source, float* result)
def stencil(width, height, source, result):
    if 0 < idx < width - 1 and 0 < idy < height - 1:
        i = idy * width + idx
        result[i] = 0.2 * (
            source[i] + source[i - 1] + source[i + 1] + source[i - width] + source[i + width]
        )
