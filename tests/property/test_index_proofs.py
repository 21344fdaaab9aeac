"""Indices under random guards: a check may be left out only where the index cannot be outside.

Each program reads and writes near the ends of its arrays under guards, loops and assertions that are
sometimes enough. It must raise where CPython raises, and compute the same where CPython doesn't.
"""

from __future__ import annotations

import importlib.util
import itertools
import random
from functools import partial
from typing import TYPE_CHECKING, Any

import cudapy as cp
import numpy as np
import pytest
from cudapy._impl.interpreter import launch as interpret
from differential import TARGETS, Source, compiling_for

if TYPE_CHECKING:
    from pathlib import Path

BATCHES = 4
PROGRAMS = 12  # in a batch
LENGTHS = [(0, 0), (1, 2), (2, 1), (9, 9), (33, 40), (40, 33)]
NUMBERS = [0, 1, 8, 33, 2**31 - 1, -(2**31), -1]
OPERATORS = ["<", "<=", ">", ">=", "==", "!="]


class Author:
    """Writes one kernel of the parameters X, Y (int arrays) and n (int), for threads in one dimension or two."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.rank = self.random.choice([1, 1, 1, 2, 2, 3])
        self.names = itertools.count()
        self.indices = ["idx"]  # what may index an array here
        if self.rank >= 2:
            self.indices += ["idy", "idy * 6 + idx", "idx * 3 - idy", "idy * n + idx"]
        if self.rank == 3:
            self.indices += ["(idz * 2 + idy) * 5 + idx", "(idz * n + idy) * n + idx"]
        self.lines: list[str] = []

    def offset(self, text: str) -> str:
        by = self.random.choice([-2, -1, 0, 0, 0, 1, 2])
        return text if by == 0 else f"{text} {'+' if by > 0 else '-'} {abs(by)}"

    def bound(self) -> str:
        text = self.random.choice(["len(X)", "len(X)", "len(Y)", "n", "5"])
        return self.offset(text) if text != "5" else text

    def index(self, near_zero: bool = False) -> str:
        """Where a loop starts from it, it must not be as far from 0 as `n` may be."""
        name = self.random.choice([i for i in self.indices if not (near_zero and "n" in i)])
        shapes = [name, name, name, f"2 * {name}", f"len(X) - {name}", f"{name} % 7", f"-{name}"]
        if near_zero:
            return self.offset(self.random.choice(shapes))
        second = self.random.choice(self.indices)
        shapes += [
            f"min(max({name}, 0), {self.bound()})",
            f"max(min({name}, {self.bound()}), 0)",
            f"min({self.offset(name)}, len(Y) - 1)",
            f"min({name}, {self.offset(second)})",
            f"min(max({name}, 0), 4) * 6 + max(min({second}, 5), 0)",
            f"min(max({self.offset(name)}, 0), 3) * n + idx",
            f"({self.offset(name)}) % max(n, 1)",
            f"({self.offset(name)}) % (len(X) + 1)",
            f"({self.offset(name)}) % len(X)",
            f"({name} + len(Y) - 1) % len(Y)",
            f"{name} // {self.random.choice([2, 3])}",
            f"(({self.offset(name)}) >> {self.random.choice([1, 2])})",
            f"(({self.offset(name)}) & {self.random.choice([7, 31])})",
        ]
        return self.offset(self.random.choice(shapes))

    def condition(self) -> str:
        pick = self.random.choice
        terms = [
            f"{self.offset(pick(self.indices))} {pick(OPERATORS)} {self.bound()}",
            f"0 <= {self.offset(pick(self.indices))} < {self.bound()}",
            f"{self.bound()} {pick(OPERATORS)} {self.bound()}",
        ]
        text = pick(terms)
        if self.random.random() < 0.3:
            text = f"{text} {pick(['and', 'or'])} {pick(terms)}"
        return f"not ({text})" if self.random.random() < 0.15 else text

    def access(self, depth: int) -> None:
        text = f"{self.random.choice('XY')}[{self.index()}]"
        kind = self.random.random()
        if kind < 0.15:
            text = f"({text} if {self.condition()} else 3)"
        elif kind < 0.3:
            text = f"int({self.condition()} and {text} > 0)"
        # Every thread adds to a total of its own, so that their order does not matter.
        self.add(depth, f"total += {text}")

    def add(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def block(self, depth: int, size: int) -> None:
        for _ in range(self.random.randint(1, size)):
            kind = self.random.random() if depth < 4 else 0.0
            known = list(self.indices)
            if kind < 0.4:
                self.access(depth)
            elif kind < 0.65:
                self.add(depth, f"if {self.condition()}:")
                self.block(depth + 1, 2)
                if self.random.random() < 0.4:
                    self.add(depth, "else:")
                    self.block(depth + 1, 1)
            elif kind < 0.75:
                self.add(depth, f"if {self.condition()}:")
                self.add(
                    depth + 1, self.random.choice(["return", "out[idx] = total", "total += 1"])
                )
            elif kind < 0.9:
                name = f"i{next(self.names)}"
                first = self.random.choice(["0", "1", "idx", "len(X) - 1"])
                stop, step = self.random.choice(
                    [
                        ("len(X)", 1),
                        ("len(Y)", 2),
                        ("5", 1),
                        ("-1", -1),
                        ("0", -2),
                        ("len(X) - 1", 3),
                    ]
                )
                self.add(depth, f"for {name} in range({first}, {stop}, {step}):")
                self.indices.append(name)
                self.block(depth + 1, 2)
            else:
                name = f"j{next(self.names)}"
                self.add(depth, f"{name} = {self.index(near_zero=True)}")
                self.indices.append(name)
                self.add(
                    depth, f"while {name} < {self.random.choice(['len(X)', 'len(Y) - 1', '6'])}:"
                )
                self.block(depth + 1, 1)
                self.add(depth + 1, f"{name} += {self.random.randint(1, 3)}")
            # What is bound in an arm may be unbound after it.
            self.indices = known

    def guard(self) -> int:
        """Around all that follows, or a way out before it; how much deeper the rest stands."""
        index = self.random.choice(["idx", "idy", "idz"][: self.rank])
        term = self.random.choice(
            [
                f"{self.random.choice(['0', '2', '-1'])} < {index} < {self.bound()}",
                f"{self.bound()} {self.random.choice(OPERATORS)} {index}",
                f"{index} {self.random.choice(OPERATORS)} {self.bound()}",
            ]
        )
        if self.random.random() < 0.3:
            first = f"X[{self.index()}] < 50"
            term = f"{first} and {term}" if self.random.random() < 0.5 else f"{term} and {first}"
        if self.random.random() < 0.4:
            self.add(1, f"if not ({term}):" if "and" in term else f"if {term}:")
            self.add(2, "return")
            return 0
        self.add(1, f"if {term}:")
        return 1

    def write(self, name: str) -> str:
        self.lines = [
            f"# {name} : void (int* X, int* Y, int n, int* out)",
            f"def {name}(X, Y, n, out):",
        ]
        depth = 1
        self.add(depth, "total = 0")
        if self.random.random() < 0.3:
            self.add(depth, f"assert {self.condition()}")
        if self.random.random() < 0.5:
            depth += self.guard()
        self.block(depth, 3)
        place = ("idx", "idy * 9 + idx", "(idz * 2 + idy) * 9 + idx")[self.rank - 1]
        self.add(depth, f"if {place} < len(out):")
        self.add(depth + 1, f"out[{place}] = total")
        return "\n".join(self.lines) + "\n"


def kernels(folder: Path, seed: int, count: int) -> list[Any]:
    path = folder / f"guards_{seed}.py"
    path.write_text("\n\n".join(Author(seed * 10_000 + i).write(f"guard{i}") for i in range(count)))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [getattr(module, f"guard{i}") for i in range(count)]


def arguments(case: int) -> list[Any]:
    x, y = LENGTHS[case % len(LENGTHS)]
    n = NUMBERS[(case * 5 + case // len(LENGTHS)) % len(NUMBERS)]
    return [
        np.arange(1, x + 1, dtype=np.int32) * 3 - 20,
        np.arange(1, y + 1, dtype=np.int32) * 7 - 50,
        n,
        np.zeros(54, np.int32),
    ]


def outcome(run: Any, given: list[Any]) -> Any:
    """What was computed; "raised" where a thread did: which thread comes first is open."""
    try:
        run(*given)
    except (IndexError, AssertionError, ZeroDivisionError):
        return "raised"
    return given[3].tolist()


def threads_for(function: Any, case: int) -> tuple[int, ...]:
    size = (1, 5, 38, 48)[case % 4]
    if "idz" in function.__code__.co_names:
        return (9, 1 + case % 2, 1 + case % 3)
    return (9, (1, 2, 5, 4)[case % 4], 1) if "idy" in function.__code__.co_names else (size, 1, 1)


def reference(function: Any, threads: tuple[int, ...], *given: Any) -> None:
    interpret(Source((function,), (None,)), threads, None, given)


def compare(function: Any, targets: list[Any]) -> int:
    """How many of the launches raised."""
    raised = 0
    for case in range(2 * len(LENGTHS)):
        threads = threads_for(function, case)
        expected = outcome(partial(reference, function, threads), arguments(case))
        raised += expected == "raised"
        for target in targets:
            with compiling_for(target):
                kernel = cp.compile(function)
            got = outcome(kernel(*threads), arguments(case))
            assert got == expected, f"{function.__name__}, {target}, case {case}, {threads} threads"
    return raised


def check(folder: Path, seed: int, count: int) -> None:
    chosen = [target for target in TARGETS if target.gang in (1, 8, 32)]
    raised = launches = 0
    for number, function in enumerate(kernels(folder, seed, count)):
        try:
            raised += compare(function, [chosen[(seed + number) % len(chosen)]])
        except cp.CompileError as error:
            # Some conditions are constant, some names never bound.
            assert "error[" in str(error)
            continue
        launches += 2 * len(LENGTHS)
    # Guards that always or never suffice would test nothing.
    assert launches > 5 * count and 0.1 < raised / launches < 0.95


@pytest.mark.parametrize("seed", range(BATCHES))
def test_a_guarded_index_is_inside_or_raises(tmp_path: Path, seed: int) -> None:
    check(tmp_path, seed, PROGRAMS)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 120))
def test_many_guarded_indices(tmp_path: Path, seed: int) -> None:
    check(tmp_path, seed, 100)
