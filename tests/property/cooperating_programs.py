"""Generated kernels whose threads share memory and wait for each other. Every one has one answer, because of how it is
made: each thread writes its own element of a shared array, or an atomic whose order does not matter; then comes a
barrier; then any element may be read; then the next one. What decides about the way around a barrier is the same for
all threads of a block: what came of a vote, a number that all have read from one place, a block's index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from property.program_parts import Parameter, Scope

if TYPE_CHECKING:
    from collections.abc import Callable


class CooperatingPrograms:
    """The part of the writer that writes them; its other methods are the writer's."""

    def cooperating_kernel(
        self, inputs: list[Parameter], outputs: list[Parameter], helpers: dict[str, str]
    ) -> None:
        self._block = self.pick(8, 16, 32, 24, 64)
        self.line(0, f"def kernel({', '.join(p.name for p in [*inputs, *outputs])}):")
        if self.chance(3):  # threads that have returned are not waited for
            self.line(1, "if idx >= len(R):")
            self.line(2, "return")
        self.line(1, f"tile = shared({self._block}, {self.pick('int', 'int', 'cp.int64')})")
        self.line(1, f"plane = shared((2, {self._block}), float)")
        self.line(1, "at = min(idx, len(R) - 1)")
        self.line(1, "me = threadIdx.x")
        scope = Scope(thread="at", helpers=helpers, fixed=["at", "me", "blockIdx.x"])
        self.variables(inputs, [], scope, 1)
        self._uniform = ["blockIdx.x", "gridDim.x"] + [p.name for p in inputs if p.is_scalar]
        for name in self._uniform[2:]:  # which no thread changes for itself
            scope.ints.remove(name)
            scope.fixed.append(name)
        for _ in range(self.number(2, 4)):
            self.phase(scope, 1, 0)
        self.line(1, "if idx < len(R):")
        for line in self.stores(scope).split("\n")[:-1]:
            self.line(2, line)

    def phase(self, scope: Scope, depth: int, loops: int) -> None:
        """Statements with a barrier, that leave the shared arrays to be written."""
        choices = [self.exchange, self.exchange, self.gather_up, self.vote, self.reduce]
        if depth < 4:
            choices += [self.uniform_branch]
            if loops < 2:
                choices += [self.uniform_loop, self.uniform_loop]
        self._budget -= 1
        if self._budget < 0:
            choices = [self.exchange]
        choice = self.pick(*choices)
        if choice in (self.uniform_branch, self.uniform_loop):
            choice(scope, depth, loops)
        else:
            choice(scope, depth)
        if loops and self.chance(4):  # all leave, or none
            self.line(depth, f"if {self.uniform_condition()}:")
            self.line(depth + 1, str(self.pick("break", "continue")))

    def alone(self, scope: Scope, depth: int) -> None:
        """What each thread does by itself."""
        if self.chance(2):
            target = self.pick(*scope.ints)
            scope.ints += self.block(
                scope, depth, 0, lambda inner: f"{target} = {self.integer(inner, 1)}"
            )

    def any_place(self, scope: Scope) -> str:
        b = self._block
        return str(
            self.pick(
                f"{b - 1} - me",
                f"(me + {self.number(1, b - 1)}) % {b}",
                f"me ^ {self.pick(1, 3, 4, 7)}",
                f"int({self.integer(scope, 1)}) % {b}",
                str(self.number(0, b - 1)),
            )
        )

    def exchange(self, scope: Scope, depth: int) -> None:
        """Each thread writes an element, and reads others."""
        whole = self.chance(2)
        row = self.number(0, 1)
        mine, value = (
            ("tile[me]", self.integer(scope, 2))
            if whole
            else (f"plane[{row}, me]", self.floating(scope, 2))
        )
        if self.chance(3):
            self.line(depth, f"if {self.condition(scope, 1)}:")
            self.line(depth + 1, f"{mine} {self.pick('=', '+=', '-=')} {value}")
        else:
            self.line(depth, f"{mine} = {value}")
        self.line(depth, "syncthreads()")
        self.alone(scope, depth)
        place = self.any_place(scope)
        sign = self.pick("=", "+=", "-=")
        if whole:
            self.line(depth, f"{self.pick(*scope.ints)} {sign} int(tile[{place}])")
        elif scope.floats:
            read = self.pick(f"plane[{row}, {place}]", f"plane[{row}][{place}]")
            self.line(depth, f"{self.pick(*scope.floats)} {sign} {read}")
        if self.chance(4):
            self.line(depth, f"{self.pick(*scope.ints)} ^= search(tile, {self.integer(scope, 1)})")
        self.line(depth, "syncthreads()")

    def gather_up(self, scope: Scope, depth: int) -> None:
        """All threads add to elements, in whatever order."""
        self.line(depth, f"tile[me] = {self.number(0, 3)}")
        self.line(depth, "syncthreads()")
        name = self.pick("add", "sub", "min", "max", "and_", "or_", "xor")
        update = f"atomic.{name}(tile, {self.any_place(scope)}, {self.integer(scope, 2)})"
        if self.chance(2):
            self.line(depth, f"if {self.condition(scope, 2)}:")
            self.line(depth + 1, update)
        else:
            self.line(depth, update)
        self.alone(scope, depth)
        self.line(depth, "syncthreads()")
        self.line(depth, f"{self.pick(*scope.ints)} += int(tile[{self.any_place(scope)}])")
        self.line(depth, "syncthreads()")

    def vote(self, scope: Scope, depth: int) -> None:
        name, form = self.fresh("c"), self.pick("count", "or", "and")
        self.line(depth, f"{name} = syncthreads_{form}({self.condition(scope, 2)})")
        if form == "count":
            if depth == 1:  # elsewhere it may not come to it
                scope.fixed.append(name)
                self._uniform.append(name)
            else:
                self.line(depth, f"{self.pick(*scope.ints)} += {name}")
        else:
            self.line(depth, f"{self.pick(*scope.ints)} ^= 5 if {name} else 1")

    def reduce(self, scope: Scope, depth: int) -> None:
        name = self.fresh("s")
        self.line(depth, f"tile[me] = {self.integer(scope, 2)}")
        self.line(depth, "syncthreads()")
        self.line(depth, f"{name} = {self._block // 2}")
        self.line(depth, f"while {name} > 0:")
        join = self.pick(
            f"tile[me] += tile[me + {name}]",
            f"tile[me] = max(tile[me], tile[me + {name}])",
            f"tile[me] ^= tile[{name} + me]",
        )
        self.line(depth + 1, f"if me < {name}:")
        self.line(depth + 2, str(join))
        self.line(depth + 1, "syncthreads()")
        self.line(depth + 1, f"{name} //= 2")
        self.line(depth, f"{self.pick(*scope.ints)} = int(tile[0])")
        if depth == 1 and self.chance(2):
            read = self.fresh("c")
            self.line(depth, f"{read} = int(tile[0]) & 7")
            scope.fixed.append(read)
            self._uniform.append(read)
        self.line(depth, "syncthreads()")

    def uniform_condition(self) -> str:
        value = self.pick(*self._uniform)
        return f"{value} {self.pick('<', '>', '==', '!=')} {self.number(0, 4)}"

    def uniform_branch(self, scope: Scope, depth: int, loops: int) -> None:
        self.line(depth, f"if {self.uniform_condition()}:")
        self.phases(scope, depth + 1, loops)
        if self.chance(2):
            self.line(depth, "else:")
            self.phases(scope, depth + 1, loops)

    def phases(self, scope: Scope, depth: int, loops: int) -> None:
        inside = scope.copy()
        for _ in range(self.number(1, 2)):
            self.phase(inside, depth, loops)

    def uniform_loop(self, scope: Scope, depth: int, loops: int) -> None:
        name = self.fresh("j")
        turns: Callable[[], str] = lambda: self.pick(  # noqa: E731
            str(self.number(0, 3)), f"int({self.pick(*self._uniform)}) % 4"
        )
        if self.chance(3):
            self.line(depth, f"{name} = {turns()}")
            self.line(depth, f"while {name} > 0:")
            self.line(depth + 1, f"{name} -= 1")
        else:
            self.line(depth, f"for {name} in range({turns()}):")
        inside = scope.copy()
        inside.fixed = [*scope.fixed, name]
        self._uniform.append(name)
        for _ in range(self.number(1, 2)):
            self.phase(inside, depth + 1, loops + 1)
        self._uniform.remove(name)
        if self.chance(4):
            self.line(depth, "else:")
            self.phases(scope, depth + 1, loops)
