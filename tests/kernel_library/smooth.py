"""Functions that call each other across modules."""

from __future__ import annotations

import cudapy as cp

from . import GAIN
from .steps import clamp


class Physics:
    gravity = 9.81

    class Units:
        scale = 1000


@cp.device_function
def boost(x):
    return x * GAIN


@cp.device_function
def smoothstep(x, low=0.0, high=1.0):
    t = clamp((x - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)
