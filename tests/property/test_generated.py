"""Generated programs: compiled code for some gang width and instruction set gives what the reference device gives.

A failure prints the shrunk program as a file that can be run by itself; so is what lies in the temporary folder after a
program that ended the process. `--soak` runs twenty thousand.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import itertools
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cudapy as cp
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

from property.choices import Choices, Refused, check_many
from property.program_parts import INTEGERS, ROW, Parameter, Program, complexes, records
from property.programs import draw_program

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

# CPython takes minutes over loops in the hundreds of threads that a GPU's other targets have.
SMALL_TARGETS = [target for target in TARGETS if target.gang <= 32]
# How often each is taken, of what a program is compiled for: a gang of the kernel language is one on every instruction
# set, and four times the price on those without masks.
_TARGETS = [target for target in SMALL_TARGETS for _ in range(3 if target.isa == "avx512" else 1)]
# So that many processes can share the work: how many batches of how many programs. Every run
# has 300, a soak 21,120.
BATCHES, PROGRAMS = 6, 50
BATCHES_OF_A_SOAK, PROGRAMS_OF_A_SOAK = 192, 110
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

    for n, expected, got in {arguments}:
        if {contract}:  # one lane is the reference, since the interpreter contracts nothing
            with compiling_for(Target("{isa}", 1)):
                cp.compile(kernel)(n, block={block})(*expected)
        else:
            block = ({block}, 1, 1) if {block} else None
            launch(Source((kernel,), (None,)), (n, 1, 1), block, tuple(expected))
        with compiling_for(Target("{isa}", {gang})):
            cp.compile(kernel, contract={contract}, check={checked})(n, block={block})(*got)
        for want, have in zip(expected, got):
            if isinstance(want, cp.CudaArray):
                want, have = (np.asarray(array).astype(np.float32) for array in (want, have))
            if isinstance(want, np.ndarray) and not same(want, have, 0):
                print(describe(want, have))
"""

_numbers = itertools.count()
_MAKERS = {
    "cp": cp,
    "np": np,
    "integers": integers,
    "floats": floats,
    "records": records,
    "complexes": complexes,
}


@dataclass(frozen=True)
class Way:
    """How a program is compiled."""

    target: Target
    contract: bool = False
    checked: bool = True
    block: int | None = None


def draw(choices: Choices) -> tuple[Program, Way]:
    """A program and how it is compiled."""
    program = draw_program(choices)
    target = _TARGETS[choices.number(0, len(_TARGETS) - 1)]
    # Where threads work together whole blocks run, on the reference device as so many threads of Python.
    blocks = (32, 32, 64) if program.uses_warps else (None, 32, 64)
    if program.block is not None:
        blocks = (program.block,) * 3
    # Which products and sums are fused is seen against one lane of the same, which costs another compile.
    contract = choices.number(0, 2) == 2
    return program, Way(target, contract, choices.number(0, 1) == 0, blocks[choices.number(0, 2)])


def load(text: str, folder: Path) -> ModuleType:
    """The program as a module with a file of its own, since kernels are compiled from source."""
    name = f"generated_{next(_numbers)}"
    path = folder / f"{name}.py"
    path.write_text(text)
    # Of a file that is younger than the process, each function would be compared with what the file says now.
    os.utime(path, (0, 0))
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
        # Contiguous or not whatever the size: a kernel is compiled for either.
        values, shape = f"integers({{}}, {seed}, np.{parameter.dtype})", f".reshape({n}, {ROW})"
        cube = f".reshape({n}, 2, 3)"
        return {
            "cube": values.format(n * 6) + cube,
            "turned": values.format((n + 1) * 6) + f".reshape(3, 2, {n + 1}).T[:{n}]",
            "rows": values.format(n * ROW) + shape,
            "columns": values.format((n + 1) * ROW) + f".reshape({ROW}, {n + 1}).T[:{n}]",
            "reversed": values.format(n * ROW) + shape + "[::-1, ::-1]",
        }[parameter.layout]
    if parameter.is_record:
        return f'records({n}, {seed}, "{parameter.dtype}")'
    if parameter.is_complex:
        return f'complexes({n}, {seed}, "{parameter.dtype}")'
    if parameter.dtype == "bfloat16":
        # On the host, whatever the device: CPython reads it as well.
        return f'cp.CudaArray(floats({n}, {seed}, special={seed % 2 == 1}), cp.bfloat16).to("cpu")'
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
    made = eval(f"[{sources_of_arguments(parameters, n)}]", dict(_MAKERS))
    assert isinstance(made, list)
    return made


def sizes_of(way: Way) -> tuple[int, int]:
    """Several gangs and a part of one, and a single thread."""
    return sizes_for(way.target.gang)[-1], 1


def threads_for(program: Program, n: int) -> int:
    return -(-n // program.turns)


def printed(launch: Callable[..., Any], *arguments: Any) -> str:
    """What is printed, beginning to end, while `launch` runs."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        launch(*arguments)
    return out.getvalue()


def runnable(program: Program, way: Way) -> str:
    """The program with everything that is needed to see it fail."""
    launches = (
        f"({threads_for(program, n)}, [{arguments}], [{arguments}])"
        for n in sizes_of(way)
        for arguments in [sources_of_arguments(program.parameters, n)]
    )
    return program.text + RUN.format(
        arguments=f"({', '.join(launches)})",
        isa=way.target.isa,
        gang=way.target.gang,
        contract=way.contract,
        checked=way.checked,
        block=way.block,
    )


def check(program: Program, way: Way, folder: Path) -> None:
    """Compares a compiled program with the reference device, or its contracted form with that of one lane."""
    kernel = load(runnable(program, way), folder).kernel
    block = (way.block, 1, 1) if way.block else None
    n = 0
    try:
        with compiling_for(way.target):
            compiled = cp.compile(kernel, contract=way.contract, check=way.checked)
        one_lane = cp.compile(kernel) if way.contract else None
        for n in sizes_of(way):
            # The compiler first: it says what is wrong with a program, which the interpreter takes as right.
            threads = threads_for(program, n)
            got = make_arguments(program.parameters, n)
            if not ON_GPU:
                got = fenced_arguments(got, n)
            with compiling_for(way.target):
                have = printed(compiled(threads, block=way.block), *got)
            expected = make_arguments(program.parameters, n)
            if one_lane is not None:
                with compiling_for(Target(way.target.isa, 1)):
                    want = printed(one_lane(threads, block=way.block), *expected)
            else:
                source, launch = Source((kernel,), (None,)), (threads, 1, 1)
                want = printed(interpret, source, launch, block, tuple(expected))
            if want != have:
                fail(program, way, n, f"expected to be printed: {want!r}, was: {have!r}")
            compare(program, way, n, expected, got)
    except cp.CompileError as error:
        if {mistake["code"] for mistake in error.errors} <= REFUSED:
            raise Refused from None
        fail(program, way, n, str(error))
    except Exception as error:
        fail(program, way, n, repr(error))


def fail(program: Program, way: Way, n: int, what: str) -> None:
    pytest.fail(f"{way}, n = {n}: {what}\n{SEPARATOR}\n{runnable(program, way)}", pytrace=False)


def compare(program: Program, way: Way, n: int, expected: list[Any], got: list[Any]) -> None:
    for parameter, want, have in zip(program.parameters, expected, got):
        if isinstance(want, cp.CudaArray):  # bfloat16, which NumPy has only beside ml_dtypes
            want, have = (np.asarray(array).astype(np.float32) for array in (want, have))
        if isinstance(want, np.ndarray) and not same(want, have, 0):
            fail(program, way, n, f"{parameter.name} differs\n{describe(want, have)}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "batch" in metafunc.fixturenames:
        soak = metafunc.config.getoption("--soak")
        metafunc.parametrize("batch", range(BATCHES_OF_A_SOAK if soak else BATCHES))


def test_generated_programs(request: pytest.FixtureRequest, batch: int) -> None:
    soak = request.config.getoption("--soak")
    # A soak is new each time; what it finds is printed whole.
    seed = (batch, os.urandom(8) if soak else "")
    with tempfile.TemporaryDirectory() as folder:
        wanted = PROGRAMS_OF_A_SOAK if soak else PROGRAMS
        check_many(wanted, seed, draw, lambda drawn: check(*drawn, Path(folder)))


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
