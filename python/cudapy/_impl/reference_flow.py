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
from collections.abc import Callable
from typing import Any


def drop_unreachable(block: list[ast.stmt], known: Callable[[ast.expr], Any]) -> bool:
    """Cuts `block`, and the blocks in it, behind the first statement that always leaves.

    Args:
        known: the value of a condition that is a constant, else None.

    Returns:
        Whether the end of the block is reached. That of a loop always counts as reached.
    """
    for number, statement in enumerate(block):
        if not _goes_on(statement, known):
            del block[number + 1 :]
            return False
    return True


def _goes_on(statement: ast.stmt, known: Callable[[ast.expr], Any]) -> bool:
    match statement:
        case ast.Return() | ast.Raise() | ast.Break() | ast.Continue():
            return False
        case ast.If(test=test, body=body, orelse=orelse):
            condition = known(test)
            if condition is not None:  # the other branch is not looked at
                return drop_unreachable(body if condition else orelse, known)
            ends = [drop_unreachable(body, known), drop_unreachable(orelse, known)]
            return any(ends)
        case ast.For(body=body, orelse=orelse) | ast.While(body=body, orelse=orelse):
            drop_unreachable(body, known)
            drop_unreachable(orelse, known)
    return True
