"""The exceptions of cudapy. The compiled core raises these same classes; it looks them up here by name."""

from __future__ import annotations


class CudaPyError(Exception):
    """The root of all errors that cudapy raises of its own."""

    __module__ = "cudapy"


class CompileError(CudaPyError):
    """A kernel or a signature that cannot be compiled.

    `str(error)` shows every mistake of the function with its file, line and carets, why it is one, and what to write
    instead.

    Attributes:
        errors: one dictionary a mistake, in the order of the source, with the keys `code` (a stable name such as
            `"undefined-name"`), `message`, `help`, `filename`, `line`, `column`, `end_line`, `end_column`.
    """

    __module__ = "cudapy"

    def __init__(self, message: str = "", errors: list[dict[str, object]] | None = None) -> None:
        super().__init__(message)
        self.errors: list[dict[str, object]] = errors if errors is not None else []


class CudaTypeError(CudaPyError, TypeError):
    """An argument of a launch, or a value for an array, that has the wrong type, count, rank or dtype."""

    __module__ = "cudapy"


class TemplateError(CudaPyError):
    """A template whose bindings cannot be used."""

    __module__ = "cudapy"


class CudaError(CudaPyError):
    """A device failed: which call, which error, which kernel."""

    __module__ = "cudapy"
