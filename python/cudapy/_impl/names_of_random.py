"""Random numbers of threads, by seed and counter: `rand`, `randint`, `normal`."""

from __future__ import annotations

from .placeholders import of_threads


@of_threads
def rand(seed: int, i: int, j: int = 0, /) -> float:
    """A random number, uniform in [0, 1).

    It is a function of its arguments, with nothing kept in between: Philox 4x32-10 (Salmon, Moraes, Dror and Shaw,
    "Parallel random numbers: as easy as 1, 2, 3", 2011). So it is the same on every device and for every number of
    threads.

    Args:
        seed: an integer, up to 64 bits.
        i: a counter, an integer up to 64 bits, such as the thread's number.
        j: a second one, such as the number of the thread's draw.

    Returns:
        float32, a multiple of 2**-24.

    Raises:
        CompileError: an argument is a float.

    In CUDA: cuRAND's `curand_uniform` of a Philox state, which is in (0, 1] there.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def fill(X, seed):
        ...     if idx < len(X):
        ...         X[idx] = rand(seed, idx)
        >>> X, again = [0.0] * 1000, [0.0] * 1000
        >>> fill(1000)(X, 42)
        >>> fill(1000)(again, 42)
        >>> X == again, 0 <= min(X), max(X) < 1, 0.45 < sum(X) / 1000 < 0.55
        (True, True, True, True)
    """
    return 0.0


@of_threads
def rand64(seed: int, i: int, j: int = 0, /) -> float:
    """As `rand`, as a float64: a multiple of 2**-53 in [0, 1).

    In CUDA: cuRAND's `curand_uniform_double`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def pi(hits, seed):
        ...     x = rand64(seed, idx, 0)
        ...     y = rand64(seed, idx, 1)
        ...     if x * x + y * y < 1:
        ...         atomic.add(hits, 0, 1)
        >>> hits = [0]
        >>> pi(10000)(hits, 7)
        >>> 3.0 < 4 * hits[0] / 10000 < 3.3
        True
    """
    return 0.0


@of_threads
def randint(seed: int, i: int, low: int, high: int, j: int = 0, /) -> int:
    """A random integer, uniform in `low <= n < high`.

    Args:
        seed: as of `rand`.
        i: as of `rand`.
        low: the least one.
        high: the first that is too large; an empty range gives `low`.
        j: the second counter, as of `rand`.

    Returns:
        Of the common type of `low` and `high`.

    Raises:
        CompileError: an argument is a float.

    In CUDA: made of cuRAND's `curand`. NumPy: `Generator.integers`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def throw(X, seed):
        ...     if idx < len(X):
        ...         X[idx] = randint(seed, idx, 1, 7)
        >>> X = [0] * 100
        >>> throw(100)(X, 42)
        >>> sorted(set(X))
        [1, 2, 3, 4, 5, 6]
    """
    return 0


@of_threads
def normal(seed: int, i: int, j: int = 0, /) -> float:
    """A random number of the normal distribution, with mean 0 and deviation 1.

    Args:
        seed: as of `rand`.
        i: as of `rand`.
        j: the second counter, as of `rand`.

    Returns:
        float32, made of other bits than `rand` of the same arguments (Box and Muller's transformation).

    Raises:
        CompileError: an argument is a float.

    In CUDA: cuRAND's `curand_normal`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def fill(X, seed):
        ...     if idx < len(X):
        ...         X[idx] = normal(seed, idx)
        >>> X = [0.0] * 1000
        >>> fill(1000)(X, 42)
        >>> abs(sum(X) / 1000) < 0.1, 0.9 < sum(x * x for x in X) / 1000 < 1.1
        (True, True)
    """
    return 0.0


@of_threads
def normal64(seed: int, i: int, j: int = 0, /) -> float:
    """As `normal`, as a float64.

    In CUDA: cuRAND's `curand_normal_double`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def fill(X, seed):
        ...     if idx < len(X):
        ...         X[idx] = normal64(seed, idx)
        >>> X = cp.CudaArray.allocate(1000, cp.float64)
        >>> fill(1000)(X, 42)
        >>> abs(sum(X) / 1000) < 0.1
        True
    """
    return 0.0


@of_threads
def randbits(seed: int, i: int, j: int = 0, /) -> int:
    """32 random bits.

    Args:
        seed: as of `rand`.
        i: as of `rand`.
        j: the second counter, as of `rand`.

    Returns:
        uint32: the first word of Philox 4x32-10, of which `rand` is made as well.

    Raises:
        CompileError: an argument is a float.

    In CUDA: cuRAND's `curand`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def coins(X, seed):
        ...     X[idx] = popc(randbits(seed, idx))
        >>> X = [0] * 100
        >>> coins(100)(X, 42)
        >>> 15 < sum(X) / 100 < 17
        True
    """
    return 0
