"""Every program of the gallery is right on the CPU and on the reference device, and runs to its end."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import cudapy as cp
import numpy as np
import pytest

GALLERY = Path(__file__).parents[2] / "examples" / "gallery"
SHARED = {"pictures", "timing"}  # what the programs import

# Program -> the size for its check in CPython, and the one that it is run at here.
SIZES = {
    "bitonic_sort": (20, 3000),
    "black_scholes": (20, 2000),
    "blur": (9, 64),
    "compaction": (300, 5000),
    "convolution": (9, 64),
    "dct": (8, 64),
    "edit_distance": (7, 200),
    "floyd_warshall": (8, 40),
    "histogram": (8, 64),
    "jacobi": (9, 64),
    "julia": (9, 64),
    "kmeans": (30, 1000),
    "life": (9, 64),
    "mandelbrot": (9, 64),
    "monte_carlo_option": (60, 2000),
    "nbody": (7, 64),
    "reduction": (700, 5000),
    "scan": (300, 5000),
    "sobel": (9, 64),
    "spheres": (6, 48),
    "tiled_matmul": (7, 40),
    "transpose": (9, 64),
}


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch):
    """Imports a program as it imports its own modules: from its folder, which comes first."""
    monkeypatch.syspath_prepend(str(GALLERY))
    before = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if (
            getattr(sys.modules[name], "__file__", None)
            and GALLERY in Path(str(sys.modules[name].__file__)).parents
        ):
            del sys.modules[name]


def test_every_program_is_tested() -> None:
    assert {path.stem for path in GALLERY.glob("*.py")} - SHARED == set(SIZES)


def test_every_program_is_listed() -> None:
    listed = (GALLERY.parent / "README.md").read_text()
    for path in (*GALLERY.glob("*.py"), *GALLERY.parent.glob("*.py")):
        if path.stem not in SHARED:
            assert f"({path.relative_to(GALLERY.parent)})" in listed


@pytest.mark.parametrize("name", SIZES)
def test_answers(load, name: str) -> None:
    load(name).check()


@pytest.mark.parametrize("name", SIZES)
def test_answers_of_the_reference_device(load, name: str) -> None:
    cp.set_device("python")
    load(name).check(SIZES[name][0])


@pytest.mark.parametrize("name", SIZES)
def test_runs(load, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program: ModuleType = load(name)
    size = SIZES[name][1]
    if "output" in inspect.signature(program.main).parameters:
        output = tmp_path / f"{name}.png"
        program.main(size, str(output))
        assert output.read_bytes().startswith(b"\x89PNG")
    else:
        program.main(size)
    assert "x as fast" in capsys.readouterr().out


def count_up(*threads: int, **options: object) -> Callable[..., None]:
    """A kernel that is wrong whatever its name is."""

    def call(*arguments: object) -> None:
        for array in arguments:
            if isinstance(array, np.ndarray) and array.flags.writeable:
                array[...] = np.arange(array.size).reshape(array.shape) % 97

    return call


def test_a_wrong_answer_is_found(load, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that compares nothing would pass as well."""
    for name in SIZES:
        program = load(name)
        kernels = [key for key, value in vars(program).items() if type(value).__name__ == "Kernel"]
        with monkeypatch.context() as planted:
            if name == "julia":  # it makes a kernel for each function
                planted.setattr(program, "julia_kernel", lambda function: count_up)
            elif name == "reduction":  # it has a table of them
                planted.setattr(program, "reduce", lambda *arguments: 1.0)
            else:
                assert kernels, name
            for key in kernels:
                planted.setattr(program, key, count_up)
            with pytest.raises(AssertionError):
                program.check()
