"""Functions and operators of Python's that kernels have in the kernel language: they are compiled with the kernel.

`contains` is what `x in t` calls.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations


def sum(values, start=0):
    for value in values:
        start = start + value
    return start


def contains(value, values):
    found = False
    for item in values:
        found |= item == value
    return found
