"""`cp.compile` and `@cp.kernel`: they check what was given, and hand functions and signatures to the core."""

from __future__ import annotations

TYPE_CHECKING = False  # what `typing` would say, without importing it
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeVar, overload

    from cudapy._core import Kernel

    _Function = TypeVar("_Function", bound="Callable[..., object]")

_FUNCTION = type(lambda: None)


def compile(
    funs: Callable[..., object] | Sequence[Callable[..., object]],
    sigs: str | Sequence[str | None] | None = None,
    sig: str | None = None,
    *,
    debug: bool | str = False,
    fastmath: bool = False,
    contract: bool = True,
    check: bool = True,
    warn: bool | None = None,
) -> Kernel:
    """Compiles a kernel, and the functions that it calls, for the default device.

    Machine code is made when the kernel is first launched with given types; mistakes in a kernel whose types are
    written down are found here.

    Args:
        funs: the kernel, or a list of it and its helpers, in any order: the kernel is the first that no other one of
            them calls. Helpers that the kernel can see by name need not be listed.
        sigs: CudaPy's list of signatures, one a function, or one string for the kernel; `None` leaves a function to
            the comment above it, to its annotations, or to the arguments of each call.
        sig: the kernel's signature, such as `"void (float alpha, float* X)"`.
        debug: write what each stage made beside the caller and print where; a string names the folder.
        fastmath: allow reassociation, approximate division and functions within 4 ulp.
        contract: allow `a * b + c` to be rounded once.
        check: check indices against their arrays and integer divisors against zero. A fault raises
            IndexError, ZeroDivisionError or ValueError at the launch.
        warn: warn of what makes the kernel slow, as PerformanceWarning, when it is compiled for a call;
            `kernel.notes()` lists the same. By default if the environment variable CUDAPY_WARN is set and not "0".

    Returns:
        A kernel: `kernel(nx, ny, nz)` is a launcher over that many threads, which takes the arguments.

    Raises:
        CompileError: the function, its signature or a helper cannot be compiled; all mistakes are reported at once.
        TypeError: `funs` or `sigs` is none of the above.

    Example:
        >>> import cudapy as cp
        >>> # saxpy : void (float alpha, float* X, float* Y)
        >>> def saxpy(alpha, X, Y):
        ...     if idx < len(X):
        ...         Y[idx] = alpha * X[idx] + Y[idx]
        >>> saxpy_call = cp.compile(saxpy)
        >>> Y = [10.0, 20.0]
        >>> saxpy_call(2)(2.0, [1.0, 2.0], Y)
        >>> Y
        [12.0, 24.0]
    """
    functions = _functions(funs)
    given = _signatures(functions, sigs, sig)
    kernel = _kernel_of(functions)
    if kernel > 0:
        functions = (functions[kernel], *functions[:kernel], *functions[kernel + 1 :])
        if sigs is not None and not isinstance(sigs, str):  # a single one is the kernel's
            given = (given[kernel], *given[:kernel], *given[kernel + 1 :])
    return _make(functions, given, False, debug, fastmath, contract, check, warn)


if TYPE_CHECKING:

    @overload
    def kernel(function: Callable[..., object], /) -> Kernel: ...
    @overload
    def kernel(
        function: str | None = None,
        /,
        *,
        sig: str | None = None,
        debug: bool | str = False,
        fastmath: bool = False,
        contract: bool = True,
        check: bool = True,
        warn: bool | None = None,
    ) -> Callable[[Callable[..., object]], Kernel]: ...


def kernel(
    function: Callable[..., object] | str | None = None,
    /,
    *,
    sig: str | None = None,
    debug: bool | str = False,
    fastmath: bool = False,
    contract: bool = True,
    check: bool = True,
    warn: bool | None = None,
) -> Kernel | Callable[[Callable[..., object]], Kernel]:
    """Makes a kernel of the function below it: `@cp.kernel`, or with arguments `@cp.kernel(fastmath=True)`.

    The function is read at its first launch, so helpers and constants may be defined further down in the file.

    Args:
        function: what is decorated; or the signature, `@cp.kernel("void (float* X)")`.
        sig: the signature, as in `cp.compile`.
        debug: as in `cp.compile`.
        fastmath: as in `cp.compile`.
        contract: as in `cp.compile`.
        check: as in `cp.compile`.
        warn: as in `cp.compile`.

    Raises:
        TypeError: what is decorated is not a Python function.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def double_up(X):
        ...     if idx < len(X):
        ...         X[idx] *= 2
        >>> X = [1, 2, 3]
        >>> double_up(len(X))(X)
        >>> X
        [2, 4, 6]
    """
    if isinstance(function, str):
        if sig is not None:
            raise TypeError("cp.kernel: the signature is given twice")
        function, sig = None, function

    def decorate(below: Callable[..., object]) -> Kernel:
        functions = _functions(below)
        return _make(
            functions,
            _signatures(functions, None, sig),
            True,
            debug,
            fastmath,
            contract,
            check,
            warn,
        )

    return decorate if function is None else decorate(function)


def device_function(function: _Function, /) -> _Function:
    """Marks a function that kernels call, in a library of such functions: `@cp.device_function`.

    The function is left as it is: called from Python it runs in Python, and kernels compile it for the types that they
    call it with. Kernels may call any Python function that they can see, so the mark is for the reader, and for finding
    at the definition what could not be compiled.

    Args:
        function: what is decorated, a function written with `def`.

    Returns:
        The function itself.

    Raises:
        TypeError: it is something else: a class, a lambda, a method, a built-in function.

    Example:
        >>> import cudapy as cp
        >>> @cp.device_function
        ... def square(x):
        ...     return x * x
        >>> @cp.kernel
        ... def squares(X):
        ...     if idx < len(X):
        ...         X[idx] = square(X[idx])
        >>> X = [1.0, 2.0, 3.0]
        >>> squares(len(X))(X)
        >>> X, square(4)
        ([1.0, 4.0, 9.0], 16)
    """
    if not isinstance(function, _FUNCTION) or function.__name__ == "<lambda>":
        raise TypeError(
            f"cp.device_function takes a Python function written with `def`, not {function!r:.80}"
        )
    return function


def _make(
    functions: tuple[Callable[..., object], ...],
    sigs: tuple[str | None, ...],
    deferred: bool,
    debug: bool | str,
    fastmath: bool,
    contract: bool,
    check: bool,
    warn: bool | None,
) -> Kernel:
    from cudapy._core import Kernel

    options: dict[str, object] = {
        "deferred": deferred,
        "debug": debug,
        "fastmath": fastmath,
        "contract": contract,
        "check": check,
        "warn": _warns_by_default() if warn is None else warn,
    }
    return Kernel(functions, sigs, options)


def _kernel_of(functions: tuple[Callable[..., object], ...]) -> int:
    """The first function, unless another one of the list calls it: then the first that none of them calls."""
    for position, function in enumerate(functions):
        if not any(_mentions(other, function) for other in functions if other is not function):
            return position
    return 0


def _mentions(caller: Any, function: Any) -> bool:
    """Whether the code of one function reads a name that stands for the other among functions compiled together."""
    if any(bound is function for bound in getattr(caller, "__cudapy_bindings__", {}).values()):
        return True
    codes = [caller.__code__]
    while codes:
        code = codes.pop()
        if function.__name__ in (*code.co_names, *code.co_freevars):
            return True
        codes += [constant for constant in code.co_consts if isinstance(constant, type(code))]
    return False


def _warns_by_default() -> bool:
    import os

    return os.environ.get("CUDAPY_WARN", "0") not in ("", "0")


def _functions(funs: object) -> tuple[Callable[..., object], ...]:
    listed = tuple(funs) if isinstance(funs, (list, tuple)) else (funs,)
    if not listed:
        raise TypeError("cp.compile needs a function: the list is empty")
    return tuple(_function(item) for item in listed)


def _function(item: object) -> Callable[..., object]:
    if isinstance(item, _FUNCTION):
        return item
    wrapped = getattr(item, "__wrapped__", None)
    if isinstance(wrapped, _FUNCTION):  # a kernel, or a decorator that says what it wraps
        return wrapped
    from .template import Template

    if isinstance(item, Template):
        raise TypeError(
            f"cp.compile got {item!r}, some of whose names are not bound yet: "
            f"compile what its .substitute(name=value) returns"
        )
    what = f"the built-in function {item.__name__}" if isinstance(item, type(len)) else repr(item)
    raise TypeError(f"cp.compile takes Python functions written with `def`, not {what:.80}")


def _signatures(
    functions: tuple[Callable[..., object], ...], sigs: object, sig: str | None
) -> tuple[str | None, ...]:
    if sig is not None and sigs is not None:
        raise TypeError("cp.compile: give sig= or sigs=, not both")
    if sigs is None:
        sigs = sig
    listed = (
        [sigs]
        if sigs is None or isinstance(sigs, str)
        else list(sigs)
        if isinstance(sigs, (list, tuple))
        else None
    )
    if listed is None or not all(item is None or isinstance(item, str) for item in listed):
        raise TypeError(
            f'cp.compile: a signature is a string such as "void (float alpha, float* X)", not {sigs!r:.60}'
        )
    if len(listed) > len(functions):
        raise TypeError(f"cp.compile: {len(listed)} signatures for {len(functions)} functions")
    return tuple(listed) + (None,) * (len(functions) - len(listed))
