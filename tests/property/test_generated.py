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
from hypothesis import HealthCheck, given, settings
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
            made.append(np.zeros(n, parameter.dtype))
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
            made.append(f"np.zeros({n}, np.{parameter.dtype})")
        elif parameter.dtype in INTEGERS:
            made.append(f"integers({n}, {seed}, np.{parameter.dtype})")
        else:
            made.append(f"floats({n}, {seed}, np.{parameter.dtype}, special={seed % 2 == 1})")
    return program.text + RUN.format(
        arguments=", ".join(made), n=n, isa=target.isa, gang=target.gang
    )


def check(program: Program, target: Target, folder: Path) -> None:
    module = load(program.text, folder)
    sizes = [size for size in sizes_for(target.gang) if size > 0]
    with compiling_for(target):
        try:
            kernel = cp.compile(module.kernel, contract=False)
            for n in (sizes[-1], sizes[0]):
                expected, got = (
                    make_arguments(program.parameters, n),
                    make_arguments(program.parameters, n),
                )
                interpret(Source((module.kernel,), (None,)), (n, 1, 1), None, tuple(expected))
                kernel(n)(*got)
                for parameter, want, have in zip(program.parameters, expected, got):
                    if isinstance(want, np.ndarray) and not same(want, have, 0):
                        pytest.fail(
                            f"{target}, n = {n}: {parameter.name} differs\n{describe(want, have)}\n"
                            f"----- run this file -----\n{runnable(program, target, n)}",
                            pytrace=False,
                        )
        except cp.CudaPyError as error:
            pytest.fail(
                f"{target}: {error}\n----- run this file -----\n{runnable(program, target, sizes[-1])}",
                pytrace=False,
            )


def test_generated_programs(request: pytest.FixtureRequest) -> None:
    soak = request.config.getoption("--soak")

    @settings(
        max_examples=5000 if soak else 300,
        derandomize=not soak,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(programs(), st.sampled_from(TARGETS))
    def run(program: Program, target: Target) -> None:
        check(program, target, Path(folder))

    with tempfile.TemporaryDirectory() as folder:
        run()
