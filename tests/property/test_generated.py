"""Generated programs: compiled code for some gang width and instruction set gives what the reference device gives.

A failure prints the shrunk program as a file that can be run by itself. `--soak` runs twenty thousand.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cudapy as cp
import hypothesis
import numpy as np
import pytest
from cudapy._impl import scalar
from cudapy._impl.interpreter import launch as interpret
from differential import (
    ON_GPU,
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
from fenced import fenced_arguments
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from property.program_parts import INTEGERS, ROW, Parameter, Program, complexes, records
from property.programs import programs

if TYPE_CHECKING:
    from types import ModuleType

# CPython takes minutes over loops in the hundreds of threads that a GPU's other targets have.
SMALL_TARGETS = [target for target in TARGETS if target.gang <= 32]
# So that several processes can share the work: how many batches of how many programs. Every run
# has 300, a soak 21,024.
BATCHES, PROGRAMS = 6, 50
BATCHES_OF_A_SOAK, PROGRAMS_OF_A_SOAK = 48, 438
SEPARATOR = "----- run this file -----"

# Mistakes that a generated program may make: a name or a constant that is fine by itself, and not beside another.
REFUSED = {"constant", "constant-out-of-range", "division-by-zero", "used-before-assignment"}

RUN = """

if __name__ == "__main__":  # from the folder tests/, with cudapy installed
    import numpy as np
    from differential import Source, Target, compiling_for, describe, floats, integers, same
    from property.program_parts import complexes, records

    import cudapy as cp
    from cudapy._impl.interpreter import launch

    def arguments():
        return [{arguments}]

    expected, got = arguments(), arguments()
    if {contract}:  # one lane is the reference, since the interpreter contracts nothing
        with compiling_for(Target("{isa}", 1)):
            cp.compile(kernel)({n})(*expected)
    else:
        launch(Source((kernel,), (None,)), ({n}, 1, 1), None, tuple(expected))
    with compiling_for(Target("{isa}", {gang})):
        cp.compile(kernel, contract={contract}, check={checked})({n})(*got)
    for want, have in zip(expected, got):
        if isinstance(want, np.ndarray) and not same(want, have, 0):
            print(describe(want, have))
"""

_numbers = itertools.count()


@dataclass(frozen=True)
class Way:
    """How a program is compiled."""

    target: Target
    contract: bool = False
    checked: bool = True


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


def source_of_argument(parameter: Parameter, seed: int, n: int) -> str:
    """The expression that makes an argument: the tests evaluate it, and a failure prints it."""
    if parameter.is_scalar:
        return f"np.{parameter.dtype}(7)"
    if parameter.layout:
        values = f"integers({n * ROW}, {seed}, np.{parameter.dtype})"
        return (
            values
            + {
                "rows": f".reshape({n}, {ROW})",
                "columns": f".reshape({ROW}, {n}).T",
                "reversed": f".reshape({n}, {ROW})[::-1, ::-1]",
            }[parameter.layout]
        )
    if parameter.is_record:
        return f'records({n}, {seed}, "{parameter.dtype}")'
    if parameter.is_complex:
        return f'complexes({n}, {seed}, "{parameter.dtype}")'
    if parameter.is_output:
        return f"np.arange({n}).astype(np.{parameter.dtype})"
    if parameter.dtype == "bool":
        return f"integers({n}, {seed}, np.int8, 0, 2).astype(bool)"
    if parameter.dtype in INTEGERS:
        return f"integers({n}, {seed}, np.{parameter.dtype})"
    return f"floats({n}, {seed}, np.{parameter.dtype}, special={seed % 2 == 1})"


def sources_of_arguments(parameters: list[Parameter], n: int) -> str:
    return ", ".join(
        source_of_argument(parameter, seed, n) for seed, parameter in enumerate(parameters)
    )


def make_arguments(parameters: list[Parameter], n: int) -> list[Any]:
    makers = (integers, floats, records, complexes)
    names = {"np": np, **{maker.__name__: maker for maker in makers}}
    made = eval(f"[{sources_of_arguments(parameters, n)}]", names)
    assert isinstance(made, list)
    return made


def runnable(program: Program, way: Way, n: int) -> str:
    """The program with everything that is needed to see it fail."""
    return program.text + RUN.format(
        arguments=sources_of_arguments(program.parameters, n),
        n=n,
        isa=way.target.isa,
        gang=way.target.gang,
        contract=way.contract,
        checked=way.checked,
    )


def check(program: Program, way: Way, folder: Path) -> None:
    """Compares a compiled program with the reference device, or its contracted form with that of one lane."""
    module = load(program.text, folder)
    sizes = [size for size in sizes_for(way.target.gang) if size > 0]
    try:
        for n in (sizes[-1], sizes[0]):
            # The compiler first: it says what is wrong with a program, which the interpreter takes as right.
            got = make_arguments(program.parameters, n)
            if not ON_GPU:
                got = fenced_arguments(got, n)
            with compiling_for(way.target):
                cp.compile(module.kernel, contract=way.contract, check=way.checked)(n)(*got)
            expected = make_arguments(program.parameters, n)
            if way.contract:
                with compiling_for(Target(way.target.isa, 1)):
                    cp.compile(module.kernel)(n)(*expected)
            else:
                interpret(Source((module.kernel,), (None,)), (n, 1, 1), None, tuple(expected))
            compare(program, way, n, expected, got)
    except cp.CompileError as error:
        if {mistake["code"] for mistake in error.errors} <= REFUSED:
            reject()
        fail(program, way, sizes[-1], str(error))
    except Exception as error:
        fail(program, way, sizes[-1], repr(error))


def fail(program: Program, way: Way, n: int, what: str) -> None:
    pytest.fail(f"{way}, n = {n}: {what}\n{SEPARATOR}\n{runnable(program, way, n)}", pytrace=False)


def compare(program: Program, way: Way, n: int, expected: list[Any], got: list[Any]) -> None:
    for parameter, want, have in zip(program.parameters, expected, got):
        if isinstance(want, np.ndarray) and not same(want, have, 0):
            fail(program, way, n, f"{parameter.name} differs\n{describe(want, have)}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "batch" in metafunc.fixturenames:
        soak = metafunc.config.getoption("--soak")
        metafunc.parametrize("batch", range(BATCHES_OF_A_SOAK if soak else BATCHES))


def test_generated_programs(request: pytest.FixtureRequest, batch: int) -> None:
    soak = request.config.getoption("--soak")
    wanted = PROGRAMS_OF_A_SOAK if soak else PROGRAMS
    ran = 0

    @settings(
        max_examples=wanted,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(programs(), st.builds(Way, st.sampled_from(SMALL_TARGETS), st.booleans(), st.booleans()))
    def run(program: Program, way: Way) -> None:
        nonlocal ran
        check(program, way, Path(folder))
        ran += 1

    # A soak is new each time; what it finds is printed whole.
    with tempfile.TemporaryDirectory() as folder:
        (run if soak else hypothesis.seed(batch)(run))()
    assert ran >= wanted, f"only {ran} programs were well-typed"


def test_a_planted_mistake_is_found_and_printed_as_a_file_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A harness that compares nothing would pass as well: here the reference subtracts wrongly."""
    text = "from cudapy import idx\n\n\ndef kernel(A0, R):\n    R[idx] = A0[idx] - 3\n"
    program = Program(text, [Parameter("A0", "int32"), Parameter("R", "int32", is_output=True)])
    way = Way(TARGETS[0])
    check(program, way, tmp_path)
    with monkeypatch.context() as planted:
        planted.setitem(scalar._INTEGER, "-", lambda type, a, b: scalar.wrap(type, a - b - 1))
        with pytest.raises(pytest.fail.Exception, match="R differs") as failure:
            check(program, way, tmp_path)
    path = tmp_path / "shown.py"
    path.write_text(str(failure.value).partition(SEPARATOR)[2].lstrip("\n"))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, env=environment)
    # By itself the program is right, so its file runs to the end and has nothing to show.
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
