"""The package from outside: names, import cost, types, placeholders, and what `compile` refuses at once."""

from __future__ import annotations

import doctest
import importlib
import subprocess
import sys
from fractions import Fraction

import cudapy as cp
import numpy as np
import pytest


def run_fresh(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_import_loads_neither_the_core_nor_numpy():
    names = ("numpy", "cudapy._core", "inspect", "dataclasses", "typing")
    code = f"import sys, cudapy; print([name for name in {names} if name in sys.modules])"
    assert run_fresh(code) == "[]"


def test_import_takes_a_few_milliseconds():
    code = "import time; t = time.perf_counter(); import cudapy; print(time.perf_counter() - t)"
    assert min(float(run_fresh(code)) for _ in range(5)) < 0.025


def test_compiling_a_kernel_that_is_known_needs_no_numpy():
    code = "import sys, cudapy as cp; cp.CudaArray([1.0]).toList(); print('numpy' in sys.modules)"
    assert run_fresh(code) == "False"


def test_every_public_name_exists():
    for name in cp.__all__:
        assert getattr(cp, name) is not None
        assert name in dir(cp)
    assert "compile" not in cp.__all__ and callable(cp.compile)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        cp.nothing


def test_star_import_leaves_pythons_compile_alone():
    assert run_fresh("from cudapy import *; print(compile.__module__, idx)").startswith(
        "builtins <cudapy.idx"
    )


@pytest.mark.parametrize("module", ["types", "device", "template", "compile"])
def test_examples_in_docstrings(module):
    found = importlib.import_module(f"cudapy._impl.{module}")
    result = doctest.testmod(found)
    assert result.attempted > 0 and result.failed == 0


def test_types():
    assert cp.Float is cp.float32 and cp.Int is cp.int32 and cp.Double is cp.float64
    assert cp.Pointer(cp.Float) == cp.Array[cp.float32] == cp.Array[float, 1]
    assert cp.Pointer(cp.Pointer(cp.Int)) == cp.Array[cp.int32, 2]
    assert hash(cp.Array[int]) == hash(cp.Pointer(cp.Int))
    assert cp.elemType(cp.Pointer(cp.Double)) is cp.float64
    assert cp.elemType([1, 2.5]) is cp.float32
    assert cp.elemType([True]) is cp.bool_
    assert cp.elemType([2**63]) is cp.uint64
    for item in (Fraction(1, 2), np.float32(1), np.int8(3), np.bool_(True), np.complex64(1j), 1j):
        assert cp.elemType([item]) is cp.CudaArray([item]).elemType()
    assert cp.elemType([]) is cp.CudaArray([]).elemType()
    assert cp.elemType([2**40]) is cp.int64
    with pytest.raises(TypeError, match="1 to 8 dimensions"):
        cp.Array[cp.float32, 9]
    with pytest.raises(TypeError, match="not an element type"):
        cp.Pointer("string")


def test_calling_a_type_outside_of_a_kernel_gives_the_numpy_scalar():
    import numpy as np

    assert isinstance(cp.float64(0.1), np.float64)
    assert cp.int8(3.7) == 3 and cp.uint8(300) == 44


def test_types_are_copied_and_pickled_as_themselves():
    import copy
    import pickle

    assert copy.deepcopy(cp.float32) is cp.float32
    assert pickle.loads(pickle.dumps(cp.Int)) is cp.int32


def test_dim3():
    assert cp.dim3(3) == cp.dim3(3, 1, 1) and repr(cp.dim3(1, 2, 3)) == "dim3(1, 2, 3)"
    assert tuple(cp.dim3(4, 5)) == (4, 5, 1)


@pytest.mark.parametrize(
    "use",
    [
        lambda: cp.idx + 1,
        lambda: 2 * cp.idy,
        lambda: cp.idx < 3,
        lambda: [0][cp.idx],
        lambda: bool(cp.idz),
        lambda: cp.threadIdx.x,
        lambda: int(cp.warpSize),
        lambda: range(cp.idx),
    ],
)
def test_a_thread_index_outside_of_a_kernel_teaches(use):
    with pytest.raises(cp.CudaPyError, match="only in the threads of a kernel") as error:
        use()
    assert "cp.compile" in str(error.value)


def test_a_vector_has_three_axes():
    with pytest.raises(AttributeError, match=r"not \.w"):
        cp.threadIdx.w


@pytest.mark.parametrize(
    ("funs", "keywords", "says"),
    [
        ([], {}, "the list is empty"),
        (len, {}, "the built-in function len"),
        ("saxpy", {}, "not 'saxpy'"),
        (run_fresh, {"sig": "void ()", "sigs": "void ()"}, "not both"),
        (run_fresh, {"sigs": 3}, "a signature is a string"),
        (run_fresh, {"sigs": ["a", "b"]}, "2 signatures for 1 functions"),
    ],
)
def test_compile_says_what_it_takes(funs, keywords, says):
    with pytest.raises(TypeError, match=says):
        cp.compile(funs, **keywords)


def test_errors_have_one_root():
    for name in ("CompileError", "CudaTypeError", "TemplateError", "CudaError"):
        assert issubclass(getattr(cp, name), cp.CudaPyError)
    assert issubclass(cp.CudaTypeError, TypeError)


def test_the_programs_of_readme_and_reference_run(tmp_path):
    """SAXPY as the README shows it, which prints what its comments say, and the reference's templates."""
    import re
    from pathlib import Path

    root = Path(__file__).parents[2]
    saxpy = re.findall(r"```python\n(.*?)```", (root / "README.md").read_text(), re.S)[0]
    printed = re.findall(r"print\(.*\)  # (.*)", saxpy)
    assert printed
    reference = (root / "docs" / "reference" / "language.md").read_text()
    templates = re.findall(r"```python\n(.*?)```", reference, re.S)[-1]
    square = "import cudapy as cp\n\n\ndef square(x):\n    return x * x\n\n\n"
    use = "\nX = [2.0]\ncp.compile(scaled)(1)(X)\nassert X == [12.0]\nsquares(1)(X, X)\nassert X == [144.0]\n"
    programs = (("saxpy", saxpy, printed), ("templates", square + templates + use, []))
    for name, program, lines in programs:
        path = tmp_path / f"{name}.py"
        path.write_text(program)
        done = subprocess.run([sys.executable, path], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines() == lines
