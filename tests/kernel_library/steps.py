"""What the other module builds on."""

from __future__ import annotations


def clamp(x, low, high):
    return min(max(x, low), high)
