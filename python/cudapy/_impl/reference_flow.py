"""Statements that no thread reaches: they are left out before types are inferred, as in the compiler.

def f(n):
    if n > 0:
        return 1
    else:
        return 2
    n = 2.5         # would make a float of `n`
"""

from __future__ import annotations

import ast


def drop_unreachable(block: list[ast.stmt]) -> bool:
    """Cuts `block`, and the blocks in it, behind the first statement that always leaves.

    Returns:
        Whether the end of the block is reached. That of a loop always counts as reached.
    """
    for number, statement in enumerate(block):
        if not _goes_on(statement):
            del block[number + 1 :]
            return False
    return True


def _goes_on(statement: ast.stmt) -> bool:
    match statement:
        case ast.Return() | ast.Raise() | ast.Break() | ast.Continue():
            return False
        case ast.If(body=body, orelse=orelse):
            ends = [drop_unreachable(body), drop_unreachable(orelse)]
            return any(ends)
        case ast.For(body=body, orelse=orelse) | ast.While(body=body, orelse=orelse):
            drop_unreachable(body)
            drop_unreachable(orelse)
    return True
