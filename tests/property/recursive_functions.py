"""Functions that call themselves, or each other, in generated programs. Each takes an integer, a float and how deep it
may still go, which every call makes less."""

from __future__ import annotations

from typing import TYPE_CHECKING

from property.program_parts import Scope

if TYPE_CHECKING:
    from collections.abc import Callable


class RecursiveFunctions:
    """The part of the writer that writes them; its other methods are the writer's."""

    def recursion(self, known: dict[str, str]) -> list[str]:
        """One function or two; their names."""
        names = ["r0", "r1"][: self.number(1, 2)]
        has_warps, self._has_warps = self._has_warps, False  # which cannot stand in them
        for name in names:
            self.recursive(name, names, {} if has_warps else known)
        self._has_warps = has_warps
        return names

    def recursive(self, name: str, names: list[str], known: dict[str, str]) -> None:
        scope = Scope(ints=["n"], floats=["x"], helpers=dict(known), thread="n")
        self.line(0, f"def {name}(n, x, fuel):")
        self.line(1, f"if fuel <= 0{self.pick('', f' or {self.condition(scope, 1)}')}:")
        self.line(2, f"return int({self.integer(scope, 1)})")
        self.line(1, f"k = int({self.integer(scope, 1)})")
        self.line(1, f"y = {self.floating(scope, 1)}")
        scope.ints.append("k")
        scope.floats.append("y")
        self._budget, saved = 4, self._budget
        if self.chance(2):
            scope.ints += self.block(scope, 1, 0, self.of_itself(names))
        self._budget = saved
        for _ in range(self.number(0, 2)):
            self.recursive_step(names, scope)
        self.line(1, self.of_itself(names)(scope))
        self.line(0, "")
        self.line(0, "")

    def deeper(self, names: list[str], scope: Scope) -> str:
        called = self.pick(*names)
        return f"{called}({self.integer(scope, 1)}, float({self.floating(scope, 1)}), fuel - {self.pick(1, 1, 2)})"

    def recursive_step(self, names: list[str], scope: Scope) -> None:
        call = lambda: self.deeper(names, scope)  # noqa: E731
        choices = [
            lambda: [f"k {self.pick('+=', '^=', '=')} {call()}"],
            lambda: [f"if {self.condition(scope, 1)}:", f"    k -= {call()}"],
            lambda: [f"y = {self.floating(scope, 1)} + {call()}"],
            lambda: [
                f"for turn in range(int({self.integer(scope, 0)}) % 3):",
                f"    if {self.condition(scope, 1)}:",
                f"        {self.pick('break', 'continue', 'k += 1')}",
                f"    k += {call()}",
            ],
            lambda: [
                f"if {call()} > {self.integer(scope, 1)} and {self.condition(scope, 1)}:",
                "    k = -k",
            ],
        ]
        for line in self.pick(*choices)():
            self.line(1, line)

    def of_itself(self, names: list[str]) -> Callable[[Scope], str]:
        """Writes a return, most of them of a call."""

        def line(scope: Scope) -> str:
            call = lambda: self.deeper(names, scope)  # noqa: E731
            choices = [
                lambda: f"int({self.integer(scope, 2)})",
                call,
                lambda: f"k + {call()}",
                lambda: f"{call()} if {self.condition(scope, 1)} else k",
                lambda: f"int({call()} ^ {self.integer(scope, 1)})",
            ]
            return f"return {self.pick(*choices)()}"

        return line

    def recursive_call(self, scope: Scope, depth: int) -> str:
        one = lambda: self.integer(scope, depth - 1)  # noqa: E731
        fuel = lambda: self.pick("0", "1", "2", f"int({one()}) % 3")  # noqa: E731
        choices = []
        if scope.recursive:
            real = lambda: f"float({self.floating(scope, depth - 1)})"  # noqa: E731
            choices += [lambda: f"{self.pick(*scope.recursive)}({one()}, {real()}, {fuel()})"] * 2
        if scope.searchable:
            choices.append(
                lambda: f"cut_sum({self.pick(*scope.searchable)}{self.cut(scope)}, {fuel()})"
            )
            choices.append(lambda: f"cut_sum({self.pick(*scope.searchable)}, {fuel()})")
        return str(self.pick(*choices)())
