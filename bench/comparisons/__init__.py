"""The comparisons by name, in the order in which they are run and printed."""

from collections.abc import Callable
from importlib import import_module

from comparison import Comparison, Settings

NAMES = (
    "mandelbrot",
    "saxpy",
    "stencil",
    "borders",
    "matmul",
    "black_scholes",
    "nbody",
    "histogram",
    "checks",
    "call",
    "first_call",
    "startup",
)


def load(name: str) -> Callable[[Settings], list[Comparison]]:
    """The function that runs the comparison `name`."""
    return import_module(f"comparisons.{name}").compare
