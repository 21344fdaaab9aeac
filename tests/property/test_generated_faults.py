"""Generated programs without what keeps their indices inside and their divisors from zero: a thread meets the same
fault, on the same line and after the same stores, as on the reference device. One thread runs: there is one fault."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import cudapy as cp
import numpy as np
import pytest
from cudapy._impl.interpreter import launch as interpret
from differential import ON_GPU, Source, compiling_for, same

from property.choices import Choices, Refused, check_many
from property.programs import draw_program
from property.test_generated import SMALL_TARGETS, Way, fail, load, make_arguments

if TYPE_CHECKING:
    from collections.abc import Callable

    from property.program_parts import Program

pytestmark = pytest.mark.skipif(ON_GPU, reason="what a fault leaves in memory is the CPU's")

# So that several processes can share the work, here and in a soak.
BATCHES, PROGRAMS = 2, 40
BATCHES_OF_A_SOAK, PROGRAMS_OF_A_SOAK = 12, 400

# What keeps programs from faults, and what is written instead.
CARELESS = {
    r" \| 1\)\)": "))",
    r"% len\((\w+)\)\]": r"% (len(\1) + 1)]",
    r"len\((\w+)\) - 1\)\]": r"len(\1))]",
    r"% (\d)\]": lambda match: f"% {int(match[1]) + 1}]",
    r"& (7|31)\)": r"& \1) - 1",
}


def careless(program: Program) -> Program:
    text = program.text
    for kept, written in CARELESS.items():
        text = re.sub(kept, written, text)
    return replace(program, text=text)


def fault_of(run: Callable[[], None]) -> tuple[str, int | None] | None:
    """The exception that `run` raises and its line in the program: of a kernel's text, or of the reference device."""
    try:
        run()
    except cp.CompileError:
        raise
    except Exception as error:
        told = re.search(r"generated_\d+\.py:(\d+):", str(error))
        line = int(told[1]) if told else None
        frame = error.__traceback__
        while frame and not told:
            if "generated_" in frame.tb_frame.f_code.co_filename:
                line = frame.tb_lineno
            frame = frame.tb_next
        return type(error).__name__, line
    return None


def check(program: Program, way: Way, folder: Path) -> bool:
    """Compares one thread's fault and its stores with those on the reference device; whether there was a fault."""
    kernel = load(program.text, folder).kernel
    expected, got = (make_arguments(program.parameters, 1) for _ in range(2))

    def compiled() -> None:
        with compiling_for(way.target):
            cp.compile(kernel, contract=False)(1)(*got)

    try:
        have = fault_of(compiled)
    except cp.CompileError:
        raise Refused from None  # constants that are outside are known before anything runs
    want = fault_of(lambda: interpret(Source((kernel,), (None,)), (1, 1, 1), None, tuple(expected)))
    if want != have:
        fail(program, way, 1, f"the fault differs: expected {want}, got {have}")
    for parameter, before, after in zip(program.parameters, expected, got):
        if isinstance(before, np.ndarray) and not same(before, after, 0):
            fail(program, way, 1, f"{parameter.name} differs after {want}")
    return have is not None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "batch" in metafunc.fixturenames:
        soak = metafunc.config.getoption("--soak")
        metafunc.parametrize("batch", range(BATCHES_OF_A_SOAK if soak else BATCHES))


def test_generated_programs_fault_alike(request: pytest.FixtureRequest, batch: int) -> None:
    soak = request.config.getoption("--soak")
    faults = 0

    def draw(choices: Choices) -> tuple[Program, Way]:
        program = careless(draw_program(choices))
        if program.block is not None:
            raise Refused  # its whole block runs, and each thread may meet a fault
        return program, Way(SMALL_TARGETS[choices.number(0, len(SMALL_TARGETS) - 1)])

    def run(drawn: tuple[Program, Way]) -> None:
        nonlocal faults
        faults += check(*drawn, Path(folder))

    seed = (batch, os.urandom(8) if soak else "faults")
    with tempfile.TemporaryDirectory() as folder:
        check_many(PROGRAMS_OF_A_SOAK if soak else PROGRAMS, seed, draw, run)
    assert faults > 0, "no program met a fault"
