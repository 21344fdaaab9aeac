"""A library of functions for kernels, as a user's package would be."""

GAIN = 4
