"""What the 32 threads of a warp do together, without memory and without a barrier: `shfl`, `ballot`, `any`, `all`."""

from __future__ import annotations

from .placeholders import of_threads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    _T = TypeVar("_T")


@of_threads
def shfl(v: _T, lane: int, width: int = 32, /) -> _T:
    """The value that another lane of the warp gives.

    Only the lanes that come to it together take part. Where the value would be read from a lane that does not, or from
    outside of the segment, it is the lane's own.

    Args:
        v: what each lane gives: a bool, a number of any width, a complex number or a struct.
        lane: the number of the lane that is read; of a number beyond the segment the lower bits count.
        width: 1, 2, 4, 8, 16 or 32, known when the kernel is compiled: the warp is cut into segments of so many
            lanes, and a lane reads from its own alone.

    Returns:
        Of the type of `v`.

    Raises:
        CompileError: `width` is none of these numbers, or `v` is an array or a tuple.

    In CUDA C++: `__shfl_sync`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def k(X):
        ...     X[idx] = shfl(10 * X[idx], 3)
        >>> X = list(range(32))
        >>> k(32, block=32)(X)
        >>> X[:8]
        [30, 30, 30, 30, 30, 30, 30, 30]
    """
    return v


@of_threads
def shfl_up(v: _T, d: int, width: int = 32, /) -> _T:
    """The value of the lane `d` below.

    Only the lanes that come to it together take part. Where the value would be read from a lane that does not, or from
    outside of the segment, it is the lane's own.

    Args:
        v: what each lane gives: a bool, a number of any width, a complex number or a struct.
        d: how far below the lane to read, 0 to 31.
        width: 1, 2, 4, 8, 16 or 32, known when the kernel is compiled: the warp is cut into segments of so many
            lanes, and a lane reads from its own alone.

    Returns:
        Of the type of `v`.

    Raises:
        CompileError: `width` is none of these numbers, or `v` is an array or a tuple.

    In CUDA C++: `__shfl_up_sync`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def k(X):
        ...     X[idx] = shfl_up(X[idx], 1)
        >>> X = list(range(32))
        >>> k(32, block=32)(X)
        >>> X[:8]
        [0, 0, 1, 2, 3, 4, 5, 6]
    """
    return v


@of_threads
def shfl_down(v: _T, d: int, width: int = 32, /) -> _T:
    """The value of the lane `d` above.

    Only the lanes that come to it together take part. Where the value would be read from a lane that does not, or from
    outside of the segment, it is the lane's own.

    Args:
        v: what each lane gives: a bool, a number of any width, a complex number or a struct.
        d: how far above the lane to read, 0 to 31.
        width: 1, 2, 4, 8, 16 or 32, known when the kernel is compiled: the warp is cut into segments of so many
            lanes, and a lane reads from its own alone.

    Returns:
        Of the type of `v`.

    Raises:
        CompileError: `width` is none of these numbers, or `v` is an array or a tuple.

    In CUDA C++: `__shfl_down_sync`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def k(X):
        ...     X[idx] = shfl_down(X[idx], 2)
        >>> X = list(range(32))
        >>> k(32, block=32)(X)
        >>> X[:8]
        [2, 3, 4, 5, 6, 7, 8, 9]
    """
    return v


@of_threads
def shfl_xor(v: _T, m: int, width: int = 32, /) -> _T:
    """The value of the lane whose number differs in the bits of `m`.

    Only the lanes that come to it together take part. Where the value would be read from a lane that does not, or from
    outside of the segment, it is the lane's own.

    Args:
        v: what each lane gives: a bool, a number of any width, a complex number or a struct.
        m: the bits in which the lanes' numbers differ, 0 to 31.
        width: 1, 2, 4, 8, 16 or 32, known when the kernel is compiled: the warp is cut into segments of so many
            lanes, and a lane reads from its own alone.

    Returns:
        Of the type of `v`.

    Raises:
        CompileError: `width` is none of these numbers, or `v` is an array or a tuple.

    In CUDA C++: `__shfl_xor_sync`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def k(X):
        ...     X[idx] = shfl_xor(X[idx], 1)
        >>> X = list(range(32))
        >>> k(32, block=32)(X)
        >>> X[:8]
        [1, 0, 3, 2, 5, 4, 7, 6]
    """
    return v


@of_threads
def shfl_sync(mask: int, v: _T, lane: int, width: int = 32, /) -> _T:
    """CUDA's form of `shfl`, with a mask of the lanes that take part.

    Args:
        mask: uint32: bit i stands for lane i. A shuffle reads from lanes that have to be in it, so that it matters no
            more there.

    `shfl` says the rest.

    In CUDA C++: `__shfl_sync`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def k(X):
        ...     X[idx] = shfl_sync(0xFFFFFFFF, X[idx], 5)
        >>> X = list(range(32))
        >>> k(32, block=32)(X)
        >>> X[:4]
        [5, 5, 5, 5]
    """
    return v


@of_threads
def shfl_up_sync(mask: int, v: _T, d: int, width: int = 32, /) -> _T:
    """CUDA's form of `shfl_up`, with a mask of the lanes that take part.

    Args:
        mask: uint32: bit i stands for lane i. A shuffle reads from lanes that have to be in it, so that it matters no
            more there.

    `shfl_up` says the rest.

    In CUDA C++: `__shfl_up_sync`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def k(X):
        ...     X[idx] = shfl_up_sync(0xFFFFFFFF, X[idx], 1)
        >>> X = list(range(32))
        >>> k(32, block=32)(X)
        >>> X[:4]
        [0, 0, 1, 2]
    """
    return v


@of_threads
def shfl_down_sync(mask: int, v: _T, d: int, width: int = 32, /) -> _T:
    """CUDA's form of `shfl_down`, with a mask of the lanes that take part.

    Args:
        mask: uint32: bit i stands for lane i. A shuffle reads from lanes that have to be in it, so that it matters no
            more there.

    `shfl_down` says the rest.

    In CUDA C++: `__shfl_down_sync`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def k(X):
        ...     X[idx] = shfl_down_sync(0xFFFFFFFF, X[idx], 1)
        >>> X = list(range(32))
        >>> k(32, block=32)(X)
        >>> X[:4]
        [1, 2, 3, 4]
    """
    return v


@of_threads
def shfl_xor_sync(mask: int, v: _T, m: int, width: int = 32, /) -> _T:
    """CUDA's form of `shfl_xor`, with a mask of the lanes that take part.

    Args:
        mask: uint32: bit i stands for lane i. A shuffle reads from lanes that have to be in it, so that it matters no
            more there.

    `shfl_xor` says the rest.

    In CUDA C++: `__shfl_xor_sync`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def k(X):
        ...     X[idx] = shfl_xor_sync(0xFFFFFFFF, X[idx], 2)
        >>> X = list(range(32))
        >>> k(32, block=32)(X)
        >>> X[:4]
        [2, 3, 0, 1]
    """
    return v


@of_threads
def ballot(p: object, /) -> int:
    """Which lanes of the warp say yes.

    Only the lanes that come to it together are counted.

    Args:
        p: a bool, or a number that is compared with 0.

    Returns:
        uint32: bit i is set if lane i is here and says yes.

    In CUDA C++: `__ballot_sync(__activemask(), p)`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def k(X, votes):
        ...     lanes = ballot(X[idx] > 0)
        ...     if lane_id() == 0:
        ...         votes[0] = popc(lanes)
        >>> votes = [0]
        >>> k(32, block=32)([1, -1] * 16, votes)
        >>> votes
        [16]
    """
    return 0


@of_threads
def any(p: object, /) -> bool:
    """Whether any lane of the warp says yes, of those that come to it together.

    In a kernel `any` needs no import. `from cudapy import *` leaves Python's own in place.

    Args:
        p: a bool, or a number that is compared with 0.

    Returns:
        bool.

    In CUDA C++: `__any_sync(__activemask(), p)`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def k(X):
        ...     X[idx] = any(X[idx] == 40)
        >>> X = list(range(64))
        >>> k(64, block=64)(X)
        >>> X[0], X[31], X[32], X[63]
        (0, 0, 1, 1)
    """
    return False


@of_threads
def all(p: object, /) -> bool:
    """Whether all lanes of the warp say yes, of those that come to it together.

    In a kernel `all` needs no import. `from cudapy import *` leaves Python's own in place.

    Args:
        p: a bool, or a number that is compared with 0.

    Returns:
        bool.

    In CUDA C++: `__all_sync(__activemask(), p)`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def k(X):
        ...     X[idx] = all(X[idx] < 40)
        >>> X = list(range(64))
        >>> k(64, block=64)(X)
        >>> X[0], X[31], X[32], X[63]
        (1, 1, 0, 0)
    """
    return False


@of_threads
def match_any(v: object, /) -> int:
    """Which lanes of the warp give the same value as this one, bit for bit.

    Only the lanes that come to it together are counted. What a NaN's sign and other bits are is left open.

    Args:
        v: a bool, a number of any width, a complex number or a struct.

    Returns:
        uint32: bit i is set if lane i is here and gives the value; the lane's own always is.

    In CUDA C++: `__match_any_sync(__activemask(), v)`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def k(X):
        ...     X[idx] = popc(match_any(X[idx]))
        >>> X = [1] * 10 + [2] * 20 + [3, 4]
        >>> k(32, block=32)(X)
        >>> X[0], X[10], X[31]
        (10, 20, 1)
    """
    return 0


@of_threads
def match_all(v: object, /) -> int:
    """The lanes of the warp that are here, if all of them give the same value bit for bit; else 0.

    Args:
        v: a bool, a number of any width, a complex number or a struct.

    Returns:
        uint32: as `activemask`, or 0.

    In CUDA C++: `__match_all_sync(__activemask(), v, &same)`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def k(X):
        ...     X[idx] = match_all(X[idx]) != 0
        >>> X = [5] * 32 + [5] * 31 + [6]
        >>> k(64, block=64)(X)
        >>> X[0], X[32]
        (1, 0)
    """
    return 0


@of_threads
def ballot_sync(mask: int, p: object, /) -> int:
    """CUDA's form of `ballot`, with a mask of the lanes that take part.

    Args:
        mask: uint32: bit i stands for lane i. Of the lanes that come together those vote whose bits are set.

    `ballot` says the rest.

    In CUDA C++: `__ballot_sync`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def k(X):
        ...     X[idx] = popc(ballot_sync(0xFF, X[idx] > 2))
        >>> X = list(range(32))
        >>> k(32, block=32)(X)
        >>> X[0]
        5
    """
    return 0


@of_threads
def any_sync(mask: int, p: object, /) -> bool:
    """CUDA's form of `any`, with a mask of the lanes that take part.

    Args:
        mask: uint32: bit i stands for lane i. Of the lanes that come together those vote whose bits are set.

    `any` says the rest.

    In CUDA C++: `__any_sync`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def k(X):
        ...     X[idx] = any_sync(0xFF, X[idx] == 20)
        >>> X = list(range(32))
        >>> k(32, block=32)(X)
        >>> X[0]
        0
    """
    return False


@of_threads
def all_sync(mask: int, p: object, /) -> bool:
    """CUDA's form of `all`, with a mask of the lanes that take part.

    Args:
        mask: uint32: bit i stands for lane i. Of the lanes that come together those vote whose bits are set.

    `all` says the rest.

    In CUDA C++: `__all_sync`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def k(X):
        ...     X[idx] = all_sync(0xFF, X[idx] < 8)
        >>> X = list(range(32))
        >>> k(32, block=32)(X)
        >>> X[0]
        1
    """
    return False


@of_threads
def match_any_sync(mask: int, v: object, /) -> int:
    """CUDA's form of `match_any`, with a mask of the lanes that take part.

    Args:
        mask: uint32: bit i stands for lane i. Lanes whose bits are not set are left out of the result.

    `match_any` says the rest.

    In CUDA C++: `__match_any_sync`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def k(X):
        ...     X[idx] = popc(match_any_sync(0xFF, X[idx] % 2))
        >>> X = list(range(32))
        >>> k(32, block=32)(X)
        >>> X[0]
        4
    """
    return 0


@of_threads
def match_all_sync(mask: int, v: object, /) -> int:
    """CUDA's form of `match_all`, with a mask of the lanes that take part.

    Args:
        mask: uint32: bit i stands for lane i. Only the lanes whose bits are set are compared.

    `match_all` says the rest.

    In CUDA C++: `__match_all_sync`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def k(X):
        ...     X[idx] = match_all_sync(0xFFFFFFFF, X[idx]) != 0
        >>> X = [7] * 32
        >>> k(32, block=32)(X)
        >>> X[0]
        1
    """
    return 0


@of_threads
def activemask() -> int:
    """The lanes of the warp that come to it together.

    Returns:
        uint32: bit i is set if lane i is here: not on the other side of an `if`, not out of the loop, not returned.

    In CUDA C++: `__activemask()`, where the compiler may let lanes apart for no reason that is seen in the program.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def k(X):
        ...     if lane_id() < 5:
        ...         X[idx] = activemask()
        >>> X = [0] * 32
        >>> k(32, block=32)(X)
        >>> X[0], X[5]
        (31, 0)
    """
    return 0


@of_threads
def syncwarp(mask: int = 0xFFFFFFFF, /) -> None:
    """The lanes of the warp that come to it together see what each other wrote before.

    Args:
        mask: CUDA's mask of lanes; it matters no more here.

    In CUDA C++: `__syncwarp(mask)`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def k(X):
        ...     held = shared(32, int)
        ...     held[lane_id()] = X[idx]
        ...     syncwarp()
        ...     X[idx] = held[31 - lane_id()]
        >>> X = list(range(32))
        >>> k(32, block=32)(X)
        >>> X[:3]
        [31, 30, 29]
    """


@of_threads
def lane_id() -> int:
    """The number of the thread in its warp, 0 to 31.

    A warp is 32 threads of a block whose numbers, x fastest, follow each other.

    Returns:
        int32.

    In CUDA C++: `threadIdx.x % 32` in a block of one dimension; the register `%laneid`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def k(X):
        ...     X[idx] = lane_id()
        >>> X = [0] * 64
        >>> k(64, block=64)(X)
        >>> X[31], X[32], X[33]
        (31, 0, 1)
    """
    return 0


@of_threads
def warp_id() -> int:
    """The number of the thread's warp in its block, from 0.

    Returns:
        int32.

    In CUDA C++: `threadIdx.x / 32` in a block of one dimension.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def k(X):
        ...     X[idx] = warp_id()
        >>> X = [0] * 64
        >>> k(64, block=64)(X)
        >>> X[31], X[32], X[63]
        (0, 1, 1)
    """
    return 0
