"""Sources that are not a plain `def` in a file that stays as it is: what was typed at a prompt, lambdas, and files that
may have changed since. Loaded by `source` when it meets one.
"""

from __future__ import annotations

import sys

from .source import FUTURES, ONLY_AST, SourceError, changed, same_arguments

TYPE_CHECKING = False  # what `typing` would say, without importing it
if TYPE_CHECKING:
    import types
    from typing import Any


def from_linecache(
    path: str, function: types.FunctionType, code: types.CodeType
) -> list[str] | None:
    """What IPython, Jupyter, doctest, zipped packages and newer prompts have registered there."""
    import linecache

    lines = linecache.getlines(path, function.__globals__)
    if not lines:
        by_code = getattr(linecache, "_getlines_from_code", None)
        lines = by_code(code) if by_code is not None else []
    return [line.rstrip("\r\n") for line in lines]


def from_history(code: types.CodeType) -> tuple[list[str], int]:
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


def lambda_node(lines: list[str], code: types.CodeType) -> Any:
    """The definition that a lambda stands for: `def <lambda>(x): return ...`, where the lambda is."""
    import ast

    try:
        tree = compile(
            "\n".join(lines) + "\n",
            code.co_filename,
            "exec",
            ONLY_AST | (code.co_flags & FUTURES),
            True,
        )
    except (SyntaxError, ValueError):
        raise changed(code) from None
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Lambda)
        and node.lineno == code.co_firstlineno
        and same_arguments(node, code)
    ]
    if len(found) > 1 and hasattr(code, "co_positions"):
        found = _around(found, list(code.co_positions()))
    if not found:
        raise changed(code)
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


# The file that was compiled last: its lines, the code's flags, the module.
_compiled: tuple[list[str], int, types.CodeType] | None = None


def _module(lines: list[str], code: types.CodeType) -> types.CodeType:
    """The module of all lines; a kernel and its helpers are mostly of one."""
    global _compiled
    import warnings

    flags = code.co_flags & FUTURES
    known = _compiled
    if known is not None and known[0] is lines and known[1] == flags:
        return known[2]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python gave them when it compiled the file itself
            made: types.CodeType = compile(
                "\n".join(lines) + "\n", code.co_filename, "exec", flags, True
            )
    except (SyntaxError, ValueError):
        raise changed(code) from None
    _compiled = lines, flags, made
    return made


def check_unchanged(lines: list[str], code: types.CodeType) -> None:
    """Compares what the file says now with the function: needed where the file is younger than this process.

    The whole file is compiled, because what is around a function decides some of its code: which names are
    modules, or cells.
    """
    made = [_module(lines, code)]
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
    raise changed(code)


def _same_code(made: types.CodeType, code: types.CodeType) -> bool:
    plain = type(code)
    return (
        made.co_code == code.co_code
        and made.co_names == code.co_names
        and made.co_varnames == code.co_varnames
        and [_shown(c) for c in made.co_consts if not isinstance(c, plain)]
        == [_shown(c) for c in code.co_consts if not isinstance(c, plain)]
    )


def _shown(constant: object) -> str:
    """What tells constants apart, 0.0 and -0.0 as well; Python shows no integer of thousands of digits in decimal."""
    if type(constant) is int:
        return hex(constant)
    if type(constant) is tuple:
        return f"({','.join(map(_shown, constant))})"
    return repr(constant)
