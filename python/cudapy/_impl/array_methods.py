"""What CudaArrays do through NumPy: conversions between types, and pickling by way of the host."""

from __future__ import annotations

from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from cudapy._core import CudaArray


def made_on(device: str, source: object, dtype: object = None) -> CudaArray:
    """A new array on a device, whichever launches go to."""
    from cudapy._core import CudaArray

    from .device import device as block

    with block(device):
        return CudaArray(source, dtype)


def as_type(array: CudaArray, dtype: object) -> CudaArray:
    """The elements as another type, as `numpy.ndarray.astype` converts them."""
    import numpy as np

    from .types import as_elem_type, bfloat16

    wanted = as_elem_type(dtype)
    values = array.toHost()
    if wanted is bfloat16:
        return made_on(array.device, values.astype(np.float32), wanted)
    return made_on(array.device, values.astype(np.dtype(wanted.name)))


def remade(values: Any, dtype: str | None, device: str) -> CudaArray:
    """An array that was pickled, on the device that it was on."""
    return made_on(device, values, dtype)


def reduce(array: CudaArray) -> tuple[Callable[..., CudaArray], tuple[Any, str | None, str]]:
    """What pickle stores: the elements on the host. Those of bfloat16 are float32 there, which is exact."""
    import numpy as np

    if array.elemType().name == "bfloat16":
        return remade, (array.toHost().astype(np.float32), "bfloat16", array.device)
    return remade, (array.toHost(), None, array.device)
