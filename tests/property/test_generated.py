"""Generated programs: compiled code for some gang width and instruction set gives what the reference device gives.

A failure prints the shrunk program as a file that can be run by itself. `--soak` runs thousands.
"""

from __future__ import annotations

import importlib.util
import itertools
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cudapy as cp
import hypothesis
import numpy as np
import pytest
from cudapy._impl.interpreter import launch as interpret
from differential import (
    TARGETS,
    Source,
    Target,
    compiling_for,
    describe,
    floats,
    integers,
    same,
    sizes_for,
)
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from property.programs import INTEGERS, Parameter, Program, programs

if TYPE_CHECKING:
    from types import ModuleType

_numbers = itertools.count()


def load(text: str, folder: Path) -> ModuleType:
    """The program as a module with a file of its own, since kernels are compiled from source."""
    name = f"generated_{next(_numbers)}"
    path = folder / f"{name}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make_arguments(parameters: list[Parameter], n: int) -> list[Any]:
    made: list[Any] = []
    for seed, parameter in enumerate(parameters):
        if parameter.is_scalar:
            made.append(np.dtype(parameter.dtype).type(7))
        elif parameter.is_output:
            made.append(np.arange(n).astype(parameter.dtype))
        elif parameter.dtype == "bool":
            made.append(integers(n, seed, "int8", 0, 2).astype(bool))
        elif parameter.dtype in INTEGERS:
            made.append(integers(n, seed, parameter.dtype))
        else:
            made.append(floats(n, seed, parameter.dtype, special=seed % 2 == 1))
    return made


RUN = """

if __name__ == "__main__":  # from the folder tests/, with cudapy installed
    import numpy as np
    from differential import Source, Target, compiling_for, describe, floats, integers, same

    import cudapy as cp
    from cudapy._impl.interpreter import launch

    def arguments():
        return [{arguments}]

    expected, got = arguments(), arguments()
    launch(Source((kernel,), (None,)), ({n}, 1, 1), None, tuple(expected))
    with compiling_for(Target("{isa}", {gang})):
        cp.compile(kernel, contract=False)({n})(*got)
    for want, have in zip(expected, got):
        if isinstance(want, np.ndarray) and not same(want, have, 0):
            print(describe(want, have))
"""


def runnable(program: Program, target: Target, n: int) -> str:
    """The program with everything that is needed to see it fail."""
    made = []
    for seed, parameter in enumerate(program.parameters):
        if parameter.is_scalar:
            made.append(f"np.{parameter.dtype}(7)")
        elif parameter.is_output:
            made.append(f"np.arange({n}).astype(np.{parameter.dtype})")
        elif parameter.dtype == "bool":
            made.append(f"integers({n}, {seed}, 'int8', 0, 2).astype(bool)")
        elif parameter.dtype in INTEGERS:
            made.append(f"integers({n}, {seed}, np.{parameter.dtype})")
        else:
            made.append(f"floats({n}, {seed}, np.{parameter.dtype}, special={seed % 2 == 1})")
    return program.text + RUN.format(
        arguments=", ".join(made), n=n, isa=target.isa, gang=target.gang
    )


# Mistakes that a generated program may make: a name or a constant that is fine by itself, and not beside another.
REFUSED = {"constant", "constant-out-of-range", "division-by-zero", "used-before-assignment"}


def check(program: Program, target: Target, contract: bool, checked: bool, folder: Path) -> None:
    """Compares a program, compiled for a target, with the reference device; or its contracted form with one lane."""
    module = load(program.text, folder)
    sizes = [size for size in sizes_for(target.gang) if size > 0]

    def run(what: str, n: int, expected: list[Any], contract: bool, isa: Target) -> None:
        got = make_arguments(program.parameters, n)
        with compiling_for(isa):
            cp.compile(module.kernel, contract=contract, check=checked)(n)(*got)
        for parameter, want, have in zip(program.parameters, expected, got):
            if isinstance(want, np.ndarray) and not same(want, have, 0):
                pytest.fail(
                    f"{what} {target}, n = {n}: {parameter.name} differs\n{describe(want, have)}\n"
                    f"----- run this file -----\n{runnable(program, target, n)}",
                    pytrace=False,
                )

    try:
        for n in (sizes[-1], sizes[0]):
            expected = make_arguments(program.parameters, n)
            if contract:
                with compiling_for(Target(target.isa, 1)):
                    cp.compile(module.kernel)(n)(*expected)
                run("one contracted lane and", n, expected, True, target)
            else:
                interpret(Source((module.kernel,), (None,)), (n, 1, 1), None, tuple(expected))
                run("the reference and", n, expected, False, target)
    except cp.CompileError as error:
        if {mistake["code"] for mistake in error.errors} <= REFUSED:
            reject()
        pytest.fail(
            f"{target}: {error}\n----- run this file -----\n{runnable(program, target, sizes[-1])}",
            pytrace=False,
        )


BATCHES = 6  # so that several processes can share the work


@pytest.mark.parametrize("batch", range(BATCHES))
def test_generated_programs(request: pytest.FixtureRequest, batch: int) -> None:
    soak = request.config.getoption("--soak")
    ran = 0

    @settings(
        max_examples=1000 if soak else 50,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(programs(), st.sampled_from(TARGETS), st.booleans(), st.booleans())
    def run(program: Program, target: Target, contract: bool, checked: bool) -> None:
        nonlocal ran
        check(program, target, contract, checked, Path(folder))
        ran += 1

    # A soak is new each time; what it finds is printed whole.
    with tempfile.TemporaryDirectory() as folder:
        (run if soak else hypothesis.seed(batch)(run))()
    assert ran >= 30, f"only {ran} programs were well-typed"
