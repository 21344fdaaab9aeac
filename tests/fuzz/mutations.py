"""Kernels that are right, and random changes to their source: by tokens, and by nodes of the tree.

A changed kernel still ends, or is cut off: the kernels here loop by `for` alone, over short ranges.
"""

from __future__ import annotations

import ast
import io
import keyword
import tokenize
import warnings
from random import Random

HEADER = "import math\n\nimport cudapy as cp\nimport numpy as np\nfrom cudapy import *\n\nFACTOR = 3\n\n\n"

# Each is called with n threads and five arguments: float32[n], int32[n], uint8[n], float32[n, 4], and the integer 3.
SOURCES = (
    """
def kernel(X, I, B, M, n):
    if idx < len(X):
        X[idx] = 2.5 * X[idx] + I[idx] // n - B[idx] % 3
""",
    """
def kernel(X, I, B, M, n):
    if 0 < idx < len(X) - 1:
        total = 0.0
        for k in range(-1, 2):
            total += X[idx + k] * (0.5 if k == 0 else 0.25)
        M[idx, 0] = total
""",
    """
def kernel(X, I, B, M, n):
    if idx < M.shape[0]:
        row = M[idx]
        for k, x in enumerate(row):
            if x > 1.5:
                row[k] = math.sqrt(x)
                continue
            elif x < 0:
                break
            I[idx] += k
        else:
            B[idx] = 1
""",
    """
def mean(a, b, *, weight=0.5):
    return a * weight + b * (1 - weight)


def ends(A, n=2):
    low, high = A[0], A[0]
    for x in A:
        low = min(low, x)
        high = max(high, x)
    return low, high


def kernel(X, I, B, M, n):
    if idx < len(M):
        low, high = ends(M[idx])
        X[idx] = mean(low, high, weight=0.25) if low != high else low
        pair = (idx, X[idx])
        I[idx] = pair[0] + len(pair) * FACTOR
""",
    """
def apply(f, x, times):
    for _ in range(times):
        x = f(x)
    return x


def kernel(X, I, B, M, n):
    if idx < len(I):
        held = local(4, int)
        for k in range(4):
            held[k] = apply(lambda q: 3 * q + k, I[idx] & 7, 2)
        best = 0
        for k in range(1, 4):
            if held[k] > held[best]:
                best = k
        I[idx] = held[best]
""",
    """
def kernel(X, I, B, M, n):
    assert n > 0, "n is positive"
    if idx >= len(X):
        return
    if I[idx] == 2**30:
        raise ValueError("too large")
    bits = popc(I[idx]) + clz(n) - ffs(B[idx])
    atomic.add(I, 0, 1)
    X[idx] = rand(n, idx) < 0.5 and bits > 3 or not X[idx]
""",
    """
def kernel(X, I, B, M, n):
    z = 1j
    if idx < len(X):
        for _ in range(3):
            z = z * z + complex(X[idx], 0.5)
        M[idx, 1] = z.real
        M[idx, 2] = abs(z.imag)
        X[idx], M[idx][3] = M[idx][3], X[idx]
        B[idx] ^= cp.uint8(I[idx] << 2 | 1)
        I[idx] = round(X[idx] ** 2) if X[idx] < 100 else -1
""",
    """
def kernel(X, I, B, M, n):
    tile = shared((2, 8), float)
    x = threadIdx.x % 8
    tile[0, x] = X[x]
    syncthreads()
    for k in range(3):
        tile[1, x] += tile[0, (x + k) % 8]
        syncthreads()
    if idx < len(X):
        X[idx] = tile[1, 7 - x]
""",
)

NAMES = tuple(
    "X I B M n idx idy k x total row low high pair held best bits z tile f q FACTOR len range math cp np min max "
    "abs round int float local shared syncthreads atomic popc rand threadIdx blockDim True None self print sum".split()
)
OPERATORS = tuple(
    "+ - * / // % ** @ << >> & | ^ ~ < <= > >= == != = += -= ( ) [ ] , : . -> :=".split()
)
NUMBERS = (
    "0",
    "1",
    "-1",
    "2",
    "7",
    "255",
    "2**31",
    "10**20",
    "0.5",
    "1e39",
    "1j",
    "True",
    "''",
    "float('nan')",
)
WORDS = (
    "if",
    "else",
    "for",
    "in",
    "not",
    "and",
    "or",
    "is",
    "return",
    "break",
    "continue",
    "lambda",
    "yield",
    "del",
)


def by_tokens(text: str, random: Random) -> str:
    """Deletes, doubles, swaps or replaces a few tokens."""
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    pieces = [[token.type, token.string] for token in tokens]
    movable = [
        i
        for i, (kind, string) in enumerate(pieces)
        if kind in (tokenize.NAME, tokenize.OP, tokenize.NUMBER)
    ]
    for _ in range(random.choice((1, 1, 2, 3))):
        at, other = random.choice(movable), random.choice(movable)
        kind, string = pieces[at]
        change = random.randrange(8)
        if change == 0:
            pieces[at] = [tokenize.NAME, ""]
        elif change == 1:
            pieces[at] = [kind, f"{string} {string}"]
        elif change == 2:
            pieces[at], pieces[other] = pieces[other], pieces[at]
        elif change == 3:
            pieces[at] = list(pieces[other])
        elif kind == tokenize.OP:
            pieces[at] = [kind, random.choice(OPERATORS)]
        elif kind == tokenize.NUMBER:
            pieces[at] = [kind, random.choice(NUMBERS)]
        elif keyword.iskeyword(string):
            pieces[at] = [kind, random.choice(WORDS)]
        else:
            pieces[at] = [kind, random.choice((*NAMES, *NUMBERS))]
    try:
        return tokenize.untokenize([(kind, string) for kind, string in pieces])
    except (ValueError, IndexError):
        return text


class _Change(ast.NodeTransformer):
    """Changes the node that is `at`-th on the way through the tree."""

    def __init__(self, at: int, random: Random, expressions: list[ast.expr]) -> None:
        self.left = at
        self.random = random
        self.expressions = expressions

    def visit(self, node: ast.AST) -> object:
        self.left -= 1
        if self.left == 0:
            return self.change(node)
        return self.generic_visit(node)

    def change(self, node: ast.AST) -> object:
        random = self.random
        if isinstance(node, ast.expr):
            if isinstance(getattr(node, "ctx", None), ast.Store):
                return ast.Name(id=random.choice(NAMES[:20]), ctx=ast.Store())
            other = random.choice(self.expressions)
            return random.choice(
                [
                    other,
                    other,
                    ast.UnaryOp(
                        op=random.choice([ast.USub(), ast.Not(), ast.Invert()]), operand=node
                    ),
                    ast.BinOp(
                        left=node,
                        op=random.choice(
                            [
                                ast.Add(),
                                ast.Div(),
                                ast.FloorDiv(),
                                ast.Pow(),
                                ast.LShift(),
                                ast.Mod(),
                            ]
                        ),
                        right=other,
                    ),
                    ast.Compare(
                        left=node,
                        ops=[random.choice([ast.Lt(), ast.Eq(), ast.Is(), ast.In()])],
                        comparators=[other],
                    ),
                    ast.Subscript(value=node, slice=other, ctx=ast.Load()),
                    ast.Call(func=node, args=[other], keywords=[]),
                    ast.Call(func=other, args=[node], keywords=[]),
                    ast.Attribute(
                        value=node,
                        attr=random.choice(["shape", "x", "real", "size", "T"]),
                        ctx=ast.Load(),
                    ),
                    ast.BinOp(
                        left=node, op=ast.Add(), right=ast.Constant(random.choice((-9, -1, 1, 9)))
                    ),
                    ast.BinOp(left=node, op=ast.Sub(), right=node),
                    ast.Tuple(elts=[node, other], ctx=ast.Load()),
                    ast.List(elts=[node], ctx=ast.Load()),
                    ast.IfExp(test=other, body=node, orelse=random.choice(self.expressions)),
                    ast.BoolOp(op=random.choice([ast.And(), ast.Or()]), values=[node, other]),
                    ast.NamedExpr(target=ast.Name(id="y", ctx=ast.Store()), value=node),
                    ast.Starred(value=node, ctx=ast.Load()),
                ]
            )
        if isinstance(node, ast.stmt) and not isinstance(node, ast.FunctionDef):
            test = random.choice(self.expressions)
            return random.choice(
                [
                    ast.Pass(),
                    [node, node],
                    ast.If(test=test, body=[node], orelse=[]),
                    ast.If(test=test, body=[ast.Return(value=None)], orelse=[node]),
                    [
                        ast.Assign(
                            targets=[ast.Name(id=random.choice(NAMES[:20]), ctx=ast.Store())],
                            value=test,
                        ),
                        node,
                    ],
                    ast.For(
                        target=ast.Name(id="k", ctx=ast.Store()),
                        iter=ast.parse("range(2)", mode="eval").body,
                        body=[node],
                        orelse=[],
                    ),
                    ast.Return(value=test),
                    ast.Expr(value=test),
                ]
            )
        if isinstance(node, ast.arguments):
            random.shuffle(node.args)
        return node


def by_nodes(text: str, random: Random) -> str:
    """Replaces, wraps, doubles or removes a few expressions and statements."""
    tree = ast.parse(text)
    for _ in range(random.choice((1, 1, 2))):
        nodes = list(ast.walk(tree))
        loads = [
            n
            for n in nodes
            if isinstance(n, ast.expr) and not isinstance(getattr(n, "ctx", None), ast.Store)
        ]
        if not loads:
            return text
        tree = _Change(random.randrange(1, len(nodes) + 1), random, loads).visit(tree)
        if not isinstance(tree, ast.Module):
            return text
        ast.fix_missing_locations(tree)
        tree = ast.parse(ast.unparse(tree))
    return ast.unparse(tree) + "\n"


def mutated(seed: int) -> str | None:
    """A changed kernel's module; None where the change leaves no Python, or no kernel."""
    random = Random(seed)
    source = random.choice(SOURCES).lstrip("\n")
    try:
        text = HEADER + random.choice((by_tokens, by_nodes))(source, random)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            compile(text, "<mutated>", "exec")
    except (SyntaxError, ValueError, RecursionError, TypeError, AttributeError):
        return None
    return text if "def kernel(" in text else None
