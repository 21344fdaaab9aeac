"""Higher-order kernels: map and zipWith are written once, and a template binds the function that they apply.

python examples/template_map.py
"""

from __future__ import annotations

import math
from collections.abc import Callable

import cudapy as cp


# map_kernel : void (float* X, float* Y)
def map_kernel(X, Y):
    if idx < len(X):
        Y[idx] = f(X[idx])


def map_with(function: Callable[..., object]) -> Callable[..., object]:
    """A kernel that applies `function` to every element."""
    return cp.compile(cp.Template(map_kernel).substitute(f=function))


def zip_with(function: Callable[..., object]) -> Callable[..., object]:
    """A kernel that applies `function` to the elements of two arrays; CudaPy's decorator form."""

    @cp.template([(function, "f")])
    def zip_kernel(X, Y, Z):
        if idx < len(X):
            Z[idx] = f(X[idx], Y[idx])

    return cp.compile(zip_kernel, sig="void (float* X, float* Y, float* Z)")


def logistic(x):
    return 1.0 / (1.0 + math.exp(-x))


def larger(x, y):
    return x if x > y else y


def scaled(x, y):
    return k * x + y


def main() -> dict[str, list[float]]:
    """Prints and returns the results by name."""
    X = [-2.0, -1.0, 0.0, 1.0, 2.0]
    Y = [0.5] * len(X)
    n = len(X)
    results = {name: [0.0] * n for name in ("logistic", "larger", "3 x + y")}

    map_with(logistic)(n)(X, results["logistic"])
    zip_with(larger)(n)(X, Y, results["larger"])
    # A template may be bound to a function that is itself made from a template.
    zip_with(cp.Template(scaled).substitute(k=3))(n)(X, Y, results["3 x + y"])

    for name, values in results.items():
        print(f"{name:>9}:", [round(value, 3) for value in values])
    return results


if __name__ == "__main__":
    main()
