"""Writes the texts of the stub of the core as a header for the core itself, so that they are written once.

    python docstrings.py _core.pyi docstrings.h

A class's text is `docs::Class::text`, a method's or property's `docs::Class::name`, a function's `docs::name`.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

HEAD = """// Made of python/cudapy/_core.pyi by cmake/docstrings.py.
#pragma once

// NOLINTBEGIN(readability-identifier-naming): Python's names
namespace cudapy::binding::docs {
"""
TAIL = """
}  // namespace cudapy::binding::docs
// NOLINTEND(readability-identifier-naming)
"""
MOST = 15_000  # of a string literal that all compilers take


# Classes whose methods are C's: their texts begin with a header, which inspect.signature reads.
WITH_HEADERS = ("Kernel",)


def shown_parameter(parameter: ast.arg, default: ast.expr | None) -> str:
    return parameter.arg + (f"={ast.unparse(default)}" if default is not None else "")


def header_of(node: ast.FunctionDef) -> str:
    """`notes($self, /, types=None)` and the line that ends it; nothing of a property."""
    if node.decorator_list and ast.unparse(node.decorator_list[0]) == "property":
        return ""
    given, by_name = node.args.args[1:], node.args.kwonlyargs
    defaults = [None] * (len(given) - len(node.args.defaults)) + node.args.defaults
    shown = ["$self", "/", *map(shown_parameter, given, defaults)]
    if by_name:
        shown += ["*", *map(shown_parameter, by_name, node.args.kw_defaults)]
    return f"{node.name}({', '.join(shown)})\n--\n\n"


def constant(name: str, node: ast.ClassDef | ast.FunctionDef, head: str = "") -> str:
    text = ast.get_docstring(node)
    if text is None:
        return ""
    text = head + text
    if len(text.encode()) > MOST or ')doc"' in text:
        raise SystemExit(f"docstrings.py: the text of {node.name} cannot be a string of C++")
    return f'inline constexpr char {name}[] = R"doc({text})doc";\n'


def header(stub: str) -> str:
    parts = [HEAD]
    for node in ast.parse(stub).body:
        if isinstance(node, ast.FunctionDef):
            parts.append(constant(node.name, node))
        if isinstance(node, ast.ClassDef):
            members = {
                member.name: constant(
                    member.name, member, header_of(member) if node.name in WITH_HEADERS else ""
                )
                for member in reversed(node.body)  # of overloads the first speaks
                if isinstance(member, ast.FunctionDef)
            }
            texts = constant("text", node) + "".join(reversed(members.values()))
            if texts:
                parts.append(f"namespace {node.name} {{\n{texts}}}\n")
    return "".join(parts) + TAIL


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(header(source.read_text(encoding="utf-8")), encoding="utf-8")
