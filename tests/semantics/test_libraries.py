"""Helpers and constants from other modules, classes, namespaces and enumerations."""

from __future__ import annotations

import enum
import types

import cudapy as cp
import kernel_library
import kernel_library.smooth
import numpy as np
import pytest
from cudapy import idx
from differential import differential, floats, integers
from kernel_library import smooth as curves
from kernel_library.smooth import Physics, boost


class Color(enum.IntEnum):
    RED = 1
    BLUE = 7


class Mode(enum.Enum):
    FAST = 2.5
    SLOW = 3


SETTINGS = types.SimpleNamespace(alpha=0.5, inner=types.SimpleNamespace(steps=3))


def small(n, seed=0):
    return integers(n, seed, "int32", -9, 20)


def from_modules(F, R):
    if idx < len(F):
        n = len(F)
        R[idx] = curves.smoothstep(F[idx], high=100.0)
        R[n + idx] = kernel_library.smooth.smoothstep(F[idx])
        R[2 * n + idx] = boost(F[idx]) + kernel_library.GAIN


def test_helpers_of_other_modules():
    differential(from_modules, lambda n: [floats(n), np.zeros(3 * n, "float32")])


def constants(A, R):
    if idx < len(A):
        n = len(A)
        R[idx] = A[idx] * Color.BLUE + Color.RED.value
        R[n + idx] = A[idx] * Mode.FAST.value - Mode.SLOW.value
        R[2 * n + idx] = A[idx] * Physics.gravity + curves.Physics.Units.scale
        R[3 * n + idx] = SETTINGS.alpha if A[idx] == Color.RED else SETTINGS.inner.steps


def test_constants_of_enumerations_classes_and_namespaces():
    differential(constants, lambda n: [small(n), np.zeros(4 * n, "float32")])


def test_a_device_function_is_a_python_function():
    assert boost(3) == 12
    assert curves.smoothstep(0.5) == 0.5


def test_several_kernels_of_one_file():
    first, second = cp.compile(from_modules), cp.compile(constants)
    F, R = np.ones(2, "float32"), np.zeros(6, "float32")
    first(2)(F, R)
    A, S = np.ones(2, "int32"), np.zeros(8, "float32")
    second(2)(A, S)
    assert R[4] == 8.0
    assert S[0] == 8.0


@pytest.mark.parametrize("item", [Color, len, lambda x: x, 3])
def test_only_functions_are_device_functions(item):
    with pytest.raises(TypeError, match="written with `def`"):
        cp.device_function(item)
