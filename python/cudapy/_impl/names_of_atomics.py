"""`atomic`: what a thread does to one element of an array without another thread in between."""

from __future__ import annotations

from .placeholders import Placeholder, of_threads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Atomic(Placeholder):
    """What threads do to one element of an array without another thread in between: `atomic.add(A, i, v)`.

    Each takes the array and the index, `atomic.add(A, i, v)`, of several dimensions `atomic.add(A, (i, j), v)`; or
    the place as it is read: `atomic.add(A[i, j], v)`, `atomic.add(P[i].mass, v)` for a field of a struct,
    `atomic.add(Z[i].real, v)` for a part of a complex number. The array may be an argument, `shared` or a slice. Each
    gives what was there before, of the element's type, to which `v` is converted.

    They work on integers and floats of all widths, those of 16 bits included, and order nothing but themselves: put
    a `threadfence()` where other memory is meant too. Floats are added in any order, so the last places of a sum may
    differ from run to run.

    Raises:
        CompileError: the elements are bools, complex numbers or structs; the operation needs integers and the
            elements are floats; the place is no element of an array.
        IndexError: at the launch, the index is outside of the array.

    In CUDA C++: `atomicAdd` and its like.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def histogram(image, bins):
        ...     if idx < len(image):
        ...         atomic.add(bins, image[idx], 1)
        >>> bins = [0, 0, 0]
        >>> histogram(6)([0, 2, 2, 1, 2, 0], bins)
        >>> bins
        [2, 1, 3]
    """

    __slots__ = ()

    @staticmethod
    @of_threads
    def add(A: Any, i: Any, v: Any = ..., /) -> Any:
        """`A[i] += v`, and gives what was there before.

        Args:
            A: an array of integers or floats; or the place itself, `A[i]`, and then the value follows.
            i: the index, a tuple of several.
            v: what is added.

        In CUDA C++: `atomicAdd`.

        Example:
            >>> import cudapy as cp
            >>> @cp.kernel
            ... def total(X, sum):
            ...     if idx < len(X):
            ...         atomic.add(sum, 0, X[idx])
            >>> sum = [0.0]
            >>> total(3)([1.0, 2.0, 3.5], sum)
            >>> sum
            [6.5]
        """

    @staticmethod
    @of_threads
    def sub(A: Any, i: Any, v: Any = ..., /) -> Any:
        """`A[i] -= v`, and gives what was there before. Arguments as of `atomic.add`.

        In CUDA C++: `atomicSub`.

        Example:
            >>> import cudapy as cp
            >>> @cp.kernel
            ... def take(left):
            ...     atomic.sub(left, 0, 2)
            >>> left = [10]
            >>> take(3)(left)
            >>> left
            [4]
        """

    @staticmethod
    @of_threads
    def min(A: Any, i: Any, v: Any = ..., /) -> Any:
        """`A[i] = min(A[i], v)`, and gives what was there before. Arguments as of `atomic.add`.

        In CUDA C++: `atomicMin`, of integers alone there.

        Example:
            >>> import cudapy as cp
            >>> @cp.kernel
            ... def least(X, found):
            ...     atomic.min(found, 0, X[idx])
            >>> found = [1e9]
            >>> least(3)([2.5, 0.5, 7.0], found)
            >>> found
            [0.5]
        """

    @staticmethod
    @of_threads
    def max(A: Any, i: Any, v: Any = ..., /) -> Any:
        """`A[i] = max(A[i], v)`, and gives what was there before. Arguments as of `atomic.add`.

        In CUDA C++: `atomicMax`, of integers alone there.

        Example:
            >>> import cudapy as cp
            >>> @cp.kernel
            ... def greatest(X, found):
            ...     atomic.max(found, 0, X[idx])
            >>> found = [0]
            >>> greatest(3)([2, 9, 7], found)
            >>> found
            [9]
        """

    @staticmethod
    @of_threads
    def and_(A: Any, i: Any, v: Any = ..., /) -> Any:
        """`A[i] &= v`, of integers, and gives what was there before. Arguments as of `atomic.add`.

        In CUDA C++: `atomicAnd`.

        Example:
            >>> import cudapy as cp
            >>> @cp.kernel
            ... def common(X, bits):
            ...     atomic.and_(bits, 0, X[idx])
            >>> bits = [-1]
            >>> common(3)([7, 14, 6], bits)
            >>> bits
            [6]
        """

    @staticmethod
    @of_threads
    def or_(A: Any, i: Any, v: Any = ..., /) -> Any:
        """`A[i] |= v`, of integers, and gives what was there before. Arguments as of `atomic.add`.

        In CUDA C++: `atomicOr`.

        Example:
            >>> import cudapy as cp
            >>> @cp.kernel
            ... def seen(X, bits):
            ...     atomic.or_(bits, 0, 1 << X[idx])
            >>> bits = [0]
            >>> seen(3)([0, 3, 0], bits)
            >>> bits
            [9]
        """

    @staticmethod
    @of_threads
    def xor(A: Any, i: Any, v: Any = ..., /) -> Any:
        """`A[i] ^= v`, of integers, and gives what was there before. Arguments as of `atomic.add`.

        In CUDA C++: `atomicXor`.

        Example:
            >>> import cudapy as cp
            >>> @cp.kernel
            ... def lonely(X, found):
            ...     atomic.xor(found, 0, X[idx])
            >>> found = [0]
            >>> lonely(5)([4, 9, 4, 7, 9], found)
            >>> found
            [7]
        """

    @staticmethod
    @of_threads
    def exch(A: Any, i: Any, v: Any = ..., /) -> Any:
        """Stores `v` in `A[i]`, and gives what was there before. Arguments as of `atomic.add`.

        In CUDA C++: `atomicExch`.

        Example:
            >>> import cudapy as cp
            >>> @cp.kernel
            ... def first_come(taken, winners):
            ...     if atomic.exch(taken, 0, 1) == 0:
            ...         atomic.add(winners, 0, 1)
            >>> winners = [0]
            >>> first_come(100)([0], winners)
            >>> winners
            [1]
        """

    @staticmethod
    @of_threads
    def cas(A: Any, i: Any, expected: Any, v: Any = ..., /) -> Any:
        """Stores `v` in `A[i]` if `expected` is there, and gives what was there before: compare and swap.

        Args:
            A: an array of integers; or the place itself, `A[i]`, and then the two values follow.
            i: the index, a tuple of several.
            expected: what has to be there.
            v: what is stored then.

        In CUDA C++: `atomicCAS`.

        Example:
            >>> import cudapy as cp
            >>> @cp.kernel
            ... def doubled(X):
            ...     old = X[0]
            ...     before = atomic.cas(X, 0, old, 2 * old)
            ...     while before != old:
            ...         old = before
            ...         before = atomic.cas(X, 0, old, 2 * old)
            >>> X = [1]
            >>> doubled(10)(X)
            >>> X
            [1024]
        """

    @staticmethod
    @of_threads
    def inc(A: Any, i: Any, v: Any = ..., /) -> Any:
        """Counts up to `v`, then from 0 again, and gives what was there before. Arguments as of `atomic.add`.

        `A[i] = 0 if A[i] >= v else A[i] + 1`, of integers, whose bits are read as an unsigned number.

        In CUDA C++: `atomicInc`.

        Example:
            >>> import cudapy as cp
            >>> @cp.kernel
            ... def turn(ring):
            ...     atomic.inc(ring, 0, 3)
            >>> ring = [0]
            >>> turn(6)(ring)
            >>> ring
            [2]
        """

    @staticmethod
    @of_threads
    def dec(A: Any, i: Any, v: Any = ..., /) -> Any:
        """Counts down to 0, then from `v` again, and gives what was there before. Arguments as of `atomic.add`.

        `A[i] = v if A[i] == 0 or A[i] > v else A[i] - 1`, of integers, whose bits are read as an unsigned number.

        In CUDA C++: `atomicDec`.

        Example:
            >>> import cudapy as cp
            >>> @cp.kernel
            ... def turn(ring):
            ...     atomic.dec(ring, 0, 3)
            >>> ring = [0]
            >>> turn(6)(ring)
            >>> ring
            [2]
        """


atomic: Atomic = Atomic("atomic")
