"""Pickling kernels, for multiprocessing and Dask: by the names of their functions, which the other process imports."""

from __future__ import annotations

import sys
from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from cudapy._core import Kernel


def _named(module: str, path: str) -> object:
    found: object = sys.modules.get(module)
    for name in path.split("."):
        found = getattr(found, name, None)
    return found


def remade(
    functions: tuple[Callable[..., object], ...],
    sigs: tuple[str | None, ...],
    options: dict[str, Any],
) -> Kernel:
    """A kernel of functions that were found again."""
    from cudapy._core import Kernel

    return Kernel(functions, sigs, options)


def reduce(
    kernel: Kernel,
    functions: tuple[Any, ...],
    sigs: tuple[str | None, ...],
    options: dict[str, Any],
) -> str | tuple[Any, ...]:
    """A decorated kernel is what its module calls so; one that `cp.compile` made is made again of its functions."""
    if _named(kernel.__module__, kernel.__qualname__) is kernel:
        return kernel.__qualname__
    return remade, (functions, sigs, options)
