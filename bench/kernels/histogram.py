"""How often each of 256 grey levels occurs in a picture."""

from cudapy import atomic


# histogram : void (uint8* image, int* bins)
def histogram(image, bins):
    if idx < len(image):
        atomic.add(bins, image[idx], 1)
