"""What is written about a function's types, as the reference device reads it: `sig=`, the comment above, annotations.

The compiler's own parser reports every mistake with a caret; by the time a kernel runs here those are
settled, so this one only reads what is right.
"""

from __future__ import annotations

import re
from types import CellType
from typing import TYPE_CHECKING, Any

from .reference_structs import struct_of
from .types import _BY_NAME, ArrayType, as_elem_type

if TYPE_CHECKING:
    import ast
    from types import FunctionType

_NAMES = {
    "int": "int32",
    "float": "float32",
    "double": "float64",
    "bool": "bool",
    "half": "float16",
    "void": "void",
}
_SIGNATURE = re.compile(
    r"^\s*(?:(?P<name>\w+)\s*:)?\s*(?P<result>\w+)\s*\((?P<parameters>[\w\s,*]*)\)\s*$"
)
_PARAMETER = re.compile(r"^\s*(\w+)\s*((?:\*\s*)*)(\w*)\s*$")


def read_function(function: FunctionType) -> tuple[str, ast.FunctionDef, list[str]]:
    """The file, the tree with the file's own line numbers, and the comment lines right above the function."""
    import ast

    from .source import read

    filename, first, lines, offset, node = read(function)
    ast.increment_lineno(node, offset)
    return filename, node, lines[: node.lineno - first]


def parse(function: FunctionType, text: str) -> tuple[list[str | None], str | None] | None:
    """The parameter types and the result of a function's signature; None where `text` is none."""
    match = _SIGNATURE.match(text)
    if match is None:
        return None
    parameters: list[str | None] = []
    for part in match["parameters"].split(",") if match["parameters"].strip() else []:
        found = _PARAMETER.match(part)
        if found is None:
            return None
        parameters.append(_named(function, found[1]) + "*" * found[2].count("*"))
    return parameters, _named(function, match["result"])


def _named(function: FunctionType, name: str) -> str:
    """The type that a word in a signature means: of the language, or of the function's scope."""
    if name in _NAMES or name in _BY_NAME:
        return _NAMES.get(name, name)
    found = _scope(function).get(name)
    return (annotated_type(function, found) if found is not None else None) or name


def _scope(function: FunctionType) -> dict[str, Any]:
    """What the names around a function stand for."""
    closure = function.__closure__ or ()
    cells = {
        name: cell.cell_contents
        for name, cell in zip(function.__code__.co_freevars, closure)
        if cell != CellType()
    }
    return {**function.__globals__, **cells, **getattr(function, "__cudapy_bindings__", {})}


def written_types(
    function: FunctionType, sig: str | None, comments: list[str]
) -> tuple[list[str | None], str | None]:
    """The types of a function's parameters and its result, None for each that is not written down."""
    if sig is not None:
        parsed = parse(function, sig)
        if parsed is not None:
            return parsed
    for comment in reversed(comments):
        match = re.match(rf"^\s*#\s*({re.escape(function.__name__)}\s*:.*)$", comment)
        parsed = parse(function, match[1]) if match else None
        if parsed is not None:
            return parsed
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return [_annotation(function, name) for name in names], _annotation(function, "return")


def _annotation(function: FunctionType, name: str) -> str | None:
    written = function.__annotations__.get(name)
    return (
        None
        if written is None and name not in function.__annotations__
        else annotated_type(function, written)
    )


def annotated_type(function: FunctionType, written: Any) -> str | None:
    """The type that an annotation means; None if it means none."""
    if isinstance(written, str):
        try:
            written = eval(written, _scope(function))
        except Exception:
            return None
    if written is None:
        return "void"
    if isinstance(written, ArrayType):
        return (struct_of(written.element) or written.element.name) + "*" * written.ndim
    if hasattr(written, "__cudapy_type__"):
        return str(written.__cudapy_type__)
    if written in (bool, int, float):
        return _NAMES[written.__name__]
    structure = struct_of(written)
    if structure is not None:
        return structure
    try:
        return as_elem_type(written).name
    except TypeError:
        return None
