"""Which device kernels run on: `"cpu"`, or `"python"`, the reference that interprets them in CPython.

The core asks no one at a launch: it holds one pointer, `_core.set_launch_hook`. While that is set, every launch goes to
it instead of to machine code.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

_current = "cpu"


def get_device() -> str:
    """The name of the device that launches go to.

    Example:
        >>> import cudapy as cp
        >>> cp.get_device()
        'cpu'
    """
    return _current


def set_device(name: str) -> None:
    """Sends all following launches of this process to a device.

    Args:
        name: `"cpu"`, machine code on all cores; or `"python"`, where CPython runs the kernel's own source, one thread
            after the other, so that breakpoints and `print` work. It computes with exactly the types that the
            compiled kernel has.

    Raises:
        ValueError: there is no such device.
    """
    global _current
    from cudapy import _core

    if name == "cpu":
        _core.set_launch_hook(None)
    elif name == "python":
        from .interpreter import launch

        _core.set_launch_hook(launch)
    else:
        raise ValueError(f'no device {name!r}: there are "cpu" and "python"')
    _current = name


class device:
    """Sends the launches within a `with` block to a device, and those after it where they went before.

    Example:
        >>> import cudapy as cp
        >>> with cp.device("python"):
        ...     cp.get_device()
        'python'
        >>> cp.get_device()
        'cpu'
    """

    __slots__ = ("_before", "_name")

    def __init__(self, name: str) -> None:
        self._name = name
        self._before = "cpu"

    def __enter__(self) -> device:
        self._before = get_device()
        set_device(self._name)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        set_device(self._before)
