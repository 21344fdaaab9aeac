"""Compound values in generated programs: structs as elements of arrays, as variables, made and changed by helpers;
complex numbers; rows taken apart; constants from outside; slices; atomics on a thread's own elements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from property.program_parts import INTEGERS, RECORDS, ROW, Parameter

if TYPE_CHECKING:
    from collections.abc import Callable

    from property.program_parts import Scope


class CompoundValues:
    """The part of the writer that knows of them; its other methods are the writer's."""

    # Parameters and variables

    def compound_inputs(self) -> list[Parameter]:
        inputs = []
        if self.chance(2):
            inputs.append(Parameter("P", str(self.pick(*RECORDS))))
        if self.chance(2):
            inputs.append(Parameter("C", str(self.pick("complex64", "complex64", "complex128"))))
        if self.chance(3):
            inputs.append(Parameter("H", str(self.pick("float16", "bfloat16"))))
        return inputs

    def compound_outputs(self, inputs: list[Parameter], has_doubles: bool) -> list[Parameter]:
        """Of the types of what is there already; float64 is not stored in float32."""
        outputs = [
            Parameter("Q", given.dtype, is_output=True)
            for given in inputs
            if given.is_record and self.chance(2)
        ]
        if self.chance(3):
            dtype = "complex128" if has_doubles else "complex64"
            outputs.append(Parameter("Z", dtype, is_output=True))
        if self.chance(3):
            outputs.append(Parameter("G", str(self.pick("float16", "bfloat16")), is_output=True))
        return outputs

    def compound_variables(
        self, inputs: list[Parameter], outputs: list[Parameter], scope: Scope, depth: int
    ) -> None:
        both = [*inputs, *outputs]
        scope.records = [p.name for p in both if p.is_record]
        scope.own_records = [p.name for p in outputs if p.is_record]
        scope.own_aligned = [p.name for p in outputs if p.dtype == "aligned"]
        scope.waves = [p.name for p in both if p.is_complex]
        scope.own_waves = [p.name for p in outputs if p.is_complex]
        scope.own_halves = [p.name for p in outputs if p.dtype in ("float16", "bfloat16")]
        if scope.records:
            self.line(depth, f"e = {self.pick(*scope.records)}[{scope.thread}]")
            scope.elements.append("e")
        if self.chance(2):
            self.line(
                depth, f"o = Body({self.number(-2, 5)}, i, Spot(0.5, {self.number(-2, 5)}), p)"
            )
            scope.bodies.append("o")
            if self.chance(2):
                self.line(depth, "ob = local(3, Body)")
                scope.own_bodies.append("ob")
        if scope.waves or self.chance(3):
            source = f"{self.pick(*scope.waves)}[{scope.thread}]" if scope.waves else "0j"
            self.line(depth, f"z = {source}")
            scope.complexes.append("z")

    # Expressions

    def compound_integers(self, scope: Scope, depth: int) -> list[Callable[[], str]]:
        one = lambda: self.integer(scope, depth - 1)  # noqa: E731
        choices = [
            lambda: f"TABLE[int({one()}) % 8]",
            lambda: f"DIGITS[{self.pick(0, 2, -1, f'int({one()}) % 5')}]",
            lambda: f"search(TABLE{self.cut(scope)}, {one()})",
            lambda: f"np.where({self.condition(scope, depth - 1)}, {one()}, {one()})",
        ]
        vectors = [a.name for a in scope.arrays if a.dtype in INTEGERS]
        if vectors:
            cut = lambda: f"{self.pick(*vectors)}{self.cut(scope)}"  # noqa: E731
            choices += [lambda: f"search({cut()}, {one()})", lambda: f"len({cut()})"]
        if scope.records:
            choices += [lambda: f"{self.record(scope)}.{self.pick('k', 'b', 'at.v')}"] * 2
        if scope.elements:
            choices.append(lambda: f"{self.pick(*scope.elements)}.{self.pick('k', 'b', 'at.v')}")
        if scope.bodies:
            choices += [lambda: f"{self.body(scope, depth - 1)}.{self.pick('k', 'at.v')}"] * 2
        if scope.stored:
            choices += [lambda: self.atomic(scope, depth)] * 2
        return choices

    def compound_floats(self, scope: Scope, depth: int) -> list[Callable[[], str]]:
        one = lambda: f"int({self.integer(scope, depth - 1)})"  # noqa: E731
        choices = [
            lambda: f"GRID[{one()} % 2, {one()} % 3]",
            lambda: f"WEIGHTS[{self.pick(0, -1, f'{one()} % 3')}]",
        ]
        if scope.records:
            choices += [lambda: f"{self.record(scope)}.{self.pick('x', 'at.u')}"] * 2
        if scope.elements:
            choices.append(lambda: f"{self.pick(*scope.elements)}.{self.pick('x', 'at.u')}")
        if scope.bodies:
            choices += [lambda: f"{self.body(scope, depth - 1)}.{self.pick('x', 'at.u')}"] * 2
        if scope.complexes:
            choices += [lambda: f"{self.complex(scope, depth - 1)}.{self.pick('real', 'imag')}"] * 2
        if scope.own_halves:
            choices.append(lambda: f"{self.pick(*scope.own_halves)}[{scope.thread}]")
        return choices

    def compound_conditions(self, scope: Scope, depth: int) -> list[Callable[[], str]]:
        sign = lambda: self.pick("==", "!=")  # noqa: E731
        choices = []
        if scope.elements:
            element = lambda: self.element_value(scope)  # noqa: E731
            choices.append(lambda: f"{self.pick(*scope.elements)} {sign()} {element()}")
        if scope.bodies:
            choices.append(lambda: f"{self.pick(*scope.bodies)}.on")
            body = lambda: self.body(scope, depth - 1)  # noqa: E731
            choices.append(lambda: f"{body()} {sign()} {body()}")
        if scope.complexes:
            complex = lambda: self.complex(scope, depth - 1)  # noqa: E731
            choices.append(lambda: f"{complex()} {sign()} {complex()}")
        return choices

    def cut(self, scope: Scope) -> str:
        """A slice of a vector, maybe without elements."""
        bound = lambda: self.pick("", self.number(-3, 9), f"int({self.integer(scope, 1)}) % 7")  # noqa: E731
        return f"[{bound()}:{bound()}{self.pick('', '', ':2', ':-1')}]"

    def record(self, scope: Scope) -> str:
        """An element in memory."""
        array = str(self.pick(*scope.records))
        if array in scope.own_records or self.chance(2):
            return f"{array}[{scope.thread}]"
        return f"{array}[{self.inside(array, scope)}]"

    def element_value(self, scope: Scope) -> str:
        one = lambda: self.pick(self.record(scope), *scope.elements)  # noqa: E731
        if self.chance(3):
            return f"chosen({one()}, {one()}, {self.condition(scope, 1)})"
        return str(one())

    def body(self, scope: Scope, depth: int) -> str:
        variable = str(self.pick(*scope.bodies))
        if depth <= 0 or self.chance(2):
            return variable
        whole = lambda: f"int({self.integer(scope, depth - 1)})"  # noqa: E731
        real = lambda: f"float({self.floating(scope, depth - 1)})"  # noqa: E731
        spot = lambda: self.pick(  # noqa: E731
            f"{variable}.at", f"Spot({real()}, {whole()})", f"Spot(v={whole()}, u={real()})"
        )
        choices = [
            lambda: f"moved({self.body(scope, depth - 1)}, {whole()})",
            lambda: (
                f"chosen({variable}, {self.body(scope, depth - 1)}, {self.condition(scope, 1)})"
            ),
            lambda: f"Body({real()}, {whole()}, {spot()}, {self.condition(scope, depth - 1)})",
            lambda: (
                f"Body(on={variable}.on, k={whole()}, at={spot()}, x={self.pick(*scope.bodies)}.x)"
            ),
        ]
        if scope.own_bodies:
            choices += [lambda: self.own_body(scope)] * 2
        return str(self.pick(*choices)())

    def own_body(self, scope: Scope) -> str:
        return f"{self.pick(*scope.own_bodies)}[int({self.integer(scope, 1)}) % 3]"

    def complex(self, scope: Scope, depth: int) -> str:
        simple = [lambda: self.pick(*scope.complexes)] * 3 + [lambda: self.pick("2j", "(0.5 - 1j)")]
        if depth <= 0 or self.chance(3):
            return str(self.pick(*simple)())
        one = lambda: self.complex(scope, depth - 1)  # noqa: E731
        real = lambda: self.floating(scope, depth - 1)  # noqa: E731
        choices = [
            lambda: f"({one()} {self.pick('+', '-', '*', '/')} {one()})",
            lambda: f"({one()} {self.pick('+', '-', '*', '/')} {real()})",
            lambda: f"({real()} {self.pick('+', '-', '*')} {one()})",
            lambda: f"complex({real()}, {real()})",
            lambda: f"(-{one()})",
            lambda: f"({one()} ** {self.pick(2, 3)})",
            lambda: f"{self.pick(*scope.complexes)}.conjugate()",
            lambda: f"({one()} if {self.condition(scope, depth - 1)} else {one()})",
            lambda: f"turned({one()}, {one()}, {self.integer(scope, 1)})[{self.pick(0, 1)}]",
        ]
        if scope.waves:
            choices += [lambda: self.wave(scope)] * 2
        return str(self.pick(*choices)())

    def wave(self, scope: Scope) -> str:
        array = str(self.pick(*scope.waves))
        if array in scope.own_waves or self.chance(2):
            return f"{array}[{scope.thread}]"
        return f"{array}[{self.inside(array, scope)}]"

    def atomic(self, scope: Scope, depth: int) -> str:
        """On a thread's own element: what was there is known, and so is what is left."""
        one = lambda: self.integer(scope, depth - 1)  # noqa: E731
        places = [f"R, {scope.thread}", f"R[{scope.thread}]"]
        places += [f"{name}[{scope.thread}].k" for name in scope.own_aligned]
        places += [f"{name}[int({one()}) % 3].k" for name in scope.own_bodies]
        whole = str(self.pick(*places))
        name = self.pick(
            "add", "sub", "min", "max", "and_", "or_", "xor", "exch", "cas", "inc", "dec"
        )
        if name == "cas":
            return f"atomic.cas({whole}, {one()}, {one()})"
        if self.chance(4):
            real = f"float({self.floating(scope, depth - 1)})"
            sign = self.pick("add", "sub", "exch")
            return f"int(atomic.{sign}(S, {scope.thread}, {real}))"
        return f"atomic.{name}({whole}, {one()})"

    # Statements

    def compound_statements(self, scope: Scope) -> list[Callable[[Scope, int], None]]:
        choices: list[Callable[[Scope, int], None]] = []
        if scope.records:
            choices.append(self.assign_element)
        if scope.own_records:
            choices += [self.store_record] * 2
        if scope.bodies:
            choices += [self.assign_body] * 2
        if scope.complexes:
            choices += [self.assign_complex] * 2
        if scope.own_halves:
            choices.append(self.store_half)
        if scope.matrices:
            choices.append(self.take_apart)
        return choices

    def assign_element(self, scope: Scope, depth: int) -> None:
        self.line(depth, f"{self.pick(*scope.elements)} = {self.element_value(scope)}")

    def store_record(self, scope: Scope, depth: int) -> None:
        place = f"{self.pick(*scope.own_records)}[{scope.thread}]"
        sign = self.pick("=", "+=", "-=")
        choices = [
            lambda: f"{place} = {self.element_value(scope)}",
            lambda: f"{place}.at = {self.element_value(scope)}.at",
            lambda: f"{place}.{self.pick('k', 'b', 'at.v')} {sign} {self.integer(scope, 2)}",
            lambda: f"{place}.{self.pick('x', 'at.u')} {sign} {self.floating(scope, 2)}",
            lambda: (
                f"{place} = ({self.floating(scope, 1)}, {self.integer(scope, 1)}, {self.integer(scope, 1)}, "
                f"{self.element_value(scope)}.at)"
            ),
        ]
        self.line(depth, str(self.pick(*choices)()))

    def assign_body(self, scope: Scope, depth: int) -> None:
        variable = self.pick(*scope.bodies)
        choices = [lambda: f"{variable} = {self.body(scope, 2)}"]
        if scope.own_bodies:
            place = self.own_body(scope)
            choices += [
                lambda: f"{place} = {self.body(scope, 2)}",
                lambda: f"{place}.k {self.pick('=', '+=')} {self.integer(scope, 2)}",
                lambda: f"{place}.at.u {self.pick('=', '+=')} float({self.floating(scope, 2)})",
            ]
        self.line(depth, str(self.pick(*choices)()))

    def assign_complex(self, scope: Scope, depth: int) -> None:
        variable = self.pick(*scope.complexes)
        choices = [
            lambda: f"{variable} {self.pick('=', '=', '+=', '*=')} {self.complex(scope, 2)}",
            lambda: (
                f"{variable}, {self.pick(*scope.complexes)} = "
                f"turned({self.complex(scope, 1)}, {self.complex(scope, 1)}, {self.integer(scope, 1)})"
            ),
        ]
        if scope.own_waves:
            place = f"{self.pick(*scope.own_waves)}[{scope.thread}]"
            choices += [
                lambda: f"{place} {self.pick('=', '+=')} {self.complex(scope, 2)}",
                lambda: f"{place}.{self.pick('real', 'imag')} = {self.floating(scope, 2)}",
            ]
        self.line(depth, str(self.pick(*choices)()))

    def store_half(self, scope: Scope, depth: int) -> None:
        place = f"{self.pick(*scope.own_halves)}[{scope.thread}]"
        self.line(depth, f"{place} {self.pick('=', '+=', '*=')} {self.floating(scope, 2)}")

    def take_apart(self, scope: Scope, depth: int) -> None:
        """A row, or a part of one, into variables that are new."""
        matrix = self.pick(*scope.matrices)
        row = self.pick(scope.thread, self.inside(matrix, scope))
        whole = self.chance(2)
        names = [self.fresh("j") for _ in range(ROW if whole else 3)]
        part = "" if whole else f"[{self.pick('1:4', ':3', '2:', '::2')}]"
        self.line(depth, f"{', '.join(names)} = {matrix}[{row}]{part}")
        scope.ints += names

    def over_constants(
        self, scope: Scope, depth: int, loops: int, result: Callable[[Scope], str]
    ) -> None:
        """A loop over a tuple or an array from outside, or over a slice of an argument."""
        name = self.fresh("j")
        whole = [a.name for a in scope.arrays if a.dtype in INTEGERS]
        over = ["TABLE", "TABLE[2:5]"] + [f"{array}{self.cut(scope)}" for array in whole[:1]]
        self.line(depth, f"for {name} in {self.pick(*over)}:")
        self._budget -= 4  # it has many turns
        new = self.block(scope.copy(name), depth + 1, loops + 1, result)
        scope.ints += [name, *new]
        self.otherwise(scope, depth, loops, result)
