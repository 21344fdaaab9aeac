"""Which thread this is, and what the threads of a block share: `idx`, `threadIdx`, `shared`, `syncthreads`."""

from __future__ import annotations

from .placeholders import Placeholder, of_threads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    class Axes:
        """Three numbers, along x, y and z."""

        x: int
        y: int
        z: int


def _value(name: str) -> Any:
    return Placeholder(name)


idx: int = _value("idx")
"""The number of the thread along x, from 0, over the whole launch.

int32, or int64 in a launch of so many threads that they need it. It has a value in the threads of a kernel only, and
needs no import there; used elsewhere it raises CudaPyError.

A launch `k(n)(…)` runs the threads 0 to n - 1. A kernel with barriers or operations of warps runs whole blocks,
whose last threads are beyond n: guard what `idx` indexes.

In CUDA C++: `blockIdx.x * blockDim.x + threadIdx.x`.

Example:
    >>> import cudapy as cp
    >>> @cp.kernel
    ... def count(X):
    ...     if idx < len(X):
    ...         X[idx] = 10 * idx
    >>> X = [0, 0, 0]
    >>> count(3)(X)
    >>> X
    [0, 10, 20]
"""

idy: int = _value("idy")
"""The number of the thread along y, from 0, over the whole launch: 0 where it has one dimension. As `idx` otherwise.

In CUDA C++: `blockIdx.y * blockDim.y + threadIdx.y`.

Example:
    >>> import cudapy as cp
    >>> @cp.kernel
    ... def number(A):
    ...     if idy < A.shape[0] and idx < A.shape[1]:
    ...         A[idy, idx] = 10 * idy + idx
    >>> A = [[0, 0, 0], [0, 0, 0]]
    >>> number(3, 2)(A)
    >>> A
    [[0, 1, 2], [10, 11, 12]]
"""

idz: int = _value("idz")
"""The number of the thread along z, from 0, over the whole launch: 0 where it has fewer dimensions. As `idx` otherwise.

In CUDA C++: `blockIdx.z * blockDim.z + threadIdx.z`.

Example:
    >>> import cudapy as cp
    >>> @cp.kernel
    ... def number(A):
    ...     A[idz, idy, idx] = 100 * idz + 10 * idy + idx
    >>> A = cp.CudaArray.allocate((2, 1, 2), cp.int32)
    >>> number(2, 1, 2)(A)
    >>> A.toList()
    [[[0, 1]], [[100, 101]]]
"""

threadIdx: Axes = _value("threadIdx")
"""The place of the thread in its block: `threadIdx.x`, `.y`, `.z`, each int32 from 0. CUDA's name.

Raises:
    AttributeError: another attribute than these three.
    CudaPyError: used outside of a kernel.

Example:
    >>> import cudapy as cp
    >>> @cp.kernel
    ... def places(X):
    ...     if idx < len(X):
    ...         X[idx] = threadIdx.x
    >>> X = [0] * 6
    >>> places(6, block=4)(X)
    >>> X
    [0, 1, 2, 3, 0, 1]
"""

blockIdx: Axes = _value("blockIdx")
"""The place of the thread's block in the grid: `blockIdx.x`, `.y`, `.z`, each int32 from 0. CUDA's name.

Example:
    >>> import cudapy as cp
    >>> @cp.kernel
    ... def blocks(X):
    ...     if idx < len(X):
    ...         X[idx] = blockIdx.x
    >>> X = [0] * 6
    >>> blocks(6, block=4)(X)
    >>> X
    [0, 0, 0, 0, 1, 1]
"""

blockDim: Axes = _value("blockDim")
"""How many threads a block has along each axis: `blockDim.x`, `.y`, `.z`, each int32, at most 1024 together.

It is what the launch says, `k(n, block=128)`; by default 256, in two dimensions 32 × 8, in three 32 × 4 × 2.
CUDA's name.

Example:
    >>> import cudapy as cp
    >>> @cp.kernel
    ... def sizes(X):
    ...     if idx < len(X):
    ...         X[idx] = blockDim.x
    >>> X = [0, 0]
    >>> sizes(2, block=128)(X)
    >>> X
    [128, 128]
"""

gridDim: Axes = _value("gridDim")
"""How many blocks a launch has along each axis: `gridDim.x`, `.y`, `.z`, each int32. CUDA's name.

Example:
    >>> import cudapy as cp
    >>> @cp.kernel
    ... def grid(X):
    ...     if idx < len(X):
    ...         X[idx] = gridDim.x
    >>> X = [0] * 5
    >>> grid(5, block=2)(X)
    >>> X
    [3, 3, 3, 3, 3]
"""

warpSize: int = _value("warpSize")
"""How many threads a warp has: 32 on every device, the CPU as well. int32. CUDA's name.

Example:
    >>> import cudapy as cp
    >>> @cp.kernel
    ... def size(X):
    ...     X[0] = warpSize
    >>> X = [0]
    >>> size(1)(X)
    >>> X
    [32]
"""


@of_threads
def shared(shape: int | Sequence[int], dtype: object, /) -> Any:
    """An array that the threads of a block share: `held = shared(256, float)`.

    It is declared by an assignment to a name, which stands for it. It holds zeros when the block starts, on every
    device. What one thread stores the others see behind the next `syncthreads()`.

    Args:
        shape: 1 to 8 lengths, an int or a tuple. They are made of numbers, integer parameters of the kernel and
            `blockDim`, so that the launch may decide them.
        dtype: the type of the elements: `float`, `int`, `cp.float64`, …, a complex type, or the dataclass or
            NamedTuple of a struct.

    Raises:
        CompileError: a length is not known before the launch.
        ValueError: at the launch, that its shared arrays need more than the device has, at most 227 KiB a block.
        IndexError: at the launch, an index outside of it.

    In CUDA C++: `__shared__ float held[256]`, and `extern __shared__` for a size given at the launch; without zeros.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def reverse(X):
        ...     held = shared(4, int)
        ...     held[threadIdx.x] = X[idx]
        ...     syncthreads()
        ...     X[idx] = held[3 - threadIdx.x]
        >>> X = [1, 2, 3, 4]
        >>> reverse(4, block=4)(X)
        >>> X
        [4, 3, 2, 1]
    """


@of_threads
def local(shape: int | Sequence[int], dtype: object, /) -> Any:
    """An array that each thread has for itself: `held = local(3, float)`.

    It is declared by an assignment to a name, which stands for it, and holds zeros whenever that line runs.

    Args:
        shape: 1 to 8 lengths, an int or a tuple, which are known when the kernel is compiled.
        dtype: the type of the elements, as in `shared`.

    Raises:
        CompileError: a length is not known when the kernel is compiled.
        IndexError: at the launch, an index outside of it.

    In CUDA C++: `float held[3]`, without zeros.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def digits(X):
        ...     count = local(10, int)
        ...     n = X[idx]
        ...     while n > 0:
        ...         count[n % 10] += 1
        ...         n //= 10
        ...     X[idx] = count[7]
        >>> X = [7747, 12, 70]
        >>> digits(3)(X)
        >>> X
        [3, 0, 1]
    """


@of_threads
def syncthreads() -> None:
    """A barrier: no thread of the block goes on before all have come to it, and then sees what the others wrote.

    Threads that have returned are not waited for. In a kernel with a barrier whole blocks run, so that `idx` may go
    beyond what was asked for.

    Raises:
        CompileError: it stands in an expression, or in a function that calls itself.
        RuntimeError: at the launch, that some threads of a block came to it and others went another way; the message
            shows both lines.

    In CUDA C++: `__syncthreads()`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def rotate(X):
        ...     held = shared(4, int)
        ...     held[threadIdx.x] = X[idx]
        ...     syncthreads()
        ...     X[idx] = held[(threadIdx.x + 1) % 4]
        >>> X = [1, 2, 3, 4]
        >>> rotate(4, block=4)(X)
        >>> X
        [2, 3, 4, 1]
    """


@of_threads
def syncthreads_count(condition: object, /) -> int:
    """A barrier that tells each thread for how many of the block the condition holds.

    Args:
        condition: a bool, or a number that is compared with 0.

    Returns:
        int32: threads that have returned are not counted.

    Raises:
        CompileError: it is neither assigned, `n = syncthreads_count(…)`, nor all of an `if`'s condition.
        RuntimeError: at the launch, as of `syncthreads`.

    In CUDA C++: `__syncthreads_count`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def positive(X, counts):
        ...     n = syncthreads_count(X[idx] > 0)
        ...     if threadIdx.x == 0:
        ...         counts[blockIdx.x] = n
        >>> counts = [0, 0]
        >>> positive(8, block=4)([1, -1, 2, 3, 0, 0, 5, 0], counts)
        >>> counts
        [3, 1]
    """
    return 0


@of_threads
def syncthreads_and(condition: object, /) -> bool:
    """A barrier that tells each thread whether the condition holds for all of the block.

    Args:
        condition: a bool, or a number that is compared with 0.

    Returns:
        bool: of the threads that have not returned.

    Raises:
        CompileError: it is neither assigned nor all of an `if`'s condition.
        RuntimeError: at the launch, as of `syncthreads`.

    In CUDA C++: `__syncthreads_and`, which gives an int.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def is_sorted(X, answers):
        ...     ordered = syncthreads_and(threadIdx.x == 0 or X[idx - 1] <= X[idx])
        ...     if threadIdx.x == 0:
        ...         answers[blockIdx.x] = ordered
        >>> answers = [False, False]
        >>> is_sorted(6, block=3)([1, 2, 3, 4, 6, 5], answers)
        >>> answers
        [True, False]
    """
    return False


@of_threads
def syncthreads_or(condition: object, /) -> bool:
    """A barrier that tells each thread whether the condition holds for any of the block.

    Args:
        condition: a bool, or a number that is compared with 0.

    Returns:
        bool: of the threads that have not returned.

    Raises:
        CompileError: it is neither assigned nor all of an `if`'s condition.
        RuntimeError: at the launch, as of `syncthreads`.

    In CUDA C++: `__syncthreads_or`, which gives an int.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def holds(X, wanted, answers):
        ...     found = syncthreads_or(X[idx] == wanted)
        ...     if threadIdx.x == 0:
        ...         answers[blockIdx.x] = found
        >>> answers = [False, False]
        >>> holds(6, block=3)([1, 2, 3, 4, 6, 5], 6, answers)
        >>> answers
        [False, True]
    """
    return False
