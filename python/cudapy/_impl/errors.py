"""The exceptions of cudapy. The compiled core raises these same classes; it looks them up here by name."""

from __future__ import annotations


class CudaPyError(Exception):
    """The root of all errors that cudapy raises of its own.

    What a kernel does wrong while it runs is raised as Python's own exception: IndexError, ZeroDivisionError,
    AssertionError, and what it raises itself.

    Example:
        >>> import cudapy as cp
        >>> try:
        ...     cp.idx + 1
        ... except cp.CudaPyError as error:
        ...     print(str(error).splitlines()[0])
        idx has a value only in the threads of a kernel, and this is plain Python.
    """

    __module__ = "cudapy"


class CompileError(CudaPyError):
    """A kernel or a signature that cannot be compiled.

    `str(error)` shows every mistake of the function with its file, line and carets, why it is one, and what to write
    instead.

    Attributes:
        errors: one dictionary a mistake, in the order of the source, with the keys `code` (a stable name such as
            `"undefined-name"`), `message`, `help`, `filename`, `line`, `column`, `end_line`, `end_column`.

    Example:
        >>> import cudapy as cp
        >>> def double_up(X: cp.Array[cp.float32]):
        ...     X[idx] *= twice
        >>> try:
        ...     cp.compile(double_up)
        ... except cp.CompileError as error:
        ...     print(error.errors[0]["code"], "in line", error.errors[0]["line"])
        undefined-name in line 2
    """

    __module__ = "cudapy"

    def __init__(self, message: str = "", errors: list[dict[str, object]] | None = None) -> None:
        super().__init__(message)
        self.errors: list[dict[str, object]] = errors if errors is not None else []


class CudaTypeError(CudaPyError, TypeError):
    """An argument of a launch, or a value for an array, that has the wrong type, count, rank or dtype.

    It is a TypeError as well, and is raised before anything runs.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def k(X: cp.Array[cp.float32]):
        ...     X[idx] = 0.0
        >>> try:
        ...     k(1)("text")
        ... except cp.CudaTypeError:
        ...     print("refused")
        refused
    """

    __module__ = "cudapy"


class TemplateError(CudaPyError):
    """A template whose bindings cannot be used.

    Example:
        >>> import cudapy as cp
        >>> def scale(X):
        ...     X[idx] *= k
        >>> try:
        ...     cp.Template(scale).substitute(factor=3)
        ... except cp.TemplateError as error:
        ...     print(error)
        template `scale`: the function does not read `factor`
    """

    __module__ = "cudapy"


class PerformanceWarning(UserWarning):
    """Something that makes a kernel slower than it could be: `kernel.notes()` lists them, and kernels compiled with
    `warn=True` warn of them.

    `str(warning)` shows the place with its source line and carets, and what to write instead.

    Attributes:
        code: a stable name: `"float64-arithmetic"`, `"gather"`, `"scatter"`, `"integer-division"`, `"check-in-loop"`
            or `"kept-across-barrier"`.
        message: what is slow, in one line.
        help: what to write instead.
        filename: the file of the kernel.
        line: the line in it, from 1.

    Example:
        >>> import cudapy as cp
        >>> def roots(X: cp.Array[cp.float32]):
        ...     if idx < len(X):
        ...         X[idx] = math.sqrt(cp.float64(X[idx]))
        >>> [note.code for note in cp.compile(roots).notes()]
        ['float64-arithmetic']
    """

    __module__ = "cudapy"

    def __init__(self, text: str = "", details: dict[str, object] | None = None) -> None:
        super().__init__(text)
        details = details or {}
        self.code = str(details.get("code", ""))
        self.message = str(details.get("message", ""))
        self.help = str(details.get("help", ""))
        self.filename = str(details.get("filename", ""))
        line = details.get("line", 0)
        self.line = line if isinstance(line, int) else 0


def warn(notes: list[PerformanceWarning]) -> None:
    """Warns of each, at its place."""
    import warnings

    for note in notes:
        warnings.warn_explicit(note, None, note.filename, note.line)


class CudaError(CudaPyError):
    """A device failed, or cannot be used: the message names the driver's call, its error, and the kernel.

    Example:
        >>> import cudapy as cp
        >>> try:
        ...     with cp.cuda(99):
        ...         pass
        ... except cp.CudaError:
        ...     print("there are not that many")
        there are not that many
    """

    __module__ = "cudapy"
