"""Finds the source of a function and has CPython parse it, for the front end of the compiler.

`read` takes a function and gives its file, its lines (from the comments above it on) and its `ast.FunctionDef`,
whose columns are those of the original file. It imports nothing on the usual path, where the source is a file: a block
of lines is cut out and given to `compile`, which is many times quicker than parsing the module as `inspect` would. What
is no plain `def` in such a file is the business of `source_special`.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False  # what `typing` would say, without importing it
if TYPE_CHECKING:
    import types
    from typing import Any

ONLY_AST = 0x400  # ast.PyCF_ONLY_AST
FUTURES = 0x1FF0000  # the bits of co_flags that `from __future__ import` sets
_GENERATOR, _COROUTINE, _ASYNC_GENERATOR = 0x20, 0x80, 0x200

# A file that was written after this may be newer than the function that was made from it.
_STARTED = time.time()

# path -> (mtime in ns, size, lines)
_files: dict[str, tuple[int, int, list[str]]] = {}


class SourceError(Exception):
    """A function without a source that can be compiled. The core turns it into a diagnostic of the
    function that uses it.

    Attributes:
        code: the stable name of the mistake.
        message: what is wrong, in one line.
        help: what to do instead.
        filename: the file where the function begins, or None.
        line: its line there.
        text: what that line says, if it is known.
    """

    def __init__(
        self, code: str, message: str, help: str = "", filename: str | None = None, line: int = 0
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.help = help
        self.filename = filename
        self.line = line
        self.text = ""


def read(function: types.FunctionType) -> tuple[str, int, list[str], int, Any]:
    """The source of `function`.

    Returns:
        The file's name; the number of the first of the lines; the lines, from the comments directly above the function
        to its end, without line ends; what to add to the line numbers of the node; its `ast.FunctionDef`.

    Raises:
        SourceError: there is no source, it is no longer the function's, or it is not a plain `def`.
    """
    code = function.__code__
    refusal = _refusal(code)
    if refusal is not None:
        known, _ = _from_file(code.co_filename)
        for line in range(refusal.line, len(known or ()) + 1):
            text = (known or ())[line - 1].rstrip()
            if not text.lstrip().startswith("@"):  # decorators come first
                refusal.line, refusal.text = line, text
                break
        raise refusal
    lines, start, changing = _locate(function, code)
    if code.co_name == "<lambda>":
        from .source_special import check_unchanged, lambda_node

        if changing:
            check_unchanged(lines, code)
        node = lambda_node(lines, code)
        return code.co_filename, node.lineno, lines[node.lineno - 1 : node.end_lineno], 0, node
    end, node, added = _parse(lines, start, code, changing)
    if changing:
        from .source_special import check_unchanged

        check_unchanged(lines, code)
    first = start
    while first > 0 and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    # The parsed block began `added` lines before lines[start], which is line start + 1 of the file.
    return code.co_filename, first + 1, lines[first:end], start - added, node


def _refusal(code: types.CodeType) -> SourceError | None:
    """What to raise for a function that is no plain `def`."""
    name, where = code.co_name, (code.co_filename, code.co_firstlineno)
    if code.co_flags & (_COROUTINE | _ASYNC_GENERATOR):
        return SourceError(
            "async-function",
            f"`{name}` is an async function",
            "write a plain `def`: the threads of a kernel do not await",
            *where,
        )
    if code.co_flags & _GENERATOR:
        return SourceError(
            "generator-function",
            f"`{name}` is a generator: it contains `yield`",
            "store the values in an array instead: `Y[idx] = value`",
            *where,
        )
    return None


def _locate(function: types.FunctionType, code: types.CodeType) -> tuple[list[str], int, bool]:
    """All lines of the file, the index where the function starts, and whether they may be newer than the function."""
    path = code.co_filename
    start = code.co_firstlineno - 1
    changing = False
    lines: list[str] | None = None
    is_file = not (path.startswith("<") and path.endswith(">"))
    if is_file:
        lines, changing = _from_file(path)
    if not is_file or lines is None:
        from .source_special import from_history, from_linecache

        lines = from_linecache(path, function, code)
        if not lines and path == "<stdin>":
            lines, start = from_history(code)
    if not lines:
        raise SourceError(
            "no-source",
            f"the source of `{code.co_name}` is not available",
            "the program came through standard input, which keeps no source: run it as a file, `python program.py`"
            if path == "<stdin>" and not hasattr(sys, "ps1")
            else "cudapy compiles from source: put the function in a file, or, at a prompt, where it was typed as a "
            "whole;\nfunctions made by exec() or from .pyc files alone have none",
            path,
            code.co_firstlineno,
        )
    if start >= len(lines):
        raise changed(code)
    return lines, start, changing


def _from_file(path: str) -> tuple[list[str] | None, bool]:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None, False
    changing = status.st_mtime > _STARTED
    cached = _files.get(path)
    if cached is not None and cached[0] == status.st_mtime_ns and cached[1] == status.st_size:
        return cached[2], changing
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return None, False
    lines = _decode(data).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    _files[path] = (status.st_mtime_ns, status.st_size, lines)
    return lines, changing


def _decode(data: bytes) -> str:
    if data.startswith(b"\xef\xbb\xbf"):
        return data[3:].decode("utf-8", "replace")
    for line in data.split(b"\n", 2)[:2]:
        if line.lstrip().startswith(b"#") and b"coding" in line:
            import io
            import tokenize

            try:
                encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
            except SyntaxError:
                break
            return data.decode(encoding, "replace")
    return data.decode("utf-8", "replace")


def changed(code: types.CodeType) -> SourceError:
    return SourceError(
        "source-changed",
        f"the file has changed since `{code.co_name}` was defined: its source is no longer there",
        "run the program again, or reload the module, so that Python and cudapy see the same text",
        code.co_filename,
        code.co_firstlineno,
    )


def _width(line: str) -> int:
    line = line.lstrip("\f").expandtabs(8)  # Python counts columns from a form feed on
    return len(line) - len(line.lstrip())


def _parse(
    lines: list[str], start: int, code: types.CodeType, changing: bool
) -> tuple[int, Any, int]:
    """Where the function that begins at `lines[start]` ends, its node, and the lines that were put before the block.

    A block ends before the first line that is not indented deeper. Where that line is part of a string or
    a bracket, the block does not parse, and the next such line is tried.
    """
    base = _width(lines[start])
    added = 1 if base else 0
    prefix = "if 1:\n" if base else ""
    seen_def = False
    for end in range(start, len(lines) + 1):
        if end < len(lines):
            stripped = lines[end].lstrip()
            if not stripped or stripped[0] == "#" or _width(lines[end]) > base:
                continue
            if not seen_def:  # decorators, then the line of `def` itself
                seen_def = stripped.startswith(("def ", "def\t"))
                continue
        try:
            tree: Any = compile(
                prefix + "\n".join(lines[start:end]) + "\n",
                code.co_filename,
                "exec",
                ONLY_AST | (code.co_flags & FUTURES),
                True,
            )
        except (SyntaxError, ValueError):
            continue
        found = tree.body[0].body if base else tree.body
        node = found[0] if len(found) == 1 else None
        if (
            node is None
            or type(node).__name__ != "FunctionDef"
            or node.name != code.co_name
            or not same_arguments(node, code)
        ):
            raise changed(code)
        while end > start + 1 and lines[end - 1].lstrip()[:1] in ("", "#"):
            end -= 1
        return end, node, added
    raise changed(code)


def same_arguments(node: Any, code: types.CodeType) -> bool:
    arguments = node.args
    names = [item.arg for item in arguments.posonlyargs + arguments.args + arguments.kwonlyargs]
    return names == list(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
