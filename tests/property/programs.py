"""Generates well-typed kernels as source text: nested loops that lanes leave at different times, breaks,
continues, returns, helpers with early returns, integers and floats of all widths, variables that live on after loops;
tuples, functions inside functions and as arguments, keywords, a thread's own arrays, rows of matrices, intrinsics,
random numbers, assert and raise; loops over the width of the grid, print; what the lanes of warps tell each other,
wherever an expression stands. Structs and complex numbers are in compound_values.py, functions that call themselves in
recursive_functions.py, shared memory and barriers in cooperating_programs.py.

Every program ends: loops have bounded trips, recursion a bounded depth. Every index is in bounds: those of gathers are
bounded, or taken modulo the length. No integer division by zero: divisors are odd. Each thread stores only to its own
element, so the order of threads does not matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from property.choices import as_part
from property.compound_values import CompoundValues
from property.cooperating_programs import CooperatingPrograms
from property.program_parts import (
    COMMON_INTEGERS,
    FLOATS,
    HEADER,
    INTEGERS,
    ROW,
    Parameter,
    Program,
    Scope,
)
from property.recursive_functions import RecursiveFunctions

if TYPE_CHECKING:
    from collections.abc import Callable

    from property.choices import Choices


class Writer(CompoundValues, RecursiveFunctions, CooperatingPrograms):
    """Draws one program. Each choice is written down, so that the program that fails can be made small."""

    def __init__(self, choices: Choices) -> None:
        self.choices = choices
        self._lines: list[str] = []
        self._names = 0
        self._budget = self.pick(6, 12, 20, 32)
        self._has_warps = self.chance(6)
        self._has_compounds = self.chance(2)
        self._prints = self.chance(8)
        self._block: int | None = None
        self._turns = 1
        self._leaves = "return"

    # Choices

    def pick(self, *choices: object) -> object:
        return choices[self.choices.number(0, len(choices) - 1)]

    def number(self, low: int, high: int) -> int:
        return self.choices.number(low, high)

    def chance(self, one_in: int) -> bool:
        return self.choices.number(0, one_in - 1) == one_in - 1

    def fresh(self, prefix: str) -> str:
        self._names += 1
        return f"{prefix}{self._names}"

    def line(self, depth: int, text: str) -> None:
        self._lines.append("    " * depth + text)

    # Expressions

    @as_part
    def integer(self, scope: Scope, depth: int) -> str:
        simple = [lambda: str(self.number(-3, 12))]
        if scope.fixed:
            simple.append(lambda: self.pick(*scope.fixed))
        if scope.ints:
            simple += [lambda: self.pick(*scope.ints)] * 3
        if depth <= 0 or self.chance(3):
            return str(self.pick(*simple)())
        one = lambda: self.integer(scope, depth - 1)  # noqa: E731
        choices = [
            lambda: f"({one()} {self.pick('+', '-', '*')} {one()})",
            lambda: f"({one()} {self.pick('&', '|', '^')} {one()})",
            lambda: (
                f"({one()} {self.pick('//', '%')} "
                f"{self.pick(1, 2, 3, 7, 8, -2, -5, 100, f'({one()} | 1)', f'({one()} | 1)')})"
            ),
            lambda: (
                f"({self.typed_integer(scope)} {self.pick('<<', '>>')} "
                f"({self.typed_integer(scope)} & {self.pick(1, 7, 31)}))"
            ),
            lambda: f"{self.pick('-', '~')}({one()})",
            lambda: f"{self.pick('min', 'max')}({one()}, {one()})",
            lambda: f"abs({one()})",
            lambda: f"({one()} if {self.condition(scope, depth - 1)} else {one()})",
            lambda: f"int({self.floating(scope, depth - 1)})",
            lambda: (
                f"{self.pick('round', 'math.floor', 'math.ceil')}({self.floating(scope, depth - 1)})"
            ),
            lambda: f"({self.typed_integer(scope)} ** {self.pick(2, 3, f'({one()} & 3)')})",
            lambda: self.intrinsic(scope, depth),
            lambda: self.call(scope, depth),
        ]
        if self._has_warps:
            choices += [lambda: self.of_warp(scope, depth)] * 3
        if scope.pairs:
            choices.append(lambda: f"{self.pick(*scope.pairs)}[{self.pick(0, -2)}]")
        held = [name for name, kind in scope.held.items() if kind == "int"]
        if held:
            choices.append(lambda: self.place(str(self.pick(*held)), scope))
        if scope.matrices:
            choices.append(lambda: self.element(scope))
        if scope.cubes:
            choices.append(lambda: self.cube_element(scope))
        if scope.stored:
            choices.append(lambda: f"R[{scope.thread}]")
            choices += [lambda: self.own_element(scope)] * len(scope.own_rows)
        if scope.searchable:
            choices.append(lambda: f"search({self.pick(*scope.searchable)}, {one()})")
        whole = [a for a in scope.arrays if a.dtype in INTEGERS]
        if whole:
            choices += [lambda: self.load(self.pick(*whole), scope)] * 2
        if self._has_compounds:
            choices += self.compound_integers(scope, depth)
            if scope.recursive or scope.searchable:
                choices.append(lambda: self.recursive_call(scope, depth))
        mine = [name for name, kind in scope.helpers.items() if kind == "int"]
        if mine:
            choices += [lambda: f"{self.pick(*mine)}({one()}, {self.floating(scope, depth - 1)})"]
        return str(self.pick(*choices)())

    def intrinsic(self, scope: Scope, depth: int) -> str:
        one = lambda: self.typed_integer(scope)  # noqa: E731
        other = lambda: self.integer(scope, depth - 1)  # noqa: E731
        choices = [
            lambda: f"{self.pick('popc', 'clz', 'ffs', 'brev')}({one()})",
            lambda: f"mulhi({one()}, {one()})",
            lambda: f"byte_perm({one()}, {one()}, {self.number(0, 0x7777)})",
            lambda: (
                f"randint({self.number(0, 9)}, {one()}, {self.number(-3, 0)}, {self.number(1, 9)})"
            ),
            lambda: f"int(randbits({self.number(0, 9)}, {one()}, {other()}))",
            lambda: f"cp.{self.pick(*INTEGERS)}({other()})",
            lambda: f"divmod({other()}, {self.pick(1, 3, -4)})[{self.pick(0, 1)}]",
        ]
        return str(self.pick(*choices)())

    def of_warp(self, scope: Scope, depth: int) -> str:
        """What other lanes give."""
        one = lambda: self.integer(scope, depth - 1)  # noqa: E731
        distance = lambda: self.pick(self.number(0, 33), f"int({one()}) % 40")  # noqa: E731
        width = self.pick("", "", f", {self.pick(1, 4, 8, 32)}")
        choices = [
            lambda: f"shfl{self.pick('', '_up', '_down', '_xor')}({one()}, {distance()}{width})",
            lambda: f"int(shfl_xor({self.floating(scope, depth - 1)}, {self.number(1, 31)}))",
            lambda: f"int(ballot({self.condition(scope, depth - 1)}))",
            lambda: f"popc(match_any({one()}))",
            lambda: self.pick("popc(activemask())", "lane_id()", "warp_id()"),
        ]
        return str(self.pick(*choices)())

    def call(self, scope: Scope, depth: int) -> str:
        """A call of a function in which Python's rules about arguments, or values of functions, matter."""
        one = lambda: self.integer(scope, depth - 1)  # noqa: E731
        choices = [
            lambda: f"largest({', '.join(one() for _ in range(self.number(1, 4)))})",
            lambda: f"blend({one()})",
            lambda: f"blend({one()}, {one()})",
            lambda: f"blend({one()}, shift={one()})",
            lambda: f"blend(k={one()}, n={one()})",
            lambda: f"twice(lambda q: q - {one()}, {one()})",
        ]
        if scope.functions:
            choices += [lambda: f"{self.pick(*scope.functions)}({one()})"] * 2
            choices.append(lambda: f"twice({self.pick(*scope.functions)}, {one()})")
        return str(self.pick(*choices)())

    def place(self, held: str, scope: Scope) -> str:
        """An element of a thread's own array; those of names that start with `h2` have two dimensions."""
        first = f"int({self.integer(scope, 1)}) % {3 if held.startswith('h2') else 4}"
        if not held.startswith("h2"):
            return f"{held}[{first}]"
        return f"{held}[{first}, {self.pick(0, 1, f'int({self.integer(scope, 0)}) % 2')}]"

    def element(self, scope: Scope) -> str:
        matrix = self.pick(*scope.matrices)
        if self.chance(6):
            return f"{matrix}.shape[{self.pick(0, 1)}]"
        row = scope.thread
        if self.chance(3):
            row = self.inside(str(matrix), scope)
        if self.chance(4):
            return f"search({matrix}[{row}], {self.integer(scope, 1)})"
        column = str(self.number(0, ROW - 1))
        if self.chance(2):
            column = f"int({self.integer(scope, 1)}) % {ROW}"
        return f"{matrix}{self.pick(f'[{row}, {column}]', f'[{row}][{column}]')}"

    def cube_element(self, scope: Scope) -> str:
        """Of an array of matrices: an element, or what a function finds in a matrix, a row or a column of it."""
        cube = self.pick(*scope.cubes)
        if self.chance(8):
            return f"{cube}.shape[{self.pick(0, 1, -1)}]"
        one = self.pick(scope.thread, self.inside(cube, scope))
        row = self.pick(0, 1, -1, f"int({self.integer(scope, 1)}) % 2")
        column = self.pick(0, 2, f"int({self.integer(scope, 1)}) % 3")
        return str(
            self.pick(
                f"{cube}[{one}, {row}, {column}]",
                f"{cube}[{one}][{row}][{column}]",
                f"{cube}[{one}, {row}][{column}]",
                f"{cube}[{one}][{row}, {column}]",
                f"search({cube}[{one}, {row}], {self.integer(scope, 1)})",
                f"search({cube}[{one}, :, {column}], {self.integer(scope, 1)})",
                f"diagonal({cube}[{one}], {self.integer(scope, 1)})",
            )
        )

    def own_element(self, scope: Scope) -> str:
        column = self.pick(self.number(0, ROW - 1), f"int({self.integer(scope, 1)}) % {ROW}")
        return f"{self.pick(*scope.own_rows)}[{scope.thread}, {column}]"

    def typed_integer(self, scope: Scope) -> str:
        """An integer that is not a bare constant: its type, and so the result's width, is plain."""
        return str(self.pick(*scope.ints)) if scope.ints else f"int({self.number(0, 9)})"

    @as_part
    def floating(self, scope: Scope, depth: int) -> str:
        simple = [lambda: self.pick("0.5", "1.5", "-2.25", "0.1", "3.0", "100.0", "-0.0", "1e-3")]
        if scope.floats:
            simple += [lambda: self.pick(*scope.floats)] * 3
        if depth <= 0 or self.chance(3):
            return str(self.pick(*simple)())
        one = lambda: self.floating(scope, depth - 1)  # noqa: E731
        choices = [
            lambda: f"({one()} {self.pick('+', '-', '*', '/')} {one()})",
            lambda: f"({one()} {self.pick('+', '-', '*')} {self.integer(scope, depth - 1)})",
            lambda: f"(-{one()})",
            lambda: f"{self.pick('min', 'max')}({one()}, {one()})",
            lambda: f"{self.pick('abs', 'math.fabs')}({one()})",
            lambda: f"math.sqrt(abs({one()}))",
            lambda: f"({one()} if {self.condition(scope, depth - 1)} else {one()})",
            lambda: f"float({self.integer(scope, depth - 1)})",
            lambda: f"({one()} {self.pick('//', '%')} {self.pick('0.75', '-2.5', '3.0', one())})",
            lambda: f"(({one()}) ** 2)",
            lambda: f"fma({one()}, {one()}, {one()})",
            lambda: f"rand({self.number(0, 9)}, {self.typed_integer(scope)})",
            lambda: f"signed({one()}, {one()})",
        ]
        if scope.pairs:
            choices.append(lambda: f"{self.pick(*scope.pairs)}[{self.pick(1, -1)}]")
        held = [name for name, kind in scope.held.items() if kind == "float"]
        if held:
            choices.append(lambda: self.place(str(self.pick(*held)), scope))
        if scope.stored:
            choices.append(lambda: f"S[{scope.thread}]")
        if self._has_compounds:
            choices += self.compound_floats(scope, depth)
        mine = [a for a in scope.arrays if "float" in a.dtype]
        if mine:
            choices += [lambda: self.load(self.pick(*mine), scope)] * 2
        helpers = [name for name, kind in scope.helpers.items() if kind == "float"]
        if helpers:
            choices += [lambda: f"{self.pick(*helpers)}({self.integer(scope, depth - 1)}, {one()})"]
        return str(self.pick(*choices)())

    def load(self, array: Parameter, scope: Scope) -> str:
        if self.chance(2):
            return f"{array.name}[{scope.thread}]"
        return f"{array.name}[{self.inside(array.name, scope)}]"

    def inside(self, array: str, scope: Scope) -> str:
        """An index that is in bounds. The remainder of a division is most of some programs' code."""
        index = f"int({self.integer(scope, 1)})"
        if self.chance(4):
            return f"{index} % len({array})"
        return f"min(max({index}, 0), len({array}) - 1)"

    @as_part
    def condition(self, scope: Scope, depth: int) -> str:
        def compare() -> str:
            kind = self.pick(self.integer, self.integer, self.floating)
            sign = self.pick("<", "<=", ">", ">=", "==", "!=")
            return f"{kind(scope, depth - 1)} {sign} {kind(scope, depth - 1)}"

        if depth <= 0:
            return compare()
        choices = [
            compare,
            compare,
            lambda: (
                f"({self.condition(scope, depth - 1)} {self.pick('and', 'or')} {self.condition(scope, depth - 1)})"
            ),
            lambda: f"not ({self.condition(scope, depth - 1)})",
            lambda: (
                f"{self.integer(scope, 0)} < {self.integer(scope, depth - 1)} <= {self.integer(scope, 0)}"
            ),
            lambda: f"{self.integer(scope, depth - 1)} & 1 == {self.pick(0, 1)}",
        ]
        if self._has_warps:
            choices.append(lambda: f"{self.pick('any', 'all')}({self.condition(scope, depth - 1)})")
        if scope.bools:
            choices.append(lambda: self.pick(*scope.bools))
        if self._has_compounds:
            choices += self.compound_conditions(scope, depth)
        truths = [array for array in scope.arrays if array.dtype == "bool"]
        if truths:
            choices.append(lambda: self.load(self.pick(*truths), scope))
        return str(self.pick(*choices)())

    # Statements

    def block(
        self, scope: Scope, depth: int, loops: int, result: Callable[[Scope], str]
    ) -> list[str]:
        """One to four statements, `depth` levels deep, within `loops` loops; `result` writes a return's line.

        Returns:
            The loop variables that are new in it: they may be read after it, but not in a branch beside it.
        """
        inside = scope.copy()
        for _ in range(self.number(1, 4)):
            self.statement(inside, depth, loops, result)
        return inside.ints[len(scope.ints) :]

    @as_part
    def statement(
        self, scope: Scope, depth: int, loops: int, result: Callable[[Scope], str]
    ) -> None:
        self._budget -= 1
        choices = [self.assign, self.assign, self.assign, self.define, self.claim]
        if scope.pairs:
            choices.append(self.assign_pair)
        if scope.held:
            choices.append(self.keep)
        if scope.stored:
            choices.append(self.store)
        if scope.own_cubes:
            choices.append(self.store_cube)
        if self._prints and loops < 2 and scope.prints:
            choices.append(self.tell)
        if self._has_compounds:
            choices += self.compound_statements(scope)
        if self._budget > 0 and depth < 6:
            choices += [lambda s, d: self.branch(s, d, loops, result)] * 2
            if loops < 3:
                choices += [
                    lambda s, d: self.counted(s, d, loops, result),
                    lambda s, d: self.counted(s, d, loops, result),
                    lambda s, d: self.while_loop(s, d, loops, result),
                    lambda s, d: self.endless_loop(s, d, loops, result),
                ]
                if scope.matrices:
                    choices.append(lambda s, d: self.over_row(s, d, loops, result))
                if self._has_compounds:
                    choices.append(lambda s, d: self.over_constants(s, d, loops, result))
        if loops:
            choices += [lambda s, d: self.leave(s, d)] * 2
        if depth > 2:
            choices.append(lambda s, d: self.early_return(s, d, result))
        self.pick(*choices)(scope, depth)

    def assign(self, scope: Scope, depth: int) -> None:
        kind = self.number(0, 9)
        if kind <= 2 and scope.ints:
            self.line(depth, f"{self.pick(*scope.ints)} = {self.integer(scope, 3)}")
        elif kind == 3 and scope.ints:
            self.line(
                depth,
                f"{self.pick(*scope.ints)} {self.pick('+=', '-=', '*=', '^=', '|=')} {self.integer(scope, 2)}",
            )
        elif kind <= 6 and scope.floats:
            self.line(depth, f"{self.pick(*scope.floats)} = {self.floating(scope, 3)}")
        elif kind == 7 and scope.floats:
            self.line(
                depth,
                f"{self.pick(*scope.floats)} {self.pick('+=', '-=', '*=')} {self.floating(scope, 2)}",
            )
        elif kind == 8 and len(scope.ints) > 1:
            one, other = self.pick(*scope.ints), self.pick(*scope.ints)
            if one != other:
                self.line(depth, f"{one}, {other} = {other}, {self.integer(scope, 1)}")
                return
            self.line(depth, f"{one} += 1")
        elif scope.bools:
            self.line(depth, f"{self.pick(*scope.bools)} = {self.condition(scope, 2)}")
        else:
            self.line(depth, "pass")

    def branch(self, scope: Scope, depth: int, loops: int, result: Callable[[Scope], str]) -> None:
        self.line(depth, f"if {self.condition(scope, 2)}:")
        new = self.block(scope, depth + 1, loops, result)
        if self.chance(3):
            self.line(depth, f"elif {self.condition(scope, 1)}:")
            new += self.block(scope, depth + 1, loops, result)
        if self.chance(2):
            self.line(depth, "else:")
            new += self.block(scope, depth + 1, loops, result)
        scope.ints += new

    def counted(self, scope: Scope, depth: int, loops: int, result: Callable[[Scope], str]) -> None:
        variable = self.fresh("j")
        trips = (
            f"int({self.integer(scope, 1)}) % {self.pick(2, 4, 6)}"
            if self.chance(2)
            else str(self.number(0, 5))
        )
        start = self.pick("0", "1", f"int({self.integer(scope, 0)}) % 3")
        span = self.pick(
            f"{trips}",
            f"{start}, {trips}",
            f"{trips}, {start}, -1",
            f"{start}, {trips}, {self.pick(1, 2, 3)}",
        )
        self.line(depth, f"for {variable} in range({span}):")
        new = self.block(scope.copy(variable), depth + 1, loops + 1, result)
        scope.ints += [variable, *new]  # it keeps its last value
        self.otherwise(scope, depth, loops, result)

    def while_loop(
        self, scope: Scope, depth: int, loops: int, result: Callable[[Scope], str]
    ) -> None:
        fuel = self.fresh("fuel")
        self.line(depth, f"{fuel} = {self.number(0, 6)}")
        self.line(
            depth, f"while {fuel} > 0 {self.pick('and', 'and not')} ({self.condition(scope, 1)}):"
        )
        self.line(depth + 1, f"{fuel} -= 1")
        scope.ints += self.block(scope, depth + 1, loops + 1, result)
        self.otherwise(scope, depth, loops, result)

    def endless_loop(
        self, scope: Scope, depth: int, loops: int, result: Callable[[Scope], str]
    ) -> None:
        fuel = self.fresh("fuel")
        self.line(depth, f"{fuel} = {self.number(1, 5)}")
        self.line(depth, "while True:")
        self.line(depth + 1, f"{fuel} -= 1")
        self.line(depth + 1, f"if {fuel} < 0 or {self.condition(scope, 1)}:")
        self.line(depth + 2, "break")
        scope.ints += self.block(scope, depth + 1, loops + 1, result)

    def store(self, scope: Scope, depth: int) -> None:
        sign = self.pick("=", "=", "+=", "-=")
        if scope.own_rows and self.chance(2):
            value = self.integer(scope, 2)
            if self.chance(3):
                row = f"{self.pick(*scope.own_rows)}[{scope.thread}]"
                self.line(depth, f"bump({row}, {self.integer(scope, 1)}, {value})")
            else:
                self.line(depth, f"{self.own_element(scope)} {sign} {value}")
        elif self.chance(2):
            self.line(depth, f"R[{scope.thread}] {sign} i + {self.integer(scope, 2)}")
        else:
            self.line(depth, f"S[{scope.thread}] {sign} {self.floating(scope, 2)}")

    def store_cube(self, scope: Scope, depth: int) -> None:
        cube, value = self.pick(*scope.own_cubes), self.integer(scope, 2)
        own, sign = f"{cube}[{scope.thread}]", self.pick("=", "+=", "-=")
        row, column = self.number(0, 1), f"int({self.integer(scope, 1)}) % 3"
        choices = [
            f"{cube}[{scope.thread}, {row}, {column}] {sign} {value}",
            f"{own}[{row}][{column}] {sign} {value}",
            f"bump({cube}[{scope.thread}, {row}], {self.integer(scope, 1)}, {value})",
            f"bump({own}[:, {self.number(0, 2)}], {self.integer(scope, 1)}, {value})",
        ]
        self.line(depth, str(self.pick(*choices)))

    def tell(self, scope: Scope, depth: int) -> None:
        """Of all threads: what is printed comes out in their order."""
        whole, real = self.integer(scope, 1), self.floating(scope, 1)
        choices = [
            f"print({scope.thread}, {whole}, {real})",
            f'print(f"{{{scope.thread}}}: {{{self.pick(*scope.ints)}:5d}}", end=";")',
            f'print("at", {whole}, sep="=")',
        ]
        if scope.bools:
            choices.append(f"print({self.pick(*scope.bools)}, {real})")
        self.line(depth, str(self.pick(*choices)))

    def over_row(
        self, scope: Scope, depth: int, loops: int, result: Callable[[Scope], str]
    ) -> None:
        one, other = self.fresh("j"), self.fresh("j")
        row = f"{self.pick(*scope.matrices)}[{scope.thread}]"
        header, names = self.pick(
            (f"for {one} in {row}:", [one]),
            (f"for {one}, {other} in enumerate({row}):", [one, other]),
            (f"for {one}, {other} in zip({row}, {row}):", [one, other]),
        )
        self.line(depth, header)
        new = self.block(scope.copy(*names), depth + 1, loops + 1, result)
        scope.ints += [*names, *new]
        self.otherwise(scope, depth, loops, result)

    def define(self, scope: Scope, depth: int) -> None:
        """A function inside of the function, which reads the variables around it."""
        name, inner = self.fresh("f"), scope.copy("q")
        inner.stored = False
        if self.chance(2):
            self.line(depth, f"{name} = lambda q: {self.integer(inner, 2)}")
        else:
            self.line(depth, f"def {name}(q, r={self.number(-3, 9)}):")
            inner.ints.append("r")
            self.line(depth + 1, f"if {self.condition(inner, 1)}:")
            self.line(depth + 2, f"return int({self.integer(inner, 1)})")
            self.line(depth + 1, f"return int({self.integer(inner, 2)})")
        scope.functions.append(name)

    def claim(self, scope: Scope, depth: int) -> None:
        """What always holds, though that is not plain to see."""
        span = self.number(2, 9)
        holds = f"0 <= int({self.integer(scope, 1)}) % {span} < {span}"
        if self.chance(2):
            self.line(depth, f'assert {holds}, "it holds"')
        else:
            self.line(depth, f"if not ({holds}):")
            self.line(depth + 1, 'raise ValueError("it does not hold")')

    def assign_pair(self, scope: Scope, depth: int) -> None:
        pair = self.pick(*scope.pairs)
        values = f"{self.integer(scope, 2)}, {self.floating(scope, 2)}"
        choices = [f"{pair} = ({values})", f"{pair} = {self.pick(*scope.pairs)}"]
        helpers = [name for name, kind in scope.helpers.items() if kind == "pair"]
        if helpers:
            choices += [f"{pair} = {self.pick(*helpers)}({values})"] * 2
        if scope.ints and scope.floats:
            choices.append(f"{self.pick(*scope.ints)}, {self.pick(*scope.floats)} = {pair}")
        self.line(depth, str(self.pick(*choices)))

    def keep(self, scope: Scope, depth: int) -> None:
        name = str(self.pick(*scope.held))
        make = self.integer if scope.held[name] == "int" else self.floating
        sign = self.pick("=", "=", "+=", "-=")
        self.line(depth, f"{self.place(name, scope)} {sign} {make(scope, 2)}")

    def otherwise(
        self, scope: Scope, depth: int, loops: int, result: Callable[[Scope], str]
    ) -> None:
        if self.chance(4):
            self.line(depth, "else:")
            scope.ints += self.block(scope, depth + 1, loops, result)

    def leave(self, scope: Scope, depth: int) -> None:
        self.line(depth, f"if {self.condition(scope, 1)}:")
        for _ in range(self.number(0, 2)):  # what lanes take with them
            self.assign(scope, depth + 1)
        self.line(depth + 1, str(self.pick("break", "continue")))
        if self.chance(2):  # and what those that stay do with the same variables
            self.assign(scope, depth)

    def early_return(self, scope: Scope, depth: int, result: Callable[[Scope], str]) -> None:
        self.line(depth, f"if {self.condition(scope, 1)}:")
        for line in result(scope).split("\n"):
            self.line(depth + 1, line)

    # Functions

    def helper(self, name: str, kind: str, known: dict[str, str]) -> None:
        """A function of an integer `n` and a float `x` that returns an integer, a float or both."""

        def value(inner: Scope, depth: int) -> str:
            whole, real = (
                f"int({self.integer(inner, depth)})",
                f"float({self.floating(inner, depth)})",
            )
            return {"int": whole, "float": real, "pair": f"({whole}, {real})"}[kind]

        scope = Scope(ints=["n", "k"], floats=["x", "y"], bools=[], helpers=dict(known), thread="n")
        self.line(0, f"def {name}(n, x):")
        self.line(1, f"k = {self.integer(Scope(ints=['n'], floats=['x']), 1)}")
        self.line(1, f"y = {self.floating(Scope(ints=['n'], floats=['x']), 1)}")
        self._budget, saved = 8, self._budget
        scope.ints += self.block(scope, 1, 0, lambda inner: f"return {value(inner, 1)}")
        self._budget = saved
        self.line(1, f"return {value(scope, 2)}")
        self.line(0, "")
        self.line(0, "")

    def program(self) -> Program:
        inputs = [
            Parameter(f"A{i}", str(self.pick(*COMMON_INTEGERS, *INTEGERS)))
            for i in range(self.number(1, 2))
        ]
        inputs += [Parameter(f"F{i}", str(self.pick(*FLOATS))) for i in range(self.number(1, 2))]
        if self.chance(3):
            inputs.append(Parameter("B0", "bool"))
        if self.chance(2):
            layout = str(self.pick("rows", "columns", "reversed"))
            inputs.append(Parameter("M", str(self.pick(*COMMON_INTEGERS)), layout=layout))
        if self.chance(2):
            inputs.append(Parameter("n", str(self.pick("int32", "int64")), is_scalar=True))
        if self._has_compounds:
            inputs += self.compound_inputs()
        has_doubles = any(p.dtype in ("float64", "complex128", "wide") for p in inputs)
        outputs = [
            Parameter("R", str(self.pick("int32", "int64", *INTEGERS)), is_output=True),
            Parameter("S", "float64" if has_doubles else "float32", is_output=True),
        ]
        if self._has_compounds:
            outputs += self.compound_outputs(inputs, has_doubles)
        if self.chance(3):
            dtype, layout = self.pick(*COMMON_INTEGERS), self.pick("rows", "columns", "reversed")
            outputs.append(Parameter("W", str(dtype), is_output=True, layout=str(layout)))
        if self.chance(4):
            layout = str(self.pick("cube", "turned"))
            inputs.append(Parameter("D", str(self.pick(*COMMON_INTEGERS)), layout=layout))
            if self.chance(2):
                dtype, layout = self.pick(*COMMON_INTEGERS), self.pick("cube", "turned")
                outputs.append(Parameter("E", str(dtype), is_output=True, layout=str(layout)))
        helpers: dict[str, str] = {}
        for number in range(self.number(0, 2)):
            kind = str(self.pick("int", "float", "pair"))
            self.helper(f"h{number}", kind, helpers)
            helpers[f"h{number}"] = kind
        if self.chance(6):
            outputs = outputs[:2]
            self.cooperating_kernel(inputs, outputs, helpers)
            self._prints = False
        else:
            recursive = self.recursion(helpers) if self._has_compounds and self.chance(2) else []
            self.kernel(inputs, outputs, helpers, recursive)
        return Program(
            HEADER + "\n".join(self._lines) + "\n",
            [*inputs, *outputs],
            self._block,
            self._has_warps,
            self._turns,
            self._prints,
        )

    def kernel(
        self,
        inputs: list[Parameter],
        outputs: list[Parameter],
        helpers: dict[str, str],
        recursive: list[str],
    ) -> None:
        self.line(0, f"def kernel({', '.join(p.name for p in [*inputs, *outputs])}):")
        thread, leaves = self.header()
        self._leaves = leaves
        scope = Scope(thread=thread, helpers=helpers, recursive=recursive, prints=True)
        self.variables(inputs, outputs, scope, 2)
        scope.stored = True
        for _ in range(self.number(1, 3)):
            scope.ints += self.block(scope, 2, 0, self.stores)
        for line in self.stores(scope).split("\n")[:-1]:
            self.line(2, line)
        if leaves == "while":
            self.line(2, "at += step")

    def header(self) -> tuple[str, str]:
        """Writes what is around all else, a guard or a loop over the width of the grid.

        Returns:
            A thread's element, and how it is left early.
        """
        form = self.pick(*["guard"] * 8, "for", "while") if not self._has_warps else "guard"
        if form == "guard":
            self.line(1, "if idx < len(R):")
            return "idx", "return"
        self._turns = self.pick(2, 3)
        if form == "for":
            self.line(1, "for at in range(idx, len(R), blockDim.x * gridDim.x):")
            return "at", str(self.pick("return", "continue"))
        self.line(1, "step = blockDim.x * gridDim.x")
        self.line(1, "at = idx")
        self.line(1, "while at < len(R):")
        return "at", "while"

    def variables(
        self, inputs: list[Parameter], outputs: list[Parameter], scope: Scope, depth: int
    ) -> None:
        """Writes what a thread starts with, and enters it into `scope`."""
        thread = scope.thread
        scope.ints = ["i"] + [p.name for p in inputs if p.is_scalar]
        self.line(depth, f"i = {thread}")
        vectors = scope.arrays = [p for p in inputs if p.is_vector]
        for parameter in vectors:
            if parameter.dtype in (*INTEGERS, *FLOATS, "float16", "bfloat16"):
                name = self.fresh("a" if parameter.dtype in INTEGERS else "x")
                (scope.ints if parameter.dtype in INTEGERS else scope.floats).append(name)
                self.line(depth, f"{name} = {parameter.name}[{thread}]")
        self.line(depth, f"p = {self.condition(scope, 1)}")
        scope.bools.append("p")
        for name in ("u", "v")[: self.number(0, 2)]:
            self.line(depth, f"{name} = {self.number(-2, 5)}")
            scope.ints.append(name)
        if self.chance(2):
            self.line(depth, "w = 0.0")
            scope.floats.append("w")
        for kind in ("int", "float"):
            if self.chance(3):
                name = self.fresh(str(self.pick("h1", "h2")))
                shape = 4 if name.startswith("h1") else (3, 2)
                self.line(depth, f"{name} = local({shape}, {kind})")
                scope.held[name] = kind
        if self._has_compounds:
            self.compound_variables(inputs, outputs, scope, depth)
        if self.chance(2):
            self.line(depth, f"t = ({self.integer(scope, 1)}, {self.floating(scope, 1)})")
            scope.pairs.append("t")
        scope.matrices = [p.name for p in inputs if p.is_matrix]
        scope.own_rows = [p.name for p in outputs if p.is_matrix]
        scope.cubes = [p.name for p in inputs if p.is_cube]
        scope.own_cubes = [p.name for p in outputs if p.is_cube]
        scope.searchable = [p.name for p in vectors if p.dtype in INTEGERS]

    def stores(self, scope: Scope) -> str:
        whole = " ^ ".join(scope.ints[:6])
        real = " + ".join([*scope.floats[:4], *(f"{pair}[1]" for pair in scope.pairs)]) or "0.0"
        flag = " + (1 if p else 0)" if "p" in scope.bools else ""
        real += "".join(f" + {z}.imag" for z in scope.complexes)
        whole += "".join(f" ^ {one}.k" for one in [*scope.elements, *scope.bodies])
        # A `while` that goes on would not come to its step.
        leave = "return" if self._leaves == "while" else self._leaves
        return f"R[{scope.thread}] = ({whole}){flag}\nS[{scope.thread}] = {real}\n{leave}"


def draw_program(choices: Choices) -> Program:
    return Writer(choices).program()
