"""Which device kernels run on: `"cpu"`; `"cuda"`, an NVIDIA GPU; `"auto"`, a GPU if there is one; or `"python"`, the
reference that interprets them in CPython.

The core asks no one at a launch: it holds the device that is set for the process and the `with` blocks that are open in
each thread and coroutine. A device may come with a hook, which launches go to instead of to machine code. The driver is
opened when a GPU is first asked for.
"""

from __future__ import annotations

from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType


# Why "auto" came to the CPU although a GPU is there; None: it did not.
_refusal: str | None = None


def get_device() -> str:
    """The name of the device that launches of this thread or coroutine go to, as `cp.set_device` takes it.

    In CUDA: `cudaGetDevice`.

    Example:
        >>> import cudapy as cp
        >>> cp.get_device()
        'cpu'
    """
    from cudapy import _core

    return _core.current_device()


class Device(NamedTuple):
    """A device as `cp.devices` lists it.

    Attributes:
        name: what `cp.set_device` takes.
        description: what it is, such as the GPU's model.
        problem: why it cannot be used; None if it can.

    Example:
        >>> import cudapy as cp
        >>> cp.devices()[-1]
        Device(name='python', description="CPython, which interprets the kernel's source", problem=None)
    """

    name: str
    description: str
    problem: str | None


def devices() -> list[Device]:
    """The devices of this machine, and why there is no GPU among them if there is none.

    Returns:
        A list of `cp.Device`: the CPU first, then the GPUs, then "python". One that cannot be used has a `problem`.

    Example:
        >>> import cudapy as cp
        >>> cp.devices()[0].name
        'cpu'
    """
    from cudapy import _core

    from .errors import CudaError

    found = [Device("cpu", f"machine code for {_core.cpu_level()}", None)]
    try:
        names = _core.gpu_names()
    except CudaError as error:
        found.append(Device("cuda", "NVIDIA GPUs", str(error)))
    else:
        found += [
            Device(f"cuda:{i}", name, _refusal if i == 0 else None) for i, name in enumerate(names)
        ]
        if not names:
            found.append(Device("cuda", "NVIDIA GPUs", "the driver finds none on this machine"))
    found.append(Device("python", "CPython, which interprets the kernel's source", None))
    return found


_DIGITS = 9  # of a number that the core's int holds


def _gpu_of(name: str) -> int | None:
    if name == "cuda":
        return 0
    number = name.removeprefix("cuda:")
    is_number = number != name and number.isdecimal() and len(number) <= _DIGITS
    return int(number) if is_number else None


class _Choice(NamedTuple):
    """A device as the core takes it."""

    name: str
    gpu: int
    hook: Callable[..., object] | None
    automatic: bool = False


def _automatic() -> str:
    global _refusal
    from cudapy import _core

    from .errors import CudaError

    _refusal = None
    try:
        if not _core.gpu_names():
            return "cpu"
        _core.open_gpu(0)
    except CudaError as error:
        _refusal = str(error)
        return "cpu"
    return "cuda"


def _choose(name: str) -> _Choice:
    if not isinstance(name, str):
        raise TypeError(f'a device is chosen by its name, such as "cpu" or "cuda", not {name!r}')
    is_automatic = name == "auto"
    if is_automatic:
        name = _automatic()
    gpu = _gpu_of(name)
    if gpu is not None:
        return _Choice(name, gpu, None, is_automatic)
    if name == "python":
        from .interpreter import launch

        return _Choice(name, -1, launch)
    if name != "cpu":
        raise ValueError(
            f'no device {name!r}: there are "cpu", "cuda", "cuda:1" ..., "auto" and "python"'
        )
    return _Choice(name, -1, None)


def set_device(name: str) -> None:
    """Sends all following launches of this process to a device, and makes new CudaArrays there.

    All threads follow, but for what is within a `with cp.device(...):` block of its own. Called within such a block, it
    changes the block's device, and the process keeps its own.

    Args:
        name: `"cpu"`, machine code on all cores; `"cuda"`, the first NVIDIA GPU, or `"cuda:1"` and so on the others;
            `"auto"`, the first GPU if it can be used and else the CPU, where `cp.devices()` says why, as in the child
            of a fork, which can use none; or `"python"`,
            where CPython runs the kernel's own source, one thread after the other, so that breakpoints and `print`
            work. It computes with exactly the types that the compiled kernel has.

    Raises:
        TypeError, ValueError: there is no such device.
        CudaError: there is no such GPU, or no driver that is new enough; the message says which.

    In CUDA: `cudaSetDevice`.

    Example:
        >>> import cudapy as cp
        >>> cp.set_device("python")
        >>> cp.get_device()
        'python'
        >>> cp.set_device("cpu")
    """
    from cudapy import _core

    _core.choose_device(*_choose(name))


def cuda(number: int = 0) -> device:
    """An NVIDIA GPU for a `with` block: `with cp.cuda(1):`.

    Args:
        number: which one, in the order of `cp.devices`.

    Raises:
        CudaError: on entering the block, that there is no such GPU, or no driver.

    Example:
        >>> import cudapy as cp
        >>> if any(d.name == "cuda:0" and d.problem is None for d in cp.devices()):
        ...     with cp.cuda(0):
        ...         assert cp.CudaArray([1.0]).device == "cuda:0"
    """
    if not isinstance(number, int) or number < 0:
        raise ValueError(f"cp.cuda({number!r}): GPUs are numbered from 0")
    return device(f"cuda:{number}")


def synchronize() -> None:
    """Waits until all launches are done, and raises the first fault of those on a GPU, if there was one.

    Launches on a GPU go on while Python does. Reading an array waits as well. On the CPU launches are done when
    the call returns, and this does nothing.

    Raises:
        IndexError, ZeroDivisionError, AssertionError, …: the fault of a launch.
        CudaError: the driver gave up the process's work.

    In CUDA: `cudaDeviceSynchronize`.

    Example:
        >>> import cudapy as cp
        >>> cp.synchronize()
    """
    from cudapy import _core

    _core.synchronize()


class device:
    """Sends the launches within a `with` block to a device, and those after it where they went before.

    The block is its thread's or coroutine's alone: others go where they went. What asyncio starts within the block is
    within it, too; a new thread is not.

    Args:
        name: as `cp.set_device` takes it.

    Raises:
        ValueError: on entering the block, that there is no such device.
        CudaError: on entering the block, that there is no such GPU, or no driver.

    Example:
        >>> import cudapy as cp
        >>> with cp.device("python"):
        ...     cp.get_device()
        'python'
        >>> cp.get_device()
        'cpu'
    """

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> device:
        from cudapy import _core

        _core.enter_device(self, *_choose(self._name))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        from cudapy import _core

        _core.leave_block(self)
