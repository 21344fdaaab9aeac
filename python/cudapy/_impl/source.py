"""Finds the source of a function and has CPython parse it, for the front end of the compiler.

`read` takes a function and gives its file, its lines (from the comments directly above it on) and its
`ast.FunctionDef`,
whose columns are those of the original file. It imports nothing on the usual path, where the source is a
file: a block of
lines is cut out and given to `compile`, which is many times quicker than parsing the module as `inspect` would.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False  # what `typing` would say, without importing it
if TYPE_CHECKING:
    import types
    from typing import Any

_ONLY_AST = 0x400  # ast.PyCF_ONLY_AST
_FUTURES = 0x1FF0000  # the bits of co_flags that `from __future__ import` sets
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
        if changing:
            _check_unchanged(lines, code)
        node = _lambda(lines, code)
        return code.co_filename, node.lineno, lines[node.lineno - 1 : node.end_lineno], 0, node
    end, node, added = _parse(lines, start, code, changing)
    if changing:
        _check_unchanged(lines, code)
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
    lines: list[str] | None
    if path.startswith("<") and path.endswith(">"):
        lines = _from_linecache(path, function, code)
        if not lines and path == "<stdin>":
            lines, start = _from_history(code)
    else:
        lines, changing = _from_file(path)
        if lines is None:
            lines = _from_linecache(path, function, code)
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
        raise _changed(code)
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


def _from_linecache(
    path: str, function: types.FunctionType, code: types.CodeType
) -> list[str] | None:
    """What IPython, Jupyter, doctest, zipped packages and newer prompts have registered there."""
    import linecache

    lines = linecache.getlines(path, function.__globals__)
    if not lines:
        by_code = getattr(linecache, "_getlines_from_code", None)
        lines = by_code(code) if by_code is not None else []
    return [line.rstrip("\r\n") for line in lines]


def _from_history(code: types.CodeType) -> tuple[list[str], int]:
    """What was typed at the prompt, from the readline history: the last block with this `def`, and where it starts."""
    readline = sys.modules.get("readline")
    if readline is None:
        return [], 0
    lines: list[str] = []
    for number in range(1, readline.get_current_history_length() + 1):
        lines.extend(
            (readline.get_history_item(number) or "").split("\n")
        )  # a block may be one entry
    header = f"def {code.co_name}"
    for start in range(len(lines) - 1, -1, -1):
        if not lines[start].startswith(header) or not lines[start][
            len(header) :
        ].lstrip().startswith("("):
            continue
        end = start + 1
        while end < len(lines) and lines[end][:1] in ("", " ", "\t", "#"):
            end += 1
        while start > 0 and lines[start - 1].startswith("@"):
            start -= 1
        first = start
        while first > 0 and lines[first - 1].startswith("#"):
            first -= 1
        return lines[first:end], start - first
    return [], 0


def _changed(code: types.CodeType) -> SourceError:
    return SourceError(
        "source-changed",
        f"the file has changed since `{code.co_name}` was defined: its source is no longer there",
        "run the program again, or reload the module, so that Python and cudapy see the same text",
        code.co_filename,
        code.co_firstlineno,
    )


def _width(line: str) -> int:
    line = line.expandtabs(8)
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
                _ONLY_AST | (code.co_flags & _FUTURES),
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
            or not _same_arguments(node, code)
        ):
            raise _changed(code)
        while end > start + 1 and lines[end - 1].lstrip()[:1] in ("", "#"):
            end -= 1
        return end, node, added
    raise _changed(code)


def _lambda(lines: list[str], code: types.CodeType) -> Any:
    """The definition that a lambda stands for: `def <lambda>(x): return ...`, where the lambda is."""
    import ast

    try:
        tree = compile(
            "\n".join(lines) + "\n",
            code.co_filename,
            "exec",
            _ONLY_AST | (code.co_flags & _FUTURES),
            True,
        )
    except (SyntaxError, ValueError):
        raise _changed(code) from None
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Lambda)
        and node.lineno == code.co_firstlineno
        and _same_arguments(node, code)
    ]
    if len(found) > 1 and hasattr(code, "co_positions"):
        found = _around(found, list(code.co_positions()))
    if not found:
        raise _changed(code)
    if len(found) > 1:
        raise SourceError(
            "lambda-function",
            "which of the lambdas of this line is meant cannot be told",
            "write each on a line of its own",
            code.co_filename,
            code.co_firstlineno,
        )
    made = ast.copy_location(ast.Return(value=found[0].body), found[0].body)
    definition = ast.FunctionDef(
        name=code.co_name, args=found[0].args, body=[made], decorator_list=[]
    )
    if sys.version_info >= (3, 12):
        definition.type_params = []
    return ast.copy_location(definition, found[0])


def _around(found: list[Any], positions: list[Any]) -> list[Any]:
    """The smallest of the lambdas that have all of a code's instructions in their bodies."""
    whole = [place for place in positions if None not in place and place[3] > place[2]]
    begin = min((line, column) for line, _, column, _ in whole)
    end = max((line, column) for _, line, _, column in whole)

    def span(node: Any) -> tuple[tuple[int, int], tuple[int, int]]:
        body = node.body
        return (body.lineno, body.col_offset), (body.end_lineno, body.end_col_offset)

    fitting = [node for node in found if span(node)[0] <= begin and end <= span(node)[1]]
    return sorted(fitting, key=lambda node: (-node.col_offset, node.end_col_offset))[:1]


def _same_arguments(node: Any, code: types.CodeType) -> bool:
    arguments = node.args
    names = [item.arg for item in arguments.posonlyargs + arguments.args + arguments.kwonlyargs]
    return names == list(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])


def _check_unchanged(lines: list[str], code: types.CodeType) -> None:
    """Compares what the file says now with the function: needed where the file is younger than this process.

    The whole file is compiled, because what is around a function decides some of its code: which names are
    modules, or cells.
    """
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python gave them when it compiled the file itself
            flags = code.co_flags & _FUTURES
            made = [compile("\n".join(lines) + "\n", code.co_filename, "exec", flags, True)]
    except (SyntaxError, ValueError):
        raise _changed(code) from None
    for outer in made:  # grows while it is walked
        for constant in outer.co_consts:
            if not isinstance(constant, type(code)):
                continue
            if constant.co_name == code.co_name and _same_code(constant, code):
                return
            made.append(constant)
    block = lines[code.co_firstlineno - 1 :]
    if any("assert" in line for line in block):  # test runners rewrite assertions
        return
    raise _changed(code)


def _same_code(made: types.CodeType, code: types.CodeType) -> bool:
    plain = type(code)
    return (
        made.co_code == code.co_code
        and made.co_names == code.co_names
        and made.co_varnames == code.co_varnames
        and [repr(c) for c in made.co_consts if not isinstance(c, plain)]
        == [repr(c) for c in code.co_consts if not isinstance(c, plain)]
    )
