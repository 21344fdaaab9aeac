"""Sources that are deep, long or oddly written, and how each may end: what X[0], which was 2, is afterwards; the code
of a mistake; or "no kernel", where Python takes the text for none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

HEADER = "import functools\nimport math\n\nimport cudapy as cp\nimport numpy as np\nfrom cudapy import *\n\n\n"
NO_KERNEL = "no kernel"


# Statements that are Python, and what comes of them in a kernel of `X`.
LINES: dict[str, float | str] = {
    "try:\n        X[0] = 3\n    finally:\n        pass": "unsupported-syntax",
    "with X:\n        X[0] = 3": "unsupported-syntax",
    "match X[0]:\n        case 2:\n            X[0] = 3": "unsupported-syntax",
    "class C:\n        pass": "unsupported-syntax",
    "import math": "unsupported-syntax",
    "import os.path as p": "unsupported-syntax",
    "global X1\n    X1 = 3": "unsupported-syntax",
    "del X": "unsupported-syntax",
    "X[0] = [*X]": "unsupported-syntax",
    "X[0] = {1: 2}[1]": "unsupported-syntax",
    "X[0] = {1, 2}": "unsupported-syntax",
    "X[0] = sum(x for x in X)": "unsupported-syntax",
    "X[0] = [x for x in X][0]": "unsupported-syntax",
    "X[...] = 3": "unsupported-syntax",
    "X[:] = 3": "whole-array",
    "X[0] = ...": "unsupported-syntax",
    "X[0] = None": "none-value",
    "X[0] = 'a'": "string-value",
    "X[0] = b'a'[0]": "unsupported-syntax",
    "X[0] = f'{X[0]}'": "unsupported-syntax",
    "X[0]: int = 3": 3.0,
    "raise": "raise",
    "raise X": "raise",
    "assert (X[0], 'always')": "string-value",
    "return 3": "kernel-returns-value",
    "return X": "kernel-returns-value",
    "break": NO_KERNEL,
    "X()": "not-callable",
    "X[0]()": "not-callable",
    "X @ X": "unsupported-operator",
    "X[0] = X": "whole-array",
    "X = 3": "type-changes",
    "X[0], = (3,)": 3.0,
    "*a, X[0] = 1, 2, 3": 3.0,
    "(X[0]) += 1": 3.0,
    "X[0] = (yield)": "generator-function",
    "X[0] = not_there": "undefined-name",
    "X[0] = __name__": "captured-object",
    "X[0] = __file__[0]": "captured-object",
    "X[0] = __debug__": "unsupported-function",
    "print(X)": "whole-array",
    "print(*X)": "unsupported-syntax",
    "X[True] = 3": "bool-index",
    "X[0.0] = 3": "float-index",
    "X['a'] = 3": "string-value",
    "X[0, ] = 3": 3.0,
    "X[()] = 3": "array-rank",
    "X[-1] = 3": 2.0,
    "X[2 ** 70] = 3": "constant-too-large",
}


# Of which the reference device does the same.
IN_REFERENCE = (
    "name-",
    "called",
    "lambda-as-d",
    "lambda-in-i",
    "marked",
    "parameters",
    "rest",
    "tabs",
)


@dataclass(frozen=True)
class Odd:
    name: str
    text: str
    ends: tuple[float | str, ...]

    @property
    def in_reference(self) -> bool:
        return self.name.startswith(IN_REFERENCE)


def kernel(*lines: str, before: str = "") -> str:
    return before + "def kernel(X):\n" + "".join(f"    {line}\n" for line in lines)


def expression(text: str, before: str = "") -> str:
    return kernel(f"X[0] = {text}", before=before)


def nested(n: int, opened: str, inner: str, closed: str) -> str:
    return opened * n + inner + closed * n


def deep() -> Iterator[Odd]:
    for n in (150, 190):
        yield Odd(f"parentheses-{n}", expression(nested(n, "(", "X[1]", ")")), (2.0, NO_KERNEL))
        yield Odd(f"calls-{n}", expression(nested(n, "abs(", "X[1]", ")")), (2.0, NO_KERNEL))
        text = nested(n, "max(X[1], ", "X[0]", ")")
        yield Odd(f"calls-of-two-{n}", expression(text), (2.0, NO_KERNEL))
        text = nested(n, "(X[1] if X[0] == 1 else ", "X[2]", ")")
        yield Odd(f"choices-{n}", expression(text), (2.0, NO_KERNEL))
        text = nested(n, "X[int(", "0", ")]")
        yield Odd(f"indices-{n}", expression(text), (2.0, NO_KERNEL))
        text = nested(n, "(lambda q: ", "q", ")(X[1])")
        yield Odd(f"lambdas-{n}", expression(text), (2.0, "unsupported-syntax", NO_KERNEL))
    for n in (20, 90):
        lines = ["    " * i + f"if X[{i % 3}] == 2:" for i in range(n)]
        yield Odd(f"ifs-{n}", kernel(*lines, "    " * n + "X[0] = 3"), (3.0, NO_KERNEL))
        lines = ["    " * i + f"for k{i} in range(1):" for i in range(n)]
        yield Odd(f"loops-{n}", kernel(*lines, "    " * n + "X[0] += 1"), (3.0, NO_KERNEL))
        lines = ["    " * i + f"def f{i}(a{i}):" for i in range(n)]
        ends = ["    " * (i + 1) + f"return f{i + 1}(a{i})" for i in range(n - 1)]
        text = kernel(*lines, "    " * n + f"return a{n - 1} + a0", *ends[::-1], "X[0] = f0(X[0])")
        yield Odd(f"functions-{n}", text, (4.0, NO_KERNEL))
    for n in (200, 2000):
        yield Odd(
            f"sum-{n}",
            expression(" + ".join(["X[1]"] * n)),
            (2.0 * n, "unsupported-syntax", NO_KERNEL),
        )
        yield Odd(
            f"minus-{2 * n}",
            expression("-" * 2 * n + "X[1]"),
            (2.0, "unsupported-syntax", NO_KERNEL),
        )
        yield Odd(
            f"not-{2 * n}",
            expression("not " * 2 * n + "X[1]"),
            (1.0, "unsupported-syntax", NO_KERNEL),
        )
        yield Odd(
            f"powers-{n}",
            expression(" ** ".join(["1"] * n)),
            (1.0, "unsupported-syntax", NO_KERNEL),
        )
        yield Odd(f"or-{n}", kernel(f"if {' or '.join(['X[0] > 2'] * n)}:", "    X[0] = 9"), (2.0,))
        chain = " <= ".join(["X[1]"] * n)
        yield Odd(f"comparisons-{n}", kernel(f"if {chain}:", "    X[0] = 9"), (9.0,))
        yield Odd(
            f"subscripts-{n}",
            expression("X" + "[0]" * n),
            ("not-an-array", "unsupported-syntax", NO_KERNEL),
        )
        yield Odd(
            f"attributes-{n}",
            expression("X" + ".shape" * n),
            ("unknown-attribute", "unsupported-syntax", NO_KERNEL),
        )


def long() -> Iterator[Odd]:
    yield Odd("statements", kernel(*["X[0] += 1"] * 2000), (2002.0,))
    yield Odd("one-line", kernel("; ".join(["X[0] += 1"] * 1000)), (1002.0,))
    yield Odd(
        "variables",
        kernel(*[f"v{i} = X[{i % 3}] + {i}" for i in range(1000)], "X[0] = v999"),
        (1001.0,),
    )
    lines = [f"elif X[0] == {i}:\n        X[0] = {i + 1}" for i in range(3, 253)]
    yield Odd(
        "elifs",
        kernel("if X[0] == 7:", "    X[0] = 1", *lines, "else:", "    X[0] = 5"),
        (5.0, NO_KERNEL),
    )
    names = ", ".join(f"a{i}" for i in range(250))
    given = ", ".join(f"X[{i % 3}]" for i in range(250))
    yield Odd(
        "parameters", expression(f"f({given})", f"def f({names}):\n    return a0 + a249\n"), (4.0,)
    )
    named = ", ".join(f"a{i}=X[{i % 3}]" for i in reversed(range(250)))
    yield Odd(
        "keywords", expression(f"f({named})", f"def f(*, {names}):\n    return a0 + a249\n"), (4.0,)
    )
    defaults = ", ".join(f"a{i}={i}" for i in range(250))
    yield Odd(
        "defaults", expression("f()", f"def f({defaults}):\n    return a1 + a249\n"), (250.0,)
    )
    yield Odd("rest", expression(f"f({given})", "def f(*rest):\n    return len(rest)\n"), (250.0,))
    yield Odd("tuple", kernel(f"t = ({given})", "X[0] = t[249] + len(t)"), (252.0,))
    yield Odd("targets", kernel(f"{names} = {given}", "X[0] = a249 + a0"), (4.0,))
    yield Odd(
        "chained-targets",
        kernel(" = ".join(f"a{i}" for i in range(250)) + " = X[0]", "X[0] = a7 + 1"),
        (3.0,),
    )
    yield Odd("comment", kernel(f"X[0] = 3  # {'=' * 200_000}"), (3.0,))
    yield Odd("docstring", kernel(f'"""{"text " * 50_000}"""', "X[0] = 3"), (3.0,))
    yield Odd("empty-lines", kernel(*["", "# nothing"] * 5000, "X[0] = 3"), (3.0,))
    yield Odd("continued", kernel("X[0] = X[1] + \\\n" * 1 + " \\\n" * 500 + "  1"), (3.0,))
    yield Odd("digits", expression("1" * 300), ("unsupported-syntax",))
    yield Odd("hex-digits", expression("0x" + "f" * 5000), ("unsupported-syntax",))
    yield Odd(
        "digits-of-float", expression("0." + "3" * 5000), (float.fromhex("0x1.5555560000000p-2"),)
    )
    yield Odd("infinite-literal", expression("1e999 * 0 if X[0] == 7 else 3"), (3.0,))
    yield Odd("long-name", kernel(f"{'n' * 5000} = 3", f"X[0] = {'n' * 5000}"), (3.0,))
    yield Odd("folded-power", expression("2 ** 10000 % 7"), ("constant",))
    yield Odd("huge-power", expression("9 ** 9 ** 9 ** 9"), ("constant",))
    yield Odd("huge-shift", expression("1 << 10 ** 9"), ("constant",))
    for open_calls, ends in ((200, (200.0,)), (300, ("RecursionError",))):
        text = expression(
            f"f({open_calls})", "def f(n):\n    return 0 if n == 0 else 1 + f(n - 1)\n"
        )
        yield Odd(f"recursion-{open_calls}", text, ends)


def odd() -> Iterator[Odd]:
    for name in ("µ", "ﬁ", "𝔵", "名", "ªº", "_", "__", "℮", "K"):
        yield Odd(f"name-{ord(name[0]):x}", kernel(f"{name} = X[0] + 1", f"X[0] = {name}"), (3.0,))
    yield Odd("name-of-two-spellings", kernel("ﬁ = X[0] + 1", "X[0] = fi"), (3.0,))
    yield Odd("null-byte", kernel("X[0] = 3\0"), (NO_KERNEL,))
    yield Odd("null-in-string", kernel('assert X[0] == 2, "a\\0b"', "X[0] = 3"), (3.0,))
    yield Odd("wide-string", kernel('assert X[0] == 2, "\\U0001f600 \\ud800"', "X[0] = 3"), (3.0,))
    yield Odd("wide-comment", kernel("X[0] = 3  # 😀 名 \u202e"), (3.0,))
    yield Odd("form-feed", "\f" + kernel("\f", "X[0] = 3"), (3.0,))
    yield Odd("tabs", "def kernel(X):\n\tif X[0] == 2:\n\t\tX[0] = 3\n", (3.0,))
    yield Odd("no-line-end", kernel("X[0] = 3").rstrip("\n"), (3.0,))
    yield Odd("returns", kernel("X[0] = 3", "X[1] = 4").replace("\n", "\r\n"), (3.0,))
    yield Odd("one-liner", "def kernel(X): X[0] = 3; X[1] = 4\n", (3.0,))
    yield Odd("string-over-lines", kernel('"""', "    def kernel(X):", '"""', "X[0] = 3"), (3.0,))
    yield Odd("called-lambda", expression("(lambda q, r=1: q + r)(X[0])"), (3.0,))
    yield Odd(
        "lambda-of-lambda", expression("(lambda q: lambda r: q + r)(1)(X[0])"), ("not-callable",)
    )
    yield Odd(
        "lambda-as-default",
        expression("f(X[0])", "def f(a, g=lambda q: q + 1):\n    return g(a)\n"),
        (3.0,),
    )
    yield Odd(
        "lambda-in-tuple",
        expression("(lambda q: q, lambda q: q + 1)[1](X[0])"),
        ("function-value",),
    )
    yield Odd("lambda-in-index", expression("X[(lambda q: q)(0)] + 1"), (3.0,))
    yield Odd("lambda-compared", expression("1 if (lambda: 1) == 2 else 3"), ("function-value",))
    yield Odd("lambda-as-statement", kernel("lambda: X[7]", "X[0] = 3"), ("function-value",))
    yield Odd(
        "lambda-chosen",
        expression("(f if X[0] == 2 else f)(X[0])", "f = lambda q: q + 1\n"),
        ("function-choice",),
    )
    yield Odd(
        "lambda-with-walrus", expression("(lambda q: (r := q) + r)(X[0])"), ("unsupported-syntax",)
    )
    stacked = "@cp.device_function\n" * 20 + "def f(x):\n    return x + 1\n"
    yield Odd("marked-twenty-times", expression("f(X[0])", stacked), (3.0,))
    wraps = (
        "def same(f):\n    @functools.wraps(f)\n    def g(*args):\n        return f(*args)\n    return g\n\n"
        + "@same\n" * 5
        + "def f(x):\n    return x + 1\n"
    )
    yield Odd("wrapped-five-times", expression("f(X[0])", wraps), (3.0,))
    cached = "@functools.lru_cache\ndef f(x):\n    return x + 1\n"
    yield Odd("cached-function", expression("f(X[0])", cached), (3.0,))
    partial = "f = functools.partial(lambda a, b: a + b, 1)\n"
    yield Odd("partial", expression("f(X[0])", partial), ("captured-object",))
    yield Odd("kernel-twice", "@cp.kernel\n@cp.kernel\n" + kernel("X[0] = 3"), (3.0,))
    yield Odd("static", "@staticmethod\n" + kernel("X[0] = 3"), (3.0,))
    for line, end in LINES.items():
        yield Odd(f"line-{line.splitlines()[0]}", kernel(line), (end,))


def sources() -> list[Odd]:
    return [*deep(), *long(), *odd()]
