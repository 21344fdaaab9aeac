"""Every example runs as a program, and its answer is right."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_example_is_tested():
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {
        "mandelbrot",
        "matmul",
        "monte_carlo_pi",
        "saxpy",
        "template_map",
    }


def test_saxpy(capsys):
    result = load("saxpy").main(10_000)
    assert np.array_equal(result, 5.0 * (np.arange(10_000) % 100) + 1.0)
    assert "first call" in capsys.readouterr().out


def test_monte_carlo_pi(capsys):
    load("monte_carlo_pi").main(4)
    assert "3999744 points: pi = 3.14" in capsys.readouterr().out


def test_template_map():
    results = load("template_map").main()
    X = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    assert np.allclose(results["logistic"], 1 / (1 + np.exp(-X)), rtol=1e-6)
    assert results["larger"] == [0.5, 0.5, 0.5, 1.0, 2.0]
    assert results["3 x + y"] == [-5.5, -2.5, 0.5, 3.5, 6.5]


def test_matmul():
    """1200 x 800 by 800 x 1000; the inputs are eighths, so that sums of products are exact in float32."""
    A, B, C = (array.toHost() for array in load("matmul").main())
    rows, columns = np.indices((1200, 800))
    assert np.array_equal(A.reshape(1200, 800), ((columns * 7 + rows * 13 + 1) % 32 - 16) / 8.0)
    exact = A.reshape(1200, 800).astype(np.float64) @ B.reshape(800, 1000).astype(np.float64)
    assert np.array_equal(C.reshape(1200, 1000), exact)


def read_png(path: Path) -> np.ndarray:
    """The colours of a PNG as examples/mandelbrot.py writes it."""
    import struct
    import zlib

    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    start = data.index(b"IDAT")
    length = struct.unpack(">I", data[start - 4 : start])[0]
    rows = np.frombuffer(zlib.decompress(data[start + 4 : start + 4 + length]), np.uint8)
    return rows.reshape(height, 1 + 3 * width)[:, 1:].reshape(height, width, 3)


@pytest.mark.parametrize("size", [64, 100])
def test_mandelbrot(tmp_path, size, capsys):
    module = load("mandelbrot")
    counts = module.main(size, 100, str(tmp_path / "mandelbrot.png")).toHost()
    exact = np.array(module.with_python(size, size, 100, 1))
    # Near the border float32 leaves the set a step sooner or later than Python's float64.
    assert np.mean(counts != exact) < 0.02
    assert np.mean(np.abs(counts - exact) > 3) < 0.01
    assert counts.max() == 100 and counts.min() <= 1
    picture = read_png(tmp_path / "mandelbrot.png")
    assert picture.shape == (size, size, 3)
    assert np.array_equal(
        (picture == 0).all(axis=2).ravel()[counts == 100], np.ones((counts == 100).sum(), bool)
    )
    table = capsys.readouterr().out
    for row in ("pure Python", "NumPy", "first call", "later calls", "scaled"):
        assert row in table


def test_mandelbrot_in_one_and_in_two_dimensions():
    import cudapy as cp

    module = load("mandelbrot")
    one, two = np.zeros(60 * 40, np.int32), np.zeros(60 * 40, np.int32)
    cp.compile(module.rows)(60 * 40)(one, 60, 40, 50)
    cp.compile(module.plane)(60, 40)(two, 60, 40, 50)
    assert np.array_equal(one, two)


@pytest.mark.parametrize("name", ["saxpy", "template_map"])
def test_runs_as_a_program(name, tmp_path):
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / f"{name}.py")], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
