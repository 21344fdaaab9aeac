"""Single instructions that Python has no operator for, the clock and fences: `popc`, `fma`, `threadfence`."""

from __future__ import annotations

from .placeholders import of_threads


@of_threads
def popc(x: int, /) -> int:
    """How many bits of an integer are set.

    Args:
        x: an integer; of less than 32 bits it counts as int32, so -1 has 32.

    Returns:
        int32.

    Raises:
        CompileError: `x` is a float.

    In CUDA C++: `__popc`, `__popcll`. NumPy: `bitwise_count`, of the absolute value there.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def bits(X):
        ...     X[idx] = popc(X[idx])
        >>> X = [0, 5, -1]
        >>> bits(3)(X)
        >>> X
        [0, 2, 32]
    """
    return 0


@of_threads
def clz(x: int, /) -> int:
    """How many zeros are above the highest set bit of an integer; of 0 its width.

    Args:
        x: an integer; of less than 32 bits it counts as int32.

    Returns:
        int32.

    Raises:
        CompileError: `x` is a float.

    In CUDA C++: `__clz`, `__clzll`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def log2_of(X):
        ...     X[idx] = 31 - clz(X[idx])
        >>> X = [1, 2, 1000]
        >>> log2_of(3)(X)
        >>> X
        [0, 1, 9]
    """
    return 0


@of_threads
def ffs(x: int, /) -> int:
    """The place of the lowest set bit of an integer, counted from 1; of 0 it is 0.

    Args:
        x: an integer; of less than 32 bits it counts as int32.

    Returns:
        int32.

    Raises:
        CompileError: `x` is a float.

    In CUDA C++: `__ffs`, `__ffsll`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def lowest(X):
        ...     X[idx] = ffs(X[idx])
        >>> X = [0, 1, 12]
        >>> lowest(3)(X)
        >>> X
        [0, 1, 3]
    """
    return 0


@of_threads
def brev(x: int, /) -> int:
    """An integer with its bits in reverse order.

    Args:
        x: an integer; of less than 32 bits it counts as int32.

    Returns:
        Of the same type.

    Raises:
        CompileError: `x` is a float.

    In CUDA C++: `__brev`, `__brevll`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def mirrored(X):
        ...     X[idx] = brev(X[idx])
        >>> X = [1, 2, 1 << 30]
        >>> mirrored(3)(X)
        >>> X
        [-2147483648, 1073741824, 2]
    """
    return 0


@of_threads
def byte_perm(x: int, y: int, s: int, /) -> int:
    """Four bytes picked from two integers.

    Args:
        x: uint32: its bytes are numbered 0 to 3, the lowest first.
        y: uint32: its bytes are numbered 4 to 7.
        s: uint32: its four lowest hexadecimal digits say which byte comes where, the lowest digit the lowest byte;
            of each digit the lowest three bits count.

    Returns:
        uint32.

    Raises:
        CompileError: an operand is a float.

    In CUDA C++: `__byte_perm`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def swap_bytes(X):
        ...     X[idx] = byte_perm(X[idx], 0, 0x0123)
        >>> X = cp.CudaArray([0x11223344], cp.uint32)
        >>> swap_bytes(1)(X)
        >>> hex(X[0])
        '0x44332211'
    """
    return 0


@of_threads
def mulhi(a: int, b: int, /) -> int:
    """The upper half of the product of two integers.

    Args:
        a: an integer; of less than 32 bits it counts as int32.
        b: another one; both are converted to their common type.

    Returns:
        Of the common type.

    Raises:
        CompileError: an operand is a float.

    In CUDA C++: `__mulhi`, `__umulhi`, `__mul64hi`, `__umul64hi`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def upper(X):
        ...     X[idx] = mulhi(X[idx], X[idx])
        >>> X = [1 << 20, -1, 3]
        >>> upper(3)(X)
        >>> X
        [256, 0, 0]
    """
    return 0


@of_threads
def float_as_int(x: float, /) -> int:
    """The bits of a float32 as an integer.

    Args:
        x: a float32, or a number in the source.

    Returns:
        int32.

    Raises:
        CompileError: `x` is an integer, or a float64.

    In CUDA C++: `__float_as_int`. NumPy: `x.view(np.int32)`, which kernels have for all types of one size.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def bits(X, B):
        ...     B[idx] = float_as_int(X[idx])
        >>> X, B = [1.0], [0]
        >>> bits(1)(X, B)
        >>> hex(B[0])
        '0x3f800000'
    """
    return 0


@of_threads
def float_as_uint(x: float, /) -> int:
    """The bits of a float32 as an integer without sign.

    Args:
        x: a float32, or a number in the source.

    Returns:
        uint32.

    Raises:
        CompileError: `x` is an integer, or a float64.

    In CUDA C++: `__float_as_uint`. NumPy: `x.view(np.uint32)`, which kernels have for all types of one size.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def sign(X, B):
        ...     B[idx] = float_as_uint(X[idx]) >> 31
        >>> X, B = [-2.5], [0]
        >>> sign(1)(X, B)
        >>> B
        [1]
    """
    return 0


@of_threads
def int_as_float(x: int, /) -> float:
    """The float32 whose bits an integer has.

    Args:
        x: an integer of at most 32 bits.

    Returns:
        float32.

    Raises:
        CompileError: `x` is a float, or an int64.

    In CUDA C++: `__int_as_float`. NumPy: `x.view(np.float32)`, which kernels have for all types of one size.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def inverse_root(X, B):
        ...     B[idx] = int_as_float(0x5F3759DF - (float_as_int(X[idx]) >> 1))
        >>> X, B = [4.0], [0.0]
        >>> inverse_root(1)(X, B)
        >>> round(B[0], 3)
        0.483
    """
    return 0.0


@of_threads
def uint_as_float(x: int, /) -> float:
    """The float32 whose bits an integer without sign has.

    Args:
        x: an integer of at most 32 bits.

    Returns:
        float32.

    Raises:
        CompileError: `x` is a float, or an int64.

    In CUDA C++: `__uint_as_float`. NumPy: `x.view(np.float32)`, which kernels have for all types of one size.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def magnitude(X, B):
        ...     B[idx] = uint_as_float(float_as_uint(X[idx]) & 0x7FFFFFFF)
        >>> X, B = [-2.5], [0.0]
        >>> magnitude(1)(X, B)
        >>> B
        [2.5]
    """
    return 0.0


@of_threads
def double_as_longlong(x: float, /) -> int:
    """The bits of a float64 as an integer.

    Args:
        x: a float.

    Returns:
        int64.

    Raises:
        CompileError: `x` is an integer.

    In CUDA C++: `__double_as_longlong`. NumPy: `x.view(np.int64)`, which kernels have for all types of one size.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def exponent(X, B):
        ...     B[idx] = (double_as_longlong(X[idx]) >> 52 & 0x7FF) - 1023
        >>> X, B = [1024.0], [0]
        >>> exponent(1)(X, B)
        >>> B
        [10]
    """
    return 0


@of_threads
def longlong_as_double(x: int, /) -> float:
    """The float64 whose bits an integer has.

    Args:
        x: an integer.

    Returns:
        float64.

    Raises:
        CompileError: `x` is a float.

    In CUDA C++: `__longlong_as_double`. NumPy: `x.view(np.float64)`, which kernels have for all types of one size.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def power_of_two(X, B):
        ...     B[idx] = longlong_as_double(cp.int64(X[idx] + 1023) << 52)
        >>> X, B = [10], [0.0]
        >>> power_of_two(1)(X, B)
        >>> B
        [1024.0]
    """
    return 0.0


@of_threads
def fma(a: float, b: float, c: float, /) -> float:
    """`a * b + c`, rounded once.

    Args:
        a: float32 or float64, or an integer beside one.
        b: the same.
        c: the same.

    Returns:
        Of the operands' common type, within 0.5 ulp.

    In CUDA C++: `fmaf`, `fma`. Kernels fuse `a * b + c` of their own accord, unless they are compiled with
    `contract=False`; `fma` is fused there as well.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel(contract=False)
        ... def rounding_errors(X, E):
        ...     E[idx] = fma(X[idx], X[idx], -(X[idx] * X[idx]))
        >>> E = [0.0]
        >>> rounding_errors(1)([1.0 + 2.0**-20], E)
        >>> E == [2.0**-40]
        True
    """
    return 0.0


@of_threads
def clock() -> int:
    """A counter that goes up while a thread runs; the difference of two readings is a time.

    Returns:
        int64. In ticks of the machine's counter: of a GPU's clock, of the CPU's time stamps.

    In CUDA C++: `clock64()`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def ticks(T):
        ...     begin = clock()
        ...     total = 0.0
        ...     for i in range(1000):
        ...         total += math.sin(total + i)
        ...     T[0] = (clock() - begin) * (total < 1e9)
        >>> T = cp.CudaArray.allocate(1, cp.int64)
        >>> ticks(1)(T)
        >>> T[0] > 0
        True
    """
    return 0


@of_threads
def threadfence() -> None:
    """What the thread wrote before is seen by the other threads of the device before what it writes after.

    It waits for nobody: use it where another thread is told, by an atomic operation, that data is there.

    In CUDA C++: `__threadfence()`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def last_one_says_so(X, done, answer):
        ...     X[idx] += 1
        ...     threadfence()
        ...     if atomic.add(done, 0, 1) == len(X) - 1:
        ...         answer[0] = 1
        >>> answer = [0]
        >>> last_one_says_so(3)([1, 2, 3], [0], answer)
        >>> answer
        [1]
    """


@of_threads
def threadfence_block() -> None:
    """As `threadfence`, for the threads of the block alone.

    In CUDA C++: `__threadfence_block()`. Between threads of a warp `syncwarp()` is enough.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def publish(X, ready):
        ...     X[idx] = 7
        ...     threadfence_block()
        ...     atomic.exch(ready, 0, 1)
        >>> X, ready = [0], [0]
        >>> publish(1)(X, ready)
        >>> X, ready
        ([7], [1])
    """


@of_threads
def threadfence_system() -> None:
    """As `threadfence`, for the host and other devices as well.

    In CUDA C++: `__threadfence_system()`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def publish(X, ready):
        ...     X[idx] = 7
        ...     threadfence_system()
        ...     atomic.exch(ready, 0, 1)
        >>> X, ready = [0], [0]
        >>> publish(1)(X, ready)
        >>> X, ready
        ([7], [1])
    """
